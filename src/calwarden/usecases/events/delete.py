"""Delete a Partner Event, or an External Event (contract events 4.5, 5.2)."""

from dataclasses import dataclass, replace

from calwarden.domain.errors import Invalid
from calwarden.domain.write import WriteKind
from calwarden.policy.decision import Action
from calwarden.ports.store import UnitOfWork
from calwarden.timetable.intent import drop_occurrence
from calwarden.usecases.access import Accepted, Bearer, Refusing
from calwarden.usecases.events.choosing import Way, attempt_on_event, choose_external, choose_own
from calwarden.usecases.events.common import (
    Place,
    enter,
    intend,
    occurrence_of,
    owed,
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
    return attempt_on_event(
        kit,
        bearer,
        command,
        own=Way(Action.DELETE_OWN_EVENT, lambda uow, place: _delete_own(kit, uow, place, command)),
        external=Way(Action.DELETE_EVENT, lambda uow, place: _remove(kit, uow, place, command)),
    )


def _delete_own(kit: Kit, uow: UnitOfWork, place: Place, command: DeleteEvent) -> Accepted | Refusing:
    chosen = choose_own(uow, place, command)
    if isinstance(chosen, Refusing):
        return chosen
    if chosen.resource is not None:
        uow.writes.add(owed(kit, place, WriteKind.DELETE, chosen.resource))
        intend(kit, uow, place.calendar, replace(chosen.resource, components=()))
    enter(kit, uow, place.caller, place.on)
    return Accepted() if chosen.resource is None else place.accepted


def _remove(kit: Kit, uow: UnitOfWork, place: Place, command: DeleteEvent) -> Accepted | Refusing:
    chosen = choose_external(uow, place, command)
    if isinstance(chosen, Refusing):
        return chosen
    event, resource = chosen.event, chosen.resource
    occurrence = occurrence_of(event, resource)
    rest = () if occurrence is None else drop_occurrence(resource.components, occurrence)
    uow.writes.add(replace(owed(kit, place, WriteKind.REMOVE, resource), occurrence=occurrence))
    intend(kit, uow, place.calendar, replace(resource, components=rest))
    enter(kit, uow, place.caller, place.on)
    return place.accepted
