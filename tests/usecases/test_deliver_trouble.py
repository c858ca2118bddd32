"""What is owed while the Provider refuses, fails or is away: it waits, is given up once, and keeps no other back."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from calwarden.domain.audit import Actor
from calwarden.domain.times import Instant
from calwarden.ports.connector import (
    CalendarGone,
    ConnectorError,
    PreconditionFailed,
    ProviderRejected,
    ProviderUnavailable,
    RateLimited,
)
from calwarden.usecases.authorize import revoke_grant
from calwarden.usecases.deliver import DeliverEnd
from usecases.sync_world import APP, JANE, Syncing, ended


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    world.put("lunch.ics", "Lunch", "X-MINE:kept")
    world.sync()
    world.elevate(world.work)
    yield world
    world.store.close()


def test_what_the_provider_refuses_for_good_is_given_up_and_shown_as_it_is(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.upsert("one", "Mine")
    world.provider.fail(ProviderRejected("no"), times=2, operation="put")
    outcome = world.deliver()
    assert (outcome.failed, outcome.reasons) == (2, ("provider_rejected",))
    assert ended(world) == [("failed", "provider_rejected")] * 2
    assert world.stored() == world.summaries() == ["Lunch"]
    assert world.owed() == []


def test_what_came_of_a_write_is_not_settled_while_the_provider_fails_at_its_event(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.upsert("one", "Mine")
    revoke_grant(world.kit, JANE, APP, Actor.ACCOUNT)
    world.work.faulty.add(world.provider.resource_id(world.work.remote_id, "lunch.ics"))
    outcome = world.deliver()
    assert (outcome.dropped, outcome.postponed) == (1, 1)
    assert len(world.owed()) == 1
    world.work.faulty.clear()
    world.clock.advance(60)
    assert world.deliver().dropped == 1
    assert world.summaries() == world.stored() == ["Lunch"]


def test_one_event_that_fails_keeps_no_other_back(world: Syncing) -> None:
    world.upsert("one", "Mine")
    world.upsert("two", "Mine too")
    world.provider.fail(ProviderUnavailable("500"), operation="put")
    outcome = world.deliver()
    assert (outcome.end, outcome.delivered, outcome.postponed) == (DeliverEnd.DONE, 1, 1)


@pytest.mark.parametrize("error", [ProviderUnavailable("down"), RateLimited(None)])
def test_a_provider_that_does_not_answer_is_left_in_peace(world: Syncing, error: ConnectorError) -> None:
    for number in range(5):
        world.upsert(f"e{number}", f"Mine {number}")
    world.provider.fail(error, times=9)
    before = len(world.provider.calls)
    assert world.deliver().end is DeliverEnd.STOPPED
    assert len(world.provider.calls) - before <= 2
    with world.store.read() as uow:
        assert uow.writes.due(world.clock(), 5) == []
    waits = [one.due_at - world.clock() for one in world.owed()]
    assert min(waits) > 0
    world.provider._failures.clear()
    world.clock.advance(60)
    assert world.deliver().delivered == 5


def test_each_failure_waits_longer_and_what_the_provider_asks_for_is_kept(world: Syncing) -> None:
    world.upsert("one", "Mine")
    waits = []
    for _ in range(4):
        world.provider.fail(ProviderUnavailable("down"), operation="put")
        world.deliver(all_owed=True)
        waits.append(world.owed()[0].due_at - world.clock())
    assert waits == sorted(set(waits))
    world.provider.fail(RateLimited(7200), operation="put")
    world.deliver(all_owed=True)
    assert world.owed()[0].due_at >= world.clock() + 7200
    assert world.owed()[0].attempts == 5
    assert world.deliver().delivered == 0
    assert world.deliver(all_owed=True).delivered == 1


def test_refused_credentials_disconnect_and_everything_owed_waits_for_new_ones(world: Syncing) -> None:
    world.upsert("one", "Mine")
    world.provider.users["jane"].password = "another"
    outcome = world.deliver()
    assert outcome.end is DeliverEnd.DISCONNECTED
    assert outcome.mail is not None
    assert not world.profile().connected
    assert len(world.owed()) == 1
    with world.store.read() as uow:
        assert uow.writes.due(Instant(world.clock() + 10**6), 5) == []
    assert world.deliver().end is DeliverEnd.DISCONNECTED
    world.provider.users["jane"].password = "secret"
    repaired = replace(world.profile(), connected=True, disconnected_reason=None)
    with world.store.write() as uow:
        uow.profiles.save(repaired)
    assert world.deliver().delivered == 1


def test_a_calendar_that_does_not_answer_to_its_name_is_looked_for_in_the_list(world: Syncing) -> None:
    world.upsert("one", "Mine")
    world.provider.fail(CalendarGone("gone"), operation="put")
    assert world.deliver().postponed == 1
    assert world.profile().sync_due_at <= world.clock()
    assert len(world.owed()) == 1


def test_a_busy_profile_is_left_to_who_has_it(world: Syncing) -> None:
    with world.store.write() as uow:
        assert uow.profiles.lease(JANE, world.profile_id, "other", world.clock(), Instant(world.clock() + 30))
    world.upsert("one", "Mine")
    assert world.deliver().end is DeliverEnd.BUSY
    assert world.provider.count("put") == 0


def test_a_precondition_that_never_holds_is_no_endless_loop(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.provider.fail(PreconditionFailed("no"), times=20, operation="put")
    assert world.deliver().postponed == 1
    assert world.provider.count("put") == 2
