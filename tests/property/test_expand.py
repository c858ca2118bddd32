"""Expansion against two oracles: recurring_ical_events for whole series, dateutil for the arithmetic of ours."""

from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import recurring_ical_events
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from calwarden.domain.event import Component, Occurrence, Repeat
from calwarden.domain.times import DAY_SECONDS, Instant, Window, Zoned, instant_day, sort_key
from calwarden.formats.icalendar import parse
from calwarden.timetable.recurrence import MOST_OCCURRENCES, expand
from calwarden.timetable.rules import by_library, parse_rule, walls
from ics import NOBODY, event

ZONES = st.sampled_from(
    ["Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca"]
)
DAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=4, unique=True)
FIRST, LAST = datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 6, 1, tzinfo=UTC)
WINDOW = Window(Instant(int(FIRST.timestamp())), Instant(int(LAST.timestamp())), FIRST.date(), LAST.date())


@st.composite
def rule_parts(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}"]
    interval = draw(st.integers(1, 4))
    if interval > 1:
        parts.append(f"INTERVAL={interval}")
    kind = draw(st.integers(0, 4))
    if kind == 1:
        parts.append(f"BYDAY={','.join(draw(DAYS))}")
    if kind == 2 and frequency in {"MONTHLY", "YEARLY"}:
        parts.append(f"BYDAY={draw(st.sampled_from(['1MO', '-1FR', '2TU,4TU', '5SA']))}")
    if kind == 3 and frequency != "WEEKLY":
        parts.append(f"BYMONTHDAY={draw(st.sampled_from(['1', '15,31', '-1', '29']))}")
    if kind == 4 and frequency == "MONTHLY":
        parts.append("BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1")
    if interval == 1 and draw(st.booleans()):  # else there may be no such date, and dateutil looks until year 9999
        parts.append(f"BYMONTH={draw(st.sampled_from(['3', '1,2,12', '10,11']))}")
    if frequency == "WEEKLY" and draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(['SU', 'MO', 'WE']))}")
    return ";".join(parts)


END = datetime(2031, 5, 1)  # noqa: DTZ001  # wall time
starts = st.datetimes(datetime(2012, 1, 1), datetime(2031, 4, 30)).map(lambda one: one.replace(microsecond=0))  # noqa: DTZ001


@settings(deadline=None, max_examples=300)
@given(rule_parts(), starts, st.integers(0, 3), st.integers(0, 900))
def test_rules_give_what_dateutil_gives_from_wherever_they_are_begun(
    text: str, start: datetime, kind: int, days_on: int
) -> None:
    if kind == 1:
        text += ";COUNT=7"
    expected = rrulestr(text, dtstart=start)
    first = start + timedelta(days=days_on)
    last = first + timedelta(days=500)
    ours = walls(parse_rule(text), start, first, last, by_library)
    assert [one for one in takewhile(lambda one: one <= last, ours) if one >= first] == list(
        takewhile(lambda one: one <= last, expected.xafter(first, inc=True))
    )


def by_oracle(body: bytes) -> list[tuple[int, int, str]]:
    found = recurring_ical_events.of(Calendar.from_ical(body)).between(FIRST, LAST)
    return sorted((stamp(one["DTSTART"].dt), stamp(one["DTEND"].dt), str(one.get("SUMMARY", ""))) for one in found)


def stamp(moment: date) -> int:
    if isinstance(moment, datetime):
        return int(moment.timestamp())
    return (moment.toordinal() - date(1970, 1, 1).toordinal()) * DAY_SECONDS


def by_us(body: bytes) -> list[tuple[int, int, str]]:
    # The oracle leaves out what only touches the window; we hold it, since an event may end on the first day.
    found = expand(parse(body, me=NOBODY, default_tzid="Etc/UTC"), WINDOW, "Etc/UTC")
    return sorted(
        (sort_key(one.start), sort_key(one.end), one.component.details.summary)
        for one in found
        if sort_key(one.start) < WINDOW.end
        and (sort_key(one.end) > WINDOW.start or sort_key(one.start) >= WINDOW.start)
    )


def matches_its_start(text: str, start: datetime) -> bool:
    """RFC 5545 leaves a series undefined whose DTSTART is none of its instances."""
    return next(iter(rrulestr(text, dtstart=start)), None) == start


BOUND = datetime(2031, 3, 1)  # noqa: DTZ001  # wall time


@settings(deadline=None, max_examples=150)
@given(rule_parts(), starts, ZONES, st.integers(0, 3), st.lists(st.integers(0, 40), max_size=3), st.integers(-200, 200))
def test_timed_series_with_exceptions_agree_with_the_oracle(
    text: str, start: datetime, tzid: str, bound: int, dropped: list[int], shift: int
) -> None:
    assume(matches_its_start(text, start))
    assume(bound != 2 or start <= BOUND)  # an UNTIL before the start: see the unit tests
    zone = ZoneInfo(tzid)
    real = start.replace(tzinfo=zone)
    assume(
        real.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == start
    )  # the oracle and gaps: see the unit tests
    if bound == 1:
        text += ";COUNT=30"
    if bound == 2:
        text += ";UNTIL=20310301T120000Z"
    instances = list(takewhile(lambda one: one < END, rrulestr(text.split(";UNTIL")[0], dtstart=start)))
    lines = ["UID:x", "SUMMARY:series", f"DTSTART;TZID={tzid}:{start:%Y%m%dT%H%M%S}"]
    lines += [f"DTEND;TZID={tzid}:{start + timedelta(hours=0):%Y%m%dT%H%M%S}", f"RRULE:{text}"]
    lines += [f"EXDATE;TZID={tzid}:{instances[n]:%Y%m%dT%H%M%S}" for n in dropped if n < len(instances)]
    moved = instances[len(instances) // 2]
    if len(instances) > 2 and len(instances) // 2 not in dropped and bound != 2:
        there = moved + timedelta(hours=shift)
        lines += ["END:VEVENT", "BEGIN:VEVENT", "UID:x", "SUMMARY:moved"]
        lines += [f"RECURRENCE-ID;TZID={tzid}:{moved:%Y%m%dT%H%M%S}", f"DTSTART;TZID={tzid}:{there:%Y%m%dT%H%M%S}"]
        lines += [f"DTEND;TZID={tzid}:{there + timedelta(hours=2):%Y%m%dT%H%M%S}"]
    body = event(*lines)
    assume(all(in_no_gap(one, zone) for one in instances))
    assert by_us(body) == by_oracle(body)


def in_no_gap(wall: datetime, zone: ZoneInfo) -> bool:
    moment = wall.replace(tzinfo=zone)
    return moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


@settings(deadline=None, max_examples=100)
@given(rule_parts(), starts, st.integers(1, 3), st.integers(0, 2), st.lists(st.integers(0, 40), max_size=3))
def test_series_of_days_agree_with_the_oracle(
    text: str, begin: datetime, length: int, bound: int, dropped: list[int]
) -> None:
    start = begin.replace(hour=0, minute=0, second=0)
    assume(matches_its_start(text, start))
    assume(bound != 2 or start <= BOUND)  # an UNTIL before the start: see the unit tests
    text += ("", ";COUNT=30", ";UNTIL=20310301")[bound]
    instances = list(takewhile(lambda one: one < END, rrulestr(text.split(";UNTIL")[0], dtstart=start)))
    lines = ["UID:x", "SUMMARY:series", f"DTSTART;VALUE=DATE:{start:%Y%m%d}"]
    lines += [f"DTEND;VALUE=DATE:{start + timedelta(days=length):%Y%m%d}", f"RRULE:{text}"]
    lines += [f"EXDATE;VALUE=DATE:{instances[n]:%Y%m%d}" for n in dropped if n < len(instances)]
    body = event(*lines)
    assert by_us(body) == by_oracle(body)


anything = st.text(st.sampled_from("FREQ=DAILYWEKMONTHU;BY,-+0123456789SCPZ"), max_size=60)
numbers = st.lists(st.integers(-400, 400), min_size=1, max_size=4).map(lambda all_: ",".join(map(str, all_)))
wild_rules = st.builds(
    lambda frequency, parts: ";".join([f"FREQ={frequency}", *(f"{name}={value}" for name, value in parts.items())]),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY"]),
    st.dictionaries(
        st.sampled_from(
            [
                "INTERVAL",
                "COUNT",
                "BYMONTH",
                "BYMONTHDAY",
                "BYYEARDAY",
                "BYWEEKNO",
                "BYHOUR",
                "BYMINUTE",
                "BYSETPOS",
                "BYDAY",
                "WKST",
                "UNTIL",
            ]
        ),
        numbers | st.sampled_from(["MO", "-1FR", "53MO", "20311231", "00010101T000000Z", "99991231T235959Z"]),
        max_size=4,
    ),
)


@settings(deadline=5_000, max_examples=150)
@given(
    st.lists(wild_rules | anything, min_size=1, max_size=3),
    st.dates(date(1900, 1, 1), date(2200, 12, 31)),
    st.booleans(),
)
def test_any_rule_at_all_ends_in_bounded_time_with_a_bounded_answer(rules: list[str], first: date, timed: bool) -> None:
    at = Instant((first.toordinal() - date(1970, 1, 1).toordinal()) * DAY_SECONDS)
    start = Zoned(at, "Europe/Paris") if timed else first
    end = Zoned(Instant(at + 3_600), "Europe/Paris") if timed else first + timedelta(days=1)
    found = expand([Component("x", start, end, repeat=Repeat(tuple(rules)))], WINDOW, "Etc/UTC")
    assert len(found) <= MOST_OCCURRENCES
    assert found == sorted(found, key=lambda one: sort_key(one.start))
    assert all(in_window(one) or not one.recurring for one in found)


def in_window(one: Occurrence) -> bool:
    return sort_key(one.start) < WINDOW.end and sort_key(one.end) >= WINDOW.start


def test_windows_are_what_they_say() -> None:
    assert instant_day(WINDOW.start) == WINDOW.start_day
