"""The grid of the example application: what is on which day, on which rows, beside what."""

import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

PARIS = ZoneInfo("Europe/Paris")
MONDAY = date(2026, 10, 19)


@pytest.fixture
def week(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples" / "booking"))
    import week

    yield week
    del sys.modules["week"]


def timed(week: ModuleType, begins: str, ends: str, title: str = "busy") -> Any:
    """Both in UTC, as the API says them."""
    return week.Item("busy", week.moment(begins, PARIS), week.moment(ends, PARIS), title)


def rows(week: ModuleType, *items: Any) -> dict[int, list[tuple[int, int, int, int]]]:
    """By day of the month: first and last quarter of an hour, lane and lanes."""
    laid = week.lay_out(MONDAY, items)
    return {
        day.date.day: [(one.first, one.last, one.lane, one.lanes) for one in day.blocks]
        for day in laid.days
        if day.blocks
    }


def test_times_are_those_of_the_persons_clock(week: ModuleType) -> None:
    assert rows(week, timed(week, "2026-10-20T08:00:00Z", "2026-10-20T09:10:00Z")) == {20: [(40, 45, 0, 1)]}


def test_what_goes_on_past_midnight_is_on_both_days(week: ModuleType) -> None:
    assert rows(week, timed(week, "2026-10-20T20:00:00Z", "2026-10-20T23:00:00Z")) == {
        20: [(88, 96, 0, 1)],
        21: [(0, 4, 0, 1)],
    }


def test_what_ends_at_midnight_is_not_on_the_next_day(week: ModuleType) -> None:
    assert list(rows(week, timed(week, "2026-10-20T20:00:00Z", "2026-10-20T22:00:00Z"))) == [20]


def test_what_takes_no_time_can_still_be_seen(week: ModuleType) -> None:
    assert rows(week, timed(week, "2026-10-19T22:00:00Z", "2026-10-19T22:00:00Z")) == {20: [(0, 1, 0, 1)]}


def test_the_hour_that_comes_twice_is_one_on_the_clock(week: ModuleType) -> None:
    in_both = timed(week, "2026-10-25T00:30:00Z", "2026-10-25T01:45:00Z")
    backwards = timed(week, "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z")
    assert rows(week, in_both) == {25: [(10, 11, 0, 1)]}
    assert rows(week, backwards) == {25: [(11, 12, 0, 1)]}


def test_what_overlaps_shares_the_width_and_what_touches_does_not(week: ModuleType) -> None:
    items = [
        timed(week, f"2026-10-20T{begins}:00Z", f"2026-10-20T{ends}:00Z")
        for begins, ends in (("08:00", "09:00"), ("08:30", "09:30"), ("09:00", "10:00"), ("10:00", "11:00"))
    ]
    assert rows(week, *items) == {20: [(40, 44, 0, 2), (42, 46, 1, 2), (44, 48, 0, 2), (48, 52, 0, 1)]}


def test_whole_days_end_before_their_end(week: ModuleType) -> None:
    fair = week.Item("busy", MONDAY + timedelta(days=1), MONDAY + timedelta(days=3), "busy")
    laid = week.lay_out(MONDAY, [fair])
    assert [day.date.day for day in laid.days if day.whole] == [20, 21]


def test_the_grid_grows_with_what_is_early_or_late(week: ModuleType) -> None:
    early = timed(week, "2026-10-20T04:20:00Z", "2026-10-20T05:00:00Z")
    late = timed(week, "2026-10-21T19:00:00Z", "2026-10-21T20:10:00Z")
    assert week.lay_out(MONDAY, []).hours == range(8, 20)
    assert week.lay_out(MONDAY, [early, late]).hours == range(6, 23)


def test_a_date_stays_a_date(week: ModuleType) -> None:
    assert week.moment("2026-10-20", PARIS) == date(2026, 10, 20)
    assert week.moment("2026-10-20T22:30:00Z", PARIS) == datetime(2026, 10, 21, 0, 30, tzinfo=PARIS)
