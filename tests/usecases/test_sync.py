"""What a Provider has comes to us: completely, once, and never at the price of what was there before."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from calwarden.domain.ids import CalendarId
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.ports.connector import (
    CalendarGone,
    ConnectorError,
    CredentialsRevoked,
    CursorExpired,
    ProviderUnavailable,
    RateLimited,
)
from calwarden.timetable.horizon import AHEAD_DAYS, ROLL_BELOW_DAYS
from calwarden.usecases.operate import ask_for_sync
from calwarden.usecases.sync import SyncEnd
from ics import fixture
from usecases.sync_world import JANE, Killed, Syncing


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    yield world
    world.store.close()


def test_the_first_pass_brings_every_owned_calendar_and_nothing_of_others(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.put("b.ics", "Dinner", calendar=world.home)
    world.put("c.ics", "Standup", calendar=world.team)
    outcome = world.sync()
    assert (outcome.end, outcome.changed) == (SyncEnd.DONE, 2)
    assert (world.summaries(), world.summaries(world.home), world.summaries(world.team)) == (["Lunch"], ["Dinner"], [])
    profile = world.profile()
    assert (profile.initial_sync_done, profile.synced_at, profile.failures) == (True, world.clock(), 0)
    assert profile.sync_due_at > world.clock()
    assert world.calendar(world.work).synced
    assert not world.calendar(world.team).synced


def test_a_second_pass_fetches_nothing_that_is_held(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    before = world.provider.count("fetch")
    assert world.sync().changed == 0
    assert world.provider.count("fetch") == before


def test_changes_and_deletions_follow_and_ids_stay(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.put("b.ics", "Dinner")
    world.sync()
    [uid] = {world.uid_of("Lunch")}
    created = world.resource("a.ics")
    world.clock.advance(60)
    world.put("a.ics", "Brunch")
    world.provider.delete(world.work.remote_id, "b.ics")
    assert world.sync().changed == 2
    assert world.summaries() == ["Brunch"]
    assert world.uid_of("Brunch") == uid
    after = world.resource("a.ics")
    assert created is not None
    assert after is not None
    assert (after.created, created.created) == (created.created, Instant(world.clock() - 60))
    [gone] = [one for one in world.events(deleted=True) if one.deleted]
    assert (gone.updated, gone.component.details.summary) == (world.clock(), "")


def test_a_cursor_that_is_not_accepted_leads_to_one_whole_listing(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.put("b.ics", "Dinner")
    world.sync()
    world.provider.forget_cursors()
    world.provider.delete(world.work.remote_id, "b.ics")
    world.put("c.ics", "Tea")
    assert world.sync().changed == 2
    assert world.summaries() == ["Lunch", "Tea"]


def test_a_connector_that_hands_an_expired_cursor_back_is_asked_for_everything(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.put("a.ics", "Brunch")
    world.provider.fail(CursorExpired("old"), operation="changes")
    assert world.sync().end is SyncEnd.DONE
    assert world.summaries() == ["Brunch"]


def test_deletions_a_server_never_reports_are_found_once_a_day(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    del world.work.resources[world.provider.resource_id(world.work.remote_id, "a.ics")]  # restored from a backup
    world.sync()
    assert world.summaries() == ["Lunch"]
    world.clock.advance(DAY_SECONDS)
    world.sync()
    assert world.summaries() == []


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"no calendar at all", []),
        (fixture("hostile-rules"), None),
        (fixture("one-bad-component-among-good-ones"), None),
    ],
)
def test_one_hostile_resource_hides_no_other(world: Syncing, body: bytes, shown: list[str] | None) -> None:
    world.provider.put(world.work.remote_id, "0.ics", body)
    world.put("a.ics", "Lunch")
    assert world.sync().end is SyncEnd.DONE
    assert "Lunch" in world.summaries()
    if shown is not None:
        assert world.summaries() == ["Lunch", *shown]
    before = world.provider.count("fetch")
    world.sync()
    assert world.provider.count("fetch") == before


def test_an_event_that_became_unreadable_stays_as_it_was(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.provider.put(world.work.remote_id, "a.ics", b"rubbish")
    world.sync()
    assert world.summaries() == ["Lunch"]
    world.put("a.ics", "Brunch")
    world.sync()
    assert world.summaries() == ["Brunch"]


def test_an_event_at_which_the_provider_fails_stays_as_it_was_and_is_asked_for_again(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.put("a.ics", "Brunch")
    world.put("b.ics", "Dinner")
    faulty = {world.provider.resource_id(world.work.remote_id, name) for name in ("a.ics", "b.ics")}
    world.work.faulty |= faulty
    for changed in (2, 0):
        outcome = world.sync()
        assert (outcome.end, outcome.changed) == (SyncEnd.DONE, changed)
        assert world.summaries() == ["Lunch"]
    world.work.faulty.clear()
    assert world.sync().changed == 2
    assert world.summaries() == ["Brunch", "Dinner"]
    before = world.provider.count("fetch")
    assert world.sync().changed == 0
    assert world.provider.count("fetch") == before


def test_more_than_one_batch_arrives_whole(world: Syncing) -> None:
    for number in range(120):
        world.put(f"{number:03}.ics", f"Event {number:03}")
    assert world.sync().changed == 120
    assert len(world.summaries()) == 120
    assert world.provider.count("fetch") == 3


@pytest.mark.parametrize("after", [False, True], ids=["before its commit", "after its commit"])
@pytest.mark.parametrize("transaction", range(9))
def test_killed_at_any_transaction_the_next_process_ends_what_was_begun(
    world: Syncing, transaction: int, after: bool
) -> None:
    for number in range(120):
        world.put(f"{number:03}.ics", f"Event {number:03}")
    world.store.kill(transaction, after=after)
    try:
        world.sync("first")
    except Killed:
        pass
    else:
        assert transaction > 7
    world.store.revive()
    cursor_moved = world.calendar(world.work).cursor is not None
    assert cursor_moved == (len(world.summaries()) == 120)
    assert world.sync("second").end in {SyncEnd.BUSY, SyncEnd.DONE}
    world.clock.advance(61)  # the lease of the dead process runs out
    assert world.sync("second").end is SyncEnd.DONE
    assert len(world.summaries()) == 120
    assert world.sync("second").changed == 0


def test_two_processes_never_sync_one_profile_at_once(world: Syncing) -> None:
    ends = []
    world.provider.before("list_calendars", lambda: ends.append(_in_thread(world)))
    assert world.sync("first").end is SyncEnd.DONE
    assert ends == [SyncEnd.BUSY]


def _in_thread(world: Syncing) -> SyncEnd:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(world.sync, "second").result().end


def test_who_lost_the_lease_stores_nothing(world: Syncing) -> None:
    world.put("a.ics", "Lunch")

    def rob() -> None:
        with world.store.write() as uow:
            until = Instant(world.clock() + 1000)
            assert uow.profiles.lease(JANE, world.profile_id, "thief", Instant(world.clock() + 61), until)

    world.provider.before("fetch", rob)
    assert world.sync("first").end is SyncEnd.BUSY
    assert world.summaries() == []
    assert world.profile().synced_at is None


@pytest.mark.parametrize("error", [ProviderUnavailable("no answer"), RateLimited(None), CalendarGone("gone")])
@pytest.mark.parametrize("operation", ["list_calendars", "changes", "fetch"])
def test_trouble_with_the_provider_leaves_the_old_view_and_waits_longer_each_time(
    world: Syncing, error: ConnectorError, operation: str
) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.put("a.ics", "Brunch")
    synced_at, waits = world.profile().synced_at, []
    for failures in (1, 2):
        world.clock.advance(1)
        world.provider.fail(error, times=2, operation=operation)
        world.put("b.ics", "Dinner", calendar=world.home)
        assert world.sync().end is SyncEnd.FAILED
        profile = world.profile()
        assert (profile.failures, profile.synced_at, profile.connected) == (failures, synced_at, True)
        waits.append(profile.sync_due_at - world.clock())
        world.provider._failures.clear()
    assert 0 < waits[0] < waits[1]
    assert world.summaries() == ["Lunch"]
    assert world.sync().end is SyncEnd.DONE
    assert (world.profile().failures, world.summaries()) == (0, ["Brunch"])


def test_the_wait_a_provider_asks_for_is_kept(world: Syncing) -> None:
    world.provider.fail(RateLimited(900))
    world.sync()
    assert world.profile().sync_due_at >= world.clock() + 900


def test_one_calendar_that_fails_does_not_keep_the_others_back(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.put("b.ics", "Dinner", calendar=world.home)
    world.sync()
    for number in range(3):
        world.put("a.ics", f"Lunch {number}")
        world.put("b.ics", f"Dinner {number}", calendar=world.home)
        world.provider.fail(ProviderUnavailable("broken"), operation="changes")
        world.clock.advance(10)
        assert world.sync().end is SyncEnd.FAILED
        assert (world.summaries(), world.summaries(world.home)) == (["Lunch"], [f"Dinner {number}"])
        # At the third time it is the calendar: free/busy says that it is not known (ruling 11), the others are.
        assert world.calendar(world.work).synced == (number < 2)
        assert (world.profile().synced_at == world.clock()) == (number == 2)
    assert world.sync().end is SyncEnd.DONE
    assert world.calendar(world.work).synced
    assert world.calendar(world.home).synced


def test_refused_credentials_disconnect_once_and_tell_the_person(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.provider.users["jane"].password = "another"
    outcome = world.sync()
    assert outcome.end is SyncEnd.DISCONNECTED
    assert outcome.mail is not None
    assert outcome.mail.to == "jane@example.org"
    assert f"/relink/{world.profile_id}" in outcome.mail.text
    profile = world.profile()
    assert (profile.connected, profile.disconnected_reason) == (False, "credentials_revoked")
    assert world.ledger()[0].what == "profile.disconnected"
    assert world.summaries() == ["Lunch"]
    again = world.sync()
    assert (again.end, again.mail) == (SyncEnd.DISCONNECTED, None)
    with world.store.read() as uow:
        assert uow.profiles.due(Instant(world.clock() + DAY_SECONDS), 5) == []


def test_credentials_given_meanwhile_are_not_disconnected_for_the_old_ones(world: Syncing) -> None:
    world.provider.users["jane"].password = "another"

    def relink() -> None:
        with world.store.write() as uow:
            held = uow.profiles.credentials(JANE, world.profile_id)
            assert held is not None
            uow.profiles.set_credentials(JANE, world.profile_id, replace(held, password="another"))

    world.provider.before("list_calendars", relink)
    assert world.sync().mail is None
    assert world.profile().connected
    assert world.profile().sync_due_at <= world.clock()
    assert world.sync().end is SyncEnd.DONE


def test_repeating_events_are_expanded_further_before_they_run_out(world: Syncing) -> None:
    world.put("w.ics", "Weekly", "RRULE:FREQ=WEEKLY")
    world.sync()
    last = max(one.start.at for one in world.events())  # type: ignore[union-attr]
    world.clock.advance((AHEAD_DAYS - ROLL_BELOW_DAYS - 1) * DAY_SECONDS)
    world.sync()
    assert max(one.start.at for one in world.events()) == last  # type: ignore[union-attr]
    world.clock.advance(2 * DAY_SECONDS)
    world.sync()
    assert max(one.start.at for one in world.events()) > last  # type: ignore[union-attr]
    assert not any(one.deleted for one in world.events(deleted=True))


def test_deleted_events_are_forgotten_after_the_window(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.provider.delete(world.work.remote_id, "a.ics")
    world.sync()
    world.clock.advance(42 * DAY_SECONDS)
    world.sync()
    assert len(world.events(deleted=True)) == 1
    world.clock.advance(2 * DAY_SECONDS)
    world.sync()
    assert world.events(deleted=True) == []


def test_a_resource_with_an_owed_write_is_left_alone(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.elevate(world.work)
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.put("a.ics", "Lunch with Tom")
    world.sync()
    assert world.summaries() == ["Brunch"]
    world.deliver()
    assert world.summaries() == world.stored() == ["Brunch"]


def test_a_write_accepted_while_a_pass_goes_on_is_not_overwritten(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.elevate(world.work)
    uid = world.uid_of("Lunch")
    world.put("a.ics", "Lunch with Tom")
    world.provider.before("fetch", lambda: world.edit(uid, "Brunch"))
    world.sync()
    assert world.summaries() == ["Brunch"]


def test_another_look_that_is_asked_for_meanwhile_is_not_forgotten(world: Syncing) -> None:
    world.sync()
    world.clock.advance(5)
    world.provider.before("changes", lambda: ask_for_sync(world.kit, JANE))
    world.sync()
    assert world.profile().sync_due_at == world.clock()
    world.sync()
    assert world.profile().sync_due_at > world.clock()


def test_a_profile_that_is_gone_is_no_error(world: Syncing) -> None:
    with world.store.write() as uow:
        uow.profiles.delete(JANE, world.profile_id)
    assert world.sync().end in {SyncEnd.BUSY, SyncEnd.GONE}


def test_a_profile_taken_out_during_its_pass_leaves_nothing_behind(world: Syncing) -> None:
    world.put("a.ics", "Lunch")

    def remove() -> None:
        with world.store.write() as uow:
            uow.profiles.delete(JANE, world.profile_id)

    world.provider.before("fetch", remove)
    assert world.sync().end in {SyncEnd.BUSY, SyncEnd.GONE}
    assert _held(world, world.calendar_id(world.work)) == {}


def test_the_reason_is_never_the_providers_own_words(world: Syncing) -> None:
    world.provider.fail(CredentialsRevoked("the calendar service refuses the user name or password"))
    assert world.sync().hint == "the calendar service refuses the user name or password"


def _held(world: Syncing, calendar_id: CalendarId) -> dict[str, str | None]:
    with world.store.read() as uow:
        return dict(uow.events.etags(JANE, calendar_id))


def test_a_crowd_at_which_the_provider_fails_keeps_nobody_waiting_and_is_asked_for_ever_more_rarely(
    world: Syncing,
) -> None:
    crowd = [f"{number:03}.ics" for number in range(130)]
    for name in crowd:
        world.put(name, f"Event {name}")
    world.work.faulty |= {world.provider.resource_id(world.work.remote_id, name) for name in crowd}
    world.sync()
    world.put("lunch.ics", "Lunch")
    world.sync()
    assert world.summaries() == ["Lunch"]
    for _ in range(200):
        world.clock.advance(world.kit.limits.sync_interval)
        world.sync()
    before = len(world.provider.wanted)
    for _ in range(32):
        world.clock.advance(world.kit.limits.sync_interval)
        world.sync()
    assert len(world.provider.wanted) - before <= 2 * len(crowd)
    world.work.faulty.clear()
    for _ in range(40):
        world.clock.advance(world.kit.limits.sync_interval)
        world.sync()
    assert len(world.summaries()) == len(crowd) + 1
    last = len(world.provider.wanted)
    world.sync()
    assert len(world.provider.wanted) == last
