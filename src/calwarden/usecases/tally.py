"""Counting what is read, for the ledger (ruling 28): at once, or gathered so that no read waits for a write.

Reads are counted by hour. What a process that is killed had gathered and not stored yet is lost: at most a second of
counts, never an entry about a change (docs/decisions/2026-11-26-counting-reads.md).
"""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from calwarden.domain.grant import Grant
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId
from calwarden.domain.times import Instant
from calwarden.ports.store import Store, StoreUnavailable

HOUR_SECONDS = 3_600

Read = tuple[AccountId, ApplicationId, CalendarId, str, Instant]
"""Whose calendar was read by which Application, what was read of it, and in which hour (its first instant)."""

_BATCH = 200


class Tally(Protocol):
    """Where reads are counted."""

    def count(self, store: Store, reads: Iterable[Read]) -> None:
        """Count each once. Raises StoreUnavailable if it is stored at once and can not be."""
        ...


class DirectTally:
    """Stores every count before the answer leaves."""

    def count(self, store: Store, reads: Iterable[Read]) -> None:
        _store(store, [(read, 1) for read in reads])


class GatheringTally:
    """Keeps counts until :meth:`flush`, which somebody has to call once a second and at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Read] = Counter()

    def count(self, store: Store, reads: Iterable[Read]) -> None:
        del store
        with self._lock:
            self._counts.update(reads)

    def flush(self, store: Store) -> None:
        """Store what was gathered. Raises StoreUnavailable; then all that is not stored is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        # In one order everywhere: two processes that take the locks of the same Accounts never wait for each other.
        rest = sorted(counts.items())
        while rest:
            try:
                _store(store, rest[:_BATCH])
            except StoreUnavailable:
                with self._lock:
                    self._counts.update(dict(rest))
                raise
            rest = rest[_BATCH:]


def reads_of(grant: Grant, calendars: Iterable[CalendarId], level: str, now: Instant) -> list[Read]:
    """One read of each calendar; the calendar is empty for a read that reached none."""
    hour = Instant(now - now % HOUR_SECONDS)
    return [(grant.account_id, grant.application_id, calendar_id, level, hour) for calendar_id in sorted(calendars)]


def _store(store: Store, counts: Sequence[tuple[Read, int]]) -> None:
    if counts:
        with store.write(durable=False) as uow:
            for read, many in counts:
                uow.audit.count_read(*read, many=many)
