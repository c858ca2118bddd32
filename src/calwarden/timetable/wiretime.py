"""Moments as the wire writes them: RFC 3339 in UTC without fractions, and YYYY-MM-DD (contract events 1.3)."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from calwarden.domain.times import DAY_SECONDS, Day, EventTime, Instant, Zoned, instant_day
from calwarden.timetable.zones import to_instant, to_local

FIRST_YEAR, LAST_YEAR = 1970, 2199

_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", flags=re.ASCII
)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", flags=re.ASCII)


class TimeFormatError(ValueError):
    """The text is not a Time or Date of the contract; the message says what would be."""


def parse_day(text: str) -> Day:
    """A Date. Raises TimeFormatError."""
    match = _DAY.fullmatch(text)
    if match is None:
        raise TimeFormatError("must be a date such as 2031-04-05")
    year, month, day = (int(part) for part in match.groups())
    _check_year(year)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise TimeFormatError("must be a day that exists") from error


def parse_instant(text: str) -> Instant:
    """A Time; a blank instead of ``T`` and any offset are accepted, a non-zero fraction is not.

    Raises TimeFormatError.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise TimeFormatError("must be a time such as 2031-04-05T14:30:00Z")
    fraction, offset = match.group(7), match.group(8)
    if fraction and fraction.strip(".0"):
        raise TimeFormatError("must not have a fraction of a second")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    _check_year(year)
    try:
        return to_instant(datetime(year, month, day, hour, minute, second, tzinfo=_offset(offset)))
    except ValueError as error:
        raise TimeFormatError("must be a time that exists") from error


def _offset(text: str) -> timezone:
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise TimeFormatError("must have an offset such as +02:00")
    distance = timedelta(hours=hours, minutes=minutes)
    return timezone(distance if text[0] == "+" else -distance)


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise TimeFormatError(f"must be between the years {FIRST_YEAR} and {LAST_YEAR}")


def parse_moment(text: str) -> Instant | Day:
    """A Time or a Date, told apart by their length. Raises TimeFormatError."""
    return parse_day(text) if len(text) == len("2031-04-05") else parse_instant(text)


def format_instant(at: Instant) -> str:
    """``2031-04-05T14:30:00Z``."""
    day, second = divmod(at, DAY_SECONDS)  # a tenth of the cost of strftime: thousands of these are in one answer
    return f"{_date(day)}T{_clock(second)}Z"


@lru_cache(maxsize=2_048)
def _date(day: int) -> str:
    return instant_day(Instant(day * DAY_SECONDS)).isoformat()


@lru_cache(maxsize=2_048)
def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def format_time(when: EventTime) -> str:
    """A moment in UTC, or a date."""
    return format_instant(when.at) if isinstance(when, Zoned) else when.isoformat()


def format_local(when: EventTime) -> dict[str, str]:
    """``localized_times``: ``{time, tzid}`` with the offset of the zone (contract events 6.3)."""
    if not isinstance(when, Zoned):
        return {"time": when.isoformat(), "tzid": "Etc/UTC"}
    return {"time": to_local(when.at, when.tzid).isoformat(timespec="seconds"), "tzid": when.tzid}
