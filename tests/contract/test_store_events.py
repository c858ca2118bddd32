"""Events: what a Resource's occurrences keep, and whose they are."""

import pytest

from calwarden.domain.errors import NotFound
from calwarden.domain.event import (
    Attendee,
    Busy,
    Component,
    Details,
    Event,
    EventStatus,
    Participation,
    Person,
    Place,
    Repeat,
    Transparency,
)
from calwarden.domain.ids import EventKey, ResourceId
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.ports.store import EventQuery
from calwarden.store import SqlStore
from contract.store_world import (
    APP,
    HOME,
    JANE,
    MARCEL,
    NOW,
    OTHER,
    PROFILE,
    WORK,
    at,
    component,
    day,
    event,
    hold,
    keep,
    query,
    resource,
    window,
)


def keys_of(store: SqlStore, asked: EventQuery) -> list[str]:
    with store.read() as uow:
        return list(uow.events.keys(JANE, asked))


def test_an_event_comes_back_as_it_was_stored(store: SqlStore) -> None:
    hold(store)
    start, end = at(NOW), at(NOW + 3600, "America/New_York")
    details = Details(
        summary="Secret Meeting",
        description="line\nline \N{PARTY POPPER} \u202e",
        place=Place("Hall", "1.5", "-2"),
        url="https://e.example/",
        organizer=Person("lou@example.org", "Lou"),
        attendees=(Attendee(Person("kim@example.org"), Participation.DECLINED),),
        categories=("a", "b"),
        private=True,
        reminders=(10, 0),
    )
    repeat = Repeat(("FREQ=WEEKLY",), (at(NOW + 1),), (day(2),))
    whole = component(
        start, end, status=EventStatus.TENTATIVE, participation=Participation.TENTATIVE, repeat=repeat, details=details
    )
    one = event("k", start, end, component=whole, busy=Busy.TENTATIVE, created_by=APP, event_id="mine", recurring=True)
    keep(store, one)
    with store.read() as uow:
        assert uow.events.get(JANE, WORK, one.key) == one
        assert list(uow.events.load(JANE, [one.key])) == [one]
        assert list(uow.events.of_resource(JANE, WORK, one.resource_id)) == [one]
        assert uow.events.resource(JANE, WORK, one.resource_id) == resource(one)


def test_an_all_day_event_comes_back_with_its_days(store: SqlStore) -> None:
    hold(store)
    one = event("k", day(1), day(3), transparency=Transparency.TRANSPARENT, busy=Busy.FREE)
    keep(store, one)
    with store.read() as uow:
        assert uow.events.get(JANE, WORK, one.key) == one
        (row,) = uow.events.busy(JANE, query(window(NOW, NOW + 5 * DAY_SECONDS)))
    assert row.all_day
    assert (row.start_tzid, row.end_tzid) == ("", "")
    assert row.end_at - row.start_at == 2 * DAY_SECONDS


def test_an_event_id_is_shown_to_its_own_application_alone(store: SqlStore) -> None:
    hold(store)
    keep(store, event("k", at(NOW), at(NOW + 60), created_by=APP, event_id="mine"))
    within = window(NOW, NOW + 100)
    with store.read() as uow:
        (own,) = uow.events.busy(JANE, query(within))
        (foreign,) = uow.events.busy(JANE, query(within, application_id=OTHER))
    assert (own.own, own.event_id) == (True, "mine")
    assert (foreign.own, foreign.event_id) == (False, None)


def test_nothing_is_found_through_another_account(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    one = event("k", at(NOW), at(NOW + 60), created_by=APP, event_id="mine")
    keep(store, one)
    with store.read() as uow:
        events = uow.events
        assert found_nothing(events.keys(MARCEL, query()), events.busy(MARCEL, query()), events.load(MARCEL, [one.key]))
        assert events.get(MARCEL, WORK, one.key) is None
        assert events.get(JANE, HOME, one.key) is None
        assert events.resource(MARCEL, WORK, one.resource_id) is None
        assert events.own_resource(MARCEL, WORK, APP, "mine") is None
        assert events.own_resource(JANE, WORK, OTHER, "mine") is None
        assert found_nothing(
            events.own_resources(MARCEL, APP, [WORK]), events.of_resource(MARCEL, WORK, one.resource_id)
        )
        assert events.etags(MARCEL, WORK) == {}
    with store.write() as uow:
        uow.events.forget(MARCEL, WORK, one.resource_id)
        uow.events.set_etag(MARCEL, WORK, one.resource_id, "other")
        uow.events.purge_deleted(MARCEL, Instant(NOW + 9))
    with store.read() as uow:
        assert uow.events.resource(JANE, WORK, one.resource_id) == resource(one)


def found_nothing(*answers: object) -> bool:
    return not any(answers)


def test_the_same_key_in_two_accounts_is_two_events(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    keep(store, event("k", at(NOW), at(NOW + 60)), event("k", at(NOW), at(NOW + 90), account_id=MARCEL))
    with store.read() as uow:
        assert [row.end_at for row in uow.events.busy(JANE, query())] == [NOW + 60]
        assert [row.end_at for row in uow.events.busy(MARCEL, query())] == [NOW + 90]


def test_saving_stores_exactly_the_occurrences_given(store: SqlStore) -> None:
    hold(store)
    rid = ResourceId("series")
    master = component(at(NOW), at(NOW + 60), repeat=Repeat(("FREQ=DAILY",)))
    moved = component(at(NOW + 500), at(NOW + 560), replaces=at(NOW + DAY_SECONDS), details=Details(summary="Moved"))

    def one(number: int, of: Component = master) -> Event:
        start = NOW + number * DAY_SECONDS
        return event(f"k{number}", at(start), at(start + 60), resource_id=rid, recurring=True, component=of)

    first = [one(0), one(1, moved), one(2)]
    with store.write() as uow:
        uow.events.save(resource(*first), first)
        assert list(uow.events.of_resource(JANE, WORK, rid)) == first
    later = [one(0), one(2), one(3)]
    with store.write() as uow:
        uow.events.save(resource(*later, etag='"2"'), later)
        assert list(uow.events.of_resource(JANE, WORK, rid)) == later
        assert uow.events.etags(JANE, WORK) == {rid: '"2"'}


def test_a_deleted_occurrence_outlives_its_component_without_content(store: SqlStore) -> None:
    hold(store)
    rid = ResourceId("series")
    master = component(at(NOW), at(NOW + 60), repeat=Repeat(("FREQ=DAILY",)))
    moved = component(at(NOW + 500), at(NOW + 560), replaces=at(NOW + DAY_SECONDS))
    stays = event("a", at(NOW), at(NOW + 60), resource_id=rid, component=master)
    goes = event("b", at(NOW + 500), at(NOW + 560), resource_id=rid, component=moved).as_deleted(Instant(NOW + 5))
    with store.write() as uow:
        uow.events.save(resource(stays), [stays, goes])
    with store.read() as uow:
        kept, gone = uow.events.load(JANE, [stays.key, goes.key])
    assert kept == stays
    assert (gone.deleted, gone.start, gone.component.details) == (True, goes.start, Details())


def test_a_forgotten_resource_keeps_its_deleted_occurrences_and_no_content(store: SqlStore) -> None:
    hold(store)
    one = event("k", at(NOW), at(NOW + 60), created_by=APP, event_id="mine")
    keep(store, one)
    gone = one.as_deleted(Instant(NOW + 10))
    with store.write() as uow:
        uow.events.save(resource(one), [gone])
        uow.events.forget(JANE, WORK, one.resource_id)
        assert uow.events.etags(JANE, WORK) == {}
        held = uow.events.own_resource(JANE, WORK, APP, "mine")
        assert held is not None
        assert (held.components, held.etag) == ((), None)
        assert uow.events.own_resources(JANE, APP, [WORK]) == []
        (kept,) = uow.events.of_resource(JANE, WORK, one.resource_id)
        assert kept.deleted
        assert kept.component.details == Details()
    assert keys_of(store, query(window(NOW, NOW + 9))) == []
    assert keys_of(store, query(window(NOW, NOW + 9), deleted=True)) == ["k"]
    with store.write() as uow:
        uow.events.purge_deleted(JANE, Instant(NOW + 10))
        assert uow.events.resource(JANE, WORK, one.resource_id) is not None
        uow.events.purge_deleted(JANE, Instant(NOW + 11))
        assert uow.events.resource(JANE, WORK, one.resource_id) is None
        assert uow.events.get(JANE, WORK, one.key) is None


def test_a_forgotten_resource_that_comes_back_is_held_again(store: SqlStore) -> None:
    hold(store)
    one = event("k", at(NOW), at(NOW + 60))
    keep(store, one)
    with store.write() as uow:
        uow.events.forget(JANE, WORK, one.resource_id)
    keep(store, one)
    with store.read() as uow:
        assert uow.events.etags(JANE, WORK) == {one.resource_id: '"1"'}
        assert uow.events.get(JANE, WORK, one.key) == one


def test_an_etag_can_be_set_and_taken_away(store: SqlStore) -> None:
    hold(store)
    one = event("k", at(NOW), at(NOW + 60))
    keep(store, one)
    with store.write() as uow:
        uow.events.set_etag(JANE, WORK, one.resource_id, None)
        assert uow.events.etags(JANE, WORK) == {one.resource_id: None}


def test_content_is_not_stored_for_a_calendar_that_is_gone(store: SqlStore) -> None:
    hold(store)
    with store.write() as uow:
        uow.profiles.delete(JANE, PROFILE)
    with pytest.raises(NotFound):
        keep(store, event("k", at(NOW), at(NOW + 60)))


def test_series_whose_occurrences_run_out_are_found_profile_by_profile(store: SqlStore) -> None:
    hold(store)
    with store.write() as uow:
        for key, until in (("a", 300), ("b", 100), ("c", 200), ("plain", 0)):
            one = event(key, at(NOW), at(NOW + 60), recurring=until > 0)
            uow.events.save(resource(one, expanded_to=Instant(until)), [one])
    with store.read() as uow:
        found_ = uow.events.expiring(JANE, PROFILE, Instant(250), 10)
        assert [one.resource_id for one in found_] == ["r-b", "r-c"]
        assert [one.resource_id for one in uow.events.expiring(JANE, PROFILE, Instant(250), 1)] == ["r-b"]
        assert uow.events.expiring(MARCEL, PROFILE, Instant(250), 10) == []


def test_keys_that_name_nothing_are_left_out_and_the_order_is_the_callers(store: SqlStore) -> None:
    hold(store)
    keep(store, event("a", at(NOW), at(NOW + 60)), event("b", at(NOW), at(NOW + 60)))
    keys = [EventKey(name) for name in ("b", "nothing", "a")]
    with store.read() as uow:
        assert [one.key for one in uow.events.load(JANE, keys)] == ["b", "a"]
        assert list(uow.events.load(JANE, [])) == []


def test_ids_compare_byte_for_byte(store: SqlStore) -> None:
    hold(store)
    keep(store, event("k", at(NOW), at(NOW + 60), created_by=APP, event_id="caf\u00e9"))
    with store.read() as uow:
        assert uow.events.own_resource(JANE, WORK, APP, "caf\u00e9") is not None
        assert uow.events.own_resource(JANE, WORK, APP, "cafe\u0301") is None
        assert uow.events.own_resource(JANE, WORK, APP, "CAF\u00c9") is None
        assert uow.events.own_resource(JANE, WORK, APP, "caf%") is None
