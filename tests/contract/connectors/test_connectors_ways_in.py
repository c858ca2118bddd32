"""The Connector port: the ways to a person's calendars, with what may stand in them: redirects, other paths, passwords.

Fronts put real servers under other addresses and behind other doors.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

import pytest

from calwarden.domain.draft import EventDraft
from calwarden.domain.profile import Credentials
from calwarden.ports.connector import CalendarGone, ConnectorError, CredentialsRevoked, NoCalendars, ProviderUnavailable
from contract.connectors.stage import (
    JANE,
    MEETING,
    PASSWORDS,
    DavStage,
    changes,
    dav_factory,
    dav_stage,
    delete,
    edit,
    held,
    memory_stage,
    names,
    plain,
    run,
    upsert,
)
from servers.dav import DavServer
from servers.differently import C, D, Element, addressed, without, xml
from servers.front import DigestDoor, fronting
from servers.radicale import running_radicale
from servers.web import Got, response, serving
from servers.xandikos import running_xandikos

REDIRECTS = (301, 302, 307, 308)


def listed(stage: DavStage, credentials: Credentials | None = None) -> list[tuple[str, bool]]:
    found = run(stage, lambda connector: connector.list_calendars(), credentials)
    return [(one.remote_id, one.owned) for one in found]


def typed(stage: DavStage, path: str) -> Credentials:
    return Credentials(f"{stage.front.web.url}{quote(path)}", JANE, PASSWORDS[JANE])


# Redirects at the same host


@pytest.mark.parametrize("status", REDIRECTS)
def test_the_well_known_address_leads_to_a_service_that_stands_elsewhere(dav: DavStage, status: int) -> None:
    def elsewhere(got: Got) -> bytes | None:
        if got.target == "/.well-known/caldav":
            return response(status, Location="/moved/")
        return response(404) if got.target == "/" else None

    dav.front.guard(elsewhere)
    dav.front.lead("/moved/", "/")
    assert (dav.calendar, True) in listed(dav)


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_home_that_has_moved_at_its_host_is_followed_and_a_calendar_is_not(dav: DavStage, status: int) -> None:
    dav.put("one", plain("one"))
    etag = held(dav, "one").etag

    def moved(got: Got) -> bytes | None:
        if got.target.startswith("/moved/") or got.method not in {"PROPFIND", "REPORT", "PUT", "DELETE"}:
            return None
        return response(status, Location=f"/moved{got.target}")

    dav.front.guard(moved)
    dav.front.lead("/moved/", "/")
    assert (dav.calendar, True) in listed(dav)
    # Cyrus leads from other people's calendars into one's own home: it would be another calendar.
    with pytest.raises(CalendarGone):
        changes(dav)
    before = len(dav.front.web.got)
    for act in (lambda: edit(dav, "one", EventDraft(summary="x"), etag), lambda: delete(dav, "one", etag)):
        with pytest.raises(ConnectorError):
            act()
    assert "SUMMARY:Plain" in dav.text("one")
    sent = [one for one in dav.front.web.got[before:] if one.method in {"PUT", "DELETE"}]
    assert not [one for one in sent if one.target.startswith("/moved/")]


def test_a_redirect_that_never_ends_is_given_up(dav: DavStage) -> None:
    dav.front.guard(lambda got: response(302, Location=got.target) if got.method == "REPORT" else None)
    with pytest.raises(ProviderUnavailable):
        changes(dav)
    assert dav.front.methods().count("REPORT") < 10


# Redirects to another host


@pytest.mark.parametrize("status", REDIRECTS)
def test_credentials_and_changes_stay_at_the_host_they_are_for(dav: DavStage, status: int) -> None:
    dav.put("one", plain("one"))
    etag = held(dav, "one").etag
    with serving(lambda _: response(401, WWW_Authenticate='Basic realm="x", Digest realm="x"')) as other:
        dav.factory = dav_factory(dav.front.web.allowed, other.allowed)

        def leads(got: Got) -> bytes:
            return response(status, Location=f"{other.url}{got.target}")

        for method, act in {
            "REPORT": lambda: changes(dav),
            "GET": lambda: edit(dav, "one", EventDraft(summary="x"), etag),
            "PUT": lambda: edit(dav, "one", EventDraft(summary="x"), etag),
            "DELETE": lambda: delete(dav, "one", etag),
            "PROPFIND": lambda: listed(dav),
        }.items():
            dav.front.guards[:] = [lambda got, method=method: leads(got) if got.method == method else None]
            with pytest.raises(ConnectorError):
                act()
        assert {one.method for one in other.got} <= {"PROPFIND", "REPORT"}
        assert not [one for one in other.got if one.authorization]
    assert "SUMMARY:Plain" in dav.text("one")


# Where things stand


def test_a_service_in_a_folder_of_its_own(dav: DavStage) -> None:
    dav.put("one", plain("one"))
    dav.front.lead("/dav%20%C3%A9/", "/")
    for method in ("PROPFIND", "REPORT"):
        dav.front.alter(method, addressed(lambda text, _: f"/dav%20%C3%A9{text}"))
    dav.front.guard(lambda got: None if got.target.startswith("/dav%20") else response(404))
    dav.calendar = f"/dav é{dav.calendar}"
    login = typed(dav, "/dav é/")
    assert (dav.calendar, True) in listed(dav, login)
    found = run(dav, lambda connector: connector.changes(dav.calendar, None), login)
    assert names(dav, found.changed) == {"one"}
    (one,) = run(dav, lambda connector: connector.fetch(dav.calendar, sorted(found.changed)), login)
    assert one.components


def homes(*paths: str) -> Callable[[Element], Element]:
    """Say that calendars are there too."""

    def change(root: Element) -> Element:
        for first in list(root.iterfind(f".//{C}calendar-home-set/{D}href")):
            for path in paths:
                made = first.makeelement(first.tag)
                made.text = path
                first.addnext(made)
        return root

    return change


def test_a_home_at_another_path_than_the_principal(dav: DavStage) -> None:
    home = run(dav, lambda connector: connector.discover()).home.removeprefix(dav.front.web.url)

    def change(root: Element) -> Element:
        for one in root.iterfind(f".//{C}calendar-home-set/{D}href"):
            one.text = "/homes/jane"
        return root

    dav.front.lead("/homes/jane", home)
    dav.front.alter("PROPFIND", xml(change))
    assert run(dav, lambda connector: connector.discover()).home == f"{dav.front.web.url}/homes/jane"
    assert (dav.calendar, True) in listed(dav)
    assert changes(dav).full


def test_calendars_of_several_homes_are_each_there_once(dav: DavStage) -> None:
    before = listed(dav)
    home = run(dav, lambda connector: connector.discover()).home.removeprefix(dav.front.web.url)
    dav.front.lead("/more/", home)
    dav.front.guard(lambda got: response(403) if got.target.startswith("/closed/") else None)
    dav.front.alter("PROPFIND", xml(homes("/more/", "/closed/", "https://elsewhere.example/")))
    assert listed(dav) == before
    assert [one.target for one in dav.front.web.got if one.target == "/more/"]
    assert len([one for one in run(dav, lambda connector: connector.list_calendars()) if one.primary]) == 1


def test_the_address_of_a_calendar_leads_to_its_person(dav: DavStage) -> None:
    assert (dav.calendar, True) in listed(dav, typed(dav, dav.calendar))


def test_a_server_that_does_not_say_who_is_signed_in_is_entered_by_the_principals_address(dav: DavStage) -> None:
    dav.front.alter("PROPFIND", without(f"{D}current-user-principal"))
    assert (dav.calendar, True) in listed(dav, typed(dav, f"/{JANE}/"))
    with pytest.raises(NoCalendars):
        listed(dav)


# Doors

OTHER = 'Digest realm="calendars", qop="auth", algorithm=MD5, nonce="of another kind"'
DOORS = {
    "MD5": lambda: DigestDoor(PASSWORDS, "MD5"),
    "SHA-256": lambda: DigestDoor(PASSWORDS, "SHA-256"),
    "integrity offered too": lambda: DigestDoor(PASSWORDS, qop="auth-int,auth"),
    "an older way offered first": lambda: DigestDoor(PASSWORDS, before=OTHER),
    "an older way offered last": lambda: DigestDoor(PASSWORDS, after=OTHER),
    "Basic offered too": lambda: DigestDoor(PASSWORDS, before='Basic realm="calendars"'),
    "ways nobody knows": lambda: DigestDoor(PASSWORDS, before="Negotiate, Bearer", after='X-Own a="b, c"'),
    "a nonce for each request": lambda: DigestDoor(PASSWORDS, uses=1),
}


@pytest.fixture(params=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest) -> DavServer:
    found: DavServer = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("way", DOORS)
def test_a_door_that_wants_digest_is_passed(server: DavServer, way: str) -> None:
    door = DOORS[way]()
    with fronting(server, door) as front:
        home = f"/{JANE}/calendars/" if server.ca_pem else f"/{JANE}/"
        stage = dav_stage(server, front, home)
        made = upsert(stage, "made", MEETING)
        again = upsert(stage, "made", EventDraft(summary="Again"), made.etag)
        assert again.components[0].details.summary == "Again"
        assert delete(stage, "made", again.etag) is None
        assert (door.reused > 3) is (door.uses > 1)
        assert not [one for one in front.web.got if (one.authorization or "").startswith("Basic")]
        with pytest.raises(CredentialsRevoked):
            run(stage, lambda one: one.list_calendars(), stage.login(password="wrong"))


STRANGE = {"jürgen.ñandú@example.org": 'pass:wörd "密码" \\ 1'}


def radicale_of(folder: Path) -> AbstractContextManager[DavServer]:
    return running_radicale(folder, STRANGE)


def xandikos_of(folder: Path) -> AbstractContextManager[DavServer]:
    ((user, password),) = STRANGE.items()
    return running_xandikos(folder, user, password)


@pytest.mark.parametrize("start", [radicale_of, xandikos_of])
def test_names_and_passwords_beyond_ascii_are_let_in(
    start: Callable[[Path], AbstractContextManager[DavServer]], tmp_path: Path
) -> None:
    ((user, password),) = STRANGE.items()
    with start(tmp_path) as server, fronting(server) as front:
        stage = memory_stage()
        stage.factory = dav_factory(front.web.allowed)
        found = run(stage, lambda one: one.discover(), Credentials(front.web.url, user, password))
        assert found.addresses == {user}
        with pytest.raises(CredentialsRevoked):
            run(stage, lambda one: one.discover(), Credentials(front.web.url, user, password.lower() + "!"))
