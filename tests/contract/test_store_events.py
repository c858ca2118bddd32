"""Events: windows, order, what a Resource's occurrences keep, and whose they are."""

import random
from dataclasses import replace
from datetime import timedelta

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
from calwarden.domain.ids import AccountId, CalendarId, EventKey, ResourceId
from calwarden.domain.times import DAY_SECONDS, EventTime, Instant, Window
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
    naive_keys,
    query,
    resource,
    window,
)


def found(store: SqlStore, asked: EventQuery, account_id: AccountId = JANE) -> list[str]:
    with store.read() as uow:
        keys = list(uow.events.keys(account_id, asked))
        busy = [row.key for row in uow.events.busy(account_id, replace(asked, deleted=True))]
    assert set(keys) <= set(busy)
    return keys


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


@pytest.mark.parametrize(
    ("start", "end", "inside"),
    [
        (-100, 0, True),  # ends as the window starts
        (-100, -1, False),
        (0, 0, True),
        (999, 2000, True),
        (1000, 2000, False),  # starts as the window ends
        (-5000, 5000, True),
        (-400 * DAY_SECONDS, 1, True),
        (-3000 * DAY_SECONDS, 0, True),
        (-3000 * DAY_SECONDS, -1, False),
    ],
)
def test_a_timed_event_is_in_a_window_if_it_starts_before_its_end_and_ends_at_or_after_its_start(
    memory_store: SqlStore, start: int, end: int, inside: bool
) -> None:
    hold(memory_store)
    keep(memory_store, event("k", at(NOW + start), at(NOW + end)))
    asked = query(window(NOW, NOW + 1000))
    assert found(memory_store, asked) == (["k"] if inside else [])


@pytest.mark.parametrize(
    ("start", "end", "inside"),
    [(-3, -1, False), (-3, 0, True), (-1, 0, True), (0, 1, True), (1, 2, True), (2, 3, False), (-600, 600, True)],
)
def test_an_all_day_event_is_in_a_window_by_its_days(
    memory_store: SqlStore, start: int, end: int, inside: bool
) -> None:
    hold(memory_store)
    keep(memory_store, event("k", day(start), day(end)))
    # The instants are those of a zone far east of UTC: only the days may count.
    asked = query(Window(Instant(NOW - DAY_SECONDS), Instant(NOW + DAY_SECONDS), day(0), day(2)))
    assert found(memory_store, asked) == (["k"] if inside else [])


def test_days_reach_beyond_instants_and_instants_beyond_days(store: SqlStore) -> None:
    hold(store)
    timed, whole = event("timed", at(NOW + 40 * 3600), at(NOW + 41 * 3600)), event("whole", day(3), day(4))
    keep(store, timed, whole)
    assert found(store, query(Window(Instant(NOW), Instant(NOW + 100), day(0), day(4)))) == ["whole"]
    assert found(store, query(Window(Instant(NOW), Instant(NOW + 60 * 3600), day(0), day(1)))) == ["timed"]


def test_keys_come_in_order_of_start_end_and_key(store: SqlStore) -> None:
    hold(store)
    wanted = [("b", 0, 50), ("B", 0, 60), ("a", 0, 60), ("Z", 10, 20), ("_", 10, 20)]
    keep(store, *(event(key, at(NOW + start), at(NOW + end)) for key, start, end in reversed(wanted)))
    assert found(store, query(window(NOW, NOW + 100))) == ["b", "B", "a", "Z", "_"]


def test_busy_rows_come_in_the_order_of_what_a_free_busy_grant_sees(store: SqlStore) -> None:
    hold(store)
    start, end = at(NOW), at(NOW + 60)
    keep(
        store,
        event("a", start, end, busy=Busy.TENTATIVE),
        event("b", start, end, calendar_id=WORK),
        event("c", start, end, calendar_id=HOME),
        event("d", start, end, busy=None, deleted=True),
        event("e", start, at(NOW + 30)),
        event("f", at(NOW - 1), end),
    )
    with store.read() as uow:
        rows = uow.events.busy(JANE, query(window(NOW, NOW + 100)))
        everything = uow.events.busy(JANE, query(window(NOW, NOW + 100), deleted=True))
    assert [row.key for row in rows] == ["f", "e", "c", "b", "a"]
    assert [row.key for row in everything] == ["f", "e", "d", "c", "b", "a"]
    assert [row.deleted for row in everything] == [False, False, True, False, False, False]


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


def _some_events(rng: random.Random) -> list[Event]:
    events = []
    for number in range(150):
        length = rng.choice(
            [0, 1, 900, DAY_SECONDS, DAY_SECONDS + 1, 9 * DAY_SECONDS, 70 * DAY_SECONDS, 600 * DAY_SECONDS]
        )
        first = NOW + rng.randrange(-700 * DAY_SECONDS, 300 * DAY_SECONDS, 450)
        start: EventTime = at(first)
        end: EventTime = at(first + length)
        if rng.random() < 0.3:
            start = day(rng.randrange(-700, 300))
            end = start + timedelta(days=max(1, length // DAY_SECONDS))
        gone = rng.random() < 0.2
        own = rng.choice([None, APP, OTHER])
        events.append(
            event(
                f"{number:03}",
                start,
                end,
                calendar_id=rng.choice([WORK, HOME]),
                created_by=own,
                event_id=own and f"e{number}",
                deleted=gone,
                busy=None if gone else rng.choice(list(Busy)),
                updated=Instant(NOW + rng.randrange(100)),
                busy_updated=Instant(NOW + rng.randrange(100)),
            )
        )
    return events


def _some_window(rng: random.Random) -> Window | None:
    if rng.random() < 0.2:
        return None
    start = NOW + rng.randrange(-600 * DAY_SECONDS, 200 * DAY_SECONDS, 450)
    end = start + rng.choice([450, DAY_SECONDS, 30 * DAY_SECONDS, 400 * DAY_SECONDS])
    shift = rng.choice([-1, 0, 1])
    first, last = (day((moment - NOW) // DAY_SECONDS + shift) for moment in (start, end))
    return Window(Instant(start), Instant(end), first, last)


def test_every_query_gives_what_one_event_at_a_time_gives(store: SqlStore) -> None:
    rng = random.Random(7)
    hold(store)
    events = _some_events(rng)
    keep(store, *events)
    with store.read() as uow:
        for _ in range(250):
            asked = EventQuery(
                frozenset(rng.choice([[WORK], [HOME], [WORK, HOME], []])),
                rng.choice([APP, OTHER]),
                rng.random() < 0.7,
                rng.random() < 0.7,
                _some_window(rng),
                _some_window(rng),
                rng.random() < 0.5,
                rng.choice([None, None, Instant(NOW + 50)]),
                rng.choice([None, None, Instant(NOW + 50)]),
            )
            keys = naive_keys(events, asked)
            assert list(uow.events.keys(JANE, asked)) == keys, asked
            timed = {one.key for one in events if one.busy is not None}
            shown = {key for key in keys if asked.deleted or key in timed}
            rows = uow.events.busy(JANE, asked)
            assert {row.key for row in rows} == shown, asked
            order = [
                (r.start_at, r.end_at, r.busy or "", r.calendar_id, r.all_day, r.start_tzid, r.end_tzid) for r in rows
            ]
            assert order == sorted(order)


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
    assert found(store, query(window(NOW, NOW + 9))) == []
    assert found(store, query(window(NOW, NOW + 9), deleted=True)) == ["k"]
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


def test_no_calendar_named_means_nothing_found(store: SqlStore) -> None:
    hold(store)
    keep(store, event("a", at(NOW), at(NOW + 60)))
    assert found(store, query(calendar_ids=frozenset())) == []
    assert found(store, query(calendar_ids=frozenset({CalendarId("cal_nowhere")}))) == []


def test_ids_compare_byte_for_byte(store: SqlStore) -> None:
    hold(store)
    keep(store, event("k", at(NOW), at(NOW + 60), created_by=APP, event_id="caf\u00e9"))
    with store.read() as uow:
        assert uow.events.own_resource(JANE, WORK, APP, "caf\u00e9") is not None
        assert uow.events.own_resource(JANE, WORK, APP, "cafe\u0301") is None
        assert uow.events.own_resource(JANE, WORK, APP, "CAF\u00c9") is None
        assert uow.events.own_resource(JANE, WORK, APP, "caf%") is None
