"""Which IANA zone a calendar's own time zone is.

Providers write Windows names, private names with a definition, or names nobody knows; instants are computed from the
definition in the resource (connectors.md 2.10), and recurrence needs a zone that follows the same rules.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_USUAL = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Athens", "Europe/Moscow", "America/New_York",
    "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Sao_Paulo",
    "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """All IANA names."""
    return frozenset(available_timezones())


@lru_cache(maxsize=512)
def by_name(tzid: str) -> str | None:
    """The IANA zone that a TZID names: exactly, as a Windows name, or at the end of a private prefix."""
    name = tzid.strip('"')
    if name in known():
        return name
    if name in WINDOWS_TO_OLSON:
        return str(WINDOWS_TO_OLSON[name])
    parts = name.split("/")
    tails = ("/".join(parts[at:]) for at in range(1, len(parts) - 1))
    return next((tail for tail in tails if tail in known()), None)


def by_rules(zone: tzinfo, year: int) -> str | None:
    """An IANA zone with the same offsets as ``zone`` through ``year``, the usual ones first; None if there is none."""
    try:
        wanted = _offsets(zone, year)
    except (ValueError, OverflowError, TypeError, AttributeError, IndexError):
        return None
    return _by_offsets(wanted, year)


@lru_cache(maxsize=256)
def _by_offsets(wanted: tuple[timedelta | None, ...], year: int) -> str | None:
    for name in (*_USUAL, *sorted(known())):
        if _offsets(ZoneInfo(name), year) == wanted:
            return name
    return None


def _offsets(zone: tzinfo, year: int) -> tuple[timedelta | None, ...]:
    # Twice a month finds the transitions in use; noon is never in a gap.
    moments = (datetime(year, month, day, 12, tzinfo=UTC) for month in range(1, 13) for day in (1, 15))
    return tuple(moment.replace(tzinfo=zone).utcoffset() for moment in moments)
