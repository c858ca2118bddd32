"""A write that was being prepared when its Grant ended: reading takes as long as the Provider takes (security 5.2)."""

from collections.abc import Callable, Iterator

import pytest

from calwarden.domain.audit import Actor
from calwarden.domain.ids import CalendarId
from calwarden.usecases.authorize import lower_calendar, revoke_grant
from calwarden.usecases.connect import disconnect
from usecases.sync_world import APP, JANE, Syncing

Act = Callable[[Syncing], None]


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    world.put("lunch.ics", "Lunch")
    world.put("week.ics", "Weekly", "DTSTART:20300320T090000Z", "DTEND:20300320T100000Z", "RRULE:FREQ=DAILY;COUNT=3")
    world.upsert("mine", "Mine")
    world.sync()
    world.deliver()
    world.elevate(world.work)
    yield world
    world.store.close()


def _remove_one_of_the_week(world: Syncing) -> None:
    [first, *_] = [one for one in world.events() if one.component.details.summary == "Weekly"]
    world.remove(f"evt_external_{first.key}")


WRITES: dict[str, tuple[Act, str]] = {
    "a creation": (lambda world: world.upsert("new", "New"), "reader"),
    "an update": (lambda world: world.upsert("mine", "Mine later"), "get"),
    "an edit": (lambda world: world.edit(world.uid_of("Lunch"), "Brunch"), "get"),
    "an occurrence": (_remove_one_of_the_week, "get"),
}


@pytest.mark.parametrize(("write", "reading"), WRITES.values(), ids=WRITES)
def test_a_write_whose_grant_is_revoked_while_its_event_is_read_does_not_leave(
    world: Syncing, write: Act, reading: str
) -> None:
    stored = world.stored()
    sent = world.provider.count("put"), world.provider.count("delete")
    write(world)
    world.provider.before(reading, lambda: revoke_grant(world.kit, JANE, APP, Actor.ACCOUNT))
    outcome = world.deliver()
    assert (outcome.delivered, outcome.dropped) == (0, 1)
    assert (world.provider.count("put"), world.provider.count("delete")) == sent
    assert world.stored() == stored
    assert (world.ledger()[0].outcome.value, world.ledger()[0].reason) == ("dropped", "grant_revoked")
    assert world.owed() == []


def test_an_edit_does_not_leave_once_the_person_has_taken_the_calendar_back(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    calendar_id: CalendarId = world.calendar_id(world.work)
    world.provider.before("get", lambda: lower_calendar(world.kit, JANE, APP, calendar_id))
    assert world.deliver().dropped == 1
    assert "Lunch" in world.stored()
    assert "Lunch" in world.summaries()


def test_an_event_that_was_changed_meanwhile_is_asked_about_again_too(world: Syncing) -> None:
    world.edit(world.uid_of("Lunch"), "Brunch")
    world.put("lunch.ics", "Lunch with Tom")
    world.provider.before("fetch", lambda: world.provider.before("get", lambda: _revoke(world)))
    assert world.deliver().dropped == 1
    assert "Lunch with Tom" in world.stored()


def test_nothing_is_sent_to_a_calendar_account_that_was_removed_meanwhile(world: Syncing) -> None:
    world.upsert("mine", "Mine later")
    puts = world.provider.count("put")
    world.provider.before("get", lambda: disconnect(world.kit, JANE, world.profile_id, Actor.ACCOUNT))
    outcome = world.deliver()
    assert (outcome.delivered, outcome.dropped, world.provider.count("put")) == (0, 0, puts)


def _revoke(world: Syncing) -> None:
    revoke_grant(world.kit, JANE, APP, Actor.ACCOUNT)
