"""Moments: Instant, Day, Zoned and the half-open Window.

Every time in calwarden is one of these; a naive ``datetime`` never crosses a package. Grain is one second,
which is the grain of iCalendar (RFC 5545 3.3.5) and of the wire contract (events 1.3).
"""

from dataclasses import dataclass
from datetime import date
from typing import NewType

Instant = NewType("Instant", int)
"""Seconds since 1970-01-01T00:00:00Z."""

Day = date
"""A calendar day without a zone, as of all-day events."""

DAY_SECONDS = 86_400
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Zoned:
    """An instant with the IANA zone it is to be shown in."""

    at: Instant
    tzid: str


EventTime = Zoned | Day
"""When an event starts or ends: a moment with its zone, or a whole day."""


def day_instant(day: Day) -> Instant:
    """The instant at which ``day`` starts in UTC: the sort key of all-day events."""
    return Instant((day.toordinal() - _EPOCH_ORDINAL) * DAY_SECONDS)


def instant_day(at: Instant) -> Day:
    """The UTC day that ``at`` falls on; the inverse of :func:`day_instant`."""
    return date.fromordinal(at // DAY_SECONDS + _EPOCH_ORDINAL)


def sort_key(when: EventTime) -> Instant:
    """Where ``when`` stands on one common axis; all-day events as if in UTC."""
    return when.at if isinstance(when, Zoned) else day_instant(when)


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open stretch of time. Timed events compare by ``start``/``end``, all-day events by the days."""

    start: Instant
    end: Instant
    start_day: Day
    end_day: Day
