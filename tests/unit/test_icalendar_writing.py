"""Writing iCalendar: what is stated changes, the rest comes back byte for byte (contract events 4.2, security 7.4)."""

import pytest
from icalendar import Calendar

from calwarden.domain.draft import DraftPlace, DraftRule, EventDraft, Invitee
from calwarden.domain.event import Component, EventStatus, Participation, Transparency
from calwarden.domain.times import Zoned
from calwarden.formats.icalendar import (
    FormatError,
    create,
    is_empty,
    merge,
    parse,
    remove_occurrence,
    set_participation,
)
from ics import NOBODY, NOW, at, event, fixture, zoned
from ics import day as a_day

WHEN = EventDraft(
    start=zoned("2031-07-03T08:00:00Z", "Europe/Paris"), end=zoned("2031-07-03T09:00:00Z", "Europe/Paris")
)
STAMPS = ("DTSTAMP", "LAST-MODIFIED", "SEQUENCE")


def made(**fields: object) -> bytes:
    return create("one", EventDraft(**{"start": WHEN.start, "end": WHEN.end, **fields}), now=NOW)  # type: ignore[arg-type]


def read(body: bytes, tzid: str = "Etc/UTC") -> tuple[Component, ...]:
    return parse(body, me=NOBODY, default_tzid=tzid)


def lines(body: bytes) -> list[str]:
    return body.decode().replace("\r\n ", "").split("\r\n")


def test_a_new_event_needs_start_and_end() -> None:
    with pytest.raises(ValueError, match="start and end"):
        create("one", EventDraft(summary="x", start=WHEN.start), now=NOW)


def test_a_zone_that_is_used_is_defined_by_its_rules() -> None:
    body = made()
    assert body.count(b"BEGIN:VTIMEZONE") == 1
    assert b"DTSTART;TZID=Europe/Paris:20310703T100000" in body
    assert b"RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU" in body
    assert merge(body, EventDraft(summary="x"), now=NOW).count(b"BEGIN:VTIMEZONE") == 1


def test_utc_needs_no_definition() -> None:
    body = made(start=zoned("2031-07-03T08:00:00Z"), end=zoned("2031-07-03T09:00:00Z"))
    assert b"VTIMEZONE" not in body
    assert b"DTSTART:20310703T080000Z" in body


def test_a_whole_day_leaves_its_owner_free_unless_stated() -> None:
    days = {"start": a_day("2031-07-03"), "end": a_day("2031-07-05")}
    assert b"DTSTART;VALUE=DATE:20310703" in made(**days)
    assert read(made(**days))[0].transparency is Transparency.TRANSPARENT
    assert read(made(**days, transparency="opaque"))[0].transparency is Transparency.OPAQUE


def test_another_library_reads_the_same() -> None:
    body = made(
        summary="a, b; c\nd",
        place=DraftPlace("Hall", "48.85", "2.35"),
        invite=(Invitee("lou@example.org", 'Lou "L" O, ^'),),
        rule=DraftRule("weekly", by_day=("MO", "TH"), until=a_day("2031-09-30")),
        reminders=(60, 0),
    )
    (found,) = Calendar.from_ical(body).walk("VEVENT")
    assert found["SUMMARY"] == "a, b; c\nd"
    assert int(found["DTSTART"].dt.timestamp()) == at("2031-07-03T08:00:00Z")
    assert found["ATTENDEE"].params["CN"] == 'Lou "L" O, ^'
    assert found["RRULE"].to_ical() == b"FREQ=WEEKLY;UNTIL=20310930T215959Z;BYDAY=MO,TH"
    assert (found["GEO"].latitude, found["GEO"].longitude) == (48.85, 2.35)
    assert len(found.walk("VALARM")) == 2


def test_lines_are_folded_at_75_octets_and_never_within_a_character() -> None:
    body = made(summary="é🙂" * 100)
    assert max(map(len, body.split(b"\r\n"))) <= 75
    assert read(body)[0].details.summary == "é🙂" * 100


def test_a_changed_summary_leaves_every_other_byte_alone() -> None:
    body = fixture("decorated-by-its-owner")
    after = merge(body, EventDraft(summary="New"), now=NOW)
    before, now = (text.decode().partition("BEGIN:VEVENT")[2].split("\r\n") for text in (body, after))
    changed = ("SUMMARY", *STAMPS)
    assert [one for one in now if not one.startswith(changed)] == [one for one in before if not one.startswith(changed)]
    assert {"SUMMARY:New", "SEQUENCE:4", "LAST-MODIFIED:20310101T000000Z"} <= set(now)


def test_only_what_moves_an_event_raises_its_sequence() -> None:
    body = fixture("decorated-by-its-owner")
    assert read(merge(body, EventDraft(summary="New"), now=NOW))[0].sequence == 4
    assert read(merge(body, EventDraft(start=zoned("2031-03-04T08:00:00Z")), now=NOW))[0].sequence == 5


def test_a_write_that_changes_nothing_gives_the_very_same_bytes() -> None:
    draft = EventDraft(
        summary="Same",
        description="text\nmore",
        start=WHEN.start,
        end=WHEN.end,
        place=DraftPlace("Hall", "1.5", "2.5"),
        url="https://example.org/a?b=c;d,e",
        reminders=(30, 5),
        transparency="opaque",
        tentative=False,
        color="#49BED8",
        private=True,
        invite=(Invitee("lou@example.org", "Lou"),),
        rule=DraftRule("weekly", count=5),
        join_url="https://meet.example.org/1",
    )
    body = create("one", draft, now=NOW)
    assert merge(body, draft, now=at("2031-06-01T00:00:00Z")) == body


def test_a_move_keeps_the_length_unless_an_end_is_stated() -> None:
    body = fixture("decorated-by-its-owner")
    after = merge(body, EventDraft(start=zoned("2031-03-04T12:00:00Z", "Asia/Tokyo")), now=NOW)
    assert read(after)[0].end == zoned("2031-03-04T12:45:00Z", "Asia/Tokyo")
    assert b"DURATION" not in after


def test_an_event_without_end_is_given_one() -> None:
    after = merge(event("UID:x", "DTSTART:20310703T100000Z"), EventDraft(summary="x"), now=NOW)
    assert b"DTEND:20310703T100000Z" in after
    after = merge(event("UID:x", "DTSTART;VALUE=DATE:20310703"), EventDraft(summary="x"), now=NOW)
    assert b"DTEND;VALUE=DATE:20310704" in after


def test_a_floating_event_stays_floating_when_it_is_not_moved() -> None:
    body = event("UID:x", "DTSTART:20310703T100000", "DTEND:20310703T110000")
    draft = EventDraft(
        start=zoned("2031-07-03T08:00:00Z", "Europe/Paris"), end=zoned("2031-07-03T10:00:00Z", "Europe/Paris")
    )
    after = merge(body, draft, now=NOW)
    assert {"DTSTART:20310703T100000", "DTEND:20310703T120000"} <= set(lines(after))


def test_reminders_replace_those_on_screen_and_no_other_alarm() -> None:
    body = fixture("decorated-by-its-owner")
    after = merge(body, EventDraft(reminders=(60, 15)), now=NOW)
    assert read(after)[0].details.reminders == (60, 15)
    assert b"ACKNOWLEDGED:20310101T000000Z" in after  # the one of 15 minutes is still the same alarm
    assert b"X-WR-ALARMUID:one" in after
    assert b"RELATED=END" in after
    none = merge(body, EventDraft(reminders=()), now=NOW)
    assert read(none)[0].details.reminders == ()
    assert none.count(b"BEGIN:VALARM") == 2


def test_reminders_for_creation_only_leave_an_existing_event_alone() -> None:
    body = made(reminders=(10,), reminders_create_only=True)
    assert read(body)[0].details.reminders == (10,)
    after = merge(body, EventDraft(reminders=(20,), reminders_create_only=True), now=NOW)
    assert after == body


def test_people_are_added_and_removed_and_the_others_left_alone() -> None:
    body = fixture("decorated-by-its-owner")
    draft = EventDraft(
        invite=(Invitee("new@example.org", "New"), Invitee("kim@example.org")), remove=("MAX@example.org",)
    )
    after = merge(body, draft, now=NOW)
    assert [one.person.email for one in read(after)[0].details.attendees] == ["Kim@Example.org", "new@example.org"]
    assert "ATTENDEE;CN=Kim;PARTSTAT=TENTATIVE;X-NUM-GUESTS=0:MAILTO:Kim@Example.org" in lines(after)
    assert 'ORGANIZER;CN="Lou, la cheffe";SCHEDULE-AGENT=SERVER:mailto:lou@example.org' in lines(after)


def test_an_organizer_stands_only_where_attendees_do() -> None:
    alone = create("one", WHEN, now=NOW, organizer="kim@example.org")
    assert b"ORGANIZER" not in alone
    with_lou = EventDraft(invite=(Invitee("lou@example.org"),))
    together = merge(alone, with_lou, now=NOW, organizer="kim@example.org")
    assert b"ORGANIZER:mailto:kim@example.org" in together
    assert b"ORGANIZER" not in merge(together, EventDraft(remove=("lou@example.org",)), now=NOW)


def test_none_removes_a_link_a_place_and_a_color() -> None:
    body = fixture("decorated-by-its-owner")
    after = merge(body, EventDraft(url=None, place=None, color=None), now=NOW)
    about = read(after)[0].details
    assert (about.url, about.place, about.color) == (None, None, None)
    assert b"X-APPLE-STRUCTURED-LOCATION" not in after


def test_joining_details_are_a_property_and_at_the_end_of_the_text() -> None:
    link = "https://meet.example.org/1"
    body = made(description="Bring the score.", join_url=link)
    assert f"DESCRIPTION:Bring the score.\\n\\nJoin: {link}" in lines(body)
    about = read(body)[0].details
    assert (about.description, about.meeting_url) == ("Bring the score.", link)
    again = merge(body, EventDraft(description="Bring two."), now=NOW)
    assert f"DESCRIPTION:Bring two.\\n\\nJoin: {link}" in lines(again)
    gone = merge(again, EventDraft(join_url=None), now=NOW)
    assert "DESCRIPTION:Bring two." in lines(gone)
    assert read(gone)[0].details.meeting_url is None


def test_the_text_of_somebody_elses_meeting_gets_no_joining_details() -> None:
    body = event("UID:x", "DTSTART:20310703T100000Z", "DESCRIPTION:a", "CONFERENCE:https://meet.example.org/2")
    assert "DESCRIPTION:b" in lines(merge(body, EventDraft(description="b"), now=NOW))


def test_private_and_tentative_are_marked() -> None:
    found = read(made(private=True, tentative=True))[0]
    assert (found.details.private, found.status) == (True, EventStatus.TENTATIVE)
    assert b"CLASS:CONFIDENTIAL" in merge(fixture("decorated-by-its-owner"), EventDraft(private=True), now=NOW)


def test_the_last_day_of_a_rule_counts_where_the_event_takes_place() -> None:
    start = zoned("2031-07-04T02:00:00Z", "America/Los_Angeles")  # seven in the evening, there
    body = made(start=start, end=start, rule=DraftRule("daily", until=a_day("2031-07-05")))
    assert b"UNTIL=20310706T065959Z" in body


def test_a_rule_follows_its_start_from_an_hour_to_a_day() -> None:
    body = made(rule=DraftRule("daily", until=a_day("2031-07-05")))
    after = merge(body, EventDraft(start=a_day("2031-07-03"), end=a_day("2031-07-04")), now=NOW)
    assert b"RRULE:FREQ=DAILY;UNTIL=20310705\r\n" in after


WEEKLY = "weekly-with-a-moved-and-a-dropped-instance"


def test_an_instance_is_edited_by_an_override_of_the_same_form_as_its_series() -> None:
    third = zoned("2031-03-31T07:00:00Z", "Europe/Paris")  # after the change of clocks
    after = merge(fixture(WEEKLY), EventDraft(summary="Only this"), now=NOW, occurrence=third)
    assert "RECURRENCE-ID;TZID=Europe/Paris:20310331T090000" in lines(after)
    master, moved, changed = read(after)
    assert (changed.replaces, changed.start, changed.details.summary) == (third, third, "Only this")
    assert changed.end == Zoned(at("2031-03-31T08:00:00Z"), "Europe/Paris")
    assert changed.repeat is None
    assert after.count(b'X-KEPT;PARAM="a;b":as it was') == 2
    assert (master.details.summary, moved.details.summary) == ("Stand-up", "Stand-up, moved")


def test_a_changed_instance_is_changed_where_it_is() -> None:
    second = zoned("2031-03-10T08:00:00Z")  # named by its instant alone
    after = merge(fixture(WEEKLY), EventDraft(summary="Again"), now=NOW, occurrence=second)
    assert [one.details.summary for one in read(after)] == ["Stand-up", "Again"]


def test_an_override_of_a_windows_zone_names_that_zone() -> None:
    body = fixture("windows-zone-with-its-definition").replace(b"SUMMARY", b"RRULE:FREQ=DAILY\r\nSUMMARY")
    after = merge(body, EventDraft(summary="x"), now=NOW, occurrence=zoned("2031-07-04T08:00:00Z", "Europe/Berlin"))
    assert "RECURRENCE-ID;TZID=W. Europe Standard Time:20310704T100000" in [
        one.replace('"', "") for one in lines(after)
    ]
    assert after.count(b"BEGIN:VTIMEZONE") == 1


def test_an_instance_after_a_lasting_change_starts_from_that_change() -> None:
    last = zoned("2031-03-31T07:00:00Z", "Europe/Paris")
    after = merge(fixture("this-and-future"), EventDraft(summary="x"), now=NOW, occurrence=last)
    changed = read(after)[-1]
    assert (changed.start, changed.end) == (
        zoned("2031-03-31T08:30:00Z", "Europe/Paris"),
        zoned("2031-03-31T10:30:00Z", "Europe/Paris"),
    )
    assert not changed.this_and_future


def test_an_added_period_keeps_its_own_length_when_it_is_edited() -> None:
    fourth = zoned("2031-03-07T09:00:00Z")
    after = merge(fixture("added-dates-and-periods"), EventDraft(summary="x"), now=NOW, occurrence=fourth)
    changed = next(one for one in read(after) if one.details.summary == "x")
    assert (changed.start, changed.end, changed.flags) == (fourth, zoned("2031-03-07T12:00:00Z"), ())


def test_a_broken_event_beside_it_does_not_stand_in_the_way_of_a_write() -> None:
    after = merge(fixture("one-bad-component-among-good-ones"), EventDraft(summary="x"), now=NOW)
    assert read(after)[0].details.summary == "x"
    assert b"DTSTART:tomorrow" in after


def test_what_outlook_says_in_its_own_word_is_said_in_standard_words_when_stated_otherwise() -> None:
    body = event("UID:x", "DTSTART:20310703T100000Z", "X-MICROSOFT-CDO-BUSYSTATUS:FREE", "X-ALT-DESC:<p>old</p>")
    after = merge(body, EventDraft(tentative=True, description="new"), now=NOW)
    (found,) = read(after)
    assert (found.status, found.transparency) == (EventStatus.TENTATIVE, Transparency.TRANSPARENT)
    assert b"BUSYSTATUS" not in after
    assert b"X-ALT-DESC" not in after


def test_an_instance_is_removed_by_an_exclusion_and_its_override_goes() -> None:
    second = zoned("2031-03-10T08:00:00Z", "Europe/Paris")
    after = remove_occurrence(fixture(WEEKLY), second, now=NOW)
    (master,) = read(after)
    assert master.repeat is not None
    assert second in master.repeat.excluded
    assert "EXDATE;TZID=Europe/Paris:20310310T090000" in lines(after)
    assert remove_occurrence(after, second, now=NOW) == after


def test_a_day_of_a_series_of_days_is_excluded_as_a_day() -> None:
    body = made(start=a_day("2031-07-03"), end=a_day("2031-07-04"), rule=DraftRule("daily"))
    assert b"EXDATE;VALUE=DATE:20310705" in remove_occurrence(body, a_day("2031-07-05"), now=NOW)


def test_removing_the_only_instance_that_one_was_invited_to_leaves_nothing() -> None:
    body = event("UID:x", "RECURRENCE-ID:20310703T100000Z", "DTSTART:20310703T110000Z", "DTEND:20310703T120000Z")
    assert is_empty(remove_occurrence(body, zoned("2031-07-03T10:00:00Z"), now=NOW))
    with pytest.raises(FormatError):
        remove_occurrence(body, zoned("2031-07-04T10:00:00Z"), now=NOW)


def test_a_plain_event_has_no_instance_to_remove() -> None:
    with pytest.raises(FormatError):
        remove_occurrence(made(), zoned("2031-07-03T08:00:00Z"), now=NOW)


def test_a_series_that_starts_otherwise_loses_what_named_its_old_instances() -> None:
    draft = EventDraft(
        start=zoned("2031-03-04T09:00:00Z", "Europe/Paris"), end=zoned("2031-03-04T10:00:00Z", "Europe/Paris")
    )
    (master,) = read(merge(fixture(WEEKLY), draft, now=NOW))
    assert master.repeat is not None
    assert (master.repeat.rules, master.repeat.excluded) == (("FREQ=WEEKLY;COUNT=6",), ())


def test_a_series_whose_rule_is_stated_again_keeps_its_exceptions() -> None:
    body = fixture(WEEKLY)
    assert merge(body, EventDraft(rule=DraftRule("weekly", count=6)), now=NOW).count(b"EXDATE") == 2
    assert len(read(merge(body, EventDraft(rule=DraftRule("weekly", count=9)), now=NOW))) == 2
    assert len(read(merge(body, EventDraft(rule=None), now=NOW))) == 1


def test_only_the_persons_own_answer_changes() -> None:
    me = frozenset({"kim@example.org"})
    after = set_participation(fixture("decorated-by-its-owner"), me, "accepted", now=NOW)
    (found,) = parse(after, me=me, default_tzid="Etc/UTC")
    assert found.participation is Participation.ACCEPTED
    assert found.details.attendees[1].participation is Participation.NEEDS_ACTION
    assert "ATTENDEE;CN=Kim;PARTSTAT=ACCEPTED;X-NUM-GUESTS=0:MAILTO:Kim@Example.org" in lines(after)
    with pytest.raises(FormatError):
        set_participation(fixture("decorated-by-its-owner"), frozenset({"eve@example.org"}), "accepted", now=NOW)


def test_one_instance_is_answered_by_an_override() -> None:
    body = fixture("decorated-by-its-owner").replace(b"SEQUENCE:4", b"RRULE:FREQ=DAILY;COUNT=3\r\nSEQUENCE:4")
    me = frozenset({"kim@example.org"})
    second = zoned("2031-03-04T08:00:00Z", "Europe/Paris")
    after = set_participation(body, me, "declined", now=NOW, occurrence=second)
    answers = [one.participation for one in parse(after, me=me, default_tzid="Etc/UTC")]
    assert answers == [Participation.TENTATIVE, Participation.DECLINED]
