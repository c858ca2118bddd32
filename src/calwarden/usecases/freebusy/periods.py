"""From rows of busy times to the entries of an answer: shown or not, each once, merged or not (ruling 10).

Entries without ids are a set: how many events make one, and which, is not in it. An External entry that equals one of
the Application's own adds nothing and is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from calwarden.domain.event import Busy
from calwarden.domain.ids import CalendarId
from calwarden.domain.times import EventTime, Instant, Zoned, instant_day, sort_key
from calwarden.policy.view import BusySight, BusyView, Occupied
from calwarden.ports.store import BusyRow
from calwarden.timetable.freebusy import Period, merged

Sights = Mapping[CalendarId, BusySight]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an answer; ``own``: of the asking Application's events."""

    view: BusyView
    own: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What of the request and the Application decides which entries there are."""

    include_free: bool
    merge: bool
    modified_since: Instant | None


@dataclass(slots=True)
class _Line:
    """An entry in the making; ``since``: from when on it has been visible."""

    entry: Entry
    since: Instant


def entries(rows: Iterable[BusyRow], sights: Sights, unknown: Iterable[Period], rules: Rules) -> list[Entry]:
    """What is shown of ``rows``, and the ``unknown`` periods, in order.

    Modified is an entry that can not be told from no earlier one: of equal ones the first counts (security 3.3). Of
    merged periods nobody is told which changed inside: all are given. Unknown ones always are.
    """
    named, plain = _sort(rows, sights, rules)
    if rules.merge:
        lines = [*named, *_merge(plain, sights)]
    else:
        lines = [one for one in (*named, *plain.values()) if _is_new(one, rules)]
    found = {one.entry.view: one.entry for one in lines}
    for period in unknown:
        entry = _entry_of(period, sights)
        found.setdefault(entry.view, entry)
    return sorted(found.values(), key=_order)


def _sort(rows: Iterable[BusyRow], sights: Sights, rules: Rules) -> tuple[list[_Line], dict[Period, _Line]]:
    """Those that carry an id or a deletion, and all others by what is visible of them."""
    named: list[_Line] = []
    plain: dict[Period, _Line] = {}
    for row in rows:
        view = sights[row.calendar_id].show(_occupied(row))
        if view is None or (view.status is Busy.FREE and not view.deleted and not rules.include_free):
            continue
        line = _Line(Entry(view, row.own), row.busy_updated)
        if view.event_uid is not None or view.deleted:
            named.append(line)
        else:
            _add(plain, _period(view), line)
    return named, plain


def _add(plain: dict[Period, _Line], period: Period, line: _Line) -> None:
    held = plain.setdefault(period, line)
    held.since = min(held.since, line.since)
    # Of the Application's own ones the zone is shown; which of several must not depend on their order.
    if line.entry.own and (not held.entry.own or _zones(line.entry.view) < _zones(held.entry.view)):
        held.entry = line.entry


def _merge(plain: Mapping[Period, _Line], sights: Sights) -> Iterable[_Line]:
    for period in merged(plain):
        held = plain.get(period)
        yield _Line(_entry_of(period, sights), Instant(0)) if held is None else held


def _is_new(line: _Line, rules: Rules) -> bool:
    return rules.modified_since is None or line.since >= rules.modified_since


def _occupied(row: BusyRow) -> Occupied:
    return Occupied(
        row.calendar_id,
        row.key,
        instant_day(row.start_at) if row.all_day else Zoned(row.start_at, row.start_tzid),
        instant_day(row.end_at) if row.all_day else Zoned(row.end_at, row.end_tzid),
        None if row.busy is None else Busy(row.busy),
        row.own,
        row.event_id,
        row.deleted,
    )


def _period(view: BusyView) -> Period:
    whole = not isinstance(view.start, Zoned)
    return Period(sort_key(view.start), sort_key(view.end), view.status.value, view.calendar_id, whole)


def _entry_of(period: Period, sights: Sights) -> Entry:
    """An entry that is of no single event: in the zone of the request."""
    tzid = sights[period.calendar_id].tzid
    ends: tuple[EventTime, EventTime] = (Zoned(period.start, tzid), Zoned(period.end, tzid))
    if period.all_day:
        ends = (instant_day(period.start), instant_day(period.end))
    return Entry(BusyView(period.calendar_id, *ends, Busy(period.status)), own=False)


def _zones(view: BusyView) -> tuple[str, ...]:
    return tuple(one.tzid for one in (view.start, view.end) if isinstance(one, Zoned))


def _order(entry: Entry) -> tuple[Period, bool, str]:
    """By what is visible alone (security 3.2); ids part only those who may see them."""
    return _period(entry.view), entry.view.deleted, entry.view.event_uid or ""
