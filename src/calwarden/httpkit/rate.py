"""How many requests one Application may make (contract authorization 7.3, security 11.6)."""

from collections import Counter
from threading import Lock

from calwarden.domain.errors import Throttled
from calwarden.domain.ids import ApplicationId
from calwarden.domain.times import Instant
from calwarden.usecases.kit import Limits

_MINUTE = 60
_MOST_KEPT = 1_024  # applications counted at once; who has not asked for longest is forgotten first


class RateGate:
    """Counts in memory, per Application, over any minute and within one second; an Application slows no other.

    A refused request does not count. Counts of the future, as a clock set back leaves them, are forgotten.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = Lock()
        self._counts: dict[ApplicationId, Counter[int]] = {}  # by second, for the last minute

    def pass_through(self, application_id: ApplicationId, now: Instant) -> None:
        """Count one request. Raises Throttled past ``limits.requests_per_second`` or ``requests_per_minute``."""
        with self._lock:
            counts = self._current(application_id, now)
            if counts[now] >= self._limits.requests_per_second:
                raise Throttled(1)
            if counts.total() >= self._limits.requests_per_minute:
                raise Throttled(min(counts) + _MINUTE - now)
            counts[now] += 1

    def _current(self, application_id: ApplicationId, now: Instant) -> Counter[int]:
        counts = self._counts.pop(application_id, Counter())
        self._counts[application_id] = counts  # last: who has not asked for longest is first
        while len(self._counts) > _MOST_KEPT:
            del self._counts[next(iter(self._counts))]
        for second in [one for one in counts if not now - _MINUTE < one <= now]:
            del counts[second]
        return counts
