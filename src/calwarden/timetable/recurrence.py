"""Expansion of recurring events: what is stored is computed here, once, when a resource or the horizon changes.

dateutil's rrule does the arithmetic of RFC 5545 3.3.10. Around it stand guards, since hostile rules (INTERVAL=0, every
second, dates that never come) would keep it busy for ever: what cannot be expanded within bounds is kept as the single
event it starts with, and flagged (security 7.6).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time

from dateutil.rrule import rrule, rrulestr

from calwarden.domain.event import Component, Occurrence
from calwarden.domain.times import DAY_SECONDS, EventTime, Instant, Window, Zoned, day_instant, sort_key
from calwarden.timetable.wiretime import format_instant
from calwarden.timetable.zones import is_zone, to_instant, to_local, zone

MOST_OCCURRENCES = 5_000
MOST_DAYS_EXAMINED = 60_000  # about 160 years of days; well under a second of work
MOST_DATES = 5_000  # EXDATE and RDATE values honoured
FLAG = "rule_not_expanded"

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_SKIP_DAYS = {"DAILY": 1, "WEEKLY": 7}


class _TooMuch(Exception):
    """The rule would take more work than anybody's calendar is worth."""


class _CountedMonths(frozenset[int]):
    """The months a rule allows. rrule asks for every day it looks at, so counting the questions bounds its work."""

    left: int

    def __contains__(self, month: object) -> bool:
        self.left -= 1
        if self.left < 0:
            raise _TooMuch
        return super().__contains__(month)


@dataclass(frozen=True, slots=True)
class _Change:
    """THISANDFUTURE: from ``start`` on, occurrences move by ``shift`` seconds and take after ``component``."""

    start: Instant
    shift: int
    component: Component


def expand(components: Sequence[Component], horizon: Window, default_tzid: str) -> list[Occurrence]:
    """The occurrences of one resource: all plain events and changed instances, and what a series has in ``horizon``.

    In time order, at most 5,000. ``default_tzid`` is the zone of all-day arithmetic where none is named. Total: for any
    input it ends in bounded time and raises nothing.
    """
    changed = [one for one in components if one.replaces is not None]
    found: list[Occurrence] = []
    for one in components:
        if one.replaces is not None:
            continue
        if one.repeat is None:
            found.append(Occurrence("", one.start, one.end, one, recurring=False))
        else:
            found.extend(_series(one, changed, horizon, default_tzid))
    found.extend(
        Occurrence(occurrence_id(one.replaces), one.start, one.end, one, recurring=True)
        for one in changed[:MOST_OCCURRENCES]
        if one.replaces is not None
    )
    unique = {one.occurrence: one for one in found}  # the last word on an instance is its own component
    return sorted(unique.values(), key=lambda one: (sort_key(one.start), sort_key(one.end), one.occurrence))[
        :MOST_OCCURRENCES
    ]


def occurrence_id(start: EventTime) -> str:
    """How one instance of a series is named: its original start."""
    return format_instant(start.at) if isinstance(start, Zoned) else start.isoformat()


def is_expandable(rule: str) -> bool:
    """Whether ``rule`` is one we expand at all: a frequency of days or more and sane numbers."""
    parts = _parts(rule)
    try:
        interval, count = int(parts.get("INTERVAL", "1")), int(parts.get("COUNT", "1"))
    except ValueError:
        return False
    return parts.get("FREQ") in _FREQUENCIES and 0 < interval < 10_000 and count > 0 and len(rule) <= 2_000


def _parts(rule: str) -> dict[str, str]:
    return dict(part.upper().split("=", 1) for part in rule.split(";") if "=" in part)


def _series(
    master: Component, changed: Sequence[Component], horizon: Window, default_tzid: str
) -> Iterator[Occurrence]:
    repeat = master.repeat
    assert repeat is not None
    try:
        starts = list(_starts(master, horizon))
    except (_TooMuch, ValueError, TypeError, OverflowError, AttributeError, IndexError):
        # rrule raises these for rules it cannot make sense of
        flagged = replace(master, repeat=None, flags=(*master.flags, FLAG))
        yield Occurrence("", master.start, master.end, flagged, recurring=False)
        return
    excluded = _Excluded(repeat.excluded[:MOST_DATES], _zone_of(master, default_tzid))
    instances = {occurrence_id(one.replaces) for one in changed if one.replaces is not None}
    changes = _changes(changed)
    for start in starts:
        name = occurrence_id(start)
        if name in instances or start in excluded:
            continue
        yield _occurrence(name, start, master, changes)


def _occurrence(name: str, start: EventTime, master: Component, changes: Sequence[_Change]) -> Occurrence:
    at = sort_key(start)
    change = next((one for one in reversed(changes) if one.start <= at), None)
    source = master if change is None else change.component
    if change is not None:
        start = _moved(start, change.shift)
    length = sort_key(source.end) - sort_key(source.start)
    return Occurrence(name, start, _moved(start, length), source, recurring=True)


def _moved(when: EventTime, seconds: int) -> EventTime:
    if isinstance(when, Zoned):
        return Zoned(Instant(when.at + seconds), when.tzid)
    return when + timedelta(days=seconds // DAY_SECONDS)


def _changes(changed: Iterable[Component]) -> list[_Change]:
    found = [
        _Change(sort_key(one.replaces), sort_key(one.start) - sort_key(one.replaces), one)
        for one in changed
        if one.this_and_future and one.replaces is not None
    ]
    return sorted(found, key=lambda one: one.start)


class _Excluded:
    """EXDATE: equal moments, or any moment of an excluded day."""

    def __init__(self, dates: Sequence[EventTime], tzid: str) -> None:
        self._instants = {one.at for one in dates if isinstance(one, Zoned)}
        self._days = {one for one in dates if not isinstance(one, Zoned)}
        self._tzid = tzid

    def __contains__(self, start: EventTime) -> bool:
        if not isinstance(start, Zoned):
            return start in self._days or day_instant(start) in self._instants
        return start.at in self._instants or (bool(self._days) and to_local(start.at, self._tzid).date() in self._days)


def _zone_of(component: Component, default_tzid: str) -> str:
    tzid = component.start.tzid if isinstance(component.start, Zoned) else default_tzid
    return tzid if is_zone(tzid) else "UTC"


def _starts(master: Component, horizon: Window) -> Iterator[EventTime]:
    """Original starts within the horizon, ``DTSTART`` and added dates included, each once."""
    repeat = master.repeat
    assert repeat is not None
    length = max(0, sort_key(master.end) - sort_key(master.start))
    seen: set[Instant] = set()
    first_at = Instant(horizon.start - length)
    sources = [iter((master.start, *repeat.added[:MOST_DATES]))]
    sources += [_rule_starts(rule, master.start, first_at, horizon.end) for rule in repeat.rules]
    for source in sources:
        for start in source:
            at = sort_key(start)
            if first_at <= at < horizon.end and at not in seen:
                seen.add(at)
                yield start
                if len(seen) > MOST_OCCURRENCES:
                    raise _TooMuch


def _rule_starts(rule: str, start: EventTime, first_at: Instant, end: Instant) -> Iterator[EventTime]:
    if not is_expandable(rule):
        raise _TooMuch
    wall = _wall(start)
    parts = _parts(rule)
    first = _skip_ahead(wall, parts, first_at)
    until = _until(parts.pop("UNTIL", None), start)
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    found = rrulestr(text, dtstart=first)
    if not isinstance(found, rrule):
        raise TypeError(rule)
    _bound(found)
    for moment in found:
        if until is not None and moment > until:
            return
        when = _unwall(moment, start)
        if sort_key(when) >= end:
            return
        yield when


def _bound(found: rrule) -> None:
    # rrule has no limit of its own, and only its own question "is this month allowed?" is asked for every day.
    months = _CountedMonths(getattr(found, "_bymonth", None) or range(1, 13))
    months.left = MOST_DAYS_EXAMINED
    vars(found)["_bymonth"] = months


def _skip_ahead(wall: datetime, parts: dict[str, str], first_at: Instant) -> datetime:
    """A later start with the same phase: years of daily meetings need not be counted, unless there is a COUNT."""
    unit = _SKIP_DAYS.get(parts.get("FREQ", ""))
    if unit is None or "COUNT" in parts:
        return wall
    step = unit * int(parts.get("INTERVAL", "1"))
    ahead = (first_at - to_instant(wall.replace(tzinfo=UTC))) // DAY_SECONDS - 2 - step
    return wall + timedelta(days=ahead // step * step) if ahead > 0 else wall


def _wall(start: EventTime) -> datetime:
    if isinstance(start, Zoned):
        return to_local(start.at, start.tzid).replace(tzinfo=None, fold=0)
    return datetime.combine(start, clock_time())


def _unwall(moment: datetime, like: EventTime) -> EventTime:
    if isinstance(like, Zoned):
        return Zoned(to_instant(moment.replace(tzinfo=zone(like.tzid))), like.tzid)
    return moment.date()


def _until(text: str | None, start: EventTime) -> datetime | None:
    """UNTIL as wall time where the event is; a day means its end."""
    if text is None:
        return None
    day = date(int(text[0:4]), int(text[4:6]), int(text[6:8]))
    if len(text) == len("20310405"):
        return datetime.combine(day, clock_time(23, 59, 59))
    moment = datetime.combine(day, clock_time(int(text[9:11]), int(text[11:13]), int(text[13:15])))
    if not text.endswith("Z"):
        return moment
    if not isinstance(start, Zoned):
        return datetime.combine(day, clock_time(23, 59, 59))
    return moment.replace(tzinfo=UTC).astimezone(zone(start.tzid)).replace(tzinfo=None)
