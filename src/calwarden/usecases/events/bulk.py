"""Delete many Partner Events at once (contract events 4.6)."""

from dataclasses import dataclass, replace

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Invalid
from calwarden.domain.event import Resource
from calwarden.domain.ids import CalendarId
from calwarden.domain.write import WriteKind
from calwarden.policy.decision import Action, Reason
from calwarden.policy.view import visible_calendars
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.access import Accepted, Bearer, Caller, Refusing, attempt_write
from calwarden.usecases.events.common import Place, enter, find_place, intend, named, owed
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class DeleteEvents:
    """``calendar_ids`` None: in all calendars."""

    calendar_ids: tuple[str, ...] | None
    problem: Invalid | None = None


def delete_events(kit: Kit, bearer: Bearer, command: DeleteEvents) -> Accepted:
    """Delete every event the Application created, in the named calendars or in all; External Events are never touched.

    All or nothing. A named calendar that is unknown is Invalid (422), one that cannot be written Refused. Without
    names, calendars that are read-only at the Provider are left out: nothing in them can be deleted, and the ledger
    says so if there was something. A disconnected Profile whose calendars hold events of the Application refuses the
    whole (423): it can be repaired, and what is answered with 202 will be done.
    """

    def act(uow: UnitOfWork, caller: Caller) -> Accepted | Refusing:
        places = _all(kit, uow, caller) if command.calendar_ids is None else _named(uow, caller, command.calendar_ids)
        if isinstance(places, Refusing):
            return places
        if command.problem is not None:
            raise command.problem
        if command.calendar_ids == ():
            raise Invalid.of("calendar_ids", "errors.required", "name at least one calendar")
        return _delete(kit, uow, caller, places)

    return attempt_write(kit, bearer, Action.DELETE_OWN_EVENTS, act)


def _named(uow: UnitOfWork, caller: Caller, calendar_ids: tuple[str, ...]) -> list[Place] | Refusing:
    places, refused = [], []
    for calendar_id in dict.fromkeys(calendar_ids):
        place = find_place(uow, caller, calendar_id, named(calendar_id=calendar_id))
        if isinstance(place, Place):
            places.append(place)
        elif place.denied.reason is Reason.NOT_FOUND:
            unknown = Invalid.of("calendar_ids", "errors.invalid_calendar_ids", "names a calendar that is not there")
            return replace(place, instead=unknown)
        else:
            refused.append(place)
    return refused[0] if refused else places


def _all(kit: Kit, uow: UnitOfWork, caller: Caller) -> list[Place] | Refusing:
    places = []
    for calendar in visible_calendars(caller.grant, uow.calendars.of_account(caller.account_id)):
        place = find_place(uow, caller, calendar.calendar_id, named(calendar_id=calendar.calendar_id))
        if isinstance(place, Place):
            places.append(place)
        elif place.denied.reason is not Reason.NOT_FOUND and _own(uow, caller, [calendar.calendar_id]):
            if place.denied.reason is not Reason.CALENDAR_READONLY:
                return place
            _enter_left(kit, uow, place)
    return places


def _own(uow: UnitOfWork, caller: Caller, calendar_ids: list[CalendarId]) -> list[Resource]:
    return list(uow.events.own_resources(caller.account_id, caller.grant.application_id, calendar_ids))


def _delete(kit: Kit, uow: UnitOfWork, caller: Caller, places: list[Place]) -> Accepted:
    by_id = {one.calendar.calendar_id: one for one in places}
    counts: dict[CalendarId, int] = {}
    for resource in _own(uow, caller, list(by_id)):
        place = by_id[resource.calendar_id]
        uow.writes.add(owed(kit, place, WriteKind.DELETE, resource))
        intend(kit, uow, place.calendar, replace(resource, components=()))
        counts[resource.calendar_id] = counts.get(resource.calendar_id, 0) + 1
    for place in places:
        enter(kit, uow, caller, {**place.on, "events": str(counts.get(place.calendar.calendar_id, 0))})
    return Accepted(frozenset((caller.account_id, by_id[one].profile.profile_id) for one in counts))


def _enter_left(kit: Kit, uow: UnitOfWork, left: Refusing) -> None:
    """What was left where it is, since nobody can delete it."""
    caller, reason = left.caller, left.denied.reason.value
    what, application_id = caller.action.value, caller.grant.application_id
    uow.audit.append(
        AuditEntry(
            caller.account_id, kit.clock(), Actor.APPLICATION, what, Outcome.REFUSED, application_id, reason, left.on
        )
    )
