"""An event is an Application's own by its address and its UID: what another program puts there instead is the person's
(walkthrough, security 12.1).
"""

from collections.abc import Iterator

import pytest

from calwarden.usecases.events import read_events
from usecases.calendar_world import asked
from usecases.sync_world import APP, OTHER, Syncing, plain


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    world.sync()
    world.bearer = world.grant_to(APP, ("write_only",))
    world.upsert("one", "Its own")
    world.deliver(all_owed=True)
    world.sync()
    yield world
    world.store.close()


def address(world: Syncing) -> str:
    [own] = world.work.resources
    return own


def put_there(world: Syncing, summary: str, *, uid: str = "another", again: bool = True, between: bool = False) -> None:
    """The person's program puts an event of this UID at the address; ``again``: after it has deleted what was there, a
    pass of the worker ``between``.
    """
    where = address(world)
    if again:
        world.provider.delete(world.work.remote_id, where)
    if between:
        world.sync()
    world.provider.put(world.work.remote_id, where, plain(uid, summary))


def own_titles(world: Syncing) -> list[str]:
    page = read_events(world.kit, world.bearer, asked(only_managed=True))
    return [one.details.summary for one in page.events]


def own_uid(world: Syncing) -> str:
    body = world.provider.body(world.work.remote_id, address(world)).decode()
    [line] = [one for one in body.split("\r\n") if one.startswith("UID:")]
    return line.removeprefix("UID:")


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("between", [True, False])
def test_another_event_at_its_address_is_the_persons(world: Syncing, again: bool, between: bool) -> None:
    put_there(world, "HIV test", again=again, between=between)
    world.sync()
    assert own_titles(world) == []
    assert (
        read_events(world.kit, world.grant_to(OTHER, ("read_events",)), asked()).events[0].details.summary == "HIV test"
    )
    world.delete("one")
    world.deliver(all_owed=True)
    assert world.stored() == ["HIV test"]
    world.upsert("one", "Its own again")
    world.deliver(all_owed=True)
    assert world.stored() == ["HIV test", "Its own again"]
    assert own_titles(world) == ["Its own again"]


@pytest.mark.parametrize("again", [True, False])
def test_what_is_owed_does_not_touch_it(world: Syncing, again: bool) -> None:
    put_there(world, "HIV test", again=again)
    world.delete("one")
    world.deliver(all_owed=True)
    world.sync()
    assert world.stored() == ["HIV test"]
    assert own_titles(world) == []


@pytest.mark.parametrize("again", [True, False])
def test_a_change_that_is_owed_does_not_touch_it(world: Syncing, again: bool) -> None:
    put_there(world, "HIV test", again=again)
    world.upsert("one", "Changed")
    world.deliver(all_owed=True)
    world.sync()
    assert world.stored() == ["HIV test"]
    assert own_titles(world) == []


def test_a_change_and_a_deletion_that_are_owed_together_do_not_touch_it(world: Syncing) -> None:
    put_there(world, "HIV test")
    world.upsert("one", "Changed")
    world.delete("one")
    world.deliver(all_owed=True)
    world.sync()
    assert world.stored() == ["HIV test"]


@pytest.mark.parametrize("between", [True, False])
def test_the_same_uid_is_the_same_event_whoever_wrote_it_last(world: Syncing, between: bool) -> None:
    put_there(world, "Moved by the person", uid=own_uid(world), between=between)
    world.sync()
    assert own_titles(world) == ["Moved by the person"]
    world.delete("one")
    world.deliver(all_owed=True)
    assert world.stored() == []
