"""Which occurrences a query finds, and in which order."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from calwarden.domain.event import (
    Busy,
    Event,
)
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, EventKey
from calwarden.domain.times import DAY_SECONDS, EventTime, Instant, Window
from calwarden.ports.store import EventQuery
from calwarden.store import SqlStore
from calwarden.store.event_queries import SPANS, parameters, shape_of, statement
from contract.store_world import (
    APP,
    HOME,
    JANE,
    NOW,
    OTHER,
    WORK,
    at,
    day,
    event,
    hold,
    keep,
    naive_keys,
    query,
    window,
)


def found(store: SqlStore, asked: EventQuery, account_id: AccountId = JANE) -> list[str]:
    with store.read() as uow:
        keys = list(uow.events.keys(account_id, asked))
        busy = [row.key for row in uow.events.busy(account_id, replace(asked, deleted=True))]
    assert set(keys) <= set(busy)
    return keys


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


def test_no_calendar_named_means_nothing_found(store: SqlStore) -> None:
    hold(store)
    keep(store, event("a", at(NOW), at(NOW + 60)))
    assert found(store, query(calendar_ids=frozenset())) == []
    assert found(store, query(calendar_ids=frozenset({CalendarId("cal_nowhere")}))) == []


def test_a_window_is_one_read_of_the_covering_index(file_store: SqlStore) -> None:
    within = window(NOW, NOW + 100)
    hold(file_store)
    with file_store.read() as uow:
        for changes in (
            {},
            {"external_window": within},
            {"own": False, "external_window": within, "deleted": True},
            {"external": False, "modified_since": NOW},
            {"busy_modified_since": NOW, "application_id": OTHER},
        ):
            for busy in (True, False):
                asked = query(within, **changes)
                sql = statement(shape_of(asked, busy=busy)).text("sqlite")
                plan = uow._tx._raw.execute(f"EXPLAIN QUERY PLAN {sql}", parameters(JANE, asked, "sqlite")).fetchall()
                steps = [step for *_, step in plan if " events" in step]
                assert len(steps) == len(SPANS) + 1
                assert all(step.startswith("SEARCH events USING COVERING INDEX events_window") for step in steps), steps


def test_a_text_that_no_database_holds_names_nothing(store: SqlStore) -> None:
    hold(store)
    with store.read() as uow:
        for odd in ("\0", "a\0b", "\ud800"):
            assert uow.calendars.get(JANE, CalendarId(odd)) is None
            assert uow.events.get(AccountId(odd), WORK, EventKey("k")) is None
            assert uow.tokens.find(odd) is None
            assert uow.applications.get(ApplicationId(odd)) is None
            assert uow.applications.by_secret(odd) is None
            assert uow.accounts.by_email(odd) is None
