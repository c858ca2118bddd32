"""Answer an invitation (contract events 5.3)."""

from dataclasses import dataclass, replace

from calwarden.domain.errors import Invalid
from calwarden.domain.write import WriteKind
from calwarden.policy.decision import Action
from calwarden.policy.view import event_uid as uid_of
from calwarden.ports.store import UnitOfWork
from calwarden.timetable import intent
from calwarden.usecases.access import Accepted, Bearer, Caller, Refusing, attempt_write
from calwarden.usecases.events.choosing import Chosen, choose_judged
from calwarden.usecases.events.common import (
    ANY_UID,
    Place,
    enter,
    find_event,
    find_place,
    intend,
    named,
    occurrence_of,
    owed,
)
from calwarden.usecases.kit import Kit

ANSWERS = ("accepted", "tentative", "declined")


@dataclass(frozen=True, slots=True)
class Respond:
    """``event_uid`` as the reader sees it, of an own or an External Event."""

    calendar_id: str
    event_uid: str
    answer: str
    problem: Invalid | None = None


def respond(kit: Kit, bearer: Bearer, command: Respond) -> Accepted:
    """Set the person's own answer, to an event or to one occurrence; needs no elevation.

    Raises Refused (404 for a uid that names nothing, 403 where there is nothing to answer), Invalid for another status.
    """

    def act(uow: UnitOfWork, caller: Caller) -> Accepted | Refusing:
        on = named(calendar_id=command.calendar_id, event_uid=command.event_uid)
        place = find_place(uow, caller, command.calendar_id, on)
        return place if isinstance(place, Refusing) else _respond(kit, uow, place, command)

    return attempt_write(kit, bearer, Action.RESPOND, act)


def choose_invitation(
    uow: UnitOfWork, place: Place, event_uid: str, problem: Invalid | None = None
) -> Chosen | Refusing:
    """The event that ``event_uid`` names to this reader, if the caller may answer it. Raises ``problem``."""
    event = find_event(uow, place, ANY_UID, event_uid)
    if event is not None and event_uid != uid_of(event, event.created_by == place.application_id):
        event = None  # somebody else's name for it (ruling 4)
    return choose_judged(uow, place, event, problem)


def _respond(kit: Kit, uow: UnitOfWork, place: Place, command: Respond) -> Accepted | Refusing:
    chosen = choose_invitation(uow, place, command.event_uid, command.problem)
    if isinstance(chosen, Refusing):
        return chosen
    if command.answer not in ANSWERS:
        raise Invalid.of("status", "errors.not_recognized", f"must be one of {', '.join(ANSWERS)}")
    resource = chosen.resource
    occurrence = occurrence_of(chosen.event, resource)
    answered = intent.respond(resource.components, command.answer, occurrence, me=_me(uow, place))
    intend(kit, uow, place.calendar, replace(resource, components=answered))
    write = owed(kit, place, WriteKind.RESPOND, resource)
    uow.writes.add(replace(write, answer=command.answer, occurrence=occurrence))
    enter(kit, uow, place.caller, place.on)
    return place.accepted


def _me(uow: UnitOfWork, place: Place) -> frozenset[str]:
    """The person's addresses as far as we know them without asking the Provider; of the Account only a proven one."""
    account = uow.accounts.get(place.account_id)
    known = {place.profile.name, account.email if account is not None and account.email_verified else ""}
    return frozenset(one.lower() for one in known if "@" in one)
