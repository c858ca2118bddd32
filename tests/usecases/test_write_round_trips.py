"""What a write leaves behind, as later writes and reads find it: series, zones, events that come back."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from calwarden.domain.draft import DraftRule, EventDraft
from calwarden.domain.event import Repeat
from calwarden.domain.times import DAY_SECONDS, Day, Instant, Zoned, instant_day
from calwarden.syncplan.reconcile import reconcile
from calwarden.timetable.horizon import horizon
from calwarden.timetable.recurrence import expand
from calwarden.usecases.access import Bearer
from calwarden.usecases.events import Asked, delete_event, read_events, upsert_event
from calwarden.usecases.freebusy import AskedBusy, read_busy
from usecases.write_world import HOUR, Writing, invalid, uid


@pytest.fixture
def world() -> Iterator[Writing]:
    world = Writing()
    yield world
    world.store.close()


def yesterday(world: Writing) -> Day:
    return instant_day(Instant(world.at(9).at - 2 * DAY_SECONDS))


def test_a_rule_that_is_over_before_the_event_starts_is_not_taken(world: Writing) -> None:
    draft = world.draft(rule=DraftRule("daily", until=yesterday(world)))
    assert invalid(world, upsert_event, world.token("write_only"), world.upsert(draft=draft)) == {
        "recurrence.rules[0].until": "errors.invalid_time_pair"
    }


def test_a_rule_of_days_may_end_on_the_very_day_it_starts(world: Writing) -> None:
    first = instant_day(world.at(0).at)
    days = {"start": first, "end": Day.fromordinal(first.toordinal() + 1)}
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert(draft=world.draft(rule=DraftRule("daily", until=first), **days)))
    early = world.draft(rule=DraftRule("daily", until=yesterday(world)), **days)
    assert invalid(world, upsert_event, token, world.upsert(draft=early)) == {
        "recurrence.rules[0].until": "errors.invalid_time_pair"
    }


def test_a_series_is_not_moved_behind_its_own_end(world: Writing) -> None:
    token = world.token("write_only")
    last = instant_day(Instant(world.at(9).at + 3 * DAY_SECONDS))
    upsert_event(world.kit, token, world.upsert(draft=world.draft(rule=DraftRule("daily", until=last))))
    late = EventDraft(start=world.at(9 + 24 * 7), end=world.at(10 + 24 * 7))
    assert invalid(world, upsert_event, token, world.upsert(draft=late)) == {"start": "errors.invalid_time_pair"}


def test_a_person_may_have_a_series_that_is_over_before_it_starts_and_another_title_for_it(world: Writing) -> None:
    plain = world.put(repeat=Repeat(("FREQ=DAILY;UNTIL=20000101T000000Z",)))[0]
    token = world.token(elevated=(world.work,))
    upsert_event(world.kit, token, world.edit(uid(plain)))


ALL = Asked(None, None, "Etc/UTC", include_deleted=True, include_managed=True)
BUSY = AskedBusy(None, None, "Etc/UTC", include_deleted=True, include_managed=True, include_free=True, include_ids=True)


def own_periods(world: Writing, token: Bearer) -> list[tuple[str, bool]]:
    periods = read_busy(world.kit, token, BUSY).periods
    return [(one.event_id, one.deleted) for one in periods if one.event_id is not None]


def test_an_event_that_was_created_again_is_not_told_as_deleted_beside_it(world: Writing) -> None:
    token = world.token()
    upsert_event(world.kit, token, world.upsert())
    world.deliver()
    delete_event(world.kit, token, world.delete())
    world.deliver()
    [gone] = read_events(world.kit, token, ALL).events
    assert (gone.event_id, gone.deleted) == ("one", True)
    upsert_event(world.kit, token, world.upsert())
    [back] = read_events(world.kit, token, ALL).events
    assert (back.event_id, back.deleted) == ("one", False)
    assert own_periods(world, token) == [("one", False)]
    # To another application it is another event, whose uid is gone.
    rival = world.token(app="other")
    assert sorted(one.deleted for one in read_events(world.kit, rival, ALL).events) == [False, True]


def test_an_occurrence_that_the_person_takes_out_of_an_own_series_is_told_as_deleted(world: Writing) -> None:
    token = world.token()
    upsert_event(world.kit, token, world.upsert(draft=world.draft(rule=DraftRule("daily", count=2))))
    held = world.own()
    assert held is not None
    second = Zoned(Instant(world.at(9).at + DAY_SECONDS), "Europe/Paris")
    taken_out = replace(held.components[0], repeat=Repeat(("FREQ=DAILY;COUNT=2",), excluded=(second,)))
    with world.store.write() as uow:
        occurrences = expand([taken_out], horizon(world.clock()), "Etc/UTC")
        before = uow.events.of_resource(world.jane, world.work, held.resource_id)
        changed = replace(held, components=(taken_out,))
        uow.events.save(changed, reconcile(changed, occurrences, before, world.clock()))
    found = read_events(world.kit, token, ALL).events
    assert [(one.event_id, one.deleted) for one in found] == [("one", False), ("one", True)]
    assert own_periods(world, token) == [("one", False), ("one", True)]


def test_an_edit_that_names_no_zone_leaves_the_event_in_its_own(world: Writing) -> None:
    plain = world.put()[0]
    token = world.token(elevated=(world.work,))
    later = EventDraft(start=Zoned(world.at(15).at, "Etc/UTC"), end=Zoned(world.at(16).at, "Etc/UTC"))
    upsert_event(world.kit, token, world.edit(uid(plain), later, unzoned=frozenset({"start", "end"})))
    [shown] = world.events_of(plain.resource_id)
    assert (shown.start, shown.end) == (world.at(15), world.at(16))
    assert world.owed()[0].draft == replace(later, start=world.at(15), end=world.at(16))
    upsert_event(world.kit, token, world.edit(uid(plain), later))
    [shown] = world.events_of(plain.resource_id)
    assert shown.start == Zoned(Instant(world.at(0).at + 15 * HOUR), "Etc/UTC")
