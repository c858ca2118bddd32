"""What was acknowledged reaches the Provider once, if it may still, and what is shown is what came of it."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from calwarden.domain.audit import Actor
from calwarden.domain.grant import Elevation, Grant
from calwarden.domain.times import Instant
from calwarden.policy.elevation import lowered
from calwarden.ports.connector import (
    ProviderUnavailable,
)
from calwarden.usecases.authorize import revoke_grant
from calwarden.usecases.events import Respond, respond
from usecases.sync_world import APP, DAY, JANE, Killed, Syncing, ended, plain

INVITED = (
    "ORGANIZER:mailto:boss@example.org",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:jane@example.org",
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:boss@example.org",
)


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    world.put("lunch.ics", "Lunch", "X-MINE:kept")
    world.sync()
    world.elevate(world.work)
    yield world
    world.store.close()


def test_an_own_event_is_created_changed_and_deleted(world: Syncing) -> None:
    world.upsert("one", "Mine")
    assert world.stored() == ["Lunch"]
    assert world.deliver().delivered == 1
    assert world.stored() == world.summaries() == ["Lunch", "Mine"]
    [event] = [one for one in world.events() if one.event_id == "one"]
    assert event.created_by == APP
    held = world.resource(event.resource_id)
    assert held is not None
    assert held.etag is not None
    world.upsert("one", "Mine later", f"{DAY}T120000Z")
    world.deliver()
    assert world.stored() == ["Lunch", "Mine later"]
    world.delete("one")
    world.deliver()
    assert world.stored() == world.summaries() == ["Lunch"]
    assert ended(world) == [("delivered", None)] * 3
    assert world.ledger()[0].on["event_id"] == "one"
    assert world.owed() == []


def test_a_repeated_write_sends_nothing_again(world: Syncing) -> None:
    world.upsert("one", "Mine")
    world.deliver()
    puts = world.provider.count("put")
    world.upsert("one", "Mine")
    assert world.deliver().delivered == 1
    assert world.provider.count("put") == puts


def test_writes_to_one_event_arrive_in_the_order_they_were_accepted_in(world: Syncing) -> None:
    for summary in ("first", "second", "third"):
        world.upsert("one", summary)
    world.upsert("two", "other")
    assert world.deliver().delivered == 4
    assert world.stored() == ["Lunch", "other", "third"]
    world.delete("one")
    world.upsert("one", "again")
    world.deliver()
    assert world.stored() == world.summaries() == ["Lunch", "again", "other"]


def test_until_the_last_write_is_delivered_what_it_intends_is_shown(world: Syncing) -> None:
    world.upsert("one", "first")
    world.upsert("one", "second")
    world.provider.fail(ProviderUnavailable("down"), operation="put")
    world.deliver()
    assert "second" in world.summaries()
    world.clock.advance(3600)
    world.deliver()
    assert world.stored() == world.summaries() == ["Lunch", "second"]


def test_an_external_event_is_changed_and_keeps_what_was_not_stated(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.deliver()
    assert world.stored() == world.summaries() == ["Brunch"]
    assert b"X-MINE:kept" in world.provider.body(world.work.remote_id, "lunch.ics")
    assert world.ledger()[0].on["event_uid"] == world.uid_of("Brunch")
    world.remove(world.uid_of("Brunch"))
    world.deliver()
    assert world.stored() == world.summaries() == []


def test_an_invitation_is_answered(world: Syncing) -> None:
    world.put("i.ics", "Invitation", *INVITED)
    world.sync()
    command = Respond(world.calendar_id(world.work), world.uid_of("Invitation"), "accepted")
    respond(world.kit, world.bearer, command)
    world.deliver()
    assert b"PARTSTAT=ACCEPTED:mailto:jane@example.org" in world.provider.body(world.work.remote_id, "i.ics")


@pytest.mark.parametrize("after", [False, True], ids=["before its commit", "after its commit"])
@pytest.mark.parametrize("transaction", range(6))
@pytest.mark.parametrize("lost", [None, "put", "delete"])
def test_killed_at_any_transaction_nothing_is_lost_and_nothing_done_twice(
    world: Syncing, transaction: int, after: bool, lost: str | None
) -> None:
    world.upsert("gone", "Soon gone")
    world.deliver()
    world.upsert("one", "Mine")
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.delete("gone")
    if lost is not None:
        world.provider.lose_answer(lost)
    world.store.kill(transaction, after=after)
    with suppress(Killed):
        world.deliver("first")
    world.store.revive()
    for _ in range(2):
        world.clock.advance(3600)
        world.deliver("second")
    assert world.owed() == []
    assert world.stored() == world.summaries() == ["Brunch", "Mine"]
    assert len(world.work.resources) == 2
    assert world.sync("second").changed == 0
    delivered = [one for one in ended(world) if one[0] == "delivered"]
    assert len(delivered) == 4


def test_a_lost_answer_is_found_out_by_the_repeat(world: Syncing) -> None:
    world.provider.lose_answer("put")
    world.upsert("one", "Mine")
    outcome = world.deliver()
    assert (outcome.delivered, outcome.postponed) == (0, 1)
    assert world.stored() == ["Lunch", "Mine"]
    puts = world.provider.count("put")
    world.clock.advance(60)
    assert world.deliver().delivered == 1
    assert world.stored() == ["Lunch", "Mine"]
    assert world.provider.count("put") == puts + 1  # If-None-Match finds the first


def _revoke(world: Syncing) -> None:
    revoke_grant(world.kit, JANE, APP, Actor.ACCOUNT)


def _lower(world: Syncing) -> None:
    def less(grant: Grant) -> Grant:
        return replace(lowered(grant, grant.elevated), generation=grant.generation + 1)

    world.change_grant(less)


def _narrow(world: Syncing) -> None:
    world.change_grant(lambda grant: replace(grant, calendars=frozenset(), generation=grant.generation + 1))


def _end(world: Syncing) -> None:
    world.change_grant(lambda grant: replace(grant, ends=world.clock()))


@pytest.mark.parametrize(
    ("change", "reason"),
    [(_revoke, "grant_revoked"), (_lower, "grant_narrowed"), (_narrow, "grant_narrowed"), (_end, "grant_ended")],
)
def test_a_write_whose_grant_has_changed_never_leaves_and_is_not_shown_any_longer(
    world: Syncing, change: Callable[[Syncing], None], reason: str
) -> None:
    world.upsert("one", "Mine")
    world.edit(world.uid_of("Lunch"), "Brunch")
    assert world.summaries() == ["Brunch", "Mine"]
    change(world)
    outcome = world.deliver()
    assert (outcome.delivered, outcome.dropped, outcome.reasons) == (0, 2, (reason,))
    assert (world.provider.count("put"), world.provider.count("delete")) == (0, 0)
    assert world.stored() == world.summaries() == ["Lunch"]
    assert ended(world) == [("dropped", reason)] * 2
    assert world.owed() == []


def _until(grant: Grant, until: int) -> frozenset[Elevation]:
    return frozenset(Elevation(one, ends=Instant(until)) for one in grant.elevated)


def test_what_was_accepted_before_the_end_does_not_come_back_to_life_with_a_new_agreement(world: Syncing) -> None:
    until = Instant(world.clock() + 60)
    world.change_grant(lambda grant: replace(grant, ends=until, elevations=frozenset()))
    world.upsert("one", "Mine")
    world.clock.advance(3_600)  # nothing was delivered meanwhile
    world.grant_to(APP)
    assert world.deliver().reasons == ("grant_narrowed",)
    assert world.stored() == ["Lunch"]


def test_what_was_accepted_before_an_elevation_ended_does_not_come_back_to_life_with_a_new_one(world: Syncing) -> None:
    until = world.clock() + 60
    world.change_grant(lambda grant: replace(grant, elevations=_until(grant, until)))
    world.remove(world.uid_of("Lunch"))
    world.clock.advance(3_600)
    world.elevate(world.work)
    assert world.deliver().reasons == ("grant_narrowed",)
    assert world.stored() == ["Lunch"]


def test_an_elevation_that_ends_before_the_write_leaves_keeps_it_back(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    until = world.clock() + 30
    world.change_grant(lambda grant: replace(grant, elevations=_until(grant, until)))
    world.clock.advance(30)
    assert world.deliver().reasons == ("calendar_not_elevated",)
    assert (world.provider.count("put"), world.stored(), world.summaries()) == (0, ["Lunch"], ["Lunch"])


def test_a_dropped_write_stays_owed_until_its_event_was_read_again(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    _revoke(world)
    world.provider.fail(ProviderUnavailable("down"), operation="fetch")
    assert world.deliver().postponed == 1
    assert len(world.owed()) == 1
    world.clock.advance(60)
    assert world.deliver().dropped == 1
    assert (world.summaries(), world.stored()) == (["Lunch"], ["Lunch"])


def test_a_calendar_that_became_read_only_gets_nothing(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.work.readonly = True
    world.sync()
    assert world.deliver().dropped == 1
    assert ended(world) == [("dropped", "calendar_readonly")]
    assert world.summaries() == ["Lunch"]


def test_a_calendar_that_became_somebody_elses_gets_nothing(world: Syncing) -> None:
    world.upsert("one", "Mine")
    world.work.owner = "marcel"
    world.work.shared_with.add("jane")
    world.sync()
    assert world.deliver().dropped == 1
    assert ended(world)[-1] == ("dropped", "grant_narrowed")  # its elevation ended too
    assert (world.provider.count("put"), world.owed(), world.events()) == (0, [], [])


def test_an_external_event_changed_meanwhile_is_decided_and_written_once_more(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.put("lunch.ics", "Lunch with Tom", "LOCATION:Bistro")
    assert world.deliver().delivered == 1
    assert world.stored() == world.summaries() == ["Brunch"]
    assert b"LOCATION:Bistro" in world.provider.body(world.work.remote_id, "lunch.ics")


def test_an_event_that_is_not_the_persons_to_change_any_more_stays_as_it_is(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.put("lunch.ics", "Lunch", *INVITED)
    assert world.deliver().dropped == 1
    assert ended(world) == [("dropped", "event_not_changeable")]
    assert world.stored() == world.summaries() == ["Lunch"]


def test_a_second_change_during_the_repeat_waits_for_another_try(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.put("lunch.ics", "Lunch 2")
    world.provider.before("put", lambda: world.put("lunch.ics", "Lunch 3", "LOCATION:Bistro"))
    outcome = world.deliver()
    assert (outcome.delivered, outcome.postponed) == (0, 1)
    assert world.summaries() == ["Brunch"]
    world.clock.advance(60)
    assert world.deliver().delivered == 1
    assert world.stored() == ["Brunch"]
    assert b"LOCATION:Bistro" in world.provider.body(world.work.remote_id, "lunch.ics")


def test_an_own_event_changed_meanwhile_gets_what_is_stated_and_keeps_the_rest(world: Syncing) -> None:
    world.upsert("one", "Mine")
    world.deliver()
    [name] = [one for one in world.work.resources if "lunch" not in one]
    [uid] = re.findall(r"UID:(\S+)", world.provider.body(world.work.remote_id, name).decode())
    world.provider.put(world.work.remote_id, name, plain(uid, "Theirs", "X-ALARM:kept"))
    world.upsert("one", "Mine again")
    world.deliver()
    assert world.stored() == ["Lunch", "Mine again"]
    assert b"X-ALARM:kept" in world.provider.body(world.work.remote_id, name)
    world.provider.put(world.work.remote_id, name, plain(uid, "Theirs again"))
    world.delete("one")
    assert world.deliver().delivered == 1
    assert world.stored() == ["Lunch"]


def test_an_external_event_deleted_meanwhile_is_not_created_again(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.provider.delete(world.work.remote_id, "lunch.ics")
    assert world.deliver().failed == 1
    assert ended(world) == [("failed", "event_gone")]
    assert world.stored() == world.summaries() == []


def test_an_own_event_the_person_deleted_is_created_again_by_the_next_write(world: Syncing) -> None:
    world.upsert("one", "Mine")
    world.deliver()
    [name] = [one for one in world.work.resources if "lunch" not in one]
    world.upsert("one", "Mine still")
    world.provider.delete(world.work.remote_id, name)
    world.deliver()
    assert world.stored() == ["Lunch", "Mine still"]
    [name] = [one for one in world.work.resources if "lunch" not in one]
    world.provider.delete(world.work.remote_id, name)
    world.sync()
    world.upsert("one", "Mine again")
    world.deliver()
    assert world.stored() == world.summaries() == ["Lunch", "Mine again"]
    world.sync()
    assert [one.event_id for one in world.events() if one.event_id] == ["one"]


def test_deleting_what_is_gone_already_is_success(world: Syncing) -> None:
    uid = world.uid_of("Lunch")
    world.remove(uid)
    world.provider.delete(world.work.remote_id, "lunch.ics")
    assert world.deliver().delivered == 1


def test_two_edits_and_a_deletion_of_one_external_event_all_arrive(world: Syncing) -> None:
    uid = world.uid_of("Lunch")
    world.edit(uid, "Brunch")
    world.edit(uid, "Dinner")
    world.remove(uid)
    assert world.deliver().delivered == 3
    assert world.stored() == world.summaries() == []


def test_one_occurrence_is_changed_and_another_dropped(world: Syncing) -> None:
    world.put("w.ics", "Weekly", "RRULE:FREQ=WEEKLY;COUNT=3")
    world.sync()
    first, second, third = sorted((one for one in world.events() if one.recurring), key=lambda one: one.occurrence)
    world.edit(f"evt_external_{second.key}", "Special")
    world.remove(f"evt_external_{third.key}")
    assert world.deliver().delivered == 2
    assert world.summaries() == ["Lunch", "Special", "Weekly"]
    assert world.stored() == ["Lunch", "Special", "Weekly"]
    assert world.sync().changed == 0
    assert f"evt_external_{first.key}" == world.uid_of("Weekly")
