"""Counting what is read, for the ledger (ruling 28), and what is refused, for an Application's owner: at once, or
gathered so that nobody waits for it.

Both are counted by hour. What a process that is killed had gathered and not stored yet is lost: at most a second of
counts, never an entry about a change (docs/decisions/2026-11-26-counting-reads.md).
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, Protocol, TypeVar

from calwarden.domain.audit import Looked
from calwarden.domain.grant import Grant
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId
from calwarden.domain.times import Instant
from calwarden.ports.store import Store, StoreUnavailable

_T = TypeVar("_T")
HOUR_SECONDS = 3_600

Read = tuple[AccountId, ApplicationId, CalendarId, str, Instant]
"""Whose calendar was read by which Application, what was read of it, and in which hour (its first instant)."""

Reads = Mapping[Read, Looked]

Refused = tuple[ApplicationId, str, str, Instant]
"""Which Application was refused what action for what reason, and in which hour: of whom is not kept."""

AUTHORIZE, TOKEN = "authorize", "token"
"""What is attempted where there is no Grant yet: to ask a person, and to get a token."""

_BATCH = 200


class Tally(Protocol):
    """Where reads and refusals are counted."""

    def count(self, store: Store, reads: Reads) -> None:
        """Add these. Raises StoreUnavailable if it is stored at once and can not be."""
        ...

    def refuse(self, store: Store, application_id: ApplicationId, action: str, reason: str, now: Instant) -> None:
        """Count one refusal. Raises StoreUnavailable likewise."""
        ...


class DirectTally:
    """Stores every count before the answer leaves."""

    def count(self, store: Store, reads: Reads) -> None:
        _store_reads(store, list(reads.items()))

    def refuse(self, store: Store, application_id: ApplicationId, action: str, reason: str, now: Instant) -> None:
        _store_refusals(store, [((application_id, action, reason, _hour(now)), _Refusals(1, now))])


class GatheringTally:
    """Keeps counts until :meth:`flush`, which somebody has to call once a second and at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reads: dict[Read, Looked] = {}
        self._refusals: dict[Refused, _Refusals] = {}

    def count(self, store: Store, reads: Reads) -> None:
        del store
        self._keep_reads(list(reads.items()))

    def refuse(self, store: Store, application_id: ApplicationId, action: str, reason: str, now: Instant) -> None:
        del store
        self._keep_refusals([((application_id, action, reason, _hour(now)), _Refusals(1, now))])

    def flush(self, store: Store) -> None:
        """Store what was gathered. Raises StoreUnavailable; then all that is not stored is kept for the next time."""
        with self._lock:
            reads, self._reads = self._reads, {}
            refusals, self._refusals = self._refusals, {}
        # In one order everywhere: two processes that take the same locks never wait for each other.
        try:
            _in_batches(store, _store_reads, sorted(reads.items(), key=itemgetter(0)), self._keep_reads)
        finally:
            _in_batches(store, _store_refusals, sorted(refusals.items()), self._keep_refusals)

    def _keep_reads(self, counts: Sequence[tuple[Read, Looked]]) -> None:
        with self._lock:
            for read, looked in counts:
                held = self._reads.get(read)
                self._reads[read] = looked if held is None else held + looked

    def _keep_refusals(self, counts: Sequence[tuple[Refused, "_Refusals"]]) -> None:
        with self._lock:
            for refused, many in counts:
                held = self._refusals.get(refused, _Refusals(0, many.last))
                self._refusals[refused] = _Refusals(held.times + many.times, max(held.last, many.last))


class _Refusals(NamedTuple):
    times: int
    last: Instant


def reads_of(grant: Grant, calendars: Mapping[CalendarId, Looked], level: str, now: Instant) -> Reads:
    """What to count of one answer; the calendar is empty for a read that reached none."""
    hour = _hour(now)
    return {(grant.account_id, grant.application_id, one, level, hour): looked for one, looked in calendars.items()}


def _hour(now: Instant) -> Instant:
    return Instant(now - now % HOUR_SECONDS)


def _in_batches(
    store: Store, put: Callable[[Store, Sequence[_T]], None], counts: Sequence[_T], keep: Callable[[Sequence[_T]], None]
) -> None:
    rest = counts
    while rest:
        try:
            put(store, rest[:_BATCH])
        except StoreUnavailable:
            keep(rest)
            raise
        rest = rest[_BATCH:]


def _store_reads(store: Store, counts: Sequence[tuple[Read, Looked]]) -> None:
    if counts:
        with store.write(durable=False) as uow:
            for read, looked in counts:
                uow.audit.count_read(*read, looked=looked)


def _store_refusals(store: Store, counts: Sequence[tuple[Refused, _Refusals]]) -> None:
    if counts:
        with store.write(durable=False) as uow:
            for (application_id, action, reason, _), (times, last) in counts:
                uow.applications.count_refusal(application_id, action, reason, last, times=times)
