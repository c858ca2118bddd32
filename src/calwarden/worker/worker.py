"""Jobs from the rows that say what is due: nothing is remembered here that a restart could lose.

Why this is a loop of ours: docs/decisions/2026-11-25-worker.md.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

import structlog

from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.times import Instant
from calwarden.ports.connector import ConnectorFactory
from calwarden.ports.mail import Mail, Mailer, MailUnavailable
from calwarden.ports.store import StoreUnavailable
from calwarden.usecases.deliver import DeliverEnd, DeliverOutcome, deliver_writes
from calwarden.usecases.develop import forget_refusals
from calwarden.usecases.kit import Kit
from calwarden.usecases.people.tidy import forget_expired
from calwarden.usecases.sync import SyncEnd, SyncOutcome, sync_profile
from calwarden.usecases.sync.hop import hop

Key = tuple[AccountId, ProfileId]

CONCURRENCY: Final = 16
"""Profiles at a time; they wait for Providers most of it."""

JOB_SECONDS: Final = 300
"""The longest a job takes; what a pass has stored by then is not fetched again."""

_SLOW: Final = 15.0  # seconds after which a job gives its place to another and goes on beside it
_MOST: Final = 8  # times the concurrency: all jobs, slow ones included

_POLL: Final = 1.0  # seconds
_TIDY_EVERY: Final = 3_600
_COUNTS_COME: Final = 60  # seconds
_REST_FIRST, _REST_MOST = 5, 600


@dataclass(frozen=True, slots=True)
class _Job:
    task: asyncio.Task[None]
    begun: float  # on the loop's clock


_log = structlog.get_logger("calwarden.worker")


class Worker:
    """One process's share of the work. Others may run beside it, on the same database: leases keep them apart.

    ``holder`` must be unique to the process.
    """

    def __init__(
        self,
        kit: Kit,
        open_connector: ConnectorFactory,
        *,
        holder: str,
        mailer: Mailer | None = None,
        concurrency: int = CONCURRENCY,
        job_seconds: float = JOB_SECONDS,
    ) -> None:
        self._kit, self._open_connector, self._holder, self._mailer = kit, open_connector, holder, mailer
        self._concurrency, self._job_seconds = concurrency, job_seconds
        self._jobs: dict[Key, _Job] = {}
        self._asked: dict[Key, None] = {}  # woken for, in order
        self._again: set[Key] = set()  # woken for while at work
        self._resting: dict[Key, tuple[int, Instant]] = {}  # jobs that ended unexpectedly: how often, until when
        self._bell = asyncio.Event()
        self._stopping = False
        self._tidied = Instant(0)

    def wake(self, account_id: AccountId, profile_id: ProfileId) -> None:
        """Something is due for this Profile now. Called on the event loop; never waits. Who forgets to call it is found
        out a second later.
        """
        key = account_id, profile_id
        if key in self._jobs:
            self._again.add(key)
        else:
            self._asked[key] = None
        self._bell.set()

    def stop(self) -> None:
        """Begin nothing more; ``run`` ends once what is under way has."""
        self._stopping = True
        self._bell.set()

    async def run(self, *, grace: float = 15.0) -> None:
        """Work until :meth:`stop`, then give what is under way ``grace`` seconds. What is cut off is done again by
        whoever comes next. A database that does not answer is waited for.
        """
        tidying: asyncio.Task[None] | None = None
        while not self._stopping:
            self._bell.clear()
            if tidying is None or tidying.done():
                tidying = self._tidy_if_due()
            try:
                await self._begin_due()
            except Exception as error:  # noqa: BLE001  the outermost edge: the loop goes on, whatever one round met
                _log.error("the worker met an unexpected error", exc_info=error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), _POLL)
        await self._end([*(one.task for one in self._jobs.values()), *([tidying] if tidying else [])], grace)

    @staticmethod
    async def _end(tasks: list[asyncio.Task[None]], grace: float) -> None:
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            _log.warning("jobs were cut off", jobs=len(late))
            await asyncio.wait(late)

    async def _begin_due(self) -> None:
        if self._is_full():
            return
        due = list(self._asked)
        try:
            due += await hop(self._due, self._concurrency + len(self._resting))
        except StoreUnavailable as error:
            _log.warning("the database does not answer", cause=str(error))
        for key in dict.fromkeys(due):
            if self._stopping or self._is_full():
                return
            self._asked.pop(key, None)
            if key not in self._jobs and not self._rests(key):
                self._jobs[key] = _Job(asyncio.create_task(self._job(key)), asyncio.get_running_loop().time())

    def _is_full(self) -> bool:
        slow = asyncio.get_running_loop().time() - _SLOW
        quick = sum(1 for one in self._jobs.values() if one.begun > slow)
        return quick >= self._concurrency or len(self._jobs) >= _MOST * self._concurrency

    def _due(self, limit: int) -> list[Key]:
        """Writes before syncs: somebody waits for them."""
        now = self._kit.clock()
        with self._kit.store.read() as uow:
            writes = list(uow.writes.due(now, limit))
            return writes + [(one.account_id, one.profile_id) for one in uow.profiles.due(now, limit)]

    def _rests(self, key: Key) -> bool:
        return key in self._resting and self._kit.clock() < self._resting[key][1]

    async def _job(self, key: Key) -> None:
        try:
            async with asyncio.timeout(self._job_seconds):
                await self._work(key)
        except StoreUnavailable as error:
            _log.warning("the database does not answer", cause=str(error))
            self._rest(key)
        except TimeoutError:
            _log.warning("a profile took too long", account=key[0], profile=key[1])
            self._rest(key)
        except Exception as error:  # noqa: BLE001  the outermost edge of a job: one broken Profile stops no other
            _log.error("a job ended unexpectedly", account=key[0], profile=key[1], exc_info=error)
            self._rest(key)
        else:
            self._resting.pop(key, None)
        finally:
            del self._jobs[key]
            if key in self._again:
                self._again.discard(key)
                self._asked[key] = None
            self._bell.set()

    def _rest(self, key: Key) -> None:
        """Its rows still say that it is due: it waits longer each time."""
        times = self._resting.get(key, (0, Instant(0)))[0] + 1
        seconds = min(_REST_FIRST * 2 ** min(times - 1, 10), _REST_MOST)
        self._resting[key] = times, Instant(self._kit.clock() + seconds)

    async def _work(self, key: Key) -> None:
        """What is owed first, so that a sync finds it at the Provider."""
        delivered = await deliver_writes(self._kit, self._open_connector, *key, holder=self._holder)
        self._say_delivered(key, delivered)
        await self._post(delivered.mail)
        if delivered.end not in {DeliverEnd.BUSY, DeliverEnd.DISCONNECTED, DeliverEnd.GONE} and await hop(
            self._sync_is_due, key
        ):
            synced = await sync_profile(self._kit, self._open_connector, *key, holder=self._holder)
            self._say_synced(key, synced)
            await self._post(synced.mail)

    def _sync_is_due(self, key: Key) -> bool:
        with self._kit.store.read() as uow:
            profile = uow.profiles.get(*key)
        return profile is not None and profile.connected and profile.sync_due_at <= self._kit.clock()

    @staticmethod
    def _say_delivered(key: Key, outcome: DeliverOutcome) -> None:
        if outcome.failed or outcome.postponed or outcome.dropped:
            _log.warning(
                "writes were not delivered",
                account=key[0],
                profile=key[1],
                dropped=outcome.dropped,
                failed=outcome.failed,
                postponed=outcome.postponed,
                reasons=list(outcome.reasons),
                hint=outcome.hint,
            )

    @staticmethod
    def _say_synced(key: Key, outcome: SyncOutcome) -> None:
        if outcome.end in {SyncEnd.FAILED, SyncEnd.DISCONNECTED}:
            _log.warning("a profile was not synced", account=key[0], profile=key[1], hint=outcome.hint)

    async def _post(self, mail: Mail | None) -> None:
        if mail is None or self._mailer is None:
            return
        try:
            await self._mailer(mail)
        except MailUnavailable as error:
            _log.error("mail not sent", subject=mail.subject, cause=str(error))

    def _tidy_if_due(self) -> asyncio.Task[None] | None:
        now = self._kit.clock()
        if now - self._tidied < _TIDY_EVERY and now >= self._tidied:
            return None
        self._tidied = now
        return asyncio.create_task(self._tidy())

    async def _tidy(self) -> None:
        """Forget what has run out, and put closed hours of reading into the ledger; every worker may."""
        for step in (forget_expired, forget_refusals, _close_hours):
            try:
                await hop(step, self._kit)
            except StoreUnavailable as error:
                _log.warning("the database does not answer", cause=str(error))


def _close_hours(kit: Kit) -> None:
    with kit.store.write() as uow:
        # Counts come in up to a few seconds after the read (usecases.tally): an hour is closed once they are in.
        uow.audit.close_hours(Instant(kit.clock() - _COUNTS_COME))
