"""Values of RFC 5545 3.3, read without trust and written in one form."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

FIRST_YEAR, LAST_YEAR = 1900, 2200

_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?", flags=re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?", flags=re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?", flags=re.ASCII)
_RULE_PART = re.compile(r"[A-Z-]+=[A-Z0-9+,:-]+", flags=re.ASCII)
_FREQUENCY = re.compile(r"(?:^|;)FREQ=(?:SECOND|MINUTE|HOUR|DAI|WEEK|MONTH|YEAR)LY(?:;|$)")
MOST_RULE = 2_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A DATE (``day``) or a DATE-TIME (``wall``) as written: in UTC, or in the zone the property names."""

    day: date
    wall: datetime | None = None
    utc: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """A DURATION: days are days of the calendar, the rest is exact time."""

    days: int
    seconds: int


def moment(text: str) -> Moment:
    """A DATE or DATE-TIME, by its form. Raises ValueError for what is none or lies in years nobody lives in."""
    found = _MOMENT.fullmatch(text.strip().upper())
    if found is None:
        raise ValueError("no date")
    year, month, day = (int(part) for part in found.groups()[:3])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError("a year nobody lives in")
    if found.group(4) is None:
        return Moment(date(year, month, day))
    hour, minute, second = (int(part) for part in found.groups()[3:6])
    wall = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001  # the zone is another property's
    return Moment(wall.date(), wall, utc=found.group(7) == "Z")


def duration(text: str) -> Length:
    """A DURATION. Raises ValueError."""
    found = _DURATION.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        raise ValueError("no duration")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    sign = -1 if found.group(1) == "-" else 1
    return Length(sign * (weeks * 7 + days), sign * (hours * 3600 + minutes * 60 + seconds))


def offset(text: str) -> timedelta:
    """A UTC-OFFSET. Raises ValueError."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise ValueError("no offset")
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    distance = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if distance >= timedelta(days=1):
        raise ValueError("no offset")
    return distance if found.group(1) == "+" else -distance


def rule(text: str) -> str:
    """A RECUR in upper case, its frequency first. Raises ValueError for what has no shape of one."""
    upper = text.strip().strip(";").upper().replace(" ", "")
    parts = upper.split(";")
    if len(upper) > MOST_RULE or not all(map(_RULE_PART.fullmatch, parts)) or not _FREQUENCY.search(upper):
        raise ValueError("no rule")
    return ";".join(sorted(parts, key=lambda part: not part.startswith("FREQ=")))


def write_day(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def write_wall(wall: datetime) -> str:
    return f"{write_day(wall)}T{wall.hour:02}{wall.minute:02}{wall.second:02}"


def write_offset(distance: timedelta) -> str:
    total = int(distance.total_seconds())
    hours, rest = divmod(abs(total), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{'-' if total < 0 else '+'}{hours:02}{minutes:02}" + (f"{seconds:02}" if seconds else "")
