"""CalDAV servers that answer by a script, row by row, and a connector that speaks to them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from calwarden.connectors.caldav import Surroundings, caldav_factory
from calwarden.domain.ids import CalendarId, ResourceId
from calwarden.domain.profile import Credentials
from calwarden.net import OutboundRules
from calwarden.policy.decision import NOT_ASKED, Action, CalendarFacts, GrantFacts, Permit, Relation, allow
from calwarden.ports.connector import (
    Connector,
    ConnectorError,
    EventTarget,
)
from ics import NOW, event
from servers.web import Got, Web, response, serving

_Found = TypeVar("_Found")
HOME, WORK = "/dav/jane/", "/dav/jane/work/"
SECRET = "the other side's own words"
EVENT = event("UID:a", "DTSTAMP:20310101T000000Z", "DTSTART:20310703T080000Z", "DTEND:20310703T090000Z", "SUMMARY:A")
CALENDAR = CalendarId("cal_a_b")
Row = bytes | Callable[[Got], bytes]


def multi(*responses: str, token: str = "") -> bytes:
    last = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:cs="http://calendarserver.org/ns/"'
    return response(207, f"<d:multistatus {spaces}>{''.join(responses)}{last}</d:multistatus>".encode())


def one(href: str, properties: str = "", status: int = 0) -> str:
    if status:
        return f"<d:response><d:href>{href}</d:href><d:status>HTTP/1.1 {status} x</d:status></d:response>"
    found = f"<d:propstat><d:prop>{properties}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{found}</d:response>"


def etag(href: str, value: str = "&quot;1&quot;") -> str:
    return one(href, f"<d:getetag>{value}</d:getetag>")


def data(href: str, body: bytes = EVENT) -> str:
    return one(href, f"<d:getetag>&quot;1&quot;</d:getetag><c:calendar-data>{body.decode()}</c:calendar-data>")


def principal(at: str = "/principals/jane/") -> bytes:
    return multi(one("/", f"<d:current-user-principal><d:href>{at}</d:href></d:current-user-principal>"))


def person(home: str = HOME) -> bytes:
    return multi(one("/principals/jane/", f"<c:calendar-home-set><d:href>{home}</d:href></c:calendar-home-set>"))


CALENDAR_PROPERTIES = (
    "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype><d:displayname>Work</d:displayname>"
    "<d:owner><d:href>/principals/jane/</d:href></d:owner>"
)
USUAL: Mapping[str, Row] = {
    f"PROPFIND {HOME}": principal(),
    "PROPFIND /principals/jane/": person(),
    f"PROPFIND {WORK}": multi(one(WORK, CALENDAR_PROPERTIES)),
}


@dataclass
class Script:
    """Rows are ``METHOD /path``; several answers of one row are given in turn, the last one for ever."""

    web: Web
    rows: dict[str, list[Row]] = field(default_factory=dict)
    typed: str = HOME

    def asked(self) -> list[str]:
        """Method and target of every request."""
        return [f"{got.method} {got.target}" for got in self.web.got]

    def run(self, act: Callable[[Connector], Awaitable[_Found]], home: str | None = HOME) -> _Found:
        """One pass of a connector that knows its home, or has to find it."""
        rules = OutboundRules.of([self.web.allowed])
        factory = caldav_factory(Surroundings(rules, lambda: NOW, lambda: "nonce"))

        async def once() -> _Found:
            known = None if home is None else f"{self.web.url}{home}"
            connector = factory(Credentials(f"{self.web.url}{self.typed}", "jane", "password"), known)
            try:
                return await act(connector)
            finally:
                await connector.close()

        return asyncio.run(once())


@contextmanager
def script(rows: Mapping[str, Row | list[Row]], *, usual: bool = True) -> Iterator[Script]:
    """A server that answers ``rows``, and as Jane's would unless ``usual`` is off; 404 for the rest."""

    def answer(got: Got) -> bytes:
        left = told.rows.get(f"{got.method} {got.target}")
        if left is None:
            return response(404, SECRET.encode())
        row = left.pop(0) if len(left) > 1 else left[0]
        return row if isinstance(row, bytes) else row(got)

    with serving(answer) as web:
        every = {**(USUAL if usual else {}), **rows}
        told = Script(web, {key: list(row) if isinstance(row, list) else [row] for key, row in every.items()})
        yield told


def failure(told: Script, act: Callable[[Connector], Awaitable[object]], home: str | None = HOME) -> ConnectorError:
    """What the connector raises; nothing of it is the server's own text."""
    with pytest.raises(ConnectorError) as caught:
        told.run(act, home)
    assert SECRET not in f"{caught.value}{caught.value.hint}"
    return caught.value


def permit(action: Action) -> Permit:
    return allow(action, GrantFacts(), CalendarFacts(Relation.OWNED, calendar_id=CALENDAR), NOT_ASKED).permit


def target(name: str = "a", held: str | None = None) -> EventTarget:
    return EventTarget(CALENDAR, WORK, ResourceId(f"{WORK}{name}.ics"), name, held)
