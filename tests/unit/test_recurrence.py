"""Expansion of series: exceptions, changes of clocks, and rules written to do harm (RFC 5545 3.8.5, security 7.6)."""

import time
from datetime import timedelta

import pytest

from calwarden.domain.event import Component, Occurrence, Repeat
from calwarden.domain.times import DAY_SECONDS, EventTime, Instant, Zoned, sort_key
from calwarden.formats.icalendar import parse
from calwarden.timetable.horizon import AHEAD_DAYS, BACK_DAYS, horizon, roll_before
from calwarden.timetable.recurrence import FLAG, MOST_OCCURRENCES, expand, is_expandable
from ics import NOBODY, day, event, fixture, window, zoned

YEAR = window("2031-01-01", "2032-01-01")


def expanded(body: bytes) -> list[Occurrence]:
    return expand(parse(body, me=NOBODY, default_tzid="Etc/UTC"), YEAR, "Etc/UTC")


def starts(body: bytes) -> list[EventTime]:
    return [one.start for one in expanded(body)]


def series(rule: str, start: str = "2031-03-03T09:00:00Z", tzid: str = "Europe/Paris", **more: object) -> Component:
    begin = zoned(start, tzid)
    repeat = Repeat((rule,), **more)  # type: ignore[arg-type]
    return Component("x", begin, Zoned(Instant(begin.at + 3_600), tzid), repeat=repeat)


def test_a_plain_event_is_one_occurrence_wherever_it_lies() -> None:
    (found,) = expanded(event("UID:x", "DTSTART:19990101T000000Z", "DTEND:19990101T010000Z"))
    assert (found.occurrence, found.recurring) == ("", False)


def test_a_meeting_stays_at_its_hour_when_clocks_change() -> None:
    found = expand([series("FREQ=WEEKLY;COUNT=5", "2031-03-18T08:00:00Z")], YEAR, "Etc/UTC")
    assert [one.occurrence for one in found] == [
        "2031-03-18T08:00:00Z",
        "2031-03-25T08:00:00Z",
        "2031-04-01T07:00:00Z",
        "2031-04-08T07:00:00Z",
        "2031-04-15T07:00:00Z",
    ]
    assert all(sort_key(one.end) - sort_key(one.start) == 3_600 for one in found)


def test_an_hour_that_does_not_exist_reads_with_the_offset_before_and_one_that_comes_twice_as_the_first() -> None:
    spring = expand([series("FREQ=DAILY;COUNT=2", "2031-03-29T01:30:00Z")], YEAR, "Etc/UTC")
    assert [one.occurrence for one in spring] == ["2031-03-29T01:30:00Z", "2031-03-30T01:30:00Z"]
    autumn = expand([series("FREQ=DAILY;COUNT=2", "2031-10-25T00:30:00Z")], YEAR, "Etc/UTC")
    assert [one.occurrence for one in autumn] == ["2031-10-25T00:30:00Z", "2031-10-26T00:30:00Z"]


def test_moved_and_excluded_instances_are_where_their_owner_put_them() -> None:
    found = expanded(fixture("weekly-with-a-moved-and-a-dropped-instance"))
    assert [(one.occurrence, one.component.details.summary) for one in found] == [
        ("2031-03-03T08:00:00Z", "Stand-up"),
        ("2031-03-10T08:00:00Z", "Stand-up, moved"),
        ("2031-03-31T07:00:00Z", "Stand-up"),
        ("2031-04-07T07:00:00Z", "Stand-up"),
    ]
    assert found[1].start == zoned("2031-03-11T14:00:00Z", "Europe/Paris")


def test_a_lasting_change_moves_and_stretches_all_that_follow() -> None:
    found = expanded(fixture("this-and-future"))
    assert [(one.occurrence, one.component.details.summary) for one in found[2:]] == [
        ("2031-03-17T08:00:00Z", "Early"),
        ("2031-03-24T08:00:00Z", "Late and long"),
        ("2031-03-31T07:00:00Z", "Late and long"),
        ("2031-04-07T07:00:00Z", "Late and long"),
    ]
    assert found[-1].start == zoned("2031-04-07T08:30:00Z", "Europe/Paris")
    assert sort_key(found[-1].end) - sort_key(found[-1].start) == 7_200


def test_added_dates_and_periods_are_instances() -> None:
    found = expanded(fixture("added-dates-and-periods"))
    lengths = [(sort_key(one.end) - sort_key(one.start)) // 60 for one in found]
    assert lengths == [60, 60, 60, 180, 30]
    assert all(one.recurring for one in found)


@pytest.mark.parametrize(
    "excluded",
    ["EXDATE:20310310T080000Z", "EXDATE;TZID=Asia/Tokyo:20310310T170000", "EXDATE;VALUE=DATE:20310310"],
)
def test_an_exclusion_in_another_form_or_zone_still_matches(excluded: str) -> None:
    lines = ["DTSTART;TZID=Europe/Paris:20310303T090000", "RRULE:FREQ=WEEKLY;COUNT=3", excluded]
    assert len(starts(event("UID:x", *lines))) == 2


def test_instances_are_moved_into_and_out_of_the_window() -> None:
    lines = [
        "UID:x", "DTSTART:20301225T090000Z", "DTEND:20301225T100000Z", "RRULE:FREQ=WEEKLY;COUNT=3", "END:VEVENT",
        "BEGIN:VEVENT", "UID:x", "RECURRENCE-ID:20301225T090000Z", "DTSTART:20310601T090000Z", "END:VEVENT",
        "BEGIN:VEVENT", "UID:x", "RECURRENCE-ID:20310101T090000Z", "DTSTART:20401101T090000Z",
    ]  # fmt: skip
    found = {one.occurrence: one.start for one in expanded(event(*lines))}
    assert found["2030-12-25T09:00:00Z"] == zoned("2031-06-01T09:00:00Z")
    assert found["2031-01-01T09:00:00Z"] == zoned("2040-11-01T09:00:00Z")  # held, where no question finds it


def test_days_recur_as_days() -> None:
    lines = ["UID:x", "DTSTART;VALUE=DATE:20310330", "RRULE:FREQ=DAILY;UNTIL=20310402", "EXDATE;VALUE=DATE:20310331"]
    found = expanded(event(*lines))
    assert [(one.occurrence, one.end) for one in found] == [
        ("2031-03-30", day("2031-03-31")),
        ("2031-04-01", day("2031-04-02")),
        ("2031-04-02", day("2031-04-03")),
    ]


@pytest.mark.parametrize("until", ["20310317", "20310317T080000Z", "20310317T090000"])
def test_until_includes_its_own_moment_in_every_form(until: str) -> None:
    assert len(expand([series(f"FREQ=WEEKLY;UNTIL={until}", "2031-03-03T08:00:00Z")], YEAR, "Etc/UTC")) == 3


def test_a_series_that_began_long_ago_counts_from_its_beginning() -> None:
    found = expand([series("FREQ=DAILY;COUNT=11690", "1999-01-01T09:00:00Z", "Etc/UTC")], YEAR, "Etc/UTC")
    assert [one.occurrence for one in found] == [
        "2031-01-01T09:00:00Z",
        "2031-01-02T09:00:00Z",
    ]


def test_hostile_rules_are_kept_as_the_event_they_start_with_and_flagged() -> None:
    begun = time.process_time()
    for component in parse(fixture("hostile-rules"), me=NOBODY, default_tzid="Etc/UTC"):
        (found,) = expand([component], YEAR, "Etc/UTC")
        assert found.start == zoned("2031-03-03T09:00:00Z")
        assert not found.recurring
        assert {FLAG, "bad_rule"} & set(found.component.flags), component.repeat
    assert time.process_time() - begun < 2


def test_hostile_series_do_not_hide_the_event_beside_them() -> None:
    healthy = Component("healthy", zoned("2031-05-05T09:00:00Z"), zoned("2031-05-05T10:00:00Z"))
    hostile = [series("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30") for _ in range(200)]
    begun = time.process_time()
    found = expand([*hostile, healthy], YEAR, "Etc/UTC")
    assert time.process_time() - begun < 2
    assert healthy in [one.component for one in found]


def test_floods_of_dates_end_at_the_bound() -> None:
    added = tuple(Zoned(Instant(YEAR.start + number), "Etc/UTC") for number in range(20_000))
    found = expand([series("FREQ=DAILY;COUNT=1", added=added)], YEAR, "Etc/UTC")
    assert 0 < len(found) <= MOST_OCCURRENCES
    excluded = added[:5_000]
    begun = time.process_time()
    expand([series("FREQ=DAILY", excluded=excluded)], YEAR, "Etc/UTC")
    assert time.process_time() - begun < 1


def test_a_rule_whose_every_date_is_excluded_has_no_occurrence() -> None:
    days = tuple(Zoned(Instant(YEAR.start + number * DAY_SECONDS), "Etc/UTC") for number in range(400))
    assert expand([series("FREQ=DAILY", "2031-01-01T00:00:00Z", "Etc/UTC", excluded=days)], YEAR, "Etc/UTC") == []


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY;BYMONTH=3;BYDAY=1MO"])
def test_rules_of_days_and_longer_may_be_expanded(rule: str) -> None:
    assert is_expandable(rule)


@pytest.mark.parametrize("rule", ["", "FREQ=HOURLY", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=0", "X" * 3_000])
def test_other_rules_may_not(rule: str) -> None:
    assert not is_expandable(rule)


def test_a_series_of_working_days_that_began_years_ago_has_each_of_them() -> None:
    master = series("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2029-01-01T09:00:00Z")
    assert len(expand([master], YEAR, "Etc/UTC")) == sum(
        (YEAR.start_day + timedelta(days)).weekday() < 5 for days in range((YEAR.end_day - YEAR.start_day).days)
    )


def test_the_horizon_holds_more_than_is_ever_shown_and_is_rolled_in_time() -> None:
    now = zoned("2031-06-01T12:00:00Z").at
    held = horizon(now)
    assert (now - held.start, held.end - now) == (BACK_DAYS * DAY_SECONDS, AHEAD_DAYS * DAY_SECONDS)
    assert now + 201 * DAY_SECONDS < roll_before(now) < held.end


def test_a_series_that_ends_before_it_starts_still_has_its_start() -> None:
    # RFC 5545 3.8.5.3: DTSTART is the first instance. The person sees an event there; nothing is silently free.
    late = expand([series("FREQ=WEEKLY;UNTIL=20310101T000000Z", "2031-03-03T08:00:00Z")], YEAR, "Etc/UTC")
    assert len(late) == 1
