"""A calendar account is taken out: what was accepted and allowed there ends, and the ledger says so (ruling 16)."""

from collections.abc import Iterator

import pytest

from calwarden.domain.audit import Actor, Outcome
from calwarden.usecases.connect.disconnect import disconnect
from usecases.sync_world import APP, JANE, Syncing


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    world.sync()
    yield world
    world.store.close()


def test_each_owed_write_and_each_elevation_has_its_end_in_the_ledger(world: Syncing) -> None:
    world.elevate(world.work)
    world.upsert("one", "An event of its own")
    before = world.grant().generation
    disconnect(world.kit, JANE, world.profile_id, Actor.ACCOUNT)
    ended = {one.what: one for one in world.ledger() if one.reason == "profile_removed"}
    assert set(ended) == {"own_event.write", "elevation.lowered"}
    dropped, lowered = ended["own_event.write"], ended["elevation.lowered"]
    assert (dropped.outcome, dropped.application_id, dropped.on["event_id"]) == (Outcome.DROPPED, APP, "one")
    assert (lowered.actor, lowered.on) == (Actor.ACCOUNT, {"calendars": world.calendar_id(world.work)})
    assert (world.grant().elevated, world.grant().generation) == (frozenset(), before + 1)


def test_without_either_there_is_one_entry(world: Syncing) -> None:
    entries = len(world.ledger())
    disconnect(world.kit, JANE, world.profile_id, Actor.ACCOUNT)
    assert [one.what for one in world.ledger()[: len(world.ledger()) - entries]] == ["profile.removed"]
