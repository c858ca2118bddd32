"""The worker does what is due, once and soon, and no Profile keeps another waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog

from calwarden.connectors.memory.connector import MemoryConnector, memory_factory
from calwarden.domain.audit import Looked
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.profile import Credentials
from calwarden.domain.times import Instant
from calwarden.ports.connector import Connector, ProviderRejected, RemoteCalendar
from calwarden.ports.mail import Mail, MailUnavailable
from calwarden.ports.store import StoreUnavailable
from calwarden.usecases.connect import Connected, Login, connect_calendar
from calwarden.worker import Worker
from usecases.sync_world import APP, JANE, Syncing

SOON = 5.0  # seconds of patience for a worker that looks once a second


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    yield world
    world.store.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110  a store rings no bell
            await asyncio.sleep(0.01)


def working(world: Syncing, act: Callable[[Worker], Awaitable[None]], **options: Any) -> None:
    """Run a worker for as long as ``act`` takes."""

    async def both() -> None:
        worker = Worker(world.kit, options.pop("factory", world.factory), holder="worker", **options)
        running = asyncio.create_task(worker.run(grace=1))
        try:
            await act(worker)
        finally:
            worker.stop()
            await asyncio.wait_for(running, SOON)

    asyncio.run(both())


def test_a_new_profile_is_synced_without_a_word(world: Syncing) -> None:
    world.put("a.ics", "Lunch")

    async def act(_: Worker) -> None:
        await until(lambda: world.profile().initial_sync_done)

    working(world, act)
    assert world.summaries() == ["Lunch"]


def test_the_log_says_why_writes_came_to_nothing_and_not_what_was_in_them(world: Syncing) -> None:
    world.sync()
    world.upsert("one", "Mine")
    world.provider.fail(ProviderRejected("no"), operation="put")
    with structlog.testing.capture_logs() as lines:
        working(world, lambda _: until(lambda: not world.owed()))
    [line] = [one for one in lines if one["event"] == "writes were not delivered"]
    assert (line["failed"], line["dropped"], line["reasons"]) == (1, 0, ["provider_rejected"])
    assert "Mine" not in str(line)


def test_a_wake_delivers_at_once(world: Syncing) -> None:
    world.sync()
    loops = []

    async def act(worker: Worker) -> None:
        await asyncio.sleep(0.2)  # it has looked, and would look again in a second
        begun = asyncio.get_running_loop().time()
        await asyncio.to_thread(world.upsert, "one", "Mine")
        worker.wake(JANE, world.profile_id)
        await until(lambda: world.stored() == ["Mine"])
        loops.append(asyncio.get_running_loop().time() - begun)

    working(world, act)
    assert loops[0] < 0.8


def test_a_forgotten_wake_is_made_up_for_within_a_second_or_two(world: Syncing) -> None:
    world.sync()

    async def act(_: Worker) -> None:
        await asyncio.sleep(0.1)
        await asyncio.to_thread(world.upsert, "one", "Mine")
        await until(lambda: world.stored() == ["Mine"])

    working(world, act)


def test_what_is_accepted_while_its_profile_is_at_work_is_delivered_afterwards(world: Syncing) -> None:
    world.sync()

    async def act(worker: Worker) -> None:
        await asyncio.to_thread(world.upsert, "one", "Mine")

        def another() -> None:
            world.upsert("two", "Mine too")
            worker.wake(JANE, world.profile_id)

        world.provider.before("put", another)
        worker.wake(JANE, world.profile_id)
        await until(lambda: world.stored() == ["Mine", "Mine too"])

    working(world, act)


def test_an_application_that_never_stops_writing_keeps_no_sync_waiting(world: Syncing) -> None:
    world.sync()

    async def act(worker: Worker) -> None:
        written, stopped = 0, False

        def another() -> None:
            nonlocal written
            if stopped:
                return
            written += 1
            world.upsert(f"{written}", f"Mine {written}")
            world.provider.before("put", another)
            worker.wake(JANE, world.profile_id)

        world.put("lunch.ics", "Lunch")
        due = replace(world.profile(), sync_due_at=Instant(0))
        with world.store.write() as uow:
            uow.profiles.save(due)
        await asyncio.to_thread(another)
        await until(lambda: "Lunch" in world.summaries())
        stopped = True

    working(world, act)


class _Slow(MemoryConnector):
    """A Provider that takes for ever to list calendars, for one user name."""

    async def list_calendars(self) -> list[RemoteCalendar]:
        if self._username == "slow":
            await asyncio.sleep(3600)
        return list(await super().list_calendars())


def _slow_factory(world: Syncing) -> Callable[..., Connector]:
    def factory(credentials: Credentials, *_: Any) -> Connector:
        return _Slow(world.provider, credentials, world.clock, "Etc/UTC")

    return factory


def _connect_slow(world: Syncing, many: int) -> list[ProfileId]:
    world.provider.add_user("slow", "secret")
    found = []
    for number in range(many):
        world.provider.add_calendar("slow", f"slow{number}", "Slow")
        login = Login(f"https://dav{number}.example.org", "slow", "secret")
        outcome = asyncio.run(connect_calendar(world.kit, memory_factory(world.provider, world.clock), JANE, login))
        assert isinstance(outcome, Connected)
        found.append(outcome.profile.profile_id)
        with world.store.write() as uow:  # another home each time, or it would be the same login
            uow.profiles.save(replace(outcome.profile, url=f"memory:/slow{number}/", sync_due_at=Instant(0)))
    return found


def test_slow_providers_keep_nobody_waiting(world: Syncing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calwarden.worker.worker._SLOW", 0.2)
    _connect_slow(world, 4)
    world.put("a.ics", "Lunch")

    async def act(_: Worker) -> None:
        await until(lambda: world.profile().initial_sync_done)

    working(world, act, factory=_slow_factory(world), concurrency=2)
    assert world.summaries() == ["Lunch"]


def test_a_job_that_takes_too_long_is_ended_and_rests_and_its_lease_is_free(world: Syncing) -> None:
    [slow] = _connect_slow(world, 1)
    tries = []

    def factory(credentials: Credentials, *more: Any) -> Connector:
        if credentials.username == "slow":
            tries.append(1)
        return _slow_factory(world)(credentials, *more)

    async def act(_: Worker) -> None:
        await until(lambda: world.profile().initial_sync_done)
        await asyncio.sleep(1.5)

    working(world, act, factory=factory, job_seconds=0.2)
    assert len(tries) == 2  # one to deliver, one to sync, and no more within the rest of five seconds
    with world.store.write() as uow:
        assert uow.profiles.lease(JANE, slow, "other", world.clock(), Instant(world.clock() + 1))


def test_a_profile_that_breaks_our_code_stops_no_other(world: Syncing) -> None:
    _connect_slow(world, 1)
    world.put("a.ics", "Lunch")

    def factory(credentials: Credentials, *more: Any) -> Connector:
        if credentials.username == "slow":
            raise ZeroDivisionError
        return world.factory(credentials, *more)

    async def act(_: Worker) -> None:
        await until(lambda: world.profile().initial_sync_done)

    working(world, act, factory=factory)
    assert world.summaries() == ["Lunch"]


def test_a_database_that_does_not_answer_is_waited_for(world: Syncing, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("a.ics", "Lunch")
    refused = []

    def read() -> Any:
        refused.append(1)
        if len(refused) < 3:
            raise StoreUnavailable("the database is locked")
        monkeypatch.undo()
        return world.store.read()

    monkeypatch.setattr(world.store, "read", read)

    async def act(_: Worker) -> None:
        await until(lambda: len(refused) >= 3)
        await until(lambda: world.profile().initial_sync_done)

    working(world, act)
    assert world.summaries() == ["Lunch"]


def test_a_disconnected_person_gets_one_mail(world: Syncing) -> None:
    world.provider.users["jane"].password = "another"
    mails: list[Mail] = []

    async def post(mail: Mail) -> None:
        mails.append(mail)
        raise MailUnavailable("the mail server is down")  # no reason to stop

    async def act(_: Worker) -> None:
        await until(lambda: bool(mails))
        await asyncio.sleep(1.2)

    working(world, act, mailer=post)
    assert [one.to for one in mails] == ["jane@example.org"]
    assert not world.profile().connected


def test_a_stop_lets_what_is_under_way_end_and_cuts_off_what_does_not(world: Syncing) -> None:
    [slow] = _connect_slow(world, 1)

    async def act(_: Worker) -> None:
        await until(lambda: world.profile().initial_sync_done)

    working(world, act, factory=_slow_factory(world))  # ends within the grace of a second
    with world.store.write() as uow:
        assert uow.profiles.lease(JANE, slow, "next process", world.clock(), Instant(world.clock() + 1))


def test_two_workers_share_the_work_and_do_nothing_twice(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    for number in range(6):
        world.upsert(f"e{number}", f"Mine {number}")

    async def both() -> None:
        workers = [Worker(world.kit, world.factory, holder=name) for name in ("one", "two")]
        running = [asyncio.create_task(worker.run(grace=1)) for worker in workers]
        await until(lambda: world.owed() == [] and world.profile().initial_sync_done)
        for worker in workers:
            worker.stop()
        await asyncio.gather(*running)

    asyncio.run(both())
    assert world.stored() == ["Lunch", *(f"Mine {number}" for number in range(6))]
    assert world.provider.count("put") == 6


def test_expired_things_are_forgotten_and_hours_of_reading_closed(world: Syncing) -> None:
    read_at = world.clock()
    with world.store.write() as uow:
        uow.one_time.add("hash", "reset", "subject", Instant(read_at + 60))
        uow.audit.count_read(JANE, APP, world.calendar_id(world.work), "events", read_at, looked=Looked())
    world.clock.advance(7_200)
    before = len(world.ledger())

    async def act(_: Worker) -> None:
        await until(lambda: len(world.ledger()) > before)

    working(world, act)
    with world.store.read() as uow:
        assert uow.one_time.peek("hash", "reset", read_at) is None


def test_a_wake_for_what_is_not_there_is_no_error(world: Syncing) -> None:
    async def act(worker: Worker) -> None:
        worker.wake(AccountId("acc_nobody"), ProfileId("pro_none"))
        await until(lambda: world.profile().initial_sync_done)

    working(world, act)
