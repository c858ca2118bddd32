"""The Connector port: one suite for the memory provider and for real CalDAV servers on loopback.

The DAV servers stand behind a front that adds nothing but races and lost answers. Xandikos has no sharing: what is
about sharing runs on the others.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from calwarden.domain.draft import EventDraft
from calwarden.domain.event import Participation
from calwarden.domain.ids import CalendarId, ResourceId
from calwarden.domain.profile import Credentials
from calwarden.policy.decision import Action
from calwarden.ports.connector import (
    CalendarGone,
    CertificateInvalid,
    CollectionNaming,
    CredentialsRevoked,
    PreconditionFailed,
    ProviderRejected,
    ProviderUnavailable,
    RemoteChanges,
    RemoteResource,
    ResourceGone,
)
from contract.connector_stage import (
    JANE,
    MARCEL,
    PASSWORDS,
    DavStage,
    MemoryStage,
    Stage,
    dav_factory,
    dav_stage,
    held,
    memory_stage,
    permit,
    run,
    target,
)
from ics import event, fixture, zoned
from servers.dav import DavServer
from servers.front import DigestDoor, fronting
from servers.radicale import Radicale, running_radicale
from servers.xandikos import running_xandikos

MEETING = EventDraft(
    summary="Meeting", start=zoned("2031-07-03T08:00:00Z"), end=zoned("2031-07-03T09:00:00Z"), description="at ten"
)


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with running_radicale(tmp_path_factory.mktemp("radicale"), PASSWORDS) as server:
        server.add_calendar(MARCEL, f"/{MARCEL}/own/", "Marcel's own")
        yield server


@pytest.fixture(scope="session")
def xandikos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DavServer]:
    with running_xandikos(tmp_path_factory.mktemp("xandikos"), JANE, PASSWORDS[JANE]) as server:
        yield server


@pytest.fixture
def memory() -> MemoryStage:
    return memory_stage()


@pytest.fixture
def on_radicale(radicale: Radicale) -> Iterator[DavStage]:
    with fronting(radicale) as front:
        yield dav_stage(radicale, front, f"/{JANE}/")


@pytest.fixture
def on_xandikos(xandikos: DavServer) -> Iterator[DavStage]:
    with fronting(xandikos) as front:
        yield dav_stage(xandikos, front, f"/{JANE}/calendars/")


@pytest.fixture(params=["memory", "on_radicale", "on_xandikos"])
def stage(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["on_radicale", "on_xandikos"])
def dav(request: pytest.FixtureRequest) -> DavStage:
    found: DavStage = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["memory", "on_radicale"])
def sharing(request: pytest.FixtureRequest) -> Stage:
    """Xandikos has no sharing."""
    found: Stage = request.getfixturevalue(request.param)
    return found


def plain(name: str, summary: str = "Plain", *more: str) -> bytes:
    return event(
        f"UID:{name}",
        "DTSTAMP:20310101T000000Z",
        "DTSTART:20310703T080000Z",
        "DTEND:20310703T090000Z",
        f"SUMMARY:{summary}",
        *more,
    )


def series(name: str) -> bytes:
    return plain(name, "Daily", "RRULE:FREQ=DAILY;COUNT=5")


def changes(stage: Stage, cursor: str | None = None, *, full: bool = False) -> RemoteChanges:
    return run(stage, lambda connector: connector.changes(stage.calendar, cursor, full=full))


def upsert(stage: Stage, name: str, draft: EventDraft, etag: str | None = None) -> RemoteResource:
    allowed = permit(Action.WRITE_OWN_EVENT)
    return run(stage, lambda connector: connector.upsert_event(allowed, target(stage, name, etag), draft))


def edit(stage: Stage, name: str, draft: EventDraft, etag: str | None, occurrence: str = "") -> RemoteResource:
    when, allowed = (zoned(occurrence) if occurrence else None), permit(Action.EDIT_EVENT)
    return run(stage, lambda connector: connector.edit_event(allowed, target(stage, name, etag), draft, when))


def delete(stage: Stage, name: str, etag: str | None, occurrence: str = "") -> RemoteResource | None:
    when, allowed = (zoned(occurrence) if occurrence else None), permit(Action.DELETE_EVENT)
    return run(stage, lambda connector: connector.delete_event(allowed, target(stage, name, etag), when))


def names(stage: Stage, resources: object) -> set[str]:
    assert isinstance(resources, dict | frozenset | set)
    return {str(one).removeprefix(stage.calendar).removesuffix(".ics") for one in resources}


# Discovery and ownership


def test_discovery_leads_from_an_address_to_the_person_and_their_calendars(stage: Stage) -> None:
    found = run(stage, lambda connector: connector.discover())
    assert found.addresses == {JANE}
    calendars = run(stage, lambda connector: connector.list_calendars())
    mine = next(one for one in calendars if one.remote_id == stage.calendar)
    assert (mine.owned, mine.readonly) == (True, False)
    assert [one.owned for one in calendars if one.primary] == [True]


def test_a_home_that_is_known_needs_no_discovery(dav: DavStage) -> None:
    home = run(dav, lambda connector: connector.discover()).home
    dav.front.web.got.clear()
    connector_of = dav.factory
    dav.factory = lambda credentials, known=None, tzid="Etc/UTC": connector_of(credentials, home, tzid)
    assert dav.calendar in {one.remote_id for one in run(dav, lambda connector: connector.list_calendars())}
    assert not [one for one in dav.front.web.got if "well-known" in one.target]


def test_a_wrong_password_is_told_from_everything_else(stage: Stage) -> None:
    with pytest.raises(CredentialsRevoked):
        run(stage, lambda connector: connector.discover(), stage.login(password="wrong"))
    with pytest.raises(CredentialsRevoked):
        run(stage, lambda connector: connector.changes(stage.calendar, None), stage.login(password="wrong"))


@pytest.mark.parametrize("writable", [True, False])
def test_a_calendar_of_janes_shared_with_marcel_is_not_his(sharing: Stage, writable: bool) -> None:
    seen_at = sharing.share(writable=writable)
    calendars = run(sharing, lambda connector: connector.list_calendars(), sharing.login(MARCEL))
    found = {one.remote_id: one for one in calendars}
    assert (found[seen_at].owned, found[seen_at].readonly, found[seen_at].primary) == (False, not writable, False)
    assert [one.name for one in found.values() if one.owned] == ["Marcel's own"]
    janes = run(sharing, lambda connector: connector.list_calendars())
    assert next(one.owned for one in janes if one.remote_id == sharing.calendar)


def test_a_share_of_busy_times_alone_on_radicale_hides_nothing_else(on_radicale: DavStage) -> None:
    radicale = on_radicale.server
    assert isinstance(radicale, Radicale)
    radicale.share(JANE, on_radicale.calendar, MARCEL, f"/{MARCEL}/busy/", "f")
    calendars = run(on_radicale, lambda connector: connector.list_calendars(), on_radicale.login(MARCEL))
    found = {one.remote_id: one for one in calendars}
    assert not found[f"/{MARCEL}/busy/"].owned
    assert found[f"/{MARCEL}/own/"].owned
    with pytest.raises(CalendarGone):
        run(on_radicale, lambda one: one.changes(f"/{MARCEL}/busy/", None), on_radicale.login(MARCEL))
    listed = run(on_radicale, lambda one: one.changes(f"/{MARCEL}/own/", None), on_radicale.login(MARCEL))
    assert listed.full


def test_another_persons_address_is_no_way_to_their_calendar(sharing: Stage) -> None:
    with pytest.raises(CalendarGone):
        run(sharing, lambda connector: connector.changes(sharing.calendar, None), sharing.login(MARCEL))


def test_a_collection_of_tasks_alone_is_no_calendar(dav: DavStage) -> None:
    path = f"{dav.calendar.removesuffix('/')}tasks/"
    dav.server.add_calendar(JANE, path.replace(" ", "%20"), "Tasks", "VTODO")
    listed = {one.remote_id for one in run(dav, lambda connector: connector.list_calendars())}
    assert dav.calendar in listed
    assert path not in listed


# Syncing


def test_the_first_listing_has_everything_and_later_ones_what_changed(stage: Stage) -> None:
    for name in ("one", "two", "three"):
        stage.put(name, plain(name))
    first = changes(stage)
    assert first.full
    assert names(stage, first.changed) == {"one", "two", "three"}
    assert changes(stage, first.cursor) == RemoteChanges({}, frozenset(), first.cursor, full=False)
    stage.put("one", plain("one", "Changed"))
    stage.put("four", plain("four"))
    stage.delete("two")
    later = changes(stage, first.cursor)
    assert not later.full
    assert names(stage, later.changed) == {"one", "four"}
    assert names(stage, later.removed) == {"two"}
    unchanged = ResourceId(f"{stage.calendar}three.ics")
    whole = changes(stage, later.cursor, full=True)
    assert whole.full
    assert names(stage, whole.changed) == {"one", "three", "four"}
    assert whole.changed[unchanged] == first.changed[unchanged]


def test_a_cursor_that_is_not_accepted_leads_to_a_full_listing(stage: Stage) -> None:
    stage.put("one", plain("one"))
    for cursor in ("s1:http://radicale.org/ns/sync/lost", "s1:" + "0" * 40, "c1:other", "nonsense", "s9:later"):
        found = changes(stage, cursor)
        assert found.full
        assert names(stage, found.changed) == {"one"}


def test_many_resources_are_fetched_and_those_gone_are_left_out(stage: Stage) -> None:
    for number in range(60):
        stage.put(f"n{number}", plain(f"n{number}", f"Number {number}"))
    listed = list(changes(stage).changed)
    stage.delete("n7")
    found = run(stage, lambda connector: connector.fetch(stage.calendar, listed))
    assert len(found) == 59
    assert {one.components[0].details.summary for one in found} == {f"Number {n}" for n in range(60) if n != 7}
    now = changes(stage).changed
    assert all(one.etag == now[one.resource_id] for one in found)


def test_a_resource_with_no_event_in_it_is_there_and_empty(stage: Stage) -> None:
    todo = "BEGIN:VTODO\r\nUID:todo\r\nDTSTAMP:20310101T000000Z\r\nSUMMARY:x\r\nEND:VTODO"
    stage.put("todo", f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{todo}\r\nEND:VCALENDAR\r\n".encode())
    assert held(stage, "todo").components == ()


def test_a_calendar_that_is_gone_says_so(stage: Stage) -> None:
    stage.put("one", plain("one"))
    cursor = changes(stage).cursor
    stage.drop()
    for act in (lambda: changes(stage), lambda: changes(stage, cursor), lambda: held(stage, "one")):
        with pytest.raises(CalendarGone):
            act()
    with pytest.raises(CalendarGone):
        upsert(stage, "new", MEETING)


# Writing


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


# Other ways in


def test_xandikos_whose_certificate_is_its_own_is_reached_with_that_certificate_alone(xandikos: DavServer) -> None:
    stage = memory_stage()
    stage.factory = dav_factory(xandikos.allowed)
    known = Credentials(xandikos.url, JANE, PASSWORDS[JANE], xandikos.ca_pem)
    assert run(stage, lambda connector: connector.discover(), known).home.startswith(f"{xandikos.url}/{JANE}/")
    for pem in (None, "no certificate"):
        with pytest.raises(CertificateInvalid):
            run(stage, lambda one, pem=pem: one.discover(), Credentials(xandikos.url, JANE, PASSWORDS[JANE], pem))


def test_radicale_with_a_certificate_of_a_private_authority(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    certificate, key, pem = tmp_path / "certificate.pem", tmp_path / "key.pem", authority.cert_pem.bytes().decode()
    certificate.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    with running_radicale(tmp_path, PASSWORDS, tls=(certificate, key), ca_pem=pem) as server:
        server.add_calendar(JANE, f"/{JANE}/work/", "Work")
        stage = memory_stage()
        stage.factory = dav_factory(server.allowed)
        login = Credentials(server.url, JANE, PASSWORDS[JANE], pem)
        calendars = run(stage, lambda connector: connector.list_calendars(), login)
        assert [(one.name, one.owned) for one in calendars] == [("Work", True)]
        with pytest.raises(CertificateInvalid):
            run(stage, lambda one: one.list_calendars(), Credentials(server.url, JANE, PASSWORDS[JANE]))


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_radicale_behind_a_door_that_wants_digest(radicale: Radicale, algorithm: str) -> None:
    door = DigestDoor(PASSWORDS, algorithm)
    with fronting(radicale, door) as front:
        slug = f"digest-{algorithm.lower()}"
        radicale.add_calendar(JANE, f"/{JANE}/{slug}/", "Digest")
        stage = DavStage(radicale, front, f"/{JANE}/{slug}/", dav_factory(front.web.allowed))
        made = upsert(stage, "made", MEETING)
        again = upsert(stage, "made", EventDraft(summary="Again"), made.etag)
        assert again.components[0].details.summary == "Again"
        assert delete(stage, "made", again.etag) is None
        assert door.reused > 3
        assert not [one for one in front.web.got if (one.authorization or "").startswith("Basic")]
        with pytest.raises(CredentialsRevoked):
            run(stage, lambda one: one.list_calendars(), stage.login(password="wrong"))
