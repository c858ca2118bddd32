"""What strangers put into a calendar hides nothing beside it, and keeps nobody waiting (security 7.6)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest

from calwarden.domain.times import DAY_SECONDS
from calwarden.ports.store import UnitOfWork
from calwarden.timetable.horizon import AHEAD_DAYS, ROLL_BELOW_DAYS
from calwarden.timetable.recurrence import FLAG
from calwarden.timetable.rules import Rule, TooMuch, by_library
from calwarden.usecases.sync import SyncEnd
from usecases.sync_world import Syncing


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    yield world
    world.store.close()


class Watched:
    """A library that gives up on leap days, and notes whether anybody held a transaction meanwhile."""

    def __init__(self, world: Syncing) -> None:
        self.asked = self.within = 0
        self.writing = False
        inner = world.store.inner
        write = inner.write

        @contextmanager
        def watched(*, durable: bool = True) -> Iterator[UnitOfWork]:
            with write(durable=durable) as uow:
                self.writing = True
                try:
                    yield uow
                finally:
                    self.writing = False

        inner.write = watched  # type: ignore[method-assign]  # seen from the inside

    def __call__(self, rule: Rule, start: datetime, first: datetime, last: datetime) -> Sequence[datetime]:
        self.asked += 1
        self.within += self.writing
        if rule.parts.get("BYMONTHDAY") == "29":
            raise TooMuch
        return by_library(rule, start, first, last)


def monthly_and_hostile(world: Syncing) -> None:
    world.put("healthy.ics", "Monthly", "RRULE:FREQ=MONTHLY;BYDAY=3WE")
    world.put("hostile.ics", "Hostile", "RRULE:FREQ=YEARLY;BYMONTHDAY=29")


def test_a_rule_that_is_given_up_leaves_one_event_with_a_flag_and_the_others_as_they_are(world: Syncing) -> None:
    library = Watched(world)
    world.kit = replace(world.kit, library=library)
    monthly_and_hostile(world)
    assert world.sync().end is SyncEnd.DONE
    shown = world.summaries()
    assert shown.count("Hostile") == 1
    assert shown.count("Monthly") > 5
    [kept] = [one for one in world.events() if one.component.details.summary == "Hostile"]
    assert not kept.recurring
    assert FLAG in kept.component.flags


def test_rules_are_worked_out_while_nobody_waits_for_a_transaction(world: Syncing) -> None:
    library = Watched(world)
    world.kit = replace(world.kit, library=library)
    monthly_and_hostile(world)
    world.sync()
    assert (library.asked, library.within) == (2, 0)
    world.clock.advance((AHEAD_DAYS - ROLL_BELOW_DAYS + 1) * DAY_SECONDS)
    world.sync()
    assert library.asked == 4
    assert library.within == 0
