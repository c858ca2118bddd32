"""When to try again: later each time, never all at once (security 12.4)."""

from typing import Final

from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.ports.system import Random
from calwarden.usecases.kit import Kit

_FIRST: Final = 30
_MOST: Final = 3_600


def retry_at(kit: Kit, attempts: int, at_least: int | None = None) -> Instant:
    """When to try again after ``attempts`` failures in a row: 30 seconds, doubled each time up to an hour, half of it
    left to chance. What the Provider asks for is honoured, up to a day.
    """
    delay = min(_FIRST * 2 ** min(max(attempts, 1) - 1, 10), _MOST)
    spread = delay // 2 + int(delay / 2 * chance(kit.random))
    asked = min(at_least or 0, DAY_SECONDS)
    return Instant(kit.clock() + (spread if asked <= spread else asked + int(_FIRST * chance(kit.random))))


def next_sync(kit: Kit) -> Instant:
    """When a Profile is looked at again after a complete pass: a tenth more or less than the interval, so that those
    connected together do not stay together.
    """
    interval = kit.limits.sync_interval
    return Instant(kit.clock() + interval * 9 // 10 + int(interval / 5 * chance(kit.random)))


def chance(random: Random) -> float:
    """From 0 up to 1."""
    return int(random.hex24()[-8:], 16) / 2**32
