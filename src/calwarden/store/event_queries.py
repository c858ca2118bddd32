"""Which occurrences lie in a window: one read of the covering index ``events_window``.

An index can bound where occurrences start, not where they end. So each row has a class of length (``span``), and for
each class a window looks back no further than the longest of that class.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from calwarden.domain.ids import AccountId
from calwarden.domain.times import DAY_SECONDS, Window, day_instant
from calwarden.ports.store import EventQuery
from calwarden.store import tables as t
from calwarden.store.compiled import Hot, among

_e = t.events.c

SPANS = (DAY_SECONDS, 8 * DAY_SECONDS, 64 * DAY_SECONDS, 512 * DAY_SECONDS)
"""The longest occurrence of each class, in seconds; one more class has no bound."""


def span_of(seconds: int) -> int:
    """The class of an occurrence so long."""
    return next((index for index, longest in enumerate(SPANS) if seconds <= longest), len(SPANS))


@dataclass(frozen=True, slots=True)
class Shape:
    """What of an EventQuery decides the statement; everything else is a parameter."""

    busy: bool  # columns of free/busy, else keys alone
    own: bool
    external: bool
    window: bool
    external_window: bool
    deleted: bool
    modified: bool
    busy_modified: bool


def shape_of(query: EventQuery, *, busy: bool) -> Shape:
    """The Shape of a query."""
    return Shape(
        busy,
        query.own,
        query.external,
        query.window is not None,
        query.external and query.external_window is not None,
        query.deleted,
        query.modified_since is not None,
        query.busy_modified_since is not None,
    )


@lru_cache(maxsize=256)
def statement(shape: Shape) -> Hot:
    """The compiled statement of a shape."""
    return Hot(lambda dialect: _build(shape, dialect))


def parameters(account_id: AccountId, query: EventQuery, dialect: str) -> dict[str, Any]:
    """The values of a query, for the statement of its shape."""
    calendars = sorted(query.calendar_ids)
    values: dict[str, Any] = {
        "account_id": account_id,
        "application": query.application_id,
        "calendars": calendars if dialect == "postgresql" else msgspec.json.encode(calendars).decode(),
        "modified": query.modified_since,
        "busy_modified": query.busy_modified_since,
    }
    for name, window in (("window", query.window), ("outer", query.external_window)):
        if window is not None:
            values |= _bounds(name, window)
    return values


def _bounds(name: str, window: Window) -> Mapping[str, int]:
    first, last = day_instant(window.start_day), day_instant(window.end_day)
    low = min(window.start, first)
    return {
        f"{name}_start": window.start,
        f"{name}_end": window.end,
        f"{name}_first": first,
        f"{name}_last": last,
        f"{name}_high": max(window.end, last),
        f"{name}_low": low,
        **{f"{name}_low_{span}": low - longest for span, longest in enumerate(SPANS)},
    }


def _inside(name: str) -> ColumnElement[bool]:
    """In the window: starts before its end, ends at or after its start; all-day by the days (contract events 6.1)."""
    timed = and_(~_e.all_day, _e.start_at < _int(f"{name}_end"), _e.end_at >= _int(f"{name}_start"))
    days = and_(_e.all_day, _e.start_at < _int(f"{name}_last"), _e.end_at >= _int(f"{name}_first"))
    return or_(timed, days)


def _int(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=_e.start_at.type)


def _own() -> ColumnElement[bool]:
    return _e.created_by == bindparam("application")


def _foreign() -> ColumnElement[bool]:
    return or_(_e.created_by.is_(None), _e.created_by != bindparam("application"))


def _common(shape: Shape, dialect: str) -> list[ColumnElement[bool]]:
    conditions = [_e.account_id == bindparam("account_id"), among(_e.calendar_id, "calendars", dialect)]
    if not shape.deleted:
        conditions.append(_e.deleted.is_(False))
        if shape.busy:
            conditions.append(_e.busy.is_not(None))  # cancelled or declined: takes no time
    if shape.modified:
        conditions.append(_e.updated >= _int("modified"))
    if shape.busy_modified:
        conditions.append(_e.busy_updated >= _int("busy_modified"))
    return conditions


def _columns(shape: Shape) -> list[ColumnElement[Any]]:
    if not shape.busy:
        return [_e.event_key, _e.start_at, _e.end_at]
    return [
        _e.calendar_id,
        _e.event_key,
        _e.start_at,
        _e.end_at,
        _e.all_day,
        _e.start_tzid,
        _e.end_tzid,
        _e.busy,
        case((_own(), literal_column("1")), else_=literal_column("0")).label("own"),
        case((_own(), _e.event_id)).label("event_id"),
        _e.deleted,
        _e.busy_updated,
    ]


def _spans(shape: Shape, dialect: str, bounds: str | None, conditions: list[ColumnElement[bool]]) -> list[Select[Any]]:
    """One range of the index for each class of length; without bounds, everything."""
    base = [*_common(shape, dialect), *conditions]
    if bounds is None:
        return [select(*_columns(shape)).where(*base)]
    ranges = []
    for span in range(len(SPANS) + 1):
        where = [_e.span == literal_column(str(span)), _e.start_at < _int(f"{bounds}_high")]
        if span < len(SPANS):
            where.append(_e.start_at >= _int(f"{bounds}_low_{span}"))
        ranges.append(select(*_columns(shape)).where(*base, *where, _e.end_at >= _int(f"{bounds}_low")))
    return ranges


def _parts(shape: Shape, dialect: str) -> list[Select[Any]]:
    inner = [_inside("window")] if shape.window else []
    outer = [_inside("outer")] if shape.external_window else []
    bounds = "window" if shape.window else None
    if shape.own and shape.external and shape.external_window:
        if shape.window:
            return _spans(shape, dialect, bounds, [*inner, or_(_own(), *outer)])
        own = _spans(shape, dialect, None, [_own()])
        return own + _spans(shape, dialect, "outer", [_foreign(), *outer])
    if shape.external:
        whose = [] if shape.own else [_foreign()]
        return _spans(shape, dialect, bounds or ("outer" if outer else None), [*whose, *inner, *outer])
    return _spans(shape, dialect, bounds, [_own(), *inner])


@lru_cache(maxsize=64)
def moved_statement(shape: Shape) -> Hot:
    """What was ever moved, wherever it is or was: few, so that bounds are judged row by row (``places``)."""
    whose = {(True, True): [], (True, False): [_own()], (False, True): [_foreign()]}[shape.own, shape.external]
    own = case((_own(), literal_column("1")), else_=literal_column("0"))
    return Hot(
        lambda dialect: select(_e.start_at, _e.end_at, _e.event_key, _e.all_day, own.label("own"), _e.been).where(
            *_common(shape, dialect),
            *whose,
            _e.been != literal_column("''"),
            _e.updated >= func.coalesce(_int("modified"), literal_column("0")),  # always there: the index ends in it
        )
    )


def _build(shape: Shape, dialect: str) -> Select[Any]:
    parts = _parts(shape, dialect)
    rows: Select[Any] | CompoundSelect[Any] = union_all(*parts) if len(parts) > 1 else parts[0]
    found = rows.subquery("found")
    c = found.c
    if not shape.busy:
        return select(c.start_at, c.end_at, c.event_key).order_by(c.start_at, c.end_at, c.event_key)
    order = (
        c.start_at,
        c.end_at,
        func.coalesce(c.busy, literal_column("''")),
        c.calendar_id,
        c.all_day,
        c.start_tzid,
        c.end_tzid,
    )
    return select(found).order_by(*order, c.event_key)
