"""Time zones by IANA name. Reading the zone data is the one thing here that is not computed."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from calwarden.domain.times import Day, Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether ``name`` is exactly a known IANA name; never true for a path (security 7.5)."""
    return name in _names()


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises ValueError for anything but a known IANA name."""
    if not is_zone(name):
        raise ValueError(name)
    return ZoneInfo(name)


def to_local(at: Instant, tzid: str) -> datetime:
    """``at`` as an aware datetime in ``tzid``."""
    return (_EPOCH + timedelta(seconds=at)).astimezone(zone(tzid))


def to_instant(moment: datetime) -> Instant:
    """An aware datetime as an instant, fractions dropped.

    A wall time in a gap is read with the offset before it, one that comes twice as the first (RFC 5545 3.3.5): that is
    what ``fold=0`` means.
    """
    return Instant(int((moment - _EPOCH).total_seconds() // 1))


def day_start(day: Day, tzid: str) -> Instant:
    """The instant at which ``day`` begins in ``tzid``."""
    return to_instant(datetime(day.year, day.month, day.day, tzinfo=zone(tzid)))
