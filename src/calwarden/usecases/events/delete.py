"""Delete a Partner Event, or an External Event (contract events 4.5, 5.2)."""

from dataclasses import dataclass, replace

from calwarden.domain.errors import Invalid
from calwarden.domain.write import WriteKind
from calwarden.policy.decision import Action, Deny, Reason
from calwarden.ports.store import UnitOfWork
from calwarden.timetable.intent import drop_occurrence
from calwarden.usecases.access import Accepted, Bearer, Caller, Refusing, attempt_write
from calwarden.usecases.events.common import (
    EXTERNAL_UID,
    Place,
    enter,
    find_event,
    find_place,
    intend,
    judge_event,
    named,
    occurrence_of,
    owed,
    own_resource,
)
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class DeleteEvent:
    """``event_id`` wins over ``event_uid`` (ruling 4); ``problem`` is what the edge could not read."""

    calendar_id: str
    event_id: str | None
    event_uid: str | None
    problem: Invalid | None = None


def delete_event(kit: Kit, bearer: Bearer, command: DeleteEvent) -> Accepted:
    """Mark the event deleted at once, and owe the Provider its deletion.

    By ``event_id``: the Application's own event; one that is not there is answered like one that is (security 12.2).
    By ``event_uid``: an External Event or one occurrence of it, in an elevated calendar. Raises Refused, and Invalid in
    the order of ruling 2.
    """
    own = command.event_id is not None or command.event_uid is None

    def act(uow: UnitOfWork, caller: Caller) -> Accepted | Refusing:
        on = named(
            calendar_id=command.calendar_id, event_id=command.event_id, event_uid=None if own else command.event_uid
        )
        place = find_place(uow, caller, command.calendar_id, on)
        if isinstance(place, Refusing):
            return place
        delete = _delete_own if own else _remove
        return delete(kit, uow, place, command)

    return attempt_write(kit, bearer, Action.DELETE_OWN_EVENT if own else Action.DELETE_EVENT, act)


def _delete_own(kit: Kit, uow: UnitOfWork, place: Place, command: DeleteEvent) -> Accepted | Refusing:
    if not command.event_id:
        raise command.problem or Invalid.of("event_id", "errors.required", "event_id or event_uid must be specified")
    resource, event = own_resource(uow, place, command.event_id)
    refusing = judge_event(place, event)
    if refusing is not None:
        return refusing
    if command.problem is not None:
        raise command.problem
    if resource is not None:
        uow.writes.add(owed(kit, place, WriteKind.DELETE, resource))
        intend(kit, uow, place.calendar, replace(resource, components=()))
    enter(kit, uow, place.caller, place.on)
    return Accepted() if resource is None else place.accepted


def _remove(kit: Kit, uow: UnitOfWork, place: Place, command: DeleteEvent) -> Accepted | Refusing:
    event_uid = command.event_uid or ""
    if not EXTERNAL_UID.fullmatch(event_uid):
        return Refusing(place.caller, Deny(Reason.EVENT_NOT_EXTERNAL), place.on)
    event = find_event(uow, place, EXTERNAL_UID, event_uid)
    refusing = judge_event(place, event)
    if refusing is not None:
        return refusing
    assert event is not None
    resource = uow.events.resource(place.account_id, place.calendar.calendar_id, event.resource_id)
    if resource is None or not resource.components:
        return Refusing(place.caller, Deny(Reason.NOT_FOUND), place.on)
    if command.problem is not None:
        raise command.problem
    occurrence = occurrence_of(event, resource)
    rest = () if occurrence is None else drop_occurrence(resource.components, occurrence)
    uow.writes.add(replace(owed(kit, place, WriteKind.REMOVE, resource), occurrence=occurrence))
    intend(kit, uow, place.calendar, replace(resource, components=rest))
    enter(kit, uow, place.caller, place.on)
    return place.accepted
