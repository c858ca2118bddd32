"""Expansion of recurring events: what is stored is computed here, once, when a resource or the horizon changes.

Whatever cannot be expanded within bounds is kept as the single event it starts with, and flagged (security 7.6).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time

from calwarden.domain.event import Component, Occurrence, Repeat
from calwarden.domain.times import DAY_SECONDS, EventTime, Instant, Window, Zoned, instant_day, sort_key
from calwarden.timetable.rules import (
    RuleLibrary,
    TooMuch,
    all_day,
    by_library,
    is_arithmetic,
    last_wall,
    parse_rule,
    walls,
)
from calwarden.timetable.wiretime import format_instant
from calwarden.timetable.zones import is_zone, to_instant, to_local, zone

MOST_OCCURRENCES = 5_000
MOST_DATES = 5_000  # EXDATE and RDATE values honoured
MOST_RULES = 3
MOST_SERIES = 10  # of one resource; a healthy one has one
MOST_FAILURES = 3
FLAG = "rule_not_expanded"

# What dateutil raises for values it cannot make sense of.
_NONSENSE = (TooMuch, ValueError, TypeError, KeyError, OverflowError, AttributeError, IndexError)
_LAST = Instant(253_370_764_800)  # 9999-01-01
_EARLIEST, _LATEST = datetime(1, 1, 2), datetime(9998, 12, 30)  # noqa: DTZ001  # wall times


@dataclass(frozen=True, slots=True)
class _Change:
    """THISANDFUTURE: from ``start`` on, occurrences move by ``shift`` seconds and take after ``component``."""

    start: Instant
    shift: int
    length: int
    component: Component


def expand(
    components: Sequence[Component], horizon: Window, default_tzid: str, library: RuleLibrary = by_library
) -> list[Occurrence]:
    """The occurrences of one resource: all plain events and changed instances, and what a series has in ``horizon``.

    In time order, at most 5,000. ``default_tzid`` is the zone of all-day arithmetic where none is named, ``library``
    what works the rules out that take more than arithmetic. Total: for any input it ends in bounded time and raises
    nothing.
    """
    changed: dict[str, list[Component]] = {}
    for one in components:
        if one.replaces is not None:
            changed.setdefault(one.uid, []).append(one)
    expanding = _Expanding(horizon, default_tzid, library)
    found: dict[str, Occurrence] = {}
    for one in components:
        if one.replaces is None:
            own = expanding.of_master(one, changed.get(one.uid, []))
            found.update((occurrence.occurrence, occurrence) for occurrence in own)
    for one in (instance for instances in changed.values() for instance in instances[:MOST_OCCURRENCES]):
        name = occurrence_id(one.replaces) if one.replaces is not None else ""
        found[name] = Occurrence(name, one.start, one.end, one, recurring=True)  # its own component has the last word
    return sorted(found.values(), key=_order)[:MOST_OCCURRENCES]


def _order(one: Occurrence) -> tuple[int, int, str]:
    return sort_key(one.start), sort_key(one.end), one.occurrence


def occurrence_id(start: EventTime) -> str:
    """How one instance of a series is named: its original start."""
    return format_instant(start.at) if isinstance(start, Zoned) else start.isoformat()


def is_expandable(rule: str) -> bool:
    """Whether ``rule`` is one we expand at all: a frequency of days or more and sane numbers."""
    try:
        parse_rule(rule)
    except TooMuch:
        return False
    return True


def needs_library(components: Sequence[Component]) -> bool:
    """Whether expanding these takes the library for a rule at least."""
    rules = (rule for one in components if one.repeat is not None for rule in one.repeat.rules[:MOST_RULES])
    return any(is_expandable(rule) and not is_arithmetic(parse_rule(rule)) for rule in rules)


def is_over(rule: str, start: EventTime) -> bool:
    """Whether the last day of ``rule`` is before ``start``: calendar services take no such series."""
    until = parse_rule(rule).until
    if until is None:
        return False
    wall, utc = last_wall(until)
    if not isinstance(start, Zoned):
        return wall.date() < start
    there = UTC if utc or not is_zone(start.tzid) else zone(start.tzid)
    return to_instant(wall.replace(tzinfo=there)) < start.at


class _Expanding:
    """The bounds of one resource: how many series it may have, and how many of them may turn out hostile."""

    def __init__(self, horizon: Window, default_tzid: str, library: RuleLibrary) -> None:
        self.horizon, self.default_tzid, self.library = horizon, default_tzid, library
        self.series = self.failures = 0

    def of_master(self, master: Component, changed: Sequence[Component]) -> Sequence[Occurrence]:
        if master.repeat is None:
            return [Occurrence("", master.start, master.end, master, recurring=False)]
        try:
            self.series += 1
            if self.series > MOST_SERIES or self.failures >= MOST_FAILURES:
                raise TooMuch
            return _Series(master, master.repeat, changed, self.default_tzid).within(self.horizon, self.library)
        except _NONSENSE:
            self.failures += 1
            flagged = replace(master, repeat=None, flags=(*master.flags, FLAG))
            return [Occurrence("", master.start, master.end, flagged, recurring=False)]


class _Series:
    """One master and its changed instances."""

    def __init__(self, master: Component, repeat: Repeat, changed: Sequence[Component], default_tzid: str) -> None:
        self.master = master
        self.repeat = repeat
        self.timed = isinstance(master.start, Zoned)
        name = master.start.tzid if isinstance(master.start, Zoned) else default_tzid
        self.tzid = name if is_zone(name) else "UTC"
        self.length = _length(master)
        self.changes = _changes(changed)
        excluded = repeat.excluded[:MOST_DATES]
        self.excluded = {sort_key(one) for one in excluded if isinstance(one, Zoned) or not self.timed}
        self.excluded_days = {one for one in excluded if self.timed and not isinstance(one, Zoned)}

    def within(self, horizon: Window, library: RuleLibrary) -> list[Occurrence]:
        """Those that take place in ``horizon``. Raises one of the errors of nonsense."""
        reach = max((abs(one.shift) + one.length for one in self.changes), default=0)
        first, last = horizon.start - max(self.length, reach), horizon.end + reach
        found: list[Occurrence] = []
        for at in sorted(self._starts(Instant(first), Instant(last), library)):
            if at in self.excluded or (self.excluded_days and self._day(at) in self.excluded_days):
                continue
            one = self._occurrence(Instant(at))
            if sort_key(one.end) >= horizon.start and sort_key(one.start) < horizon.end:
                found.append(one)
        return found

    def _day(self, at: int) -> object:
        return to_local(Instant(at), self.tzid).date()

    def _starts(self, first: Instant, last: Instant, library: RuleLibrary) -> set[int]:
        """Original starts, DTSTART and added dates included, each once."""
        added = [self.master.start, *self.repeat.added[:MOST_DATES]]
        found = {int(sort_key(one)) for one in added if isinstance(one, Zoned) == self.timed}
        found = {at for at in found if first <= at < last}
        for rule in self.repeat.rules[:MOST_RULES]:
            for at in self._rule(rule, first, last, library):
                found.add(at)
                if len(found) > MOST_OCCURRENCES:
                    raise TooMuch
        return found

    def _rule(self, text: str, first: Instant, last: Instant, library: RuleLibrary) -> Iterator[int]:
        rule = parse_rule(text) if self.timed else all_day(parse_rule(text))
        begin = self._wall(sort_key(self.master.start))
        until = min(last, self._until(rule.until)) if rule.until else last
        margin = timedelta(days=2)
        from_ = min(max(self._wall(first), _EARLIEST + margin), _LATEST) - margin
        to = min(self._wall(Instant(max(min(until, _LAST), first))), _LATEST - margin) + margin
        instants = self._instants if self.timed else _days
        for at in instants(walls(rule, begin, from_, to, library)):
            if at >= until:
                return
            if at >= first:
                yield at

    def _instants(self, moments: Iterable[datetime]) -> Iterator[int]:
        there, epoch, second = zone(self.tzid), datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
        for moment in moments:
            yield (moment.replace(tzinfo=there) - epoch) // second

    def _wall(self, at: Instant) -> datetime:
        if self.timed:
            return to_local(at, self.tzid).replace(tzinfo=None, fold=0)
        return datetime.combine(instant_day(at), clock_time())

    def _until(self, text: str) -> Instant:
        """The first second after UNTIL."""
        wall, utc = last_wall(text)
        if not self.timed:
            return Instant(to_instant(datetime.combine(wall.date(), clock_time(), UTC)) + DAY_SECONDS)
        return Instant(to_instant(wall.replace(tzinfo=UTC if utc else zone(self.tzid))) + 1)

    def _occurrence(self, at: Instant) -> Occurrence:
        change = next((one for one in reversed(self.changes) if one.start <= at), None) if self.changes else None
        if change is not None:
            return self._changed(at, change)
        if self.timed:
            start, end = Zoned(at, self.tzid), Zoned(Instant(at + self.length), self.tzid)
            return Occurrence(format_instant(at), start, end, self.master, recurring=True)
        day = instant_day(at)
        return Occurrence(day.isoformat(), day, day + timedelta(seconds=self.length), self.master, recurring=True)

    def _changed(self, at: Instant, change: _Change) -> Occurrence:
        name = format_instant(at) if self.timed else instant_day(at).isoformat()
        start, end = Instant(at + change.shift), Instant(at + change.shift + change.length)
        like = change.component.start
        if isinstance(like, Zoned):
            return Occurrence(name, Zoned(start, like.tzid), Zoned(end, like.tzid), change.component, recurring=True)
        half = DAY_SECONDS // 2  # rounds what is left of a time of day
        first, after = instant_day(Instant(start + half)), instant_day(Instant(end + half))
        return Occurrence(name, first, after, change.component, recurring=True)


def _days(moments: Iterable[datetime]) -> Iterator[int]:
    epoch = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001  # a day
    for moment in moments:
        yield (moment.toordinal() - epoch) * DAY_SECONDS


def _length(component: Component) -> int:
    return max(0, sort_key(component.end) - sort_key(component.start))


def _changes(changed: Sequence[Component]) -> list[_Change]:
    found = [
        _Change(sort_key(one.replaces), sort_key(one.start) - sort_key(one.replaces), _length(one), one)
        for one in changed
        if one.this_and_future and one.replaces is not None
    ]
    return sorted(found, key=lambda one: one.start)
