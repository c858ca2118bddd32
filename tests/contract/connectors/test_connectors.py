"""The Connector port: one suite for the memory provider and for real CalDAV servers on loopback.

The DAV servers stand behind a front that adds nothing but races and lost answers. Xandikos has no sharing: what is
about sharing runs on the others.
"""

from pathlib import Path

import pytest
import trustme

from calwarden.domain.ids import ResourceId
from calwarden.domain.profile import Credentials
from calwarden.ports.connector import (
    CalendarGone,
    CertificateInvalid,
    CredentialsRevoked,
    RemoteChanges,
)
from contract.connectors.stage import (
    JANE,
    MARCEL,
    MEETING,
    PASSWORDS,
    DavStage,
    Stage,
    changes,
    dav_factory,
    held,
    memory_stage,
    names,
    plain,
    run,
    upsert,
)
from servers.dav import DavServer
from servers.radicale import Radicale, running_radicale

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
