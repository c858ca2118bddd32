"""Events and the Resources they come from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, bindparam, delete, select

from calwarden.domain.errors import NotFound
from calwarden.domain.event import Busy, Component, Event, Occupied, Resource
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, EventKey, ProfileId, ResourceId
from calwarden.domain.times import Instant
from calwarden.ports.store import EventQuery
from calwarden.store import tables as t
from calwarden.store.compiled import Hot, among
from calwarden.store.datakeys import DataKeys
from calwarden.store.event_queries import moved_statement, parameters, shape_of, statement
from calwarden.store.event_rows import COLUMNS, KEY, event_of, remember, rows_of
from calwarden.store.places import is_inside, was_inside
from calwarden.store.transaction import Transaction

_e, _r = t.events.c, t.resources.c
_EVENT_COLUMNS = tuple(_e[name] for name in COLUMNS)
_OF_RESOURCE: tuple[ColumnElement[bool], ...] = (
    _e.account_id == bindparam("account_id"),
    _e.calendar_id == bindparam("calendar_id"),
    _e.resource_id == bindparam("resource_id"),
)
_BY_KEYS = Hot(
    lambda dialect: select(*_EVENT_COLUMNS).where(
        _e.account_id == bindparam("account_id"), among(_e.event_key, "keys", dialect)
    )
)
_BY_RESOURCE = Hot(
    lambda _: select(*_EVENT_COLUMNS).where(*_OF_RESOURCE).order_by(_e.start_at, _e.end_at, _e.event_key)
)
_CONTENTS = Hot(
    lambda dialect: select(_r.calendar_id, _r.resource_id, _r.components).where(
        _r.account_id == bindparam("account_id"),
        among(_r.calendar_id, "calendars", dialect),
        among(_r.resource_id, "resources", dialect),
    )
)
_ETAGS = Hot(
    lambda _: select(_r.resource_id, _r.etag).where(
        _r.account_id == bindparam("account_id"),
        _r.calendar_id == bindparam("calendar_id"),
        _r.forgotten.is_(False),
    )
)
_EXPIRING = (
    select(t.resources)
    .join(
        t.calendars,
        (t.calendars.c.account_id == _r.account_id) & (t.calendars.c.calendar_id == _r.calendar_id),
    )
    .where(
        _r.account_id == bindparam("account_id"),
        t.calendars.c.profile_id == bindparam("profile_id"),
        _r.expanded_to > 0,
        _r.expanded_to < bindparam("before"),
        _r.forgotten.is_(False),
    )
    .order_by(_r.expanded_to, _r.calendar_id, _r.resource_id)
    .limit(bindparam("most"))
)
_DROP_KEYS = {
    dialect: delete(t.events).where(_e.account_id == bindparam("account_id"), among(_e.event_key, "keys", dialect))
    for dialect in ("sqlite", "postgresql")
}
_PURGE = delete(t.events).where(
    _e.account_id == bindparam("account_id"), _e.deleted.is_(True), _e.updated < bindparam("before")
)
_PURGE_RESOURCES = delete(t.resources).where(
    _r.account_id == bindparam("account_id"),
    _r.forgotten.is_(True),
    ~select(_e.event_key)
    .where(_e.account_id == _r.account_id, _e.calendar_id == _r.calendar_id, _e.resource_id == _r.resource_id)
    .exists(),
)

Components = tuple[Component, ...]

_BUSY: dict[str | None, Busy | None] = {None: None, **{one.value: one for one in Busy}}


class SqlEvents:
    """Implements ``ports.store.Events``."""

    def __init__(self, tx: Transaction, keys: DataKeys) -> None:
        self._tx = tx
        self._keys = keys
        self._calendars: set[tuple[str, str]] = set()

    def keys(self, account_id: AccountId, query: EventQuery) -> Sequence[EventKey]:
        found = self._ask(account_id, query, busy=False)
        if query.moved:
            found = sorted({*found, *self._moved(account_id, query)})
        return [EventKey(key) for _, _, key in found]

    def busy(self, account_id: AccountId, query: EventQuery) -> Sequence[Occupied]:
        return [
            Occupied(
                calendar, key, start, end, whole == 1, zone, end_zone, _BUSY[busy], own == 1, event_id, gone == 1, since
            )
            for calendar, key, start, end, whole, zone, end_zone, busy, own, event_id, gone, since in self._ask(
                account_id, query, busy=True
            )
        ]

    def load(self, account_id: AccountId, keys: Sequence[EventKey]) -> Sequence[Event]:
        rows = self._tx.hot(_BY_KEYS, {"account_id": account_id, "keys": self._list(keys)})
        found = {event.key: event for event in self._events(account_id, rows)}
        return [found[key] for key in keys if key in found]

    def get(self, account_id: AccountId, calendar_id: CalendarId, key: EventKey) -> Event | None:
        found = self.load(account_id, [key])
        return found[0] if found and found[0].calendar_id == calendar_id else None

    def of_resource(self, account_id: AccountId, calendar_id: CalendarId, resource_id: ResourceId) -> Sequence[Event]:
        where = {"account_id": account_id, "calendar_id": calendar_id, "resource_id": resource_id}
        return self._events(account_id, self._tx.hot(_BY_RESOURCE, where))

    def resource(self, account_id: AccountId, calendar_id: CalendarId, resource_id: ResourceId) -> Resource | None:
        row = self._tx.one(t.resources, account_id=account_id, calendar_id=calendar_id, resource_id=resource_id)
        return None if row is None else self._resource(row)

    def own_resource(
        self, account_id: AccountId, calendar_id: CalendarId, application_id: ApplicationId, event_id: str
    ) -> Resource | None:
        # Should there be several, the one that is there, then one that waits for its deletion, then the newest.
        rows = self._tx.all(
            t.resources,
            ("created", "resource_id"),
            account_id=account_id,
            created_by=application_id,
            calendar_id=calendar_id,
            event_id=event_id,
        )
        best = max(rows, key=lambda row: (row.components is not None, not row.forgotten, row.created), default=None)
        return None if best is None else self._resource(best)

    def own_resources(
        self, account_id: AccountId, application_id: ApplicationId, calendar_ids: Iterable[CalendarId]
    ) -> Sequence[Resource]:
        wanted = set(calendar_ids)
        order = ("calendar_id", "created", "resource_id")
        rows = self._tx.all(t.resources, order, account_id=account_id, created_by=application_id)
        return [self._resource(row) for row in rows if row.calendar_id in wanted and row.components is not None]

    def etags(self, account_id: AccountId, calendar_id: CalendarId) -> Mapping[ResourceId, str | None]:
        rows = self._tx.hot(_ETAGS, {"account_id": account_id, "calendar_id": calendar_id})
        return {ResourceId(resource): etag for resource, etag in rows}

    def save(self, resource: Resource, events: Sequence[Event]) -> None:
        account_id = resource.account_id
        self._tx.lock(account_id)
        self._require_calendar(account_id, resource.calendar_id)
        self._tx.put(t.resources, [self._resource_values(resource)])
        where = {"account_id": account_id, "calendar_id": resource.calendar_id, "resource_id": resource.resource_id}
        held = {row[KEY]: row for row in self._tx.hot(_BY_RESOURCE, where)}
        wanted = rows_of(resource, events)
        remember(wanted, held)
        # A long series mostly stays as it is: only what differs is written.
        self._tx.put(t.events, [row for key, row in wanted.items() if tuple(row[c] for c in COLUMNS) != held.get(key)])
        if gone := [key for key in held if key not in wanted]:
            self._tx.change(_DROP_KEYS[self._tx.dialect], {"account_id": account_id, "keys": self._list(gone)})

    def set_etag(
        self, account_id: AccountId, calendar_id: CalendarId, resource_id: ResourceId, etag: str | None
    ) -> None:
        where = {"account_id": account_id, "calendar_id": calendar_id, "resource_id": resource_id}
        self._tx.set(t.resources, {"etag": etag}, **where)

    def forget(self, account_id: AccountId, calendar_id: CalendarId, resource_id: ResourceId) -> None:
        where = {"account_id": account_id, "calendar_id": calendar_id, "resource_id": resource_id}
        self._tx.set(t.resources, {"etag": None, "components": None, "expanded_to": 0, "forgotten": True}, **where)

    def expiring(self, account_id: AccountId, profile_id: ProfileId, before: Instant, limit: int) -> Sequence[Resource]:
        where = {"account_id": account_id, "profile_id": profile_id, "before": before, "most": limit}
        return [self._resource(row) for row in self._tx.run(_EXPIRING, where)]

    def purge_deleted(self, account_id: AccountId, before: Instant) -> None:
        self._tx.change(_PURGE, {"account_id": account_id, "before": before})
        self._tx.change(_PURGE_RESOURCES, {"account_id": account_id})

    def _ask(self, account_id: AccountId, query: EventQuery, *, busy: bool) -> list[tuple[Any, ...]]:
        if not query.calendar_ids or not (query.own or query.external):
            return []
        asked = statement(shape_of(query, busy=busy))
        return self._tx.hot(asked, parameters(account_id, query, self._tx.dialect))

    def _moved(self, account_id: AccountId, query: EventQuery) -> Iterable[tuple[Any, ...]]:
        if not query.calendar_ids or not (query.own or query.external):
            return
        asked = moved_statement(shape_of(query, busy=False))
        for start, end, key, all_day, own, column in self._tx.hot(
            asked, parameters(account_id, query, self._tx.dialect)
        ):
            bounds = (query.window, None if own else query.external_window)
            if not is_inside((start, end, bool(all_day)), bounds) and was_inside(column, bounds):
                yield start, end, key

    def _list(self, values: Iterable[str]) -> Any:
        wanted = list(values)
        return wanted if self._tx.dialect == "postgresql" else msgspec.json.encode(wanted).decode()

    def _events(self, account_id: AccountId, rows: Sequence[tuple[Any, ...]]) -> Sequence[Event]:
        named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        contents = self._contents(account_id, {(row["calendar_id"], row["resource_id"]) for row in named})
        return [event_of(row, contents.get((row["calendar_id"], row["resource_id"]), ())) for row in named]

    def _contents(self, account_id: AccountId, wanted: set[tuple[str, str]]) -> Mapping[tuple[str, str], Components]:
        """The components of these resources, each decrypted once."""
        if not wanted:
            return {}
        values = {
            "account_id": account_id,
            "calendars": self._list(sorted({calendar for calendar, _ in wanted})),
            "resources": self._list(sorted({resource for _, resource in wanted})),
        }
        return {
            (calendar, resource): self._open(account_id, calendar, resource, sealed)
            for calendar, resource, sealed in self._tx.hot(_CONTENTS, values)
            if (calendar, resource) in wanted
        }

    def _open(self, account_id: str, calendar_id: str, resource_id: str, sealed: bytes | None) -> Components:
        if sealed is None:
            return ()
        row = (calendar_id, resource_id)
        return self._keys.open(account_id, "resources", row, bytes(sealed), Components, column="components")

    def _require_calendar(self, account_id: str, calendar_id: str) -> None:
        # INVARIANT: content never outlives its calendar: a sync that was under way does not bring it back.
        if (account_id, calendar_id) in self._calendars:
            return
        if self._tx.one(t.calendars, account_id=account_id, calendar_id=calendar_id) is None:
            raise NotFound("the calendar is gone")
        self._calendars.add((account_id, calendar_id))

    def _resource_values(self, resource: Resource) -> dict[str, Any]:
        row = (resource.calendar_id, resource.resource_id)
        sealed = None
        if resource.components:
            sealed = self._keys.seal(resource.account_id, "resources", row, resource.components, column="components")
        return {
            "account_id": resource.account_id,
            "calendar_id": resource.calendar_id,
            "resource_id": resource.resource_id,
            "etag": resource.etag,
            "created_by": resource.created_by,
            "event_id": resource.event_id,
            "created": resource.created,
            "expanded_to": resource.expanded_to,
            "uid": resource.uid or None,
            "forgotten": False,
            "components": sealed,
        }

    def _resource(self, row: Row[Any]) -> Resource:
        return Resource(
            AccountId(row.account_id),
            CalendarId(row.calendar_id),
            ResourceId(row.resource_id),
            row.etag,
            self._open(row.account_id, row.calendar_id, row.resource_id, row.components),
            None if row.created_by is None else ApplicationId(row.created_by),
            row.event_id,
            Instant(row.created),
            Instant(row.expanded_to),
            row.uid or "",
        )
