"""From rows of busy times to the entries of an answer: shown or not, each once, merged or not (ruling 10).

Entries without ids are a set: how many events make one, and which, is not in it. An External entry that equals one of
the Application's own adds nothing and is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from calwarden.domain.event import Busy, Occupied
from calwarden.domain.ids import CalendarId
from calwarden.domain.times import Instant
from calwarden.policy.view import BusySight, BusyView
from calwarden.timetable.freebusy import Period, merged

Sights = Mapping[CalendarId, BusySight]


class Entry(NamedTuple):
    """One line of an answer; ``own``: of the asking Application's events."""

    view: BusyView
    own: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What of the request and the Application decides which entries there are."""

    include_free: bool
    merge: bool
    modified_since: Instant | None


class _Line(NamedTuple):
    """An entry in the making; ``since``: from when on it has been visible."""

    entry: Entry
    since: Instant


def entries(rows: Iterable[Occupied], sights: Sights, unknown: Iterable[Period], rules: Rules) -> list[Entry]:
    """What is shown of ``rows``, and the ``unknown`` periods, in order.

    Modified is an entry that can not be told from no earlier one: of equal ones the first counts (security 3.3). Of
    merged periods nobody is told which changed inside: all are given. Unknown ones always are.
    """
    named, plain = _sort(rows, sights, include_free=rules.include_free)
    if rules.merge:
        lines = [*named, *_merge(plain, sights)]
    else:
        lines = [*named, *plain.values()]
        if (since := rules.modified_since) is not None:
            lines = [one for one in lines if one.since >= since]
    found = {one.entry.view: one.entry for one in lines}
    for period in unknown:
        entry = _entry_of(period, sights)
        found.setdefault(entry.view, entry)
    return sorted(found.values(), key=_order)


def _sort(rows: Iterable[Occupied], sights: Sights, *, include_free: bool) -> tuple[list[_Line], dict[Period, _Line]]:
    """Those that carry an id or a deletion, and all others by what is visible of them."""
    named: list[_Line] = []
    plain: dict[Period, _Line] = {}
    for row in rows:
        view = sights[row.calendar_id].show(row)
        if view is None or (view.status is Busy.FREE and not view.deleted and not include_free):
            continue
        line = _Line(Entry(view, row.own), row.updated)
        if view.event_uid is not None or view.deleted:
            named.append(line)
        else:
            period = period_of(view)
            held = plain.get(period)
            plain[period] = line if held is None else _joined(held, line)
    return named, plain


def _joined(held: _Line, line: _Line) -> _Line:
    """One line for two that look the same, apart from zones: those of the Application's own are shown; which of several
    must not depend on their order.
    """
    entry = held.entry
    if line.entry.own and (not entry.own or _zones(line.entry.view) < _zones(entry.view)):
        entry = line.entry
    return _Line(entry, min(held.since, line.since))


def _merge(plain: Mapping[Period, _Line], sights: Sights) -> Iterable[_Line]:
    for period in merged(plain):
        held = plain.get(period)
        yield _Line(_entry_of(period, sights), Instant(0)) if held is None else held


def period_of(view: BusyView) -> Period:
    """What a view is to a Grant that reads no events."""
    return Period(view.start_at, view.end_at, view.status, view.calendar_id, view.all_day)


def _entry_of(period: Period, sights: Sights) -> Entry:
    """An entry that is of no single event: in the zone of the request."""
    zone = "" if period.all_day else sights[period.calendar_id].tzid
    start, end, status, calendar_id, all_day = period
    return Entry(BusyView(start, end, Busy(status), calendar_id, all_day, zone, zone), own=False)


def _zones(view: BusyView) -> tuple[str, ...]:
    return view.start_tzid, view.end_tzid


def _order(entry: Entry) -> tuple[Period, bool, str]:
    """By what is visible alone (security 3.2); ids part only those who may see them."""
    view = entry.view
    return period_of(view), view.deleted, view.event_uid or ""
