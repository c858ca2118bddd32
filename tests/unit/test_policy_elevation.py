"""Elevation as values: what takes the place of what, when it is over, and which request still stands (ruling 16)."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from calwarden.domain.grant import Connection, Elevation, ElevationRequest, Grant, GrantState
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, ElevationRequestId, GrantId
from calwarden.domain.times import Instant
from calwarden.policy.decision import Elevated
from calwarden.policy.elevation import Level, elevated, lowered, may_answer, plan_elevation, raised

WORK, HOME = CalendarId("cal_work"), CalendarId("cal_home")
NOW, SOON, LATER = Instant(1_000), Instant(2_000), Instant(3_000)
GRANT = Grant(GrantId("g"), AccountId("acc"), ApplicationId("app"), ("read_write",), Instant(0))
REQUEST = ElevationRequest(
    ElevationRequestId("r"),
    GRANT.account_id,
    GRANT.application_id,
    GRANT.grant_id,
    GRANT.generation,
    (WORK,),
    "https://app.example/cb",
    Instant(0),
    LATER,
)
ENDS = (SOON, LATER, None)
TERMS = [Elevation(WORK, deletes, ends) for deletes, ends in product((False, True), ENDS)]


def holding(*held: Elevation) -> Grant:
    return replace(GRANT, elevations=frozenset(held))


@pytest.mark.parametrize("before", TERMS, ids=str)
@pytest.mark.parametrize("after", TERMS, ids=str)
def test_the_generation_rises_where_something_is_allowed_no_more(before: Elevation, after: Elevation) -> None:
    beside = Elevation(HOME, deletes=False, ends=SOON)
    changed = raised(holding(before, beside), [after], NOW)
    assert changed.elevations == {after, beside}
    less = (before.deletes and not after.deletes) or ENDS.index(after.ends) < ENDS.index(before.ends)
    assert changed.generation == GRANT.generation + (1 if less else 0)


@pytest.mark.parametrize(("now", "rises"), [(Instant(SOON - 1), 0), (SOON, 1), (Instant(SOON + 1), 1)])
def test_what_was_over_does_not_come_back_to_life(now: Instant, rises: int) -> None:
    changed = raised(holding(Elevation(WORK, ends=SOON)), [Elevation(WORK)], now)
    assert changed.generation == GRANT.generation + rises


def test_one_in_another_calendar_takes_nothing_away() -> None:
    changed = raised(holding(Elevation(HOME, ends=SOON)), [Elevation(WORK, deletes=False)], LATER)
    assert changed.generation == GRANT.generation
    assert changed.elevated == {WORK, HOME}


def test_lowering_is_of_the_calendars_that_are_named() -> None:
    held = holding(Elevation(WORK), Elevation(HOME, deletes=False, ends=SOON))
    assert lowered(held, [WORK]).elevations == {Elevation(HOME, deletes=False, ends=SOON)}
    assert lowered(held, []) == held
    assert lowered(held, [WORK, HOME]).elevations == frozenset()


@pytest.mark.parametrize(
    ("now", "found"), [(NOW, Elevated.CHANGE), (Instant(SOON - 1), Elevated.CHANGE), (SOON, Elevated.NONE)]
)
def test_it_holds_until_the_second_it_ends(now: Instant, found: Elevated) -> None:
    held = holding(Elevation(WORK, deletes=False, ends=SOON), Elevation(HOME))
    assert elevated(held, WORK, now) is found
    assert elevated(held, HOME, now) is Elevated.FULL
    assert elevated(GRANT, WORK, now) is Elevated.NONE


def test_an_administrators_yes_takes_no_page_and_lowering_never_does() -> None:
    wanted = {WORK: Level.UNRESTRICTED, HOME: Level.SANDBOX}
    asked, given = (
        plan_elevation(GRANT, wanted),
        plan_elevation(replace(GRANT, connection=Connection.UNRESTRICTED), wanted),
    )
    assert (asked.lower, asked.raise_now, asked.ask) == ({HOME}, frozenset(), (WORK,))
    assert (given.lower, given.raise_now, given.ask) == ({HOME}, {WORK}, ())
    for connection in set(Connection) - {Connection.UNRESTRICTED}:
        assert plan_elevation(replace(GRANT, connection=connection), wanted) == asked


def test_a_request_stands_until_it_is_answered_or_over() -> None:
    assert may_answer(REQUEST, GRANT, NOW)
    assert may_answer(REQUEST, GRANT, Instant(LATER - 1))
    assert may_answer(REQUEST, replace(GRANT, ends=SOON), Instant(SOON - 1))


Change = Callable[[], bool]


@pytest.mark.parametrize(
    "stands",
    [
        lambda: may_answer(REQUEST, None, NOW),
        lambda: may_answer(REQUEST, GRANT, LATER),
        lambda: may_answer(REQUEST, GRANT, Instant(LATER + 1)),
        lambda: may_answer(replace(REQUEST, answered=True), GRANT, NOW),
        lambda: may_answer(REQUEST, replace(GRANT, state=GrantState.REVOKED), NOW),
        lambda: may_answer(REQUEST, replace(GRANT, grant_id=GrantId("another")), NOW),
        lambda: may_answer(REQUEST, replace(GRANT, generation=2), NOW),
        lambda: may_answer(REQUEST, replace(GRANT, ends=SOON), SOON),
        lambda: may_answer(REQUEST, replace(GRANT, ends=SOON), Instant(SOON + 1)),
    ],
)
def test_a_request_that_does_not_stand_any_more(stands: Change) -> None:
    assert not stands()
