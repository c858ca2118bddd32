"""Discovery and faults, at servers that answer as the odd ones do (connectors.md 2, RFC 6764)."""

import asyncio

import pytest

from calwarden.connectors.caldav import Surroundings, caldav_factory
from calwarden.connectors.caldav.dav import ServerFault
from calwarden.connectors.registry import connectors
from calwarden.domain.profile import Credentials, Provider
from calwarden.net import OutboundRules
from calwarden.ports.connector import (
    AddressRefused,
    CalendarGone,
    ConnectorError,
    CredentialsRevoked,
    NoCalendars,
    ProviderUnavailable,
    RateLimited,
)
from calwarden.wiring.system import SystemRandom
from ics import NOW
from servers.script import (
    CALENDAR_PROPERTIES,
    HOME,
    SECRET,
    USUAL,
    WORK,
    Row,
    failure,
    multi,
    one,
    person,
    principal,
    script,
)
from servers.web import Got, response, serving


@pytest.mark.parametrize("location", ["/dav/", "{url}/dav/", "../dav/"])
def test_the_well_known_address_leads_on(location: str) -> None:
    rows: dict[str, Row] = {
        "PROPFIND /.well-known/caldav": lambda got: response(
            301, Location=location.format(url=f"http://{got.headers['host']}")
        ),
        "PROPFIND /dav/": principal("../principals/jane/"),
        "PROPFIND /principals/jane/": person(),
    }
    with script(rows, usual=False) as told:
        told.typed = "/"
        found = told.run(lambda connector: connector.discover(), None)
        assert (found.provider, found.home) == (Provider.CALDAV, f"{told.web.url}{HOME}")
        assert (found.name, found.addresses) == ("jane", frozenset())


def test_a_401_may_come_before_the_redirect_and_the_home_may_be_the_principal() -> None:
    def guarded(got: Got) -> bytes:
        if got.authorization is None:
            return response(401, WWW_Authenticate='Basic realm="x"')
        return response(302, Location="/jane/")

    itself = one(
        "/jane/",
        "<d:current-user-principal><d:href>/jane/</d:href></d:current-user-principal>"
        "<c:calendar-home-set><d:href>/jane/</d:href></c:calendar-home-set>",
    )
    with script({"PROPFIND /.well-known/caldav": guarded, "PROPFIND /jane/": multi(itself)}, usual=False) as told:
        told.typed = "/"
        assert told.run(lambda connector: connector.discover(), None).home == f"{told.web.url}/jane/"


def test_a_server_that_fails_at_one_address_is_asked_at_the_next() -> None:
    rows: dict[str, Row] = {
        "PROPFIND /typed": response(500),
        "PROPFIND /.well-known/caldav": response(405),
        "PROPFIND /": principal(),
        "PROPFIND /principals/jane/": person(),
    }
    with script(rows, usual=False) as told:
        told.typed = "/typed"
        assert told.run(lambda connector: connector.discover(), None).home.endswith(HOME)
        assert told.asked()[:3] == ["PROPFIND /typed", "PROPFIND /.well-known/caldav", "PROPFIND /"]


def test_no_calendar_service_is_told_from_one_that_is_at_fault() -> None:
    with script({}, usual=False) as told:
        assert type(failure(told, lambda one: one.discover(), None)) is NoCalendars
    with script({"PROPFIND /": response(502, SECRET.encode())}, usual=False) as told:
        assert type(failure(told, lambda one: one.discover(), None)) is ServerFault
    with script({"PROPFIND /": response(200, b"<html>")}, usual=False) as told:
        assert type(failure(told, lambda one: one.discover(), None)) is NoCalendars


def test_credentials_do_not_follow_to_another_origin() -> None:
    def guarded(got: Got) -> bytes:
        return response(401, WWW_Authenticate='Basic realm="x"')

    with serving(guarded) as other:
        rows: dict[str, Row] = {f"PROPFIND {path}": response(301, Location=f"{other.url}/") for path in ("/x", "/")}
        with script({**rows, "PROPFIND /.well-known/caldav": response(404)}, usual=False) as told:
            told.typed = "/x"
            rules = OutboundRules.of([told.web.allowed, other.allowed])
            factory = caldav_factory(Surroundings(rules, lambda: NOW, lambda: "nonce"))

            async def discover() -> None:
                connector = factory(Credentials(f"{told.web.url}/x", "jane", "password"))
                try:
                    await connector.discover()
                finally:
                    await connector.close()

            with pytest.raises(NoCalendars):
                asyncio.run(discover())
    assert other.got
    assert not [got for got in other.got if got.authorization]


def test_a_principal_or_home_at_another_host_is_not_gone_to() -> None:
    with script({"PROPFIND /": principal("https://evil.example/p/")}, usual=False) as told:
        assert type(failure(told, lambda one: one.discover(), None)) is NoCalendars
    rows: dict[str, Row] = {"PROPFIND /": principal(), "PROPFIND /principals/jane/": person("https://evil.example/h/")}
    with script(rows, usual=False) as told:
        assert type(failure(told, lambda one: one.discover(), None)) is NoCalendars


def test_what_wiring_is_handed_reaches_nothing_on_this_machine_without_an_exception() -> None:
    with script(USUAL) as told:

        async def discover(rules: OutboundRules) -> str:
            connector = connectors(rules, lambda: NOW, SystemRandom())(Credentials(told.web.url, "jane", "password"))
            try:
                return (await connector.discover()).home
            finally:
                await connector.close()

        told.rows["PROPFIND /"] = [principal()]
        assert asyncio.run(discover(OutboundRules.of([told.web.allowed]))).endswith(HOME)
        reached = told.web.connections
        for https_only in (True, False):
            with pytest.raises(AddressRefused):
                asyncio.run(discover(OutboundRules(https_only=https_only)))
        assert told.web.connections == reached


@pytest.mark.parametrize("said", [response(404), response(403), response(200, b"<html>"), multi()])
def test_a_principal_that_says_nothing_has_no_calendars(said: bytes) -> None:
    with script({"PROPFIND /": principal(), "PROPFIND /principals/jane/": said}, usual=False) as told:
        assert type(failure(told, lambda one: one.discover(), None)) is NoCalendars


def calendar_at(path: str, name: str, owner: str = "/principals/jane/") -> str:
    kind = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
    said = f"<d:displayname>{name}</d:displayname><d:owner><d:href>{owner}</d:href></d:owner>"
    return one(
        path, f"{kind}{said}<d:current-user-principal><d:href>/principals/jane/</d:href></d:current-user-principal>"
    )


def two_homes(second: Row) -> dict[str, Row]:
    homes = f"<d:href>{HOME}</d:href><d:href>/dav/more/</d:href><d:href>https://evil.example/h/</d:href>"
    return {
        "PROPFIND /principals/jane/": multi(
            one("/principals/jane/", f"<c:calendar-home-set>{homes}</c:calendar-home-set>")
        ),
        f"PROPFIND {HOME}": multi(calendar_at(f"{HOME}work/", "Work")),
        "PROPFIND /dav/more/": second,
    }


def test_a_home_set_may_have_several_homes() -> None:
    more = multi(
        calendar_at("/dav/more/default/", "More"),
        calendar_at("/dav/more/team/", "Marcel's", "/principals/marcel/"),
        calendar_at(f"{HOME}work/", "Work"),
    )
    with script(two_homes(more), usual=False) as told:
        found = told.run(lambda connector: connector.list_calendars())
    assert [(one.name, one.owned, one.primary) for one in found] == [
        ("Work", True, True),
        ("More", True, False),
        ("Marcel's", False, False),
    ]


def test_a_second_home_that_fails_hides_nothing_unnoticed_and_one_that_is_closed_has_nothing() -> None:
    with script(two_homes(response(500)), usual=False) as told:
        assert type(failure(told, lambda one: one.list_calendars())) is ServerFault
    with script(two_homes(response(403)), usual=False) as told:
        assert [one.name for one in told.run(lambda connector: connector.list_calendars())] == ["Work"]


def test_a_redirect_to_this_machine_is_refused() -> None:
    inside = response(301, Location="http://127.0.0.1:1/")
    with script({"PROPFIND /dav/jane/": inside, "PROPFIND /": inside}, usual=False) as told:
        assert type(failure(told, lambda one: one.discover(), None)) is AddressRefused


# Faults


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        (response(401, SECRET.encode()), CredentialsRevoked, None),
        (response(429, SECRET.encode(), Retry_After="7"), RateLimited, 7),
        (response(429), RateLimited, None),
        (response(503, Retry_After="Wed, 01 Jan 2031 00:01:00 GMT"), RateLimited, 60),
        (response(503, Retry_After="999999999"), RateLimited, 86_400),
        (response(503, Retry_After="soon"), ServerFault, None),
        (response(500, SECRET.encode()), ServerFault, None),
        (response(404, SECRET.encode()), CalendarGone, None),
        (response(403, SECRET.encode()), CalendarGone, None),
        (response(207, SECRET.encode()), ProviderUnavailable, None),
        (response(207, b"<d:x xmlns:d='DAV:'/>"), ProviderUnavailable, None),
        (b"", ProviderUnavailable, None),
    ],
)
def test_every_fault_has_its_kind_and_none_repeats_the_servers_words(
    answer: bytes, kind: type[ConnectorError], wait: int | None
) -> None:
    with script({f"REPORT {WORK}": answer, f"PROPFIND {WORK}": answer}) as told:
        found = failure(told, lambda one: one.changes(WORK, None))
    assert type(found) is kind
    assert getattr(found, "retry_after", None) == wait


@pytest.mark.parametrize(("many", "fails"), [(1_000, False), (1_001, True)])
def test_more_calendars_than_anybody_has_are_no_calendars_at_all(many: int, fails: bool) -> None:
    listed = multi(one(HOME), *(one(f"{HOME}{number}/", CALENDAR_PROPERTIES) for number in range(many)))
    rows: dict[str, Row | list[Row]] = {f"PROPFIND {HOME}": [principal(), listed]}
    with script(rows) as told:
        if fails:
            assert type(failure(told, lambda connector: connector.list_calendars())) is ProviderUnavailable
        else:
            assert len(told.run(lambda connector: connector.list_calendars())) == many
