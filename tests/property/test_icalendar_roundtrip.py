"""For any input the text we write holds one event with the same values, and means what the intended state means."""

from dataclasses import replace

from drafts import drafts, email, line, resources, text
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from calwarden.domain.draft import EventDraft, Invitee
from calwarden.domain.event import Component
from calwarden.domain.times import Instant, Window, instant_day, sort_key
from calwarden.formats.icalendar import FormatError, create, merge, parse, remove_occurrence
from calwarden.formats.lines import clean
from calwarden.timetable.intent import apply_draft, drop_occurrence
from calwarden.timetable.recurrence import expand
from ics import NOBODY, NOW

START = Instant(1_900_000_000)


def read(body: bytes) -> tuple[Component, ...]:
    return parse(body, me=NOBODY, default_tzid="Etc/UTC")


def facts(components: tuple[Component, ...]) -> list[Component]:
    """What both sides know: the organizer's address is the connector's, numbers of revisions the provider's."""
    return sorted(
        (
            replace(
                one,
                sequence=0,
                organized_elsewhere=False,
                details=replace(one.details, organizer=None),
            )
            for one in components
        ),
        key=lambda one: 0 if one.replaces is None else sort_key(one.replaces),
    )


@given(text, text, line, email)
@example("C:\\New", "\\n\\\\n", "ends in \\", "a@example.org")
@example("BEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR", "\r\n \t", '";X=y:z', "a@example.org")
def test_any_text_comes_back_from_exactly_one_event(summary: str, description: str, name: str, who: str) -> None:
    draft = EventDraft(
        summary=summary, description=description, start=instant_day(START), end=instant_day(Instant(START + 86_400)),
        invite=(Invitee(who, name),),
    )  # fmt: skip
    body = create("uid-1", draft, now=NOW)
    (found,) = read(body)
    assert (found.details.summary, found.details.description) == (clean(summary), clean(description))
    assert [(one.person.email, one.person.name) for one in found.details.attendees] == [(who, clean(name))]
    assert body.count(b"\r\nBEGIN:VEVENT\r\n") == 1
    assert len(Calendar.from_ical(body).walk("VEVENT")) == 1


@given(st.text(st.characters(), max_size=300))
def test_text_with_control_characters_still_makes_one_event(said: str) -> None:
    draft = EventDraft(
        summary=said, description=said, start=instant_day(START), end=instant_day(Instant(START + 86_400)),
        invite=(Invitee("a@example.org", said),), url=f"https://example.org/{said}", join_url=f"https://example.org/{said}",
    )  # fmt: skip
    body = create(said, draft, now=NOW)
    assert len(read(body)) == 1
    assert body.replace(b"\r\n", b"").find(b"\n") == -1
    assert not any(byte < 32 and byte != 9 for byte in body.replace(b"\r\n", b""))


@given(st.binary(max_size=400))
def test_no_bytes_at_all_make_reading_fail_otherwise_than_by_saying_so(noise: bytes) -> None:
    for body in (noise, b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20310101T000000Z\n" + noise):
        try:
            read(body)
        except FormatError:
            assert not body.startswith(b"BEGIN:VCALENDAR\n")


PARTS = st.sampled_from(
    [
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VTIMEZONE",
        "END:VTIMEZONE",
        "BEGIN:STANDARD",
        "END:STANDARD",
        "TZID:X",
        "DTSTART;TZID=X:20310101T100000",
        "DTSTART:20310101T000000Z",
        "DTSTART;VALUE=DATE:20310101",
        "DTEND:20310101",
        "DURATION:-P1D",
        "DURATION:PT5H",
        "RRULE:FREQ=DAILY",
        "RRULE:FREQ=YEARLY;BYDAY=1SU",
        "RDATE:20310101",
        "EXDATE:x,20310101T000000Z",
        "RECURRENCE-ID:20310101T000000Z",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20310101",
        "TZOFFSETFROM:+2359",
        "TZOFFSETTO:-2359",
        "TZOFFSETTO:+0100",
        "UID:u",
        "ATTENDEE:x",
        "GEO:1;2",
        "BEGIN:VALARM",
        "END:VALARM",
        "TRIGGER:-PT5M",
        " folded",
        ";",
        'SUMMARY;X="',
        "BEGIN:VCALENDAR",
        "END:VCALENDAR",
        "DTSTART:99991231",
    ]
)


@given(st.lists(PARTS, max_size=40))
def test_lines_in_any_order_are_read_expanded_and_written_without_failing(parts: list[str]) -> None:
    body = "\r\n".join(["BEGIN:VCALENDAR", "X-NAME:x", *parts]).encode()
    components = read(body)
    window = Window(
        Instant(1_900_000_000),
        Instant(1_940_000_000),
        instant_day(Instant(1_900_000_000)),
        instant_day(Instant(1_940_000_000)),
    )
    expand(components, window, "Etc/UTC")
    try:
        merged = merge(body, EventDraft(summary="x", reminders=(5,)), now=NOW)
    except FormatError:
        return
    assert len(read(merged)) >= len(components)


@settings(deadline=None)
@given(drafts(new=True))
def test_a_created_event_reads_as_the_intended_state(draft: EventDraft) -> None:
    body = create("uid-1", draft, now=NOW)
    assert facts(read(body)) == facts(apply_draft((), draft, uid="uid-1"))


@settings(deadline=None)
@given(resources, drafts())
def test_a_merged_event_reads_as_the_intended_state(body: bytes, draft: EventDraft) -> None:
    merged = merge(body, draft, now=NOW)
    assert facts(read(merged)) == facts(apply_draft(read(body), draft, uid="uid-1"))
    assert merge(merged, draft, now=Instant(NOW + 60)) == merged


@settings(deadline=None)
@given(resources, drafts(), drafts(), st.integers(0, 3))
def test_an_edited_instance_reads_as_the_intended_state(
    body: bytes, one: EventDraft, two: EventDraft, nth: int
) -> None:
    components = read(body)
    start = sort_key(components[0].start)
    window = Window(
        start, Instant(start + 400 * 86_400), instant_day(start), instant_day(Instant(start + 400 * 86_400))
    )
    found = expand(components, window, "Etc/UTC")
    if not found or not found[0].recurring:
        return
    occurrence = found[min(nth, len(found) - 1)].start
    for draft in (one, two):
        expected = apply_draft(components, draft, uid="uid-1", occurrence=occurrence)
        body = merge(body, draft, now=NOW, occurrence=occurrence)
        components = read(body)
        assert facts(components) == facts(expected)
    removed = remove_occurrence(body, occurrence, now=NOW)
    assert facts(read(removed)) == facts(drop_occurrence(components, occurrence))
    master = apply_draft(components, two, uid="uid-1")
    assert facts(read(merge(body, two, now=NOW))) == facts(master)
