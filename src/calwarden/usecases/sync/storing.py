"""One resource as the Provider has it, put into the store: expanded, compared with what is held, saved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from calwarden.domain.event import Component, Occurrence, Resource
from calwarden.domain.ids import ResourceId
from calwarden.domain.profile import Calendar
from calwarden.domain.times import Instant
from calwarden.ports.connector import RemoteResource
from calwarden.ports.store import UnitOfWork
from calwarden.syncplan.reconcile import reconcile
from calwarden.syncplan.unread import asked_in_vain, is_unread
from calwarden.timetable.horizon import horizon
from calwarden.timetable.recurrence import FLAG, expand
from calwarden.timetable.rules import RuleLibrary
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class Place:
    """Where resources are stored: a calendar, the zone of times without one in it, and what works rules out there."""

    calendar: Calendar
    tzid: str
    library: RuleLibrary


def place_of(kit: Kit, calendar: Calendar, account_tzid: str) -> Place:
    """The Provider's word on the calendar's zone, else the person's own zone."""
    return Place(calendar, calendar.tzid or account_tzid, kit.library)


def expanded(place: Place, components: Sequence[Component], now: Instant) -> list[Occurrence]:
    """The occurrences around ``now``."""
    return expand(components, horizon(now), place.tzid, place.library)


def store_remote(uow: UnitOfWork, place: Place, remote: RemoteResource, now: Instant) -> bool:
    """Store the Provider's version; gives whether anything is different now. When it came stays as it was,
    and whose event it is while it is the event of that UID.

    A version that can not be read says nothing: what was held before stays readable, and the version is remembered so
    that it is not fetched again (security 7.6). One without a version is asked for again, ever more rarely.
    """
    calendar = place.calendar
    held = uow.events.resource(calendar.account_id, calendar.calendar_id, remote.resource_id)
    if remote.flags and not remote.etag:
        return _store_unread(uow, place, held, remote.resource_id, now)
    if remote.flags and held is not None and held.etag == remote.etag:
        return False
    if remote.flags and held is not None and held.components:
        uow.events.set_etag(calendar.account_id, calendar.calendar_id, remote.resource_id, remote.etag)
        return True
    if held is None:
        held = Resource(calendar.account_id, calendar.calendar_id, remote.resource_id, remote.etag, (), created=now)
    store_components(uow, place, replace(held.found(remote.components), etag=remote.etag), remote.components, now)
    return True


def _store_unread(uow: UnitOfWork, place: Place, held: Resource | None, resource_id: ResourceId, now: Instant) -> bool:
    """The Provider lists it and does not give it, whatever version that is: what was held before stays readable."""
    calendar = place.calendar
    if held is None or held.etag is None:
        bare = held or Resource(calendar.account_id, calendar.calendar_id, resource_id, None, (), created=now)
        store_components(uow, place, replace(bare, etag=asked_in_vain(None)), (), now)
        return True
    uow.events.set_etag(calendar.account_id, calendar.calendar_id, resource_id, asked_in_vain(held.etag))
    return not is_unread(held.etag)


def store_components(
    uow: UnitOfWork, place: Place, resource: Resource, components: Sequence[Component], now: Instant
) -> None:
    """Store ``resource`` with these components, and the occurrences they have around ``now``."""
    window = horizon(now)
    recurring = any(one.repeat is not None for one in components)
    occurrences = expanded(place, components, now)
    until = window.end if recurring else Instant(0)
    kept = replace(resource, components=_marked(components, occurrences), expanded_to=until)
    held = uow.events.of_resource(kept.account_id, kept.calendar_id, kept.resource_id)
    uow.events.save(kept, reconcile(kept, occurrences, held, now, since=window.start))


def _marked(components: Sequence[Component], occurrences: Iterable[Occurrence]) -> tuple[Component, ...]:
    """The components, each series that was given up flagged as such, and no other (security 7.6)."""
    given_up = {one.component.uid for one in occurrences if FLAG in one.component.flags}
    if not given_up and not any(FLAG in one.flags for one in components):
        return tuple(components)
    return tuple(_flagged(one, given_up=one.repeat is not None and one.uid in given_up) for one in components)


def _flagged(component: Component, *, given_up: bool) -> Component:
    flags = tuple(flag for flag in component.flags if flag != FLAG)
    return replace(component, flags=(*flags, FLAG) if given_up else flags)


def drop_resource(uow: UnitOfWork, calendar: Calendar, resource_id: ResourceId, now: Instant) -> None:
    """The Provider does not have it any more: its occurrences become deleted ones, its content goes. Which event of
    which Application it was is remembered for as long as those are.
    """
    held = uow.events.resource(calendar.account_id, calendar.calendar_id, resource_id)
    if held is None:
        return
    events = uow.events.of_resource(calendar.account_id, calendar.calendar_id, resource_id)
    bare = replace(held, components=(), etag=None, expanded_to=Instant(0))
    uow.events.save(bare, [one.as_deleted(now) for one in events])
    uow.events.forget(calendar.account_id, calendar.calendar_id, resource_id)


def erase_resource(uow: UnitOfWork, calendar: Calendar, resource_id: ResourceId, now: Instant) -> None:
    """The calendar itself is not the person's to show any more: nothing of the resource stays, but which event of which
    Application it was, in case the calendar comes back.
    """
    held = uow.events.resource(calendar.account_id, calendar.calendar_id, resource_id)
    if held is None:
        return
    if held.created_by is not None:
        drop_resource(uow, calendar, resource_id, now)
        return
    uow.events.save(replace(held, components=(), etag=None, expanded_to=Instant(0)), ())
    uow.events.forget(calendar.account_id, calendar.calendar_id, resource_id)
