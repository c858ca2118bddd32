"""Reads are counted for the ledger, at once or gathered, and none is left out or counted twice."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from calwarden.domain.audit import Looked
from calwarden.domain.times import Instant
from calwarden.ports.store import StoreUnavailable, UnitOfWork
from calwarden.store.sqlstore import SqlStore
from calwarden.usecases.events import read_events
from calwarden.usecases.freebusy import read_busy
from calwarden.usecases.tally import GatheringTally, Read
from usecases.calendar_world import DEMO, HOME, WORK, CalendarWorld, asked, asked_busy


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    world = CalendarWorld()
    yield world
    world.store.close()


def read_of(world: CalendarWorld, level: str = "events") -> Read:
    return world.jane, DEMO, WORK, level, Instant(0)


def test_what_is_read_is_counted_with_the_next_flush(world: CalendarWorld) -> None:
    tally = GatheringTally()
    world.kit = replace(world.kit, tally=tally)
    bearer = world.bearer("free_busy")
    for _ in range(3):
        read_busy(world.kit, bearer, asked_busy(calendar_ids=(WORK,)))
    assert world.reads() == []
    tally.flush(world.store)
    tally.flush(world.store)
    assert world.reads() == [("free_busy", WORK, "3")]


def test_a_flush_that_fails_is_made_up_for_by_the_next(world: CalendarWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    tally, write, failing = GatheringTally(), SqlStore.write, [True]

    @contextmanager
    def broken(self: SqlStore, *, durable: bool = True) -> Iterator[UnitOfWork]:
        with write(self, durable=durable) as uow:
            yield uow
            if failing.pop():
                raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(SqlStore, "write", broken)
    tally.count(world.store, {read_of(world): Looked(2)})
    with pytest.raises(StoreUnavailable):
        tally.flush(world.store)
    tally.count(world.store, {read_of(world): Looked()})
    failing.append(False)
    tally.flush(world.store)
    monkeypatch.undo()
    assert world.reads() == [("events", WORK, "3")]


def test_threads_count_beside_each_other_and_beside_flushes(world: CalendarWorld) -> None:
    tally, each, threads = GatheringTally(), 500, 4

    def count() -> None:
        for number in range(each):
            tally.count(world.store, {read_of(world, level=f"level{number % 3}"): Looked()})

    running = [threading.Thread(target=count) for _ in range(threads)]
    for one in running:
        one.start()
    while any(one.is_alive() for one in running):
        tally.flush(world.store)
    tally.flush(world.store)
    assert sum(int(many) for _, _, many in world.reads()) == each * threads


def test_the_ledger_says_how_many_were_given_and_of_what_time(world: CalendarWorld) -> None:
    world.keep(world.event("a", 30), world.event("b", 30), world.event("c", 50))
    bearer = world.bearer("read_only")
    day = 86_400
    here = Instant(world.now - world.now % day)
    asked_of = {"calendar_ids": (WORK,), "from_": here, "to": Instant(here + 4 * day)}
    read_busy(world.kit, bearer, asked_busy(**asked_of))  # a and b are one period
    read_events(world.kit, bearer, asked(**asked_of))
    read_events(world.kit, bearer, asked(calendar_ids=(HOME,)))
    with world.store.write() as uow:
        uow.audit.close_hours(Instant(world.clock() + 3_600))
        said = {
            (one.on["level"], one.on["calendar"]): one.on for one in uow.audit.entries(world.jane) if one.what == "read"
        }
    assert {key: one["events"] for key, one in said.items()} == {
        ("free_busy", WORK): "2",
        ("events", WORK): "3",
        ("events", HOME): "0",
    }
    assert said["events", WORK]["from"][11:] == said["events", WORK]["to"][11:] == "00:00:00Z"
    assert not any("Title" in text for one in said.values() for text in one.values())
