"""Syncs, deliveries and the worker hold on every store, with row-level security in force where there is any."""

import asyncio

import pytest

from calwarden.store import SqlStore
from calwarden.usecases.deliver import DeliverEnd
from calwarden.usecases.sync import SyncEnd
from calwarden.worker import Worker
from usecases.sync_world import Syncing


@pytest.fixture
def world(store: SqlStore) -> Syncing:
    return Syncing(store)


def test_both_directions_on_every_store(world: Syncing) -> None:
    for number in range(60):
        world.put(f"{number:02}.ics", f"Event {number:02}", "RRULE:FREQ=WEEKLY;COUNT=3")
    assert world.sync().changed == 60
    assert len(world.events()) == 180
    world.elevate(world.work)
    world.upsert("one", "Mine")
    world.put("a.ics", "Lunch")
    world.sync()
    world.edit(world.uid_of("Lunch"), "Brunch")
    outcome = world.deliver()
    assert (outcome.end, outcome.delivered) == (DeliverEnd.DONE, 2)
    world.provider.drop_calendar(world.work.remote_id)
    assert world.sync().end is SyncEnd.DONE
    assert world.grant().elevated == frozenset()
    assert world.owed() == []


def test_workers_on_one_database_do_everything_once(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    for number in range(8):
        world.upsert(f"e{number}", f"Mine {number}")

    async def run() -> None:
        workers = [Worker(world.kit, world.factory, holder=str(number)) for number in range(3)]
        running = [asyncio.create_task(worker.run(grace=2)) for worker in workers]
        async with asyncio.timeout(20):
            while world.owed() or not world.profile().initial_sync_done:  # noqa: ASYNC110  a store rings no bell
                await asyncio.sleep(0.05)
        for worker in workers:
            worker.stop()
        await asyncio.gather(*running)

    asyncio.run(run())
    assert world.stored() == ["Lunch", *(f"Mine {number}" for number in range(8))]
    assert world.provider.count("put") == 8
