"""The Connector port: what real servers say, in every other form that the standards allow.

A front puts their answers differently: in other XML, under other names of the same addresses, with other etags.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from calwarden.domain.draft import EventDraft
from calwarden.domain.ids import ResourceId
from calwarden.ports.connector import ProviderRejected
from contract.connectors.stage import (
    MEETING,
    DavStage,
    Stage,
    changes,
    delete,
    edit,
    held,
    names,
    plain,
    run,
    target,
    upsert,
)
from ics import fixture
from servers.differently import (
    FORMS,
    HREFS,
    D,
    Element,
    addressed,
    say,
    saying,
    weak,
    without,
    without_header,
    xml,
)
from servers.front import Reply
from servers.web import Got


def all_is_as_ever(stage: DavStage) -> None:
    """A person is found, and their calendar; what is in it is read, changed and deleted."""
    stage.put("théy + i", plain("theirs", "Größe & 会議 <1>"))
    stage.put("other", plain("other"))
    (mine,) = [
        one for one in run(stage, lambda connector: connector.list_calendars()) if one.remote_id == stage.calendar
    ]
    assert (mine.owned, mine.readonly) == (True, False)
    first = changes(stage)
    assert names(stage, first.changed) == {"théy + i", "other"}
    found = run(stage, lambda connector: connector.fetch(stage.calendar, sorted(first.changed)))
    assert sorted(one.components[0].details.summary for one in found) == ["Größe & 会議 <1>", "Plain"]
    assert {one.resource_id: one.etag for one in found} == first.changed
    changed = edit(stage, "théy + i", EventDraft(summary="Kleiner"), first.changed[_id(stage, "théy + i")])
    assert changed.components[0].details.summary == "Kleiner"
    stage.delete("other")
    later = changes(stage, first.cursor)
    assert (names(stage, later.changed), names(stage, later.removed)) == ({"théy + i"}, {"other"})
    assert later.changed[changed.resource_id] == changed.etag
    assert delete(stage, "théy + i", changed.etag) is None
    assert changes(stage).changed == {}


def _id(stage: Stage, name: str) -> ResourceId:
    return target(stage, name).resource_id


@pytest.mark.parametrize("form", FORMS)
def test_the_same_document_in_other_xml_says_the_same(dav: DavStage, form: str) -> None:
    for method in ("PROPFIND", "REPORT"):
        dav.front.alter(method, xml(FORMS[form]))
    all_is_as_ever(dav)


@pytest.mark.parametrize("way", HREFS)
def test_an_address_written_otherwise_is_the_same_address(dav: DavStage, way: str) -> None:
    for method in ("PROPFIND", "REPORT"):
        dav.front.alter(method, addressed(HREFS[way]))
    all_is_as_ever(dav)


def test_etags_that_a_proxy_marks_weak_still_guard_every_write(dav: DavStage) -> None:
    for method in ("PROPFIND", "REPORT", "GET", "PUT"):
        dav.front.alter(method, weak)
    all_is_as_ever(dav)


def test_etags_that_are_not_in_every_answer_are_asked_for(dav: DavStage) -> None:
    for method in ("GET", "PUT"):
        dav.front.alter(method, without_header("etag"))
    all_is_as_ever(dav)


def test_what_is_listed_without_etags_is_read_with_them(dav: DavStage) -> None:
    dav.put("one", plain("one"))
    there = held(dav, "one").etag
    dav.front.alter("REPORT", without(f"{D}getetag"))
    assert changes(dav).changed == {_id(dav, "one"): ""}
    assert held(dav, "one").etag == there
    changed = edit(dav, "one", EventDraft(summary="Changed"), there)
    assert (changed.components[0].details.summary, changed.etag != there) == ("Changed", True)


def test_a_server_that_rewrites_what_it_is_given_is_taken_at_its_word(dav: DavStage) -> None:
    """SOGo does, and its answer to the PUT names the etag of something else (connectors.md 2.7)."""

    def rewrite(got: Got, reply: Reply) -> Reply:
        del got
        if "LOCATION" not in dav.text("made"):
            dav.put("made", dav.text("made").replace("SUMMARY:", "LOCATION:Room 1\r\nSUMMARY:").encode())
        return replace(reply, headers={**reply.headers, "etag": '"of something else"'})

    dav.front.alter("PUT", rewrite)
    made = upsert(dav, "made", MEETING)
    place = made.components[0].details.place
    assert place is not None
    assert place.description == "Room 1"
    assert changes(dav).changed == {made.resource_id: made.etag}
    assert upsert(dav, "made", EventDraft(summary="Again"), made.etag).components[0].details.summary == "Again"


def unfolded(text: str) -> list[str]:
    """All lines but those a write of the title changes; a zone's definition may be added where there was none."""
    lines = text.replace("\r\n ", "").split("\r\n")
    kept = [one for one in lines if not one.startswith(("SUMMARY", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE"))]
    if "BEGIN:VTIMEZONE" in kept:
        del kept[kept.index("BEGIN:VTIMEZONE") : kept.index("END:VTIMEZONE") + 1]
    return kept


@pytest.mark.parametrize("write", [upsert, edit])
def test_what_its_owner_hung_on_an_event_is_kept_to_the_letter(stage: Stage, write: Callable[..., object]) -> None:
    more = (
        "CATEGORIES:Work,Ärger\\, und mehr",
        "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:aGVsbG8=",
        "ATTACH;X-SIZE=1:https://files.example/a%20b.pdf",
        'ATTENDEE;CN="Doe, Max";PARTSTAT=TENTATIVE;X-NUM-GUESTS=2;SCHEDULE-STATUS="1.1":mailto:max@example.org',
        "ORGANIZER;CN=Jane:mailto:jane@example.org",
        'X-THEIRS;X-A=1;X-B="a;b":some:thing\\nmore',
        "COMMENT;LANGUAGE=de:Hallo",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER;X-KEEP=1:-PT15M",
        "DESCRIPTION:Wake up",
        "X-WR-ALARMUID:one",
        "END:VALARM",
    )
    for name, body in (("decorated", fixture("decorated-by-its-owner")), ("plain", plain("plain", "Plain", *more))):
        stage.put(name, body)
        before = unfolded(stage.text(name))
        write(stage, name, EventDraft(summary="New title"), held(stage, name).etag)
        after = stage.text(name)
        assert "SUMMARY:New title" in after
        assert unfolded(after) == before


def test_a_creation_finds_its_own_event_or_leaves_somebody_elses_alone(stage: Stage) -> None:
    stage.race("put", lambda: stage.put("made", plain("made", "By an earlier attempt", "X-MORE:kept")))
    assert upsert(stage, "made", MEETING).components[0].details.summary == "Meeting"
    assert "X-MORE:kept" in stage.text("made")
    stage.race("put", lambda: stage.put("other", plain("somebody-elses", "Theirs")))
    with pytest.raises(ProviderRejected):
        upsert(stage, "other", MEETING)
    assert "SUMMARY:Theirs" in stage.text("other")


# Whose it is, as other servers say it (connectors.md 1)

JANES = "<d:href xmlns:d='DAV:'>/principals/somebody/</d:href>"
READING = "<d:privilege xmlns:d='DAV:'><d:read/></d:privilege>"
SOURCE = "<d:href xmlns:d='DAV:'>https://other.example/a.ics</d:href>"
SAID: dict[str, tuple[str, tuple[str, ...], bool, bool]] = {
    "an owner who is somebody else": (f"{D}owner", (JANES,), False, False),
    "two owners": (f"{D}owner", (JANES, JANES), False, False),
    "a subscription": ("{http://calendarserver.org/ns/}source", (SOURCE,), False, False),
    "another address where it is shared": ("{http://calendarserver.org/ns/}shared-url", (SOURCE,), False, False),
    "a share access": (f"{D}share-access", (f"{D}read-write",), False, False),
    "no share access": (f"{D}share-access", (f"{D}not-shared",), True, False),
    "that it is the owner's share": (f"{D}share-access", (f"{D}shared-owner",), True, False),
}


@pytest.mark.parametrize("said", SAID)
def test_whose_a_calendar_is_follows_what_is_said_of_it(dav: DavStage, said: str) -> None:
    name, inside, owned, readonly = SAID[said]
    dav.front.alter("PROPFIND", saying(name, *inside))
    found = {one.remote_id: one for one in run(dav, lambda connector: connector.list_calendars())}
    assert (found[dav.calendar].owned, found[dav.calendar].readonly) == (owned, readonly)


def test_a_calendar_of_ones_own_that_may_only_be_read_says_so(dav: DavStage) -> None:
    def change(root: Element) -> Element:
        principal = root.findtext(f".//{D}current-user-principal/{D}href")
        say(root, f"{D}owner", f"<d:href xmlns:d='DAV:'>{principal}</d:href>")
        return say(root, f"{D}current-user-privilege-set", READING)

    dav.front.alter("PROPFIND", xml(change))
    found = {one.remote_id: one for one in run(dav, lambda connector: connector.list_calendars())}
    assert (found[dav.calendar].owned, found[dav.calendar].readonly) == (True, True)
