"""Reading iCalendar that nobody vouches for (RFC 5545, security 7.6, connectors.md 2)."""

import time

import pytest

from calwarden.domain.event import Busy, Component, EventStatus, Participation, Place, Transparency, busy_status
from calwarden.formats.icalendar import FormatError, parse
from ics import NOBODY, event, fixture, zoned
from ics import day as a_day

ME = frozenset({"kim@example.org"})


def read(body: bytes, tzid: str = "Europe/Paris", me: frozenset[str] = NOBODY) -> dict[str, Component]:
    return {one.uid: one for one in parse(body, me=me, default_tzid=tzid)}


def one(*lines: str, me: frozenset[str] = NOBODY) -> Component:
    (found,) = parse(event("UID:one", "DTSTART:20310703T100000Z", *lines), me=me, default_tzid="Etc/UTC")
    return found


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"BEGIN:VEVENT\r\nEND:VEVENT", b"\xff\xfe\x00", b"BEGIN:VCARD\nEND:VCARD"]
)
def test_what_is_no_calendar_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        parse(body, me=NOBODY, default_tzid="Etc/UTC")


def test_more_than_a_megabyte_is_refused() -> None:
    with pytest.raises(FormatError, match="1 MB"):
        parse(b"BEGIN:VCALENDAR\r\n" + b"X" * 1_000_000, me=NOBODY, default_tzid="Etc/UTC")


def test_a_windows_zone_reads_as_the_iana_zone_of_its_definition() -> None:
    found = read(fixture("windows-zone-with-its-definition"))["windows-zone"]
    assert found.start == zoned("2031-07-03T08:00:00Z", "Europe/Berlin")
    assert found.flags == ()


def test_a_windows_zone_that_nobody_defines_is_known_by_its_name() -> None:
    found = read(fixture("windows-zone-without-definition"))["windows-zone-bare"]
    assert found.start == zoned("2031-07-03T14:00:00Z", "America/New_York")


def test_a_self_defined_zone_is_computed_from_its_definition() -> None:
    found = read(fixture("self-defined-zone-of-half-an-hour"))["own-zone"]
    assert found.start == zoned("2031-07-03T06:30:00Z", "Asia/Tehran")


def test_a_self_defined_zone_that_follows_known_rules_is_shown_by_a_known_name() -> None:
    found = read(fixture("self-defined-zone-like-new-york"))["own-zone-ny"]
    assert found.start == zoned("2031-03-01T14:30:00Z", "America/New_York")


def test_one_resource_does_not_define_zones_for_the_next_one() -> None:
    body = fixture("self-defined-zone-of-half-an-hour")
    other = body.replace(b"+0330", b"+0700")
    assert read(body)["own-zone"].start == zoned("2031-07-03T06:30:00Z", "Asia/Tehran")
    assert read(other)["own-zone"].start.at == zoned("2031-07-03T03:00:00Z").at  # type: ignore[union-attr]


def test_a_zone_that_nobody_knows_is_read_as_the_persons_and_flagged() -> None:
    found = read(fixture("unknown-zone"), "Europe/Paris")["unknown-zone"]
    assert found.start == zoned("2031-07-03T08:00:00Z", "Europe/Paris")
    assert found.flags == ("unknown_zone",)


def test_floating_times_are_in_the_persons_zone_and_utc_is_utc() -> None:
    found = read(fixture("floating-and-utc"), "Asia/Tokyo")
    assert found["floating"].start == zoned("2031-07-03T01:00:00Z", "Asia/Tokyo")
    assert found["utc"].start == zoned("2031-07-03T10:00:00Z", "Etc/UTC")


@pytest.mark.parametrize("tzid", ["../../etc/passwd", "/etc/localtime", "posixrules", "", "a" * 10_000])
def test_a_zone_name_is_never_a_path(tzid: str) -> None:
    (found,) = parse(event(f'DTSTART;TZID="{tzid}":20310703T100000'), me=NOBODY, default_tzid="Etc/UTC")
    assert found.start == zoned("2031-07-03T10:00:00Z")
    assert found.flags == ("unknown_zone",)


@pytest.mark.parametrize(
    ("tzid", "name"),
    [
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("/citadel.org/20210210_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("europe/berlin", "Europe/Berlin"),
        ("UTC+02:00", "Etc/GMT-2"),
        ("GMT", "Etc/UTC"),
    ],
)
def test_zone_names_are_recognised_behind_a_prefix_in_other_case_or_as_an_offset(tzid: str, name: str) -> None:
    (found,) = parse(event(f'DTSTART;TZID="{tzid}":20310703T100000'), me=NOBODY, default_tzid="Asia/Tokyo")
    assert (found.start.tzid, found.flags) == (name, ())  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("wall", "instant"),
    [("20310330T023000", "2031-03-30T01:30:00Z"), ("20311026T023000", "2031-10-26T00:30:00Z")],
)
@pytest.mark.parametrize("name", ["windows-zone-with-its-definition", None])
def test_gaps_read_with_the_offset_before_and_doubled_hours_as_the_first(
    wall: str, instant: str, name: str | None
) -> None:
    tzid = "Europe/Berlin" if name is None else "W. Europe Standard Time"
    zones = "" if name is None else fixture(name).decode().split("BEGIN:VEVENT")[0].split("fixture//EN\r\n")[1]
    (found,) = parse(event(f"DTSTART;TZID={tzid}:{wall}", zones=zones), me=NOBODY, default_tzid="Etc/UTC")
    assert found.start == zoned(instant, "Europe/Berlin")


def test_an_event_ends_by_its_end_its_length_or_its_kind() -> None:
    found = read(fixture("every-way-to-end"))
    start = "2031-07-03T10:00:00Z"
    assert found["timed-without-end"].end == zoned(start)
    assert found["day-without-end"].end == a_day("2031-07-04")
    assert found["timed-with-length"].end == zoned("2031-07-03T11:30:00Z")
    assert found["day-with-length"].end == a_day("2031-07-06")
    assert found["day-that-ends-as-it-starts"].end == a_day("2031-07-04")
    assert (found["end-before-start"].end, found["end-before-start"].flags) == (zoned(start), ("bad_end",))
    assert found["day-that-ends-at-an-hour"].end == a_day("2031-07-04")
    assert found["for-good"].end.at > zoned("2040-01-01T00:00:00Z").at  # type: ignore[union-attr]
    assert found["a-day-across-the-change-of-clocks"].end == zoned("2031-03-30T10:00:00Z", "Europe/Berlin")


def test_one_bad_component_never_hides_the_good_ones() -> None:
    found = read(fixture("one-bad-component-among-good-ones"))
    assert set(found) == {"good-1", "never-ended", "good-2"}
    assert found["good-2"].details.summary == "after"
    assert found["good-2"].flags == ("bad_end", "bad_rule")
    assert found["good-2"].repeat is None


def test_everything_the_owner_wrote_is_read() -> None:
    found = read(fixture("decorated-by-its-owner"), me=ME)["decorated"]
    assert found.end == zoned("2031-03-03T08:45:00Z", "Europe/Paris")
    assert (found.status, found.transparency) == (EventStatus.TENTATIVE, Transparency.OPAQUE)
    assert (found.participation, found.organized_elsewhere) == (Participation.TENTATIVE, True)
    assert found.sequence == 4
    about = found.details
    assert about.summary == "Réunion 🙂"
    assert about.description == "Deux lignes\nici, et un lien https://meet.google.com/abc-defg-hij"
    assert about.place == Place("Salle B", "48.85", "2.35")
    assert about.meeting_url == "https://meet.google.com/abc-defg-hij"
    assert about.categories == ("Travail", "Une, deux", "Perso")
    assert (about.private, about.url, about.color) == (True, "https://example.org/a", "#FF6347")
    assert about.organizer is not None
    assert about.organizer.name == "Lou, la cheffe"
    assert [(who.person.email, who.person.name) for who in about.attendees] == [
        ("Kim@Example.org", "Kim"),
        ("max@example.org", 'Max "le grand" ^'),
    ]
    assert about.reminders == (15,)


@pytest.mark.parametrize(
    ("lines", "busy"),
    [
        ((), Busy.BUSY),
        (("TRANSP:TRANSPARENT",), Busy.FREE),
        (("TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"), Busy.BUSY),
        (("X-MICROSOFT-CDO-BUSYSTATUS:FREE",), Busy.FREE),
        (("TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"), Busy.BUSY),
        (("TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE"), Busy.FREE),
        (("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",), Busy.TENTATIVE),
        (("STATUS:TENTATIVE",), Busy.TENTATIVE),
        (("STATUS:CANCELLED",), None),
        (("TRANSP:PERHAPS",), Busy.UNKNOWN),
    ],
)
def test_what_an_event_does_to_ones_time(lines: tuple[str, ...], busy: Busy | None) -> None:
    assert busy_status(one(*lines)) is busy


def test_the_organizer_who_says_nothing_else_comes_to_their_own_meeting() -> None:
    mine = "ORGANIZER:mailto:kim@example.org"
    assert one(mine, "ATTENDEE:mailto:kim@example.org", me=ME).participation is Participation.ACCEPTED
    said = one(mine, "ATTENDEE;PARTSTAT=DECLINED:mailto:kim@example.org", me=ME)
    assert (said.participation, said.organized_elsewhere) == (Participation.DECLINED, False)


def test_control_characters_vanish_and_everything_else_stays() -> None:
    found = one("SUMMARY:a\x00b\x1b[31mc\u2028d\u202b\u0633\u0644\u0645\u202c 👩‍👩‍👧\tend")
    assert found.details.summary == "ab[31mcd\u202b\u0633\u0644\u0645\u202c 👩‍👩‍👧\tend"


def test_an_added_period_has_a_length_of_its_own() -> None:
    master, *periods = parse(fixture("added-dates-and-periods"), me=NOBODY, default_tzid="Etc/UTC")
    assert master.repeat is not None
    assert len(master.repeat.added) == 4
    assert [(one.replaces, one.end) for one in periods] == [
        (zoned("2031-03-07T09:00:00Z"), zoned("2031-03-07T12:00:00Z")),
        (zoned("2031-03-08T09:00:00Z"), zoned("2031-03-08T09:30:00Z")),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"BEGIN:VCALENDAR\r\n" + b"\r\n" * 400_000,
        b"BEGIN:VCALENDAR\r\nX:\r\n" + b" x\r\n" * 240_000,
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:A\r\n" * 100_000,
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 60_000,
        event("DTSTART:20310703T100000Z", "SUMMARY" + ';A="' * 200_000),
        event("DTSTART:20310703T100000Z", "SUMMARY" + ";A=b" * 200_000 + ":x"),
        event("DTSTART:20310703T100000Z", "SUMMARY:" + "\\" * 900_000),
        event("DTSTART:20310703T100000Z", "CATEGORIES:" + "," * 900_000),
        event("DTSTART:20310703T100000Z", "DESCRIPTION:" + "https://" + "a." * 400_000),
        event("DTSTART:20310703T100000Z", "DESCRIPTION:" + "https://zoom.us" * 60_000),
        event("DTSTART:20310703T100000Z", "RRULE:FREQ=DAILY", *["EXDATE:" + "20310703T100000Z," * 500] * 100),
        event("DTSTART:20310703T100000Z", *["RDATE;VALUE=PERIOD:" + "20310703T100000Z/PT1S," * 500] * 70),
        event("DTSTART:20310703T100000Z", *["ATTENDEE;CN=x:mailto:a@b"] * 35_000),
    ],
    ids=range(13),
)
def test_a_hostile_megabyte_is_read_in_linear_time(body: bytes) -> None:
    assert len(body) <= 1_000_000
    begun = time.process_time()
    parse(body, me=ME, default_tzid="Europe/Paris")
    assert time.process_time() - begun < 5  # 0.1 to 1 s on a quiet machine; quadratic work takes minutes


def test_hostile_zone_definitions_are_read_in_bounded_time() -> None:
    rules = "".join(
        f"BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0{n % 10}00\r\n"
        f"RRULE:FREQ={freq};BYMONTH=2;BYMONTHDAY=30\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU\r\nEND:STANDARD\r\n"
        for n, freq in enumerate(["SECONDLY", "YEARLY", "YEARLY;INTERVAL=0", "DAILY"] * 10)
    )
    zones = "".join(f"BEGIN:VTIMEZONE\r\nTZID:Z{n}\r\n{rules}END:VTIMEZONE\r\n" for n in range(50))
    dates = ",".join(f"{year}0703T100000" for year in range(1900, 2200))
    body = event(
        "DTSTART;TZID=Z1:20310703T100000",
        "RRULE:FREQ=DAILY",
        *(f"EXDATE;TZID=Z{n}:{dates}" for n in range(10)),
        zones=zones,
    )
    begun = time.process_time()
    parse(body, me=ME, default_tzid="Europe/Paris")
    assert time.process_time() - begun < 5


def test_a_file_of_several_calendar_objects_is_read_whole() -> None:
    body = fixture("floating-and-utc") + fixture("unknown-zone")
    assert len(parse(body, me=NOBODY, default_tzid="Etc/UTC")) == 3
