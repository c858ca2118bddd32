"""One week as a grid: what is when, on which rows, and beside what. Values in, values out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
_MORNING, _EVENING, _DAY = 8 * 4, 20 * 4, 24 * 4
"""The quarters of a day between which is always shown, and how many there are."""


@dataclass(frozen=True)
class Item:
    """Something in the calendar. ``kind``: busy, booking or event. What is whole-day has dates for start and end."""

    kind: str
    start: datetime | date
    end: datetime | date
    title: str
    key: str = ""
    calendar_id: str = ""

    @property
    def whole_day(self) -> bool:
        return not isinstance(self.start, datetime)


@dataclass(frozen=True)
class Block:
    """An item, or the part of it that is on one day. ``first`` and ``last`` count quarters of an hour."""

    item: Item
    first: int
    last: int
    lane: int = 0
    lanes: int = 1


@dataclass(frozen=True)
class Day:
    date: date
    whole: Sequence[Item]
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Week:
    """``first`` and ``last``: the quarters of a day from which and to which the grid goes; both are full hours."""

    monday: date
    days: Sequence[Day]
    first: int
    last: int

    @property
    def hours(self) -> range:
        return range(self.first // 4, self.last // 4)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def moment(said: str, zone: ZoneInfo) -> datetime | date:
    """A time of the API, which is UTC, on the person's clock; a date of the API as it is."""
    return datetime.fromisoformat(said).astimezone(zone) if "T" in said else date.fromisoformat(said)


def lay_out(monday: date, items: Iterable[Item]) -> Week:
    """Put items, with times on the person's clock, into the seven days from ``monday``."""
    known = sorted(items, key=lambda one: (str(one.start), str(one.end)))
    days = [_day(monday + timedelta(days=number), known) for number in range(7)]
    blocks = [block for day in days for block in day.blocks]
    first = min([_MORNING, *(one.first for one in blocks)]) // 4 * 4
    last = -(max([_EVENING, *(one.last for one in blocks)]) // -4) * 4
    return Week(monday, days, first, last)


def _day(day: date, items: Sequence[Item]) -> Day:
    whole = [one for one in items if one.whole_day and one.start <= day < one.end]
    return Day(day, whole, _side_by_side(block for one in items for block in _part(one, day)))


def _part(item: Item, day: date) -> Iterator[Block]:
    """What of a timed item is on that day. The clock counts, not what has passed: on the days when it is set, too."""
    if isinstance(item.start, datetime) and isinstance(item.end, datetime):
        midnight = datetime.combine(day, time())
        first = (item.start.replace(tzinfo=None) - midnight) // QUARTER
        last = max(first + 1, -((item.end.replace(tzinfo=None) - midnight) // -QUARTER))
        if first < _DAY and last > 0:
            yield Block(item, max(0, first), min(_DAY, last))


def _side_by_side(blocks: Iterable[Block]) -> list[Block]:
    """What overlaps shares the width of the day."""
    done: list[Block] = []
    group: list[Block] = []
    for block in [*sorted(blocks, key=lambda one: one.first), None]:
        if block is None or (group and block.first >= max(one.last for one in group)):
            lanes = 1 + max((one.lane for one in group), default=0)
            done += [Block(one.item, one.first, one.last, one.lane, lanes) for one in group]
            group = []
        if block is not None:
            taken = {one.lane for one in group if one.last > block.first}
            lane = next(number for number in range(len(group) + 1) if number not in taken)
            group.append(Block(block.item, block.first, block.last, lane))
    return done
