"""Writes and new calendars, at servers that answer as the odd ones do (connectors.md 2, security 12.1)."""

import pytest

from calwarden.connectors.caldav.dav import ServerFault
from calwarden.domain.draft import EventDraft
from calwarden.policy.decision import Action
from calwarden.ports.connector import (
    CalendarGone,
    ConnectorError,
    CredentialsRevoked,
    DuplicateCalendar,
    PreconditionFailed,
    ProviderRejected,
    ProviderUnavailable,
    RateLimited,
    RemoteResource,
)
from ics import zoned
from servers.script import (
    CALENDAR_PROPERTIES,
    EVENT,
    SECRET,
    WORK,
    Row,
    Script,
    multi,
    one,
    permit,
    script,
    target,
)
from servers.web import response

DRAFT = EventDraft(summary="B", start=zoned("2031-07-03T08:00:00Z"), end=zoned("2031-07-03T09:00:00Z"))


def upsert(told: Script, held: str | None = None) -> RemoteResource:
    return told.run(lambda one: one.upsert_event(permit(Action.WRITE_OWN_EVENT), target(held=held), DRAFT))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderRejected),
        (403, ProviderRejected),
        (404, CalendarGone),
        (409, CalendarGone),
        (413, ProviderRejected),
        (415, ProviderRejected),
        (507, ProviderRejected),
        (302, ProviderUnavailable),
        (408, ProviderUnavailable),
        (423, ProviderUnavailable),
        (500, ServerFault),
        (401, CredentialsRevoked),
        (429, RateLimited),
    ],
)
def test_a_refused_write_has_its_kind(status: int, kind: type[ConnectorError]) -> None:
    there = multi(one(WORK, CALENDAR_PROPERTIES))
    rows: dict[str, Row | list[Row]] = {
        f"PUT {WORK}a.ics": response(status, SECRET.encode()),
        f"PROPFIND {WORK}": [there, response(404)],
    }
    with script(rows) as told, pytest.raises(ConnectorError) as caught:
        upsert(told)
    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)


def test_a_creation_overwrites_nothing_and_an_update_only_what_it_is_based_on() -> None:
    rows: dict[str, Row] = {
        f"PUT {WORK}a.ics": response(204),
        f"GET {WORK}a.ics": response(200, EVENT, ETag='W/"7"'),
    }
    with script(rows) as told:
        upsert(told)
        upsert(told, 'W/"7"')
        puts = [got for got in told.web.got if got.method == "PUT"]
    assert [(got.headers.get("if-none-match"), got.headers.get("if-match")) for got in puts] == [
        ("*", None),
        (None, '"7"'),
    ]
    assert puts[0].headers["content-type"] == "text/calendar; charset=utf-8"
    assert b"DTEND" in puts[0].body


def test_a_write_that_never_gets_through_ends() -> None:
    rows: dict[str, Row] = {
        f"PUT {WORK}a.ics": response(412),
        f"GET {WORK}a.ics": response(200, EVENT, ETag='"1"'),
    }
    with script(rows) as told:
        with pytest.raises(PreconditionFailed):
            upsert(told)
        assert len([got for got in told.web.got if got.method == "PUT"]) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, ProviderRejected), (409, ProviderRejected), (423, ProviderUnavailable), (302, ProviderUnavailable)],
)
def test_a_refused_deletion_has_its_kind(status: int, kind: type[ConnectorError]) -> None:
    rows: dict[str, Row] = {
        f"GET {WORK}a.ics": response(200, EVENT, ETag='"1"'),
        f"DELETE {WORK}a.ics": response(status, SECRET.encode()),
    }
    with script(rows) as told, pytest.raises(ConnectorError) as caught:
        told.run(lambda one: one.delete_event(permit(Action.DELETE_EVENT), target(held='"1"')))
    assert type(caught.value) is kind


def test_a_version_that_was_not_judged_is_not_deleted_where_a_server_ignores_if_match() -> None:
    """SOGo 5.8 deletes whatever is there."""
    rows: dict[str, Row | list[Row]] = {
        f"GET {WORK}a.ics": response(200, EVENT, ETag='"gcs00000002"'),
        f"DELETE {WORK}a.ics": response(204),
    }
    with script(rows) as told:
        deleting = permit(Action.DELETE_EVENT)
        with pytest.raises(PreconditionFailed):
            told.run(lambda one: one.delete_event(deleting, target(held='"gcs00000001"')))
        assert f"DELETE {WORK}a.ics" not in told.asked()
        assert told.run(lambda one: one.delete_event(deleting, target(held='"gcs00000002"'))) is None
        assert told.asked()[-1] == f"DELETE {WORK}a.ics"


def test_deleting_what_others_deleted_is_success_even_if_the_server_says_412() -> None:
    there = response(200, EVENT, ETag='"1"')
    rows: dict[str, Row | list[Row]] = {
        f"GET {WORK}a.ics": [there, response(404)],
        f"DELETE {WORK}a.ics": response(412),
    }
    with script(rows) as told:
        deleting = permit(Action.DELETE_OWN_EVENT)
        assert told.run(lambda one: one.delete_event(deleting, target(held='"1"'))) is None
        assert told.web.got[-2].headers["if-match"] == '"1"'


def test_a_creation_that_finds_somebody_elses_event_at_its_address_changes_nothing_there() -> None:
    theirs = response(200, EVENT.replace(b"UID:a", b"UID:theirs"), ETag='"1"')
    with script({f"PUT {WORK}a.ics": response(412), f"GET {WORK}a.ics": theirs}) as told:
        with pytest.raises(ProviderRejected):
            upsert(told)
        assert [one for one in told.asked() if one.startswith("PUT")] == [f"PUT {WORK}a.ics"]


@pytest.mark.parametrize("status", [404, 410])
def test_an_event_that_is_gone_when_it_is_written_is_made_again(status: int) -> None:
    there = response(200, EVENT, ETag='"1"')
    rows: dict[str, Row | list[Row]] = {
        f"GET {WORK}a.ics": [there, response(404), there],
        f"PUT {WORK}a.ics": [response(status), response(201)],
    }
    with script(rows) as told:
        upsert(told, '"1"')
        puts = [got for got in told.web.got if got.method == "PUT"]
    assert [got.headers.get("if-none-match") for got in puts] == [None, "*"]


# New calendars

NEW = "/dav/jane/new/"


def create(told: Script) -> object:
    return told.run(lambda one: one.create_calendar(permit(Action.CREATE_CALENDAR), NEW, "New", "#49BED8"))


def new(name: str = "New", color: str = "#49BED8FF") -> bytes:
    properties = CALENDAR_PROPERTIES.replace("Work", name)
    return multi(
        one(NEW, f"{properties}<x:calendar-color xmlns:x='http://apple.com/ns/ical/'>{color}</x:calendar-color>")
    )


def test_servers_without_mkcalendar_are_asked_by_extended_mkcol() -> None:
    rows: dict[str, Row | list[Row]] = {
        f"MKCALENDAR {NEW}": response(501),
        f"MKCOL {NEW}": response(201),
        f"PROPFIND {NEW}": [response(404), new()],
    }
    with script(rows) as told:
        create(told)
        assert f"PROPPATCH {NEW}" not in told.asked()


def test_a_color_that_nobody_chose_is_not_set() -> None:
    with script({f"MKCALENDAR {NEW}": response(201), f"PROPFIND {NEW}": new(color="#D84949")}) as told:
        told.run(lambda one: one.create_calendar(permit(Action.CREATE_CALENDAR), NEW, "New", None))
        assert not [got for got in told.web.got if b"calendar-color" in got.body and got.method != "PROPFIND"]


@pytest.mark.parametrize("made", [{"name": "new"}, {"color": "#D84949FF"}])
def test_a_name_or_color_that_was_ignored_is_set_afterwards(made: dict[str, str]) -> None:
    rows: dict[str, Row | list[Row]] = {
        f"MKCALENDAR {NEW}": response(201),
        f"PROPPATCH {NEW}": response(207, b""),
        f"PROPFIND {NEW}": [new(**made), new()],
    }
    with script(rows) as told:
        create(told)
        assert told.asked()[-2:] == [f"PROPPATCH {NEW}", f"PROPFIND {NEW}"]


@pytest.mark.parametrize(
    ("status", "kind"), [(409, DuplicateCalendar), (403, ProviderRejected), (405, ProviderRejected)]
)
def test_a_calendar_that_cannot_be_made_is_refused(status: int, kind: type[ConnectorError]) -> None:
    rows = {f"MKCALENDAR {NEW}": response(status, SECRET.encode()), f"MKCOL {NEW}": response(403)}
    with script(rows) as told, pytest.raises(ConnectorError) as caught:
        create(told)
    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("status", [403, 405, 409])
def test_a_calendar_that_is_there_already_was_made_by_an_earlier_attempt(status: int) -> None:
    with script({f"MKCALENDAR {NEW}": response(status), f"PROPFIND {NEW}": new()}) as told:
        create(told)
        assert f"MKCOL {NEW}" not in told.asked()
