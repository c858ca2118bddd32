"""Occurrences computed now against those held: what is new, changed, or gone."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from calwarden.domain.event import Event, Occurrence, Resource, busy_status
from calwarden.domain.ids import AccountId, CalendarId, EventKey, ResourceId
from calwarden.domain.times import Instant, sort_key


def event_key(account: AccountId, calendar: CalendarId, resource: ResourceId, occurrence: str) -> EventKey:
    """24 hex digits that stay the same through every sync of the same thing."""
    name = f"{account}\0{calendar}\0{resource}\0{occurrence}".encode()
    return EventKey(hashlib.sha256(name).hexdigest()[:24])


def reconcile(
    resource: Resource,
    occurrences: Iterable[Occurrence],
    held: Iterable[Event],
    now: Instant,
    *,
    since: Instant | None = None,
) -> list[Event]:
    """The occurrences to store for ``resource``, in time order, then the deleted ones.

    ``created`` is kept; ``updated`` rises only for what differs, ``busy_updated`` only where calendar, time or busy
    status differ; what is no longer there is marked deleted, once. Repeating it changes nothing.

    ``since`` is where the expansion began: instances of a series that ended before it slid out by the passing of time.
    That is no deletion and nobody is told (contract events 6.1), so they are left out without a trace.
    """
    before = {event.key: event for event in held}
    events = [_compare(before.pop(new.key, None), new, now) for new in _events(resource, occurrences, now)]
    slid = since is not None and any(one.repeat is not None for one in resource.components)
    gone = [one for one in before.values() if not (slid and since is not None and _slid_out(one, since))]
    return events + [one.as_deleted(now) for one in gone]


def _slid_out(event: Event, since: Instant) -> bool:
    return event.recurring and not event.deleted and sort_key(event.end) < since


def _events(resource: Resource, occurrences: Iterable[Occurrence], now: Instant) -> Iterable[Event]:
    for one in occurrences:
        yield Event(
            account_id=resource.account_id,
            calendar_id=resource.calendar_id,
            key=event_key(resource.account_id, resource.calendar_id, resource.resource_id, one.occurrence),
            resource_id=resource.resource_id,
            occurrence=one.occurrence,
            start=one.start,
            end=one.end,
            busy=busy_status(one.component),
            status=one.component.status,
            transparency=one.component.transparency,
            recurring=one.recurring,
            component=one.component,
            created_by=resource.created_by,
            event_id=resource.event_id,
            created=now,
            updated=now,
            busy_updated=now,
        )


def _compare(old: Event | None, new: Event, now: Instant) -> Event:
    if old is None:
        return new
    kept = replace(new, created=old.created, updated=old.updated, busy_updated=old.busy_updated)
    if kept == old:
        return old
    same_busy = (old.start, old.end, old.busy, old.deleted) == (new.start, new.end, new.busy, new.deleted)
    return replace(kept, updated=now, busy_updated=old.busy_updated if same_busy else now)
