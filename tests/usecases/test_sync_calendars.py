"""What calendars there are, whose, and what they may: the Provider's word, at once."""

from collections.abc import Iterator

import pytest

from calwarden.domain.ids import CalendarId
from calwarden.usecases.sync import SyncEnd
from ics import zoned
from usecases.sync_world import JANE, Syncing


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    yield world
    world.store.close()


def test_a_calendar_that_is_gone_takes_its_events_and_elevations_along(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.elevate(world.work)
    world.elevate(world.home)
    before = world.grant()
    world.provider.drop_calendar(world.work.remote_id)
    world.sync()
    assert world.calendar(world.work).deleted
    assert _held(world, world.calendar_id(world.work)) == {}
    grant = world.grant()
    assert grant.elevated == {world.calendar_id(world.home)}
    assert grant.generation == before.generation + 1
    assert (world.ledger()[0].what, world.ledger()[0].reason) == ("elevation.lowered", "calendar_gone")
    again = world.provider.add_calendar("jane", "work", "Work")
    world.put("a.ics", "Lunch", calendar=again)
    world.sync()
    assert not world.calendar(again).deleted
    assert world.summaries(again) == ["Lunch"]
    assert world.grant().elevated == {world.calendar_id(world.home)}


def test_a_calendar_that_becomes_somebody_elses_is_absent_at_once(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    world.elevate(world.work)
    world.work.owner = "marcel"
    world.work.shared_with.add("jane")
    world.sync()
    assert not world.calendar(world.work).owned
    assert _held(world, world.calendar_id(world.work)) == {}
    assert world.events(deleted=True) == []
    assert world.grant().elevated == frozenset()
    world.work.owner = "jane"
    world.sync()
    assert world.summaries() == ["Lunch"]


def test_an_own_event_is_known_again_when_its_calendar_comes_back(world: Syncing) -> None:
    world.sync()
    world.upsert("one", "Mine")
    world.deliver()
    world.work.owner = "marcel"
    world.work.shared_with.add("jane")
    world.sync()
    assert world.events() == []
    world.work.owner = "jane"
    world.sync()
    [event] = world.events()
    assert (event.event_id, event.created_by, event.component.details.summary) == ("one", "app", "Mine")


def test_what_a_calendar_is_called_and_may_follows_the_provider(world: Syncing) -> None:
    world.sync()
    world.work.name, world.work.readonly, world.work.color = "Office", True, "#112233"
    new = world.provider.add_calendar("jane", "new", "New")
    world.put("n.ics", "News", calendar=new)
    world.sync()
    calendar = world.calendar(world.work)
    assert (calendar.name, calendar.readonly, calendar.color) == ("Office", True, "#112233")
    assert world.summaries(new) == ["News"]


def test_a_calendar_in_another_zone_is_read_anew(world: Syncing) -> None:
    world.put("f.ics", "Floating", "DTSTART:20300320T090000", "DTEND:20300320T100000")
    world.sync()
    [event] = world.events()
    assert event.start == zoned("2030-03-20T08:00:00Z", "Europe/Paris")
    world.work.tzid = "Asia/Tokyo"
    world.sync()
    [event] = world.events()
    assert event.start == zoned("2030-03-20T00:00:00Z", "Asia/Tokyo")


def test_an_empty_list_of_calendars_is_not_believed_at_once(world: Syncing) -> None:
    world.put("a.ics", "Lunch")
    world.sync()
    for calendar in (world.work, world.home, world.team):
        world.provider.drop_calendar(calendar.remote_id)
    for _ in range(3):
        assert world.sync().end is SyncEnd.FAILED
        assert world.summaries() == ["Lunch"]
    assert world.sync().end is SyncEnd.DONE
    assert world.calendar(world.work).deleted


def _held(world: Syncing, calendar_id: CalendarId) -> dict[str, str | None]:
    with world.store.read() as uow:
        return dict(uow.events.etags(JANE, calendar_id))
