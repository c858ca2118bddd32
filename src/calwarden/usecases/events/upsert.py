"""Create or update a Partner Event, or change an External Event (contract events 4.1, 4.2, 5.1)."""

from dataclasses import dataclass, replace

from calwarden.domain.draft import UNSET, EventDraft, Unset
from calwarden.domain.errors import Invalid, Problem
from calwarden.domain.event import Event, Resource
from calwarden.domain.times import EventTime, Zoned
from calwarden.domain.write import WriteKind
from calwarden.policy.decision import Action
from calwarden.ports.store import UnitOfWork
from calwarden.timetable.intent import apply_draft
from calwarden.timetable.zones import is_zone
from calwarden.usecases.access import Accepted, Bearer, Refusing
from calwarden.usecases.events.choosing import Way, attempt_on_event, choose_external, choose_own
from calwarden.usecases.events.common import (
    Place,
    check,
    enter,
    intend,
    occurrence_of,
    owed,
)
from calwarden.usecases.kit import Kit

_REQUIRED = ("summary", "start", "end")


@dataclass(frozen=True, slots=True)
class UpsertEvent:
    """One write. ``event_id`` wins over ``event_uid`` (ruling 4); ``problem`` is what the edge could not read.

    ``unzoned``: which of ``start`` and ``end`` nobody has stated a zone of, so that an edit leaves it (events 5.1).
    """

    calendar_id: str
    event_id: str | None
    event_uid: str | None
    draft: EventDraft
    problem: Invalid | None = None
    unzoned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Statement:
    """What is stated of which Resource."""

    kind: WriteKind
    resource: Resource
    draft: EventDraft
    occurrence: EventTime | None = None


def upsert_event(kit: Kit, bearer: Bearer, command: UpsertEvent) -> Accepted:
    """Accept the write: the event as it is meant to be, a Pending Write and an entry in the ledger are durable.

    By ``event_id``: the Application's own event, created if there is none or if it was deleted. A repeat is owed like
    any write, since only the Provider knows whether the person has changed the event meanwhile; where it says the same
    already, nothing is sent. By ``event_uid``: an External Event or one occurrence of it, in an elevated calendar;
    never created. Raises Refused, and Invalid in the order of ruling 2; then nothing is stored but the refusal.
    """
    return attempt_on_event(
        kit,
        bearer,
        command,
        own=Way(Action.WRITE_OWN_EVENT, lambda uow, place: _write_own(kit, uow, place, command)),
        external=Way(Action.EDIT_EVENT, lambda uow, place: _edit(kit, uow, place, command)),
    )


def _write_own(kit: Kit, uow: UnitOfWork, place: Place, command: UpsertEvent) -> Accepted | Refusing:
    chosen = choose_own(uow, place, command)
    if isinstance(chosen, Refusing):
        return chosen
    if chosen.resource is not None:
        return _accept(kit, uow, place, _Statement(WriteKind.UPSERT, chosen.resource, command.draft))
    _require(command.draft)
    fresh = _fresh(kit, place, chosen.event_id)
    return _accept(kit, uow, place, _Statement(WriteKind.UPSERT, fresh, command.draft))


def _require(draft: EventDraft) -> None:
    missing = [name for name in _REQUIRED if getattr(draft, name) is UNSET]
    if missing:
        raise Invalid({name: (Problem("errors.required", f"{name} must be specified"),) for name in missing})


def _fresh(kit: Kit, place: Place, event_id: str) -> Resource:
    """A new event at an address of our choice, so that a repeated creation finds the first (security 12.1)."""
    calendar = place.calendar
    return Resource(
        place.account_id,
        calendar.calendar_id,
        kit.naming.resource_id(place.profile.provider, calendar.remote_id, kit.random.hex24()),
        None,
        (),
        place.application_id,
        event_id,
        kit.clock(),
        uid=kit.random.hex24(),
    )


def _edit(kit: Kit, uow: UnitOfWork, place: Place, command: UpsertEvent) -> Accepted | Refusing:
    chosen = choose_external(uow, place, command)
    if isinstance(chosen, Refusing):
        return chosen
    event, resource = chosen.event, chosen.resource
    draft = _in_its_zone(command.draft, command.unzoned, event)
    statement = _Statement(WriteKind.EDIT, resource, draft, occurrence=occurrence_of(event, resource))
    if statement.occurrence is not None and command.draft.rule is not UNSET:
        raise Invalid.of("recurrence", "errors.not_supported", "one occurrence has no rule of its own")
    return _accept(kit, uow, place, statement)


def _in_its_zone(draft: EventDraft, unzoned: frozenset[str], event: Event) -> EventDraft:
    """What is stated is the instant alone: the zone stays what the person made it."""
    return replace(
        draft,
        start=_zoned_as(draft.start, event.start) if "start" in unzoned else draft.start,
        end=_zoned_as(draft.end, event.end) if "end" in unzoned else draft.end,
    )


def _zoned_as(stated: EventTime | Unset, held: EventTime) -> EventTime | Unset:
    if isinstance(stated, Zoned) and isinstance(held, Zoned) and is_zone(held.tzid):
        return Zoned(stated.at, held.tzid)
    return stated


def _accept(kit: Kit, uow: UnitOfWork, place: Place, said: _Statement) -> Accepted:
    before = said.resource.components
    after = apply_draft(before, said.draft, uid=said.resource.uid, occurrence=said.occurrence)
    check(said.draft, before, after)
    intended = replace(said.resource, components=after)
    intend(kit, uow, place.calendar, intended)
    write = owed(kit, place, said.kind, intended)
    uow.writes.add(replace(write, draft=said.draft, occurrence=said.occurrence))
    enter(kit, uow, place.caller, place.on)
    return place.accepted
