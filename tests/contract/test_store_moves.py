"""Occurrences that were in a window once and are outside it now (contract events 6.1, ``include_moved``)."""

from dataclasses import replace
from datetime import timedelta

from calwarden.domain.event import Event
from calwarden.domain.times import DAY_SECONDS, EventTime, Instant
from calwarden.store import SqlStore
from calwarden.store.event_queries import moved_statement, parameters, shape_of
from calwarden.store.places import been
from contract.store_world import APP, HOME, JANE, NOW, OTHER, at, day, event, hold, keep, query, resource, window

WINDOW = window(NOW, NOW + DAY_SECONDS)
LATER = NOW + 10 * DAY_SECONDS


def moved(one: Event, start: EventTime, end: EventTime) -> Event:
    return replace(one, start=start, end=end, component=replace(one.component, start=start, end=end))


def put(store: SqlStore, one: Event, *starts: int) -> Event:
    """Kept, and then moved to each of ``starts`` in turn."""
    keep(store, one)
    for start in starts:
        one = moved(one, at(start), at(start + 60))
        keep(store, one)
    return one


def found(store: SqlStore, **changes: object) -> list[str]:
    with store.read() as uow:
        return list(uow.events.keys(JANE, query(WINDOW, **{"moved": True, **changes})))


def test_an_event_that_left_the_window_is_found_only_if_moved_ones_are_asked_for(store: SqlStore) -> None:
    hold(store)
    put(store, event("gone", at(NOW), at(NOW + 60)), LATER)
    put(store, event("stays", at(NOW + 5), at(NOW + 60)), NOW + 10)
    put(store, event("never", at(LATER), at(LATER + 60)), LATER + 100)
    assert found(store) == ["stays", "gone"]
    assert found(store, moved=False) == ["stays"]


def test_only_places_an_event_was_at_count_not_those_between_them(store: SqlStore) -> None:
    hold(store)
    put(store, event("around", at(NOW - LATER), at(NOW - LATER + 60)), LATER)
    assert found(store) == []


def test_every_former_place_counts_and_storing_the_same_again_changes_nothing(store: SqlStore) -> None:
    hold(store)
    last = put(store, event("often", at(LATER), at(LATER + 60)), NOW, LATER, LATER + 60, LATER)
    keep(store, last)
    assert found(store) == ["often"]
    returned = moved(last, at(NOW), at(NOW + 60))
    keep(store, returned)
    assert found(store) == ["often"]
    assert found(store, moved=False) == ["often"]


def test_an_all_day_event_has_left_by_its_days(store: SqlStore) -> None:
    hold(store)
    for name, first in (("inside", day(0)), ("outside", day(-3))):
        whole = event(name, first, first + timedelta(1))
        keep(store, whole)
        keep(store, moved(whole, day(30), day(31)))
    assert found(store) == ["inside"]


def test_moved_events_answer_to_the_other_parts_of_the_question_too(store: SqlStore) -> None:
    hold(store)
    put(store, event("other", at(NOW), at(NOW + 60), created_by=OTHER, updated=Instant(NOW + 50)), LATER)
    put(store, event("own", at(NOW), at(NOW + 60), created_by=APP), LATER)
    put(store, event("home", at(NOW), at(NOW + 60), calendar_id=HOME), LATER)
    gone = put(store, event("deleted", at(NOW), at(NOW + 60)), LATER)
    keep(store, gone.as_deleted(NOW))
    assert found(store) == ["home", "other", "own"]
    assert found(store, own=False) == ["home", "other"]
    assert found(store, external=False) == ["own"]
    assert found(store, own=False, external=False) == []
    assert found(store, deleted=True) == ["deleted", "home", "other", "own"]
    assert found(store, modified_since=Instant(NOW + 10)) == ["other"]
    assert found(store, calendar_ids=frozenset({HOME})) == ["home"]
    assert found(store, calendar_ids=frozenset()) == []


def test_the_window_of_external_events_binds_former_places_too(store: SqlStore) -> None:
    hold(store)
    put(store, event("theirs", at(NOW), at(NOW + 60)), LATER)
    put(store, event("own", at(NOW), at(NOW + 60), created_by=APP), LATER)
    outer = window(NOW + 3600, NOW + DAY_SECONDS)
    assert found(store, external_window=outer) == ["own"]
    with store.read() as uow:
        unbounded = query(None, moved=True, external_window=outer)
        assert list(uow.events.keys(JANE, unbounded)) == ["own"]


def test_what_is_forgotten_takes_its_former_places_along(store: SqlStore) -> None:
    hold(store)
    gone = put(store, event("gone", at(NOW), at(NOW + 60)), LATER)
    with store.write() as uow:
        uow.events.save(resource(gone), [])
    keep(store, gone)
    assert found(store) == []


def test_former_places_are_bounded() -> None:
    column = ""
    for start in range(1_000):
        column = been(column, (start, start + 1, False), (start + 1, start + 2, False))
    assert len(column) < 2_000
    assert column.endswith("[999,1000,false]]")


def test_a_listing_without_moves_reads_no_row_for_them(file_store: SqlStore) -> None:
    hold(file_store)
    asked = query(WINDOW, moved=True)
    sql = moved_statement(shape_of(asked, busy=False)).text("sqlite")
    with file_store.read() as uow:
        plan = uow._tx._raw.execute(f"EXPLAIN QUERY PLAN {sql}", parameters(JANE, asked, "sqlite")).fetchall()
    assert any("INDEX events_moved" in step for *_, step in plan), plan
