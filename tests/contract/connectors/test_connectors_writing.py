"""The Connector port, writing: one suite for the memory provider and for real CalDAV servers on loopback."""

import pytest

from calwarden.domain.draft import EventDraft
from calwarden.domain.event import Participation
from calwarden.domain.ids import CalendarId
from calwarden.policy.decision import Action
from calwarden.ports.connector import (
    CollectionNaming,
    PreconditionFailed,
    ProviderRejected,
    ProviderUnavailable,
    ResourceGone,
)
from contract.connectors.stage import (
    JANE,
    MARCEL,
    MEETING,
    DavStage,
    Stage,
    changes,
    delete,
    edit,
    held,
    names,
    permit,
    plain,
    run,
    series,
    target,
    upsert,
)
from ics import fixture, zoned


def test_a_new_event_is_written_and_read_back(stage: Stage) -> None:
    made = upsert(stage, "made", MEETING)
    assert made.components[0].details.summary == "Meeting"
    assert (made.components[0].start, made.components[0].uid) == (MEETING.start, "made")
    assert held(stage, "made").etag == made.etag
    assert changes(stage).changed == {made.resource_id: made.etag}


def test_a_creation_whose_answer_was_lost_is_found_when_it_is_repeated(stage: Stage) -> None:
    stage.lose("put")
    with pytest.raises(ProviderUnavailable):
        upsert(stage, "made", MEETING)
    assert upsert(stage, "made", MEETING).components[0].details.summary == "Meeting"
    assert names(stage, changes(stage).changed) == {"made"}


def test_an_update_keeps_alarms_attendees_and_what_nobody_understands(stage: Stage) -> None:
    stage.put("decorated", fixture("decorated-by-its-owner"))
    before = stage.text("decorated")
    found = upsert(stage, "decorated", EventDraft(summary="New title"), held(stage, "decorated").etag)
    assert found.components[0].details.summary == "New title"
    after = stage.text("decorated")
    for kept in ("X-SOMETHING", "X-APPLE-STRUCTURED-LOCATION", "X-NUM-GUESTS", "X-WR-ALARMUID:one", "ATTENDEE", "GEO"):
        assert after.count(kept) == before.count(kept) > 0
    assert after.count("BEGIN:VALARM") == before.count("BEGIN:VALARM") == 3
    assert "max@example.org" in after.replace("\r\n ", "")


def test_an_own_write_wins_over_one_that_came_in_between_and_keeps_the_rest_of_it(stage: Stage) -> None:
    made = upsert(stage, "made", MEETING)
    stage.race("put", lambda: stage.put("made", plain("made", "Theirs", "LOCATION:Their place")))
    found = upsert(stage, "made", EventDraft(description="ours"), made.etag)
    details = found.components[0].details
    assert (details.summary, details.description) == ("Theirs", "ours")
    assert details.place is not None
    assert details.place.description == "Their place"


def test_somebody_elses_event_is_not_edited_in_a_version_that_was_not_judged(stage: Stage) -> None:
    stage.put("theirs", plain("theirs"))
    etag = held(stage, "theirs").etag
    stage.race("put", lambda: stage.put("theirs", plain("theirs", "Newer")))
    with pytest.raises(PreconditionFailed):
        edit(stage, "theirs", EventDraft(summary="Ours"), etag)
    with pytest.raises(PreconditionFailed):
        edit(stage, "theirs", EventDraft(summary="Ours"), etag)
    assert "SUMMARY:Newer" in stage.text("theirs")
    assert edit(stage, "theirs", EventDraft(summary="Ours"), held(stage, "theirs").etag).components


def test_editing_never_creates(stage: Stage) -> None:
    with pytest.raises(ResourceGone):
        edit(stage, "nothing", EventDraft(summary="x"), None)


def test_deleting_deletes_and_what_is_gone_already_is_fine(stage: Stage) -> None:
    stage.put("one", plain("one"))
    etag = held(stage, "one").etag
    assert delete(stage, "one", etag) is None
    assert delete(stage, "one", etag) is None
    assert delete(stage, "one", None) is None
    assert changes(stage).changed == {}


def test_a_version_that_was_not_judged_is_not_deleted(stage: Stage) -> None:
    stage.put("one", plain("one"))
    etag = held(stage, "one").etag
    stage.race("delete", lambda: stage.put("one", plain("one", "Newer")))
    with pytest.raises(PreconditionFailed):
        delete(stage, "one", etag)
    assert "SUMMARY:Newer" in stage.text("one")


def test_another_event_at_the_address_of_an_own_one_is_neither_changed_nor_deleted(stage: Stage) -> None:
    made = upsert(stage, "made", MEETING)
    stage.delete("made")
    stage.put("made", plain("another", "Another"))
    for etag in (made.etag, held(stage, "made").etag, None):
        with pytest.raises(ProviderRejected):
            upsert(stage, "made", MEETING, etag)
        with pytest.raises(PreconditionFailed):
            delete(stage, "made", etag, action=Action.DELETE_OWN_EVENT)
    assert "SUMMARY:Another" in stage.text("made")
    stage.delete("made")
    stage.put("made", plain("made", "Changed by the person"))
    assert delete(stage, "made", held(stage, "made").etag, action=Action.DELETE_OWN_EVENT) is None
    assert changes(stage).changed == {}


def test_somebody_else_may_delete_it_first(stage: Stage) -> None:
    stage.put("one", plain("one"))
    etag = held(stage, "one").etag
    stage.race("delete", lambda: stage.delete("one"))
    assert delete(stage, "one", etag) is None


def test_one_occurrence_of_a_series_is_changed_and_the_others_stay(stage: Stage) -> None:
    stage.put("daily", series("daily"))
    found = edit(stage, "daily", EventDraft(summary="Moved"), held(stage, "daily").etag, "2031-07-05T08:00:00Z")
    master, override = sorted(found.components, key=lambda one: one.replaces is not None)
    assert (master.details.summary, override.details.summary) == ("Daily", "Moved")
    assert override.replaces == zoned("2031-07-05T08:00:00Z")
    assert master.repeat is not None


def test_one_occurrence_of_a_series_is_deleted_and_the_others_stay(stage: Stage) -> None:
    stage.put("daily", series("daily"))
    etag = held(stage, "daily").etag
    found = delete(stage, "daily", etag, "2031-07-05T08:00:00Z")
    assert found is not None
    repeat = found.components[0].repeat
    assert repeat is not None
    assert repeat.excluded == (zoned("2031-07-05T08:00:00Z"),)
    again = delete(stage, "daily", found.etag, "2031-07-05T08:00:00Z")
    assert again is not None
    assert again.etag == found.etag


def test_an_answer_is_the_persons_own(stage: Stage) -> None:
    guests = [f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{one}" for one in (JANE, MARCEL)]
    stage.put("invited", plain("invited", "Party", "ORGANIZER:mailto:lou@example.org", *guests))
    etag, allowed = held(stage, "invited").etag, permit(Action.RESPOND)
    found = run(stage, lambda one: one.respond(allowed, target(stage, "invited", etag), "accepted", None))
    assert found.components[0].participation is Participation.ACCEPTED
    answers = {one.person.email: one.participation for one in found.components[0].details.attendees}
    assert answers == {JANE: Participation.ACCEPTED, MARCEL: Participation.NEEDS_ACTION}


def test_a_calendar_that_may_not_be_written_refuses_for_good(sharing: Stage) -> None:
    sharing.put("one", plain("one"))
    sharing.calendar = sharing.share(writable=False)
    allowed = permit(Action.WRITE_OWN_EVENT)
    with pytest.raises(ProviderRejected):
        run(sharing, lambda one: one.upsert_event(allowed, target(sharing, "x"), MEETING), sharing.login(MARCEL))


def test_a_permit_opens_the_calendar_it_names_and_no_other(stage: Stage) -> None:
    other = permit(Action.WRITE_OWN_EVENT, CalendarId("cal_a_other"))
    with pytest.raises(ValueError, match="another calendar"):
        run(stage, lambda one: one.upsert_event(other, target(stage, "x"), MEETING))
    with pytest.raises(ValueError, match="another action"):
        run(stage, lambda one: one.upsert_event(permit(Action.RESPOND), target(stage, "x"), MEETING))
    assert changes(stage).changed == {}


def test_no_name_of_a_resource_leads_out_of_the_calendar_of_the_permit(dav: DavStage) -> None:
    for name in ("../other/x", "/elsewhere/x", "sub/x"):
        outside = target(dav, name)
        with pytest.raises(ValueError, match="not in the calendar"):
            run(dav, lambda one, outside=outside: one.upsert_event(permit(Action.WRITE_OWN_EVENT), outside, MEETING))
    assert "PUT" not in dav.front.methods()


# New calendars


def test_a_calendar_is_made_once_however_often_it_is_asked_for(stage: Stage) -> None:
    found = run(stage, lambda connector: connector.discover())
    name = f"made{stage.calendar.strip('/').rpartition('/')[2].replace(' ', '')}"
    address = CollectionNaming().calendar_remote_id(found.provider, found.home, name)
    address = address if isinstance(stage, DavStage) else f"/{JANE}/{name}/"
    made = [
        run(
            stage,
            lambda one: one.create_calendar(permit(Action.CREATE_CALENDAR), address, "Förder & <Kreis>", "#49BED8"),
        )
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert (made[0].remote_id, made[0].name, made[0].owned) == (address, "Förder & <Kreis>", True)
    listed = run(stage, lambda connector: connector.list_calendars())
    assert [one.remote_id for one in listed].count(address) == 1
    stage.calendar = address
    assert upsert(stage, "first", MEETING).components


def test_a_calendar_whose_making_was_not_heard_of_is_found(dav: DavStage) -> None:
    home = run(dav, lambda connector: connector.discover()).home
    number = dav.calendar.strip("/").rpartition(" ")[2]
    address = CollectionNaming().calendar_remote_id(
        run(dav, lambda one: one.discover()).provider, home, f"lost{number}"
    )
    dav.lose("mkcalendar")
    for _ in range(2):
        try:
            made = run(dav, lambda one: one.create_calendar(permit(Action.CREATE_CALENDAR), address, "Lost", None))
        except ProviderUnavailable:
            continue
    assert (made.remote_id, made.owned) == (address, True)


def test_a_calendar_is_made_in_the_persons_home_alone(dav: DavStage) -> None:
    allowed = permit(Action.CREATE_CALENDAR)
    for address in (f"/{MARCEL}/x/", "/x/", f"{dav.calendar}x"):
        with pytest.raises(ValueError, match="home"):
            run(dav, lambda one, address=address: one.create_calendar(allowed, address, "x", None))
