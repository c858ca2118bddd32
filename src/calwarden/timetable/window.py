"""The window a read is about (contract events 6.1, ruling 19)."""

from dataclasses import dataclass
from datetime import timedelta

from calwarden.domain.times import DAY_SECONDS, Day, Instant, Window
from calwarden.timetable.zones import day_start, to_local


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """In days: what a read covers by default, and the most it may cover."""

    back: int = 42
    ahead: int = 201
    most: int = 400


class WindowError(ValueError):
    """``field`` is ``from`` or ``to``; the message says what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def default_window(tzid: str, now: Instant, limits: WindowLimits) -> Window:
    """Where External Events exist: from so many days back to so many ahead, by the days of ``tzid``."""
    today = to_local(now, tzid).date()
    return _between(today - timedelta(limits.back), today + timedelta(limits.ahead), tzid)


def window_from(
    from_: Instant | Day | None, to: Instant | Day | None, tzid: str, now: Instant, limits: WindowLimits
) -> Window:
    """The half-open window that ``from`` and ``to`` mean in ``tzid``, with the defaults where absent.

    A day means its start in ``tzid``, an instant itself. Raises WindowError if it ends before it starts or is wider
    than ``limits.most`` days.
    """
    today = to_local(now, tzid).date()
    first = today - timedelta(limits.back) if from_ is None else from_
    last = today + timedelta(limits.ahead) if to is None else to
    window = _between(first, last, tzid)
    if window.end < window.start:
        raise WindowError("to", "must not be before from")
    # Between two days, days count: one of them may have an hour more or less.
    days = isinstance(first, Day) and isinstance(last, Day)
    width = (window.end_day - window.start_day) / timedelta(1) if days else (window.end - window.start) / DAY_SECONDS
    if width > limits.most:
        raise WindowError("to", f"must be at most {limits.most} days after from")
    return window


def open_window(from_: Instant | Day | None, to: Instant | Day | None, tzid: str) -> Window | None:
    """The same for a listing of own events, which has no default bounds and no greatest width."""
    if from_ is None and to is None:
        return None
    window = _between(from_ or Day(1970, 1, 1), to or Day(2200, 1, 1), tzid)
    if window.end < window.start:
        raise WindowError("to", "must not be before from")
    return window


def _between(first: Instant | Day, last: Instant | Day, tzid: str) -> Window:
    start, start_day = _edge(first, tzid)
    end, end_day = _edge(last, tzid)
    if not isinstance(last, Day) and end > day_start(end_day, tzid):
        end_day += timedelta(1)  # an all-day event of the day that the window ends within has begun
    return Window(start, end, start_day, end_day)


def _edge(edge: Instant | Day, tzid: str) -> tuple[Instant, Day]:
    if isinstance(edge, Day):
        return day_start(edge, tzid), edge
    return edge, to_local(edge, tzid).date()
