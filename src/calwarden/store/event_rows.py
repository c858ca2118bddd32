"""Occurrences to rows and back. A row names its component by position in its resource; the content stays there."""

from collections.abc import Mapping, Sequence
from typing import Any

from calwarden.domain.event import Busy, Component, Event, EventStatus, Resource, Transparency
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, EventKey, ResourceId
from calwarden.domain.times import EventTime, Instant, Zoned, instant_day, sort_key
from calwarden.store import tables as t
from calwarden.store.event_queries import span_of
from calwarden.store.places import NOWHERE, been, place_of

COLUMNS = tuple(column.name for column in t.events.c)
KEY = COLUMNS.index("event_key")
NO_COMPONENT = -1


def rows_of(resource: Resource, events: Sequence[Event]) -> dict[str, dict[str, Any]]:
    """The rows of a Resource's occurrences by key."""
    places = _Places(resource.components)
    return {event.key: _row(resource, event, places.of(event)) for event in events}


def remember(rows: Mapping[str, dict[str, Any]], held: Mapping[str, tuple[Any, ...]]) -> None:
    """Tell the rows about to be stored where their occurrences have been, by the rows ``held`` of them."""
    for key, row in rows.items():
        if key in held:
            before = dict(zip(COLUMNS, held[key], strict=True))
            row["been"] = been(before["been"], place_of(before), place_of(row))


class _Places:
    """Finds an occurrence's component among its resource's."""

    def __init__(self, components: Sequence[Component]) -> None:
        self._components = components
        self._by_identity = {id(component): index for index, component in enumerate(components)}
        self._by_value: dict[tuple[str, EventTime | None], int] = {}
        for index, component in enumerate(components):
            self._by_value.setdefault((component.uid, component.replaces), index)

    def of(self, event: Event) -> int:
        """Its position, or NO_COMPONENT if the resource has none like it any more (a deleted occurrence)."""
        place = self._by_identity.get(id(event.component))
        if place is not None:
            return place
        wanted = event.component
        if wanted in self._components:
            return self._components.index(wanted)
        if event.deleted:
            return NO_COMPONENT
        return self._by_value.get((wanted.uid, wanted.replaces), NO_COMPONENT)


def _row(resource: Resource, event: Event, component: int) -> dict[str, Any]:
    start, end = sort_key(event.start), sort_key(event.end)
    return {
        "account_id": resource.account_id,
        "event_key": event.key,
        "calendar_id": resource.calendar_id,
        "resource_id": resource.resource_id,
        "occurrence": event.occurrence,
        "start_at": start,
        "end_at": end,
        "span": span_of(end - start),
        "all_day": not isinstance(event.start, Zoned),
        "start_tzid": _zone(event.start),
        "end_tzid": _zone(event.end),
        "busy": None if event.busy is None else event.busy.value,
        "status": event.status.value,
        "transparency": event.transparency.value,
        "recurring": event.recurring,
        "component": component,
        "created_by": event.created_by,
        "event_id": event.event_id,
        "deleted": event.deleted,
        "created": event.created,
        "updated": event.updated,
        "busy_updated": event.busy_updated,
        "been": NOWHERE,
    }


def _zone(when: EventTime) -> str:
    return when.tzid if isinstance(when, Zoned) else ""


def _when(at: int, tzid: str, *, all_day: bool) -> EventTime:
    return instant_day(Instant(at)) if all_day else Zoned(Instant(at), tzid)


def event_of(row: Mapping[str, Any], components: Sequence[Component]) -> Event:
    """An occurrence from its row; if its content is gone, with a component that says only what the row does."""
    start = _when(row["start_at"], row["start_tzid"], all_day=row["all_day"])
    end = _when(row["end_at"], row["end_tzid"], all_day=row["all_day"])
    status, transparency = EventStatus(row["status"]), Transparency(row["transparency"])
    if 0 <= row["component"] < len(components):
        component = components[row["component"]]
    else:
        component = Component(components[0].uid if components else "", start, end, status, transparency)
    return Event(
        account_id=AccountId(row["account_id"]),
        calendar_id=CalendarId(row["calendar_id"]),
        key=EventKey(row["event_key"]),
        resource_id=ResourceId(row["resource_id"]),
        occurrence=row["occurrence"],
        start=start,
        end=end,
        busy=None if row["busy"] is None else Busy(row["busy"]),
        status=status,
        transparency=transparency,
        recurring=bool(row["recurring"]),
        component=component,
        created_by=None if row["created_by"] is None else ApplicationId(row["created_by"]),
        event_id=row["event_id"],
        deleted=bool(row["deleted"]),
        created=Instant(row["created"]),
        updated=Instant(row["updated"]),
        busy_updated=Instant(row["busy_updated"]),
    )
