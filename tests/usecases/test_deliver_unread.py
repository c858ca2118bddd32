"""Writes that ended without being done, at events of which the Provider does not say any more what they are."""

from collections.abc import Callable, Iterator

import pytest

from calwarden.domain.audit import Actor
from calwarden.ports.connector import CalendarGone, ProviderRejected
from calwarden.usecases.authorize import revoke_grant
from calwarden.usecases.sync import SyncEnd
from usecases.sync_world import APP, JANE, Syncing, ended


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    world.put("lunch.ics", "Lunch")
    world.sync()
    world.elevate(world.work)
    yield world
    world.store.close()


def _withheld(world: Syncing) -> None:
    world.work.withheld.add(world.provider.resource_id(world.work.remote_id, "lunch.ics"))


def _rubbish(world: Syncing) -> None:
    world.provider.put(world.work.remote_id, "lunch.ics", b"rubbish")


def _deleted(world: Syncing) -> None:
    world.provider.delete(world.work.remote_id, "lunch.ics")


AFTER = {"not given any more": _withheld, "not readable any more": _rubbish, "gone": _deleted}


@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER)
def test_what_a_dropped_write_was_to_bring_is_not_shown_where_nobody_knows_what_is_there(
    world: Syncing, after: Callable[[Syncing], None]
) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    revoke_grant(world.kit, JANE, APP, Actor.ACCOUNT)
    after(world)
    assert world.deliver().dropped == 1
    assert (world.owed(), world.summaries()) == ([], [])
    assert world.sync().end is SyncEnd.DONE
    assert world.summaries() == []


def test_it_is_shown_again_as_soon_as_it_is_given_again(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    uid = world.uid_of("Brunch")
    revoke_grant(world.kit, JANE, APP, Actor.ACCOUNT)
    _withheld(world)
    world.deliver()
    world.work.withheld.clear()
    world.sync()
    assert (world.summaries(), world.uid_of("Lunch")) == (["Lunch"], uid)


def test_what_a_refused_write_was_to_bring_is_not_shown_either(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.provider.before("put", lambda: _withheld(world))
    world.provider.fail(ProviderRejected("no"), operation="put")
    assert world.deliver().failed == 1
    assert (ended(world), world.owed(), world.summaries()) == ([("failed", "provider_rejected")], [], [])


def test_what_was_written_and_is_not_given_back_is_delivered_and_shown(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.provider.before("put", lambda: _withheld(world))
    assert world.deliver().delivered == 1
    assert (world.stored(), world.summaries()) == (["Brunch"], ["Brunch"])


def _faulty(world: Syncing) -> None:
    world.work.faulty.add(world.provider.resource_id(world.work.remote_id, "lunch.ics"))


def _silent(world: Syncing) -> None:
    world.provider.fail(CalendarGone("not there"), times=99, operation="fetch")


@pytest.mark.parametrize("after", [_faulty, _silent], ids=["a fault at this event", "nothing is given of its calendar"])
def test_a_dropped_write_is_not_owed_for_ever_for_an_event_that_cannot_be_read(
    world: Syncing, after: Callable[[Syncing], None]
) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    revoke_grant(world.kit, JANE, APP, Actor.ACCOUNT)
    after(world)
    tries = 0
    while world.owed() and tries < 20:
        assert world.deliver().end
        world.clock.advance(3_600)
        tries += 1
    assert 2 < tries < 10
    assert ended(world) == [("dropped", "grant_revoked")]
    assert (world.summaries(), world.stored()) == ([], ["Lunch"])
