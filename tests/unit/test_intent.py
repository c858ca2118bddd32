"""The intended state, where the properties of merging do not reach: answers, instances, links (contract events 4.2)."""

import pytest

from calwarden.domain.draft import DraftPlace, EventDraft, Invitee
from calwarden.domain.event import Component, Participation, Repeat, Transparency
from calwarden.formats.icalendar import parse
from calwarden.timetable.intent import apply_draft, drop_occurrence, respond
from ics import NOBODY, day, fixture, zoned

KIM = frozenset({"kim@example.org"})


def decorated() -> tuple[Component, ...]:
    return parse(fixture("decorated-by-its-owner"), me=KIM, default_tzid="Etc/UTC")


def test_a_new_event_needs_start_and_end() -> None:
    with pytest.raises(ValueError, match="start and end"):
        apply_draft((), EventDraft(summary="x"), uid="x")


def test_a_new_day_leaves_its_owner_free_and_a_new_hour_does_not() -> None:
    (whole,) = apply_draft((), EventDraft(start=day("2031-01-01"), end=day("2031-01-02")), uid="x")
    (timed,) = apply_draft(
        (), EventDraft(start=zoned("2031-01-01T09:00:00Z"), end=zoned("2031-01-01T09:00:00Z")), uid="x"
    )
    assert (whole.transparency, timed.transparency) == (Transparency.TRANSPARENT, Transparency.OPAQUE)


def test_an_instance_of_nothing_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="no series"):
        apply_draft((), EventDraft(summary="x"), uid="x", occurrence=zoned("2031-01-01T09:00:00Z"))


def test_an_answer_is_the_persons_alone() -> None:
    (after,) = respond(decorated(), "accepted", me=KIM)
    assert after.participation is Participation.ACCEPTED
    assert [one.participation for one in after.details.attendees] == [
        Participation.ACCEPTED,
        Participation.NEEDS_ACTION,
    ]


def test_one_instance_is_answered_without_the_others() -> None:
    components = parse(fixture("this-and-future"), me=NOBODY, default_tzid="Etc/UTC")
    second = zoned("2031-03-10T08:00:00Z", "Europe/Paris")
    after = respond(components, "declined", second)
    assert [one.participation for one in after] == [None, None, Participation.DECLINED]
    assert (after[-1].replaces, after[-1].start) == (second, second)


def test_dropping_an_instance_twice_is_dropping_it_once() -> None:
    components = parse(fixture("weekly-with-a-moved-and-a-dropped-instance"), me=NOBODY, default_tzid="Etc/UTC")
    second = zoned("2031-03-10T08:00:00Z")
    once = drop_occurrence(components, second)
    assert len(once) == 1
    assert once[0].repeat is not None
    assert once[0].repeat.excluded[-1] == zoned("2031-03-10T08:00:00Z", "Europe/Paris")
    assert drop_occurrence(once, second) == once


def test_a_found_link_follows_the_text_and_a_stated_one_stays() -> None:
    found = decorated()
    (moved,) = apply_draft(found, EventDraft(description="no link", place=DraftPlace("https://zoom.us/j/1")), uid="x")
    assert moved.details.meeting_url == "https://zoom.us/j/1"
    (stated,) = apply_draft(found, EventDraft(join_url="https://meet.example.org/1"), uid="x")
    (later,) = apply_draft([stated], EventDraft(description="other"), uid="x")
    assert later.details.meeting_url == "https://meet.example.org/1"


def test_the_organizer_goes_with_the_last_attendee() -> None:
    (after,) = apply_draft(decorated(), EventDraft(remove=("kim@example.org", "max@example.org")), uid="x")
    assert (after.details.attendees, after.details.organizer) == ((), None)


def test_inviting_somebody_who_is_there_changes_nothing() -> None:
    before = decorated()
    assert apply_draft(before, EventDraft(invite=(Invitee("KIM@example.org", "Kimberley"),)), uid="x") == before


def test_a_series_of_hours_that_becomes_one_of_days_ends_on_a_day() -> None:
    start = zoned("2031-03-03T08:00:00Z", "Europe/Paris")
    master = Component("x", start, start, repeat=Repeat(("FREQ=DAILY;UNTIL=20310401T120000Z",)))
    (after,) = apply_draft([master], EventDraft(start=day("2031-03-03"), end=day("2031-03-04")), uid="x")
    assert after.repeat == Repeat(("FREQ=DAILY;UNTIL=20310401",))
