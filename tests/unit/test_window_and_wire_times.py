"""Windows of reads and times on the wire (contract events 1.3 and 6.1, security 7.5, ruling 19)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calwarden.domain.ids import CalendarId
from calwarden.domain.times import DAY_SECONDS, Instant, Window, instant_day
from calwarden.timetable.freebusy import Period, distinct, merged, unknown
from calwarden.timetable.window import WindowError, WindowLimits, default_window, open_window, window_from
from calwarden.timetable.wiretime import (
    TimeFormatError,
    format_instant,
    format_local,
    format_time,
    parse_day,
    parse_instant,
    parse_moment,
)
from calwarden.timetable.zones import is_zone, zone
from ics import at, day, zoned

LIMITS = WindowLimits()
NOW = at("2031-06-15T23:30:00Z")
ONE, TWO = CalendarId("cal_1"), CalendarId("cal_2")


def test_without_bounds_a_window_is_42_days_back_to_201_ahead_in_the_days_of_the_zone() -> None:
    found = window_from(None, None, "Asia/Tokyo", NOW, LIMITS)  # where it is the 16th already
    assert (found.start_day, found.end_day) == (day("2031-05-05"), day("2032-01-03"))
    assert format_instant(found.start) == "2031-05-04T15:00:00Z"
    assert found == default_window("Asia/Tokyo", NOW, LIMITS)


def test_a_day_begins_where_the_zone_is() -> None:
    found = window_from(day("2031-03-30"), day("2031-03-31"), "Europe/Paris", NOW, LIMITS)
    assert (found.start, found.end) == (at("2031-03-29T23:00:00Z"), at("2031-03-30T22:00:00Z"))


def test_an_instant_is_itself_and_takes_in_the_day_it_ends_within() -> None:
    found = window_from(at("2031-03-29T12:00:00Z"), at("2031-03-30T12:00:00Z"), "Europe/Paris", NOW, LIMITS)
    assert (found.start_day, found.end_day) == (day("2031-03-29"), day("2031-03-31"))


def test_400_days_are_allowed_and_401_refused_even_across_changes_of_clocks() -> None:
    for first in ("2031-01-01", "2031-03-01", "2031-08-01"):
        begin = day(first)
        last = instant_day(Instant(at(f"{first}T00:00:00Z") + 400 * DAY_SECONDS))
        window_from(begin, last, "Europe/Paris", NOW, LIMITS)
        with pytest.raises(WindowError) as refused:
            window_from(begin, last.fromordinal(last.toordinal() + 1), "Europe/Paris", NOW, LIMITS)
        assert refused.value.field == "to"


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(WindowError):
        window_from(day("2031-03-30"), day("2031-03-29"), "Etc/UTC", NOW, LIMITS)


def test_own_events_have_no_window_unless_one_is_stated() -> None:
    assert open_window(None, None, "Etc/UTC") is None
    found = open_window(None, day("2031-01-01"), "Etc/UTC")
    assert found is not None
    assert (found.start_day.year, found.end_day) == (1970, day("2031-01-01"))


@pytest.mark.parametrize("name", ["Europe/Paris", "Etc/UTC", "America/Argentina/Buenos_Aires", "UTC"])
def test_known_zones_are_zones(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize(
    "name",
    ["", "europe/paris", "../etc/passwd", "/etc/localtime", "Europe/Paris\0", "Europe", "W. Europe Standard Time"],
)
def test_nothing_else_is_a_zone(name: str) -> None:
    assert not is_zone(name)
    with pytest.raises(ValueError, match=r".*"):
        zone(name)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2031-04-05T14:30:00Z", "2031-04-05T14:30:00Z"),
        ("2031-04-05 14:30:00Z", "2031-04-05T14:30:00Z"),
        ("2031-04-05t14:30:00z", "2031-04-05T14:30:00Z"),
        ("2031-04-05T14:30:00.000Z", "2031-04-05T14:30:00Z"),
        ("2031-04-05T14:30:00+02:00", "2031-04-05T12:30:00Z"),
        ("1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00Z"),
    ],
)
def test_times_are_read_in_every_form_the_libraries_send(text: str, instant: str) -> None:
    assert format_instant(parse_instant(text)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2031-04-05", "2031-04-05T14:30:00", "2031-04-05T14:30Z", "2031-04-05T14:30:00.5Z",
        "2031-02-30T00:00:00Z", "2031-04-05T24:00:00Z", "2031-04-05T14:30:60Z", "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z", "2031-04-05T14:30:00+25:00", "2031-04-05T14:30:00Z ", "\uff12\uff1031-04-05T14:30:00Z",
        "2031-04-05T14:30:00Z\n", "+2031-04-05T14:30:00Z",
    ],
)  # fmt: skip
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(TimeFormatError):
        parse_instant(text)


@pytest.mark.parametrize("text", ["2031-4-5", "2031-02-29", "1969-12-31", "2200-01-01", "2031-04-05T00:00:00Z", ""])
def test_other_days_are_refused(text: str) -> None:
    with pytest.raises(TimeFormatError):
        parse_day(text)


def test_a_moment_is_a_time_or_a_day() -> None:
    assert parse_moment("2031-04-05") == day("2031-04-05")
    assert parse_moment("2031-04-05T00:00:00Z") == at("2031-04-05T00:00:00Z")


@given(st.integers(-2_208_988_800, 7_258_118_399))
def test_every_instant_is_written_as_the_standard_library_writes_it(seconds: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert format_instant(Instant(seconds)) == expected.isoformat().replace("+00:00", "Z")


def test_local_times_carry_the_offset_of_their_zone() -> None:
    when = zoned("2031-04-05T15:30:00Z", "Europe/Paris")
    assert format_local(when) == {"time": "2031-04-05T17:30:00+02:00", "tzid": "Europe/Paris"}
    assert format_local(day("2031-04-05")) == {"time": "2031-04-05", "tzid": "Etc/UTC"}
    assert (format_time(when), format_time(day("2031-04-05"))) == ("2031-04-05T15:30:00Z", "2031-04-05")


def period(start: int, end: int, status: str = "busy", calendar: CalendarId = ONE) -> Period:
    return Period(Instant(start), Instant(end), status, calendar)


def test_identical_periods_appear_once_and_others_stay_apart() -> None:
    assert distinct([period(5, 9), period(1, 3), period(5, 9), period(5, 9, "free")]) == [
        period(1, 3),
        period(5, 9),
        period(5, 9, "free"),
    ]


def test_touching_and_overlapping_periods_of_one_status_and_calendar_become_one() -> None:
    found = merged(
        [
            period(1, 3),
            period(3, 5),
            period(4, 9),
            period(10, 11),
            period(2, 4, "tentative"),
            period(3, 6, calendar=TWO),
        ]
    )
    assert found == [period(1, 9), period(2, 4, "tentative"), period(3, 6, calendar=TWO), period(10, 11)]


def test_what_is_not_known_is_a_period_of_its_own() -> None:
    held = Window(Instant(0), Instant(86_400), day("1970-01-01"), day("1970-01-02"))
    assert unknown(ONE, held) == period(0, 86_400, "unknown")


periods = st.lists(
    st.builds(
        lambda start, length, status, calendar: period(start, start + length, status, calendar),
        st.integers(0, 40),
        st.integers(0, 10),
        st.sampled_from(["busy", "free", "tentative"]),
        st.sampled_from([ONE, TWO]),
    )
)


@given(periods)
def test_merging_covers_the_same_time_with_periods_that_do_not_touch(given_: list[Period]) -> None:
    found = merged(given_)
    assert merged(found) == found == sorted(found)
    for status in ("busy", "free", "tentative"):
        for calendar in (ONE, TWO):
            mine = [one for one in found if (one.status, one.calendar_id) == (status, calendar)]
            before = [one for one in given_ if (one.status, one.calendar_id) == (status, calendar)]
            assert seconds(mine) == seconds(before)
            assert all(one.end < other.start for one, other in pairwise(mine))


def seconds(periods: list[Period]) -> set[int]:
    return {second for one in periods for second in range(one.start, one.end)}
