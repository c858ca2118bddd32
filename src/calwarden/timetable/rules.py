"""Recurrence rules (RFC 5545 3.3.10) as wall times, in bounded work.

Plain daily and weekly rules are arithmetic on day numbers. All others are dateutil's rrule, which looks for ever for
dates that never come and counts every second of a year if asked to: so it is started near the window, told how many
periods it may look at, and never given a frequency below days (security 7.6). Who expands what strangers wrote passes a
``RuleLibrary`` in that runs it under a deadline besides.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as clock_time

from dateutil.rrule import rrule, rrulestr

MOST_RULE = 2_000
MOST_TIMES_A_DAY = 288
MOST_YIELDS = 20_000  # before the window, by rules with a COUNT
MOST_WALLS = 5_001  # within the window: one more than anybody's series may have
MOST_PERIODS = {"DAILY": 30_000, "WEEKLY": 6_000, "MONTHLY": 3_000, "YEARLY": 400}
_WEEKDAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_CLOCK = ("BYHOUR", "BYMINUTE", "BYSECOND")
_KNOWN = frozenset({
    "FREQ", "UNTIL", "COUNT", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST",
    *_CLOCK,
})  # fmt: skip
_DAYS = frozenset({"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"})


class TooMuch(Exception):
    """The rule makes no sense, or would take more work than anybody's calendar is worth."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that may be expanded. ``parts`` lacks COUNT, INTERVAL and UNTIL."""

    frequency: str
    interval: int
    count: int | None
    until: str | None
    parts: dict[str, str] = field(default_factory=dict)


class _Periods(int):
    """An interval that counts how often rrule takes a step by it."""

    left: int

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooMuch

    def __radd__(self, other: int) -> int:
        self._step()
        return other + int(self)

    def __mul__(self, other: int) -> int:
        self._step()
        return int(self) * other


def parse_rule(text: str) -> Rule:
    """The rule ``text``. Raises TooMuch for what is never expanded: nonsense, steps below a day, floods."""
    parts: dict[str, str] = {}
    for part in text.upper().split(";") if len(text) <= MOST_RULE else ():
        name, _, value = part.partition("=")
        if name not in _KNOWN or name in parts or not value:
            raise TooMuch
        parts[name] = value
    times = 1
    for name in _CLOCK:
        times *= parts.get(name, "").count(",") + 1
    frequency = parts.pop("FREQ", "")
    try:
        interval = int(parts.pop("INTERVAL", "1"))
        count = int(parts.pop("COUNT")) if "COUNT" in parts else None
    except ValueError as error:
        raise TooMuch from error
    sane = 0 < interval < 10_000 and (count is None or count > 0) and times <= MOST_TIMES_A_DAY
    if frequency not in MOST_PERIODS or not sane:
        raise TooMuch
    return Rule(frequency, interval, count, parts.pop("UNTIL", None), parts)


RuleLibrary = Callable[[Rule, datetime, datetime, datetime], Sequence[datetime]]
"""The wall times of a rule that starts at the first moment, between the second and the third, as :func:`by_library`
gives them. Raises TooMuch, and ValueError and the like for values that make no sense.
"""


def walls(
    rule: Rule, start: datetime, first: datetime, last: datetime, library: RuleLibrary
) -> Iterator[datetime] | Sequence[datetime]:
    """The wall times of ``rule`` from ``start`` on, in order; UNTIL is the caller's. Those before ``first`` may be left
    out, and those after ``last``: what is arithmetic goes on without end unless the rule has a COUNT.

    Raises TooMuch when they take too much work, ValueError and the like for values that dateutil refuses.
    """
    if not is_arithmetic(rule):
        return library(rule, start, first, last)
    begun = _daily if rule.frequency == "DAILY" else _weekly
    days, clock = begun(rule, start.toordinal(), first.toordinal()), start.time()
    return (datetime.combine(date.fromordinal(day), clock) for day in days)


def is_arithmetic(rule: Rule) -> bool:
    """Whether it takes no library: every so many days, or on these days of every so many weeks."""
    plain = {"DAILY": {"WKST"}, "WEEKLY": {"WKST", "BYDAY"}}.get(rule.frequency)
    return plain is not None and not rule.parts.keys() - plain


def by_library(rule: Rule, start: datetime, first: datetime, last: datetime) -> list[datetime]:
    """The wall times between ``first`` and ``last``, by dateutil, in this very process.

    Raises TooMuch for more than a series may have, and as :func:`walls` does.
    """
    found: list[datetime] = []
    for moment in _by_library(rule, start, first):
        if moment > last:
            break
        if moment >= first:
            found.append(moment)
            if len(found) > MOST_WALLS:
                raise TooMuch
    return found


def _daily(rule: Rule, start: int, first: int) -> Iterator[int]:
    skipped = max(0, -((start - first) // rule.interval))
    number = skipped
    while rule.count is None or number < rule.count:
        yield start + number * rule.interval
        number += 1


def _weekly(rule: Rule, start: int, first: int) -> Iterator[int]:
    week_start = _WEEKDAYS[rule.parts.get("WKST", "MO")]
    weekday = (start - 1) % 7  # day 1 of the common era was a Monday
    codes = rule.parts.get("BYDAY")
    wanted = {weekday} if codes is None else {_WEEKDAYS[code] for code in codes.split(",")}
    offsets = sorted((day - week_start) % 7 for day in wanted)
    monday = start - (weekday - week_start) % 7
    step = 7 * rule.interval
    in_first = sum(1 for offset in offsets if monday + offset >= start)
    week = max(0, (first - monday) // step)
    seen = 0 if week == 0 else in_first + (week - 1) * len(offsets)
    while True:
        for offset in offsets:
            day = monday + week * step + offset
            if day < start:
                continue
            if rule.count is not None and seen >= rule.count:
                return
            seen += 1
            yield day
        week += 1


def _by_library(rule: Rule, start: datetime, first: datetime) -> Iterator[datetime]:
    parts = {"FREQ": rule.frequency, **rule.parts}
    _state_day(parts, start)
    begin = start if rule.count is not None else _skip_ahead(rule, start, first)
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    plain = rrulestr(text, dtstart=begin)
    if not isinstance(plain, rrule):
        raise TooMuch
    interval = _Periods(rule.interval)
    interval.left = MOST_PERIODS[rule.frequency]
    found = plain.replace(interval=interval, count=rule.count)
    for number, moment in enumerate(found):
        if number >= MOST_YIELDS:
            raise TooMuch
        if moment >= start:
            yield moment


def _state_day(parts: dict[str, str], start: datetime) -> None:
    """Say what a rule leaves to its start, so that it may be begun elsewhere."""
    if parts.keys() & _DAYS or parts["FREQ"] not in {"MONTHLY", "YEARLY"}:
        return
    parts["BYMONTHDAY"] = str(start.day)
    if parts["FREQ"] == "YEARLY":
        parts.setdefault("BYMONTH", str(start.month))


def _skip_ahead(rule: Rule, start: datetime, first: datetime) -> datetime:
    """A later beginning of the same phase, at least one period before ``first``."""
    if rule.frequency in {"DAILY", "WEEKLY"}:
        step = rule.interval * (7 if rule.frequency == "WEEKLY" else 1)
        ahead = (first.toordinal() - start.toordinal()) // step - 1
        return (
            datetime.combine(date.fromordinal(start.toordinal() + ahead * step), start.time()) if ahead > 0 else start
        )
    step = rule.interval * (12 if rule.frequency == "YEARLY" else 1)
    month = start.year * 12 + start.month - 1
    ahead = (first.year * 12 + first.month - 1 - month) // step - 1
    if ahead <= 0:
        return start
    year, number = divmod(month + ahead * step, 12)
    # The first of the month: the day itself may not exist there, and is stated by the rule.
    return datetime.combine(date(year, 1 if rule.frequency == "YEARLY" else number + 1, 1), start.time())


def all_day(rule: Rule) -> Rule:
    """The rule for a start without a time of day, which knows no hours."""
    parts = {name: value for name, value in rule.parts.items() if name not in _CLOCK}
    return Rule(rule.frequency, rule.interval, rule.count, rule.until, parts)


def last_wall(until: str) -> tuple[datetime, bool]:
    """UNTIL as a wall time, and whether it is one of UTC; a day means its end. Raises ValueError."""
    day = date(int(until[0:4]), int(until[4:6]), int(until[6:8]))
    if len(until) == len("20310405"):
        return datetime.combine(day, clock_time(23, 59, 59)), False
    clock = clock_time(int(until[9:11]), int(until[11:13]), min(int(until[13:15]), 59))
    return datetime.combine(day, clock), until.endswith("Z")
