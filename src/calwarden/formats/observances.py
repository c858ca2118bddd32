"""VTIMEZONE (RFC 5545 3.6.5), both ways: the offsets a definition means, and a definition of an IANA zone."""

import calendar
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from calwarden.formats.lines import Block, Line, make_line, plain
from calwarden.formats.values import FIRST_YEAR, moment, offset, rule, write_day, write_offset, write_wall

MOST_OBSERVANCES = 50
MOST_ONSETS = 1_000
MOST_STEPS = 20
FIRST_ONSET, LAST_ONSET = 1960, 2110
YEARS_WRITTEN = 25
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class _Onset:
    at: datetime  # UTC, without saying so
    before: timedelta
    after: timedelta


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """Offsets over time, as a VTIMEZONE defines them. Equal texts give the very same value: it is its own key."""

    onsets: tuple[_Onset, ...]  # in order; never empty
    location: str  # an IANA name it may claim for itself

    def offset_of_wall(self, wall: datetime) -> timedelta:
        """In a gap the offset before it, in a doubled hour the first (RFC 5545 3.3.5)."""
        last = bisect_right(self.onsets, wall + timedelta(days=1), key=lambda one: one.at)
        for one in reversed(self.onsets[max(0, last - MOST_STEPS) : last]):
            if wall - max(one.before, one.after) >= one.at:
                return one.after
        return self.onsets[0].before

    def offset_at(self, at: datetime) -> timedelta:
        bare = at.replace(tzinfo=None)
        number = bisect_right(self.onsets, bare, key=lambda one: one.at)
        return self.onsets[number - 1].after if number else self.onsets[0].before


_Observance = tuple[tuple[str, str], ...]


def definition_of(block: Block) -> Definition | None:
    """What ``block`` defines; None if nothing in it makes sense."""
    inner = [*block.blocks("STANDARD"), *block.blocks("DAYLIGHT")][:MOST_OBSERVANCES]
    said = tuple(tuple((line.name, line.value) for line in one.items if isinstance(line, Line)) for one in inner)
    return _defined(said, plain(block.value("X-LIC-LOCATION")))


@lru_cache(maxsize=128)  # by the text itself, so that no resource can speak for another
def _defined(observances: tuple[_Observance, ...], location: str) -> Definition | None:
    onsets: dict[datetime, _Onset] = {}
    for one in observances:
        with suppress(ValueError, OverflowError, KeyError):
            onsets.update((onset.at, onset) for onset in _onsets(one))
    if not onsets:
        return None
    return Definition(tuple(onsets[at] for at in sorted(onsets)[:MOST_ONSETS]), location)


def _onsets(lines: _Observance) -> Iterator[_Onset]:
    first = dict(reversed(lines))
    before, after = offset(first["TZOFFSETFROM"]), offset(first["TZOFFSETTO"])
    start = _wall(first["DTSTART"])
    walls = [start]
    for name, value in lines:
        if name == "RRULE":
            walls.extend(_yearly(dict(part.split("=", 1) for part in rule(value).split(";")), start))
        elif name == "RDATE":
            walls.extend(_wall(one.split("/")[0]) for one in value.split(",")[:MOST_ONSETS])
        if len(walls) > MOST_ONSETS:
            break
    for wall in walls[:MOST_ONSETS]:
        yield _Onset(wall - before, before, after)


def _wall(text: str) -> datetime:
    # Outlook's definitions begin in 1601, or in year 1; where they begin is of no interest.
    if text[:4].isdigit() and int(text[:4]) < FIRST_YEAR:
        text = f"{FIRST_YEAR}{text[4:]}"
    found = moment(text)
    if found.wall is None:
        raise ValueError("no time")
    return found.wall


def _yearly(parts: dict[str, str], start: datetime) -> Iterator[datetime]:
    step, count = int(parts.get("INTERVAL", "1")), int(parts.get("COUNT", "9999"))
    until = moment(parts["UNTIL"]).day if "UNTIL" in parts else date.max
    if step < 1 or parts["FREQ"] != "YEARLY":
        raise ValueError("no rule for a zone")
    # INVARIANT: at most one onset a year, so that the work is bounded by the years there are.
    for number, year in enumerate(range(start.year, LAST_ONSET + 1, step)):
        if number >= count:
            return
        day = _day_of(parts, start, year) if year >= FIRST_ONSET else None
        if day is not None and day <= until:
            yield datetime.combine(day, start.time())


def _day_of(parts: dict[str, str], start: datetime, year: int) -> date | None:
    month = int(parts.get("BYMONTH", str(start.month)).split(",")[0])
    length = calendar.monthrange(year, month)[1]
    numbers = [int(one) for one in parts["BYMONTHDAY"].split(",")] if "BYMONTHDAY" in parts else None
    if "BYDAY" not in parts:
        number = start.day if numbers is None else numbers[0]
        number = number if number > 0 else length + 1 + number
        return date(year, month, number) if 1 <= number <= length else None
    code = parts["BYDAY"].split(",")[0]
    first = (_WEEKDAYS.index(code[-2:]) - date(year, month, 1).weekday()) % 7 + 1
    days = [day for day in range(first, length + 1, 7) if numbers is None or day in numbers]
    nth = int(code[:-2] or "1")
    at = nth - 1 if nth > 0 else nth
    return date(year, month, days[at]) if -len(days) <= at < len(days) else None


@dataclass(frozen=True, slots=True)
class _Change:
    wall: datetime  # local time at which it happens, by the offset before it
    before: timedelta
    after: timedelta
    name: str
    daylight: bool


@lru_cache(maxsize=256)
def _changes(tzid: str, first_year: int) -> tuple[_Change, ...]:
    zone = ZoneInfo(tzid)
    step = timedelta(days=20)
    edges = [datetime(first_year, 1, 1, tzinfo=UTC) + step * number for number in range(YEARS_WRITTEN * 365 // 20)]
    found = []
    for low, high in pairwise(edges):
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            found.append(_change(zone, low, high))
    return tuple(found)


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> _Change:
    before = low.astimezone(zone).utcoffset() or timedelta(0)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if (middle.astimezone(zone).utcoffset() or timedelta(0)) == before:
            low = middle
        else:
            high = middle
    local = high.astimezone(zone)
    return _Change(
        (high + before).replace(tzinfo=None),
        before,
        local.utcoffset() or timedelta(0),
        local.tzname() or "",
        bool(local.dst()),
    )


def write_zone(tzid: str, first_year: int) -> Block:
    """A VTIMEZONE that is right from ``first_year`` on for a generation: by rule where there is one, else by dates."""
    changes = _changes(tzid, first_year - 1)
    start = datetime(first_year - 1, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(tzid))
    begin = start.utcoffset() or timedelta(0)
    first = _Change(datetime(1970, 1, 1), begin, begin, start.tzname() or "", bool(start.dst()))  # noqa: DTZ001  # local
    block = Block("VTIMEZONE", [make_line("TZID", tzid), _observance(first, [], None)])
    kinds: dict[tuple[timedelta, timedelta, bool, str], list[_Change]] = {}
    for one in changes:
        kinds.setdefault((one.before, one.after, one.daylight, one.name), []).append(one)
    for kind in kinds.values():
        block.items.append(_kind(kind))
    return block


def _kind(changes: list[_Change]) -> Block:
    said = _rule([one.wall for one in changes])
    return _observance(changes[0], [] if said else changes[1:], said)


def _rule(walls: list[datetime]) -> str | None:
    """The yearly rule that gives exactly ``walls`` and may go on for ever; None if there is none."""
    years = [wall.year for wall in walls]
    same = len({(wall.month, wall.time(), wall.weekday()) for wall in walls}) == 1
    if not same or years != list(range(years[0], years[0] + len(years))) or len(years) < YEARS_WRITTEN - 2:
        return None
    code, month = _WEEKDAYS[walls[0].weekday()], walls[0].month
    days = [wall.day for wall in walls]
    if all(wall.day + 7 > calendar.monthrange(wall.year, wall.month)[1] for wall in walls):
        return f"FREQ=YEARLY;BYMONTH={month};BYDAY=-1{code}"
    nth = {(day - 1) // 7 + 1 for day in days}
    if len(nth) == 1:
        return f"FREQ=YEARLY;BYMONTH={month};BYDAY={nth.pop()}{code}"
    if max(days) - min(days) == len(_WEEKDAYS) - 1:
        span = ",".join(str(day) for day in range(min(days), max(days) + 1))
        return f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={span};BYDAY={code}"
    return None


def _observance(first: _Change, more: Iterable[_Change], said: str | None) -> Block:
    block = Block("DAYLIGHT" if first.daylight else "STANDARD")
    block.items = [
        make_line("DTSTART", write_wall(first.wall)),
        make_line("TZOFFSETFROM", write_offset(first.before)),
        make_line("TZOFFSETTO", write_offset(first.after)),
        make_line("TZNAME", first.name or write_day(first.wall.date())),
    ]
    if said:
        block.items.append(make_line("RRULE", said))
    dates = ",".join(write_wall(one.wall) for one in more)
    if dates:
        block.items.append(make_line("RDATE", dates))
    return block
