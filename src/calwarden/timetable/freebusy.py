"""Free/busy periods: identical ones once, touching ones merged where an Application wants it (ruling 10)."""

from collections.abc import Iterable
from typing import NamedTuple

from calwarden.domain.ids import CalendarId
from calwarden.domain.times import Instant, Window


class Period(NamedTuple):
    """One entry: sorted by start, end, status, calendar. All-day ends are midnights of UTC.

    A tuple, as one answer may be made of thousands.
    """

    start: Instant
    end: Instant
    status: str
    calendar_id: CalendarId
    all_day: bool = False


UNKNOWN = "unknown"


def unknown(calendar_id: CalendarId, window: Window) -> Period:
    """The whole of ``window``, of a calendar we do not know well enough: never silently free (ruling 11)."""
    return Period(window.start, window.end, UNKNOWN, calendar_id)


def distinct(periods: Iterable[Period]) -> list[Period]:
    """Sorted, each once: how often somebody is busy at a time is nobody's business."""
    return sorted(set(periods))


def merged(periods: Iterable[Period]) -> list[Period]:
    """Touching or overlapping periods of one status, calendar and kind become one (RFC 4791 11)."""
    result: list[Period] = []
    last: dict[tuple[CalendarId, str, bool], int] = {}
    for one in distinct(periods):
        group = (one.calendar_id, one.status, one.all_day)
        at = last.get(group)
        if at is not None and one.start <= result[at].end:
            result[at] = result[at]._replace(end=max(result[at].end, one.end))
        else:
            last[group] = len(result)
            result.append(one)
    return sorted(result)
