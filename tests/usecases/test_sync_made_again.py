"""A calendar that its owner deletes and makes again at the same address is a new one (security 6.3)."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from calwarden.connectors.memory.provider import ProviderCalendar
from calwarden.domain.grant import ElevationRequest
from calwarden.domain.ids import ElevationRequestId
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.ports.connector import CursorExpired, ProviderUnavailable
from usecases.auth_world import REDIRECT
from usecases.sync_world import APP, JANE, Killed, Syncing


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    for name in ("Lunch", "Dinner"):
        world.put(f"{name}.ics", name)
    world.sync()
    world.elevate(world.work)
    yield world
    world.store.close()


def made_again(world: Syncing, **facts: object) -> ProviderCalendar:
    world.provider.drop_calendar(world.work.remote_id)
    return world.provider.add_calendar("jane", "work", "Work", **facts)


def started_over(world: Syncing) -> bool:
    first = world.ledger()[0]
    assert (world.grant().elevated == frozenset()) == ((first.what, first.reason) == SAID)
    return world.grant().elevated == frozenset()


SAID = ("elevation.lowered", "calendar_replaced")


@pytest.mark.parametrize("summaries", [[], ["Other"]], ids=["empty", "with other events"])
def test_it_starts_at_sandbox_with_what_is_in_it(world: Syncing, summaries: list[str]) -> None:
    made_again(world)
    for name in summaries:
        world.put(f"{name}.ics", name, calendar=world.provider.calendars[world.work.remote_id])
    world.sync()
    assert started_over(world)
    assert world.summaries() == summaries


def test_so_does_one_that_was_and_is_empty(world: Syncing) -> None:
    for name in ("Lunch", "Dinner"):
        world.provider.delete(world.work.remote_id, f"{name}.ics")
    world.sync()
    assert not started_over(world)
    made_again(world)
    world.sync()
    assert started_over(world)


def test_a_change_that_was_allowed_in_the_old_one_does_not_reach_the_new_one(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    again = made_again(world)
    world.put("other.ics", "Other", calendar=again)
    world.sync()
    world.put("Lunch.ics", "Lunch", calendar=again)
    assert world.deliver().dropped == 1
    assert (world.stored(again), world.owed()) == (["Lunch", "Other"], [])


def test_an_own_event_that_was_promised_is_in_the_new_one(world: Syncing) -> None:
    world.upsert("two", "Mine too")
    world.deliver()
    world.upsert("one", "Mine")
    world.delete("two")
    again = made_again(world)
    world.sync()
    assert started_over(world)
    assert world.deliver().delivered == 2
    world.sync()
    assert (world.stored(again), world.summaries(), world.owed()) == (["Mine"], ["Mine"], [])


def test_one_that_is_restored_with_its_events_stays_what_it_was(world: Syncing) -> None:
    kept = dict(world.work.resources)
    made_again(world)
    for name, (_, body) in kept.items():
        world.provider.put(world.work.remote_id, name, body)
    world.sync()
    assert not started_over(world)
    assert world.summaries() == ["Dinner", "Lunch"]


def test_cursors_that_are_not_accepted_any_more_are_no_new_calendar(world: Syncing) -> None:
    world.provider.forget_cursors()
    world.provider.delete(world.work.remote_id, "Lunch.ics")
    world.sync()
    assert not started_over(world)


def test_a_calendar_that_was_cleared_is_the_same_one(world: Syncing) -> None:
    for name in ("Lunch", "Dinner"):
        world.provider.delete(world.work.remote_id, f"{name}.ics")
    world.put("new.ics", "New")
    world.clock.advance(DAY_SECONDS)  # with a whole listing
    world.sync()
    assert (started_over(world), world.summaries()) == (False, ["New"])


@pytest.mark.parametrize("others", [0, 1, 5])
def test_where_any_cursor_is_accepted_it_is_noticed_with_the_daily_listing(world: Syncing, others: int) -> None:
    """SabreDAV 4, DAViCal and SOGo (connectors.md 2.3), whatever of the new one they have told meanwhile."""
    again = made_again(world, epoch=world.work.epoch)
    names = [f"Other {number}" for number in range(others)]
    for name in names:
        world.put(f"{name}.ics", name, calendar=again)
    world.clock.advance(300)
    world.sync()
    assert len(world.summaries()) == 2 + max(others - 2, 0)
    world.clock.advance(DAY_SECONDS)
    world.sync()
    assert (started_over(world), world.summaries()) == (True, names)


def test_a_server_restored_from_a_backup_has_the_same_calendars(world: Syncing) -> None:
    kept = dict(world.work.resources)
    world.clock.advance(300)
    world.put("later.ics", "Later")
    world.sync()
    restored = made_again(world, epoch=world.work.epoch)
    restored.resources, restored.log = kept, [*kept, *kept]
    world.clock.advance(DAY_SECONDS)
    world.sync()
    assert (started_over(world), world.summaries()) == (False, ["Dinner", "Lunch"])


@pytest.mark.parametrize(("gone", "another"), [(("Lunch",), False), (("Lunch", "Dinner"), True)])
def test_where_no_cursor_tells_what_was_removed_nothing_of_several_may_be_left(
    world: Syncing, gone: tuple[str, ...], another: bool
) -> None:
    """SabreDAV 1.8 (connectors.md 2.4)."""
    world.provider.tells_changes = False
    for name in gone:
        world.provider.delete(world.work.remote_id, f"{name}.ics")
    world.put("new.ics", "New")
    world.sync()
    assert started_over(world) is another


def test_the_last_event_of_a_calendar_may_be_deleted_everywhere(world: Syncing) -> None:
    world.provider.delete(world.work.remote_id, "Lunch.ics")
    world.sync()
    world.provider.tells_changes = False
    world.provider.delete(world.work.remote_id, "Dinner.ics")
    world.sync()
    assert (started_over(world), world.summaries()) == (False, [])


def test_a_connector_that_hands_the_cursor_back_says_the_same(world: Syncing) -> None:
    made_again(world)
    world.provider.fail(CursorExpired("no"), operation="changes")
    world.sync()
    assert started_over(world)


@pytest.mark.parametrize("after", [False, True], ids=["before its commit", "after its commit"])
@pytest.mark.parametrize("transaction", range(6))
def test_killed_at_any_transaction_the_new_calendar_has_started_over(
    world: Syncing, transaction: int, after: bool
) -> None:
    again = made_again(world)
    for number in range(60):
        world.put(f"{number}.ics", "Other", calendar=again)
    world.store.kill(transaction, after=after)
    with pytest.raises(Killed):
        world.sync()
    world.store.revive()
    world.clock.advance(60)
    world.sync("another")
    assert started_over(world)
    assert len(world.summaries()) == 60


def test_it_is_noticed_after_a_time_in_which_the_calendar_could_not_be_read(world: Syncing) -> None:
    for _ in range(4):
        world.provider.fail(ProviderUnavailable("no"), operation="changes")
        world.sync()
    assert not world.calendar(world.work).synced
    made_again(world)
    world.sync()
    assert started_over(world)
    assert world.calendar(world.work).synced


def test_it_is_noticed_of_a_calendar_in_another_zone(world: Syncing) -> None:
    made_again(world, tzid="Asia/Tokyo")
    world.sync()
    assert started_over(world)


def test_it_stays_out_of_a_grant_that_names_its_calendars(world: Syncing) -> None:
    both = frozenset({world.calendar_id(world.work), world.calendar_id(world.home)})
    world.change_grant(lambda grant: replace(grant, calendars=both, elevations=frozenset()))
    before = world.grant()
    made_again(world)
    world.sync()
    assert world.grant().calendars == {world.calendar_id(world.home)}
    assert world.grant().generation == before.generation + 1


def test_a_question_that_was_open_about_the_old_one_cannot_be_answered_any_more(world: Syncing) -> None:
    grant = world.grant()
    asked = ElevationRequestId("asked")
    with world.store.write() as uow:
        uow.elevation_requests.add(
            ElevationRequest(
                asked,
                JANE,
                APP,
                grant.grant_id,
                grant.generation,
                (world.calendar_id(world.work),),
                REDIRECT,
                world.clock(),
                Instant(world.clock() + 3_600),
            )
        )
    made_again(world)
    world.sync()
    with world.store.read() as uow:
        assert uow.elevation_requests.get(asked) is None


def test_no_application_has_made_it(world: Syncing) -> None:
    made = replace(world.calendar(world.work), created_by=APP)
    with world.store.write() as uow:
        uow.calendars.save(made)
    world.sync()
    assert world.calendar(world.work).created_by == APP
    made_again(world)
    world.sync()
    assert world.calendar(world.work).created_by is None


def test_a_removal_that_a_server_never_tells_of_is_no_new_calendar(world: Syncing) -> None:
    del world.work.resources[world.provider.resource_id(world.work.remote_id, "Lunch.ics")]
    world.clock.advance(DAY_SECONDS)
    world.sync()
    assert (started_over(world), world.summaries()) == (False, ["Dinner"])


def test_so_does_a_connector_that_hands_it_back_with_the_daily_listing(world: Syncing) -> None:
    made_again(world)
    provider = world.provider
    hand_back = partial(provider.fail, CursorExpired("no"), operation="changes")
    provider.before("changes", partial(provider.before, "changes", hand_back))
    world.clock.advance(DAY_SECONDS)
    world.sync()
    assert started_over(world)


def test_nothing_is_concluded_while_any_of_it_is_left(world: Syncing) -> None:
    provider = world.provider
    provider.delete(world.work.remote_id, "Lunch.ics")
    hand_back = partial(provider.fail, CursorExpired("no"), operation="changes")
    provider.before("changes", partial(provider.before, "changes", hand_back))
    world.clock.advance(DAY_SECONDS)
    world.sync()
    assert not started_over(world)
