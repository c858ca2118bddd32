"""Events that the person writes themselves, without the server on trial: External Events to every application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import unquote, urljoin
from xml.etree import ElementTree as ET

import httpx

from conformance.client import CannotRun, trusted
from conformance.commands import run
from conformance.config import Account, Config

_DECLARED = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
_QUERY = (
    f"<C:calendar-query {_DECLARED}><D:prop><C:calendar-data/></D:prop><C:filter>"
    '<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>'
)
_LIST = f"<D:propfind {_DECLARED}><D:prop><D:displayname/></D:prop></D:propfind>"


@dataclass(frozen=True, slots=True)
class Wanted:
    """``kind``: ``event``, or ``invitation`` by somebody else that the person has not answered. ``uid`` names it at
    the calendar service.
    """

    uid: str
    title: str
    start: datetime
    end: datetime
    kind: str = "event"
    place: str = ""


class Desk(Protocol):
    """The person's own calendar program."""

    def put(self, calendar_id: str, wanted: Wanted) -> None:
        """Write it, over what has the same uid."""

    def text(self) -> str | None:
        """Everything in the first calendar as the calendar service has it; None if nobody can look."""

    def remove(self, uid: str) -> None:
        """Delete it, if it is there."""

    def remove_calendar(self, name: str) -> bool:
        """Delete a calendar that the server on trial made; False if nobody can."""

    def close(self) -> None:
        """Nothing more is asked."""


def desk_of(config: Config) -> Desk | None:
    """None if there is no way to make External Events."""
    way, account = config.external_events, config.accounts[0]
    if "caldav" in way:
        return CalDav.of(way["caldav"], account)
    if "command" in way:
        return ByCommand(way["command"], way.get("remove"), account)
    return None


@dataclass(frozen=True)
class CalDav:
    """Plain CalDAV in the first calendar of the first account (RFC 4791)."""

    url: str
    email: str
    client: httpx.Client = field(repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any], account: Account) -> "CalDav":
        login = (str(said["username"]), str(said["password"]))
        url = f"{str(said['url']).rstrip('/')}/"
        return cls(url, account.email, httpx.Client(verify=trusted(), auth=login, timeout=60, trust_env=False))

    def put(self, calendar_id: str, wanted: Wanted) -> None:
        del calendar_id
        self._ask("PUT", f"{self.url}{wanted.uid}.ics", icalendar(wanted, self.email), "text/calendar; charset=utf-8")

    def text(self) -> str | None:
        answer = self._ask("REPORT", self.url, _QUERY, "application/xml; charset=utf-8")
        found = ET.fromstring(answer.content)  # noqa: S314  the person's own calendar service
        texts = (one.text or "" for one in found.iter("{urn:ietf:params:xml:ns:caldav}calendar-data"))
        return "\n".join(texts).replace("\r\n", "\n").replace("\n ", "")

    def remove(self, uid: str) -> None:
        self._ask("DELETE", f"{self.url}{uid}.ics", missing=True)

    def remove_calendar(self, name: str) -> bool:
        home = urljoin(self.url, "..")
        answer = self._ask("PROPFIND", home, _LIST, "application/xml; charset=utf-8")
        found = ET.fromstring(answer.content)  # noqa: S314  likewise
        for one in found.iter("{DAV:}response"):
            if name in [each.text for each in one.iter("{DAV:}displayname")]:
                self._ask("DELETE", urljoin(home, unquote(one.findtext("{DAV:}href", ""))), missing=True)
                return True
        return False

    def close(self) -> None:
        self.client.close()

    def _ask(self, method: str, url: str, body: str = "", kind: str = "", *, missing: bool = False) -> httpx.Response:
        headers = {"Content-Type": kind, "Depth": "1"} if kind else {}
        try:
            answer = self.client.request(method, url, content=body.encode(), headers=headers)
        except httpx.TransportError as error:
            raise CannotRun(f"{method} {url}: {error!r}; is the calendar service running?") from error
        if answer.is_error and not (missing and answer.status_code == httpx.codes.NOT_FOUND):
            raise CannotRun(f"{method} {url} was answered {answer.status_code}; check external_events.caldav")
        return answer


@dataclass(frozen=True)
class ByCommand:
    """A command of whoever runs the kit."""

    command: list[str]
    removing: list[str] | None
    account: Account

    def put(self, calendar_id: str, wanted: Wanted) -> None:
        run(
            self.command,
            account=self.account.name,
            email=self.account.email,
            calendar_id=calendar_id,
            uid=wanted.uid,
            title=wanted.title,
            start=wire(wanted.start),
            end=wire(wanted.end),
            kind=wanted.kind,
        )

    def text(self) -> str | None:
        return None

    def remove(self, uid: str) -> None:
        if self.removing is not None:
            run(self.removing, account=self.account.name, uid=uid)

    def remove_calendar(self, name: str) -> bool:
        del name
        return False

    def close(self) -> None:
        """There is nothing open."""


def wire(moment: datetime) -> str:
    """A moment in UTC as the API says it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def icalendar(wanted: Wanted, email: str) -> str:
    """A resource of one event (RFC 5545)."""
    people = (
        "ORGANIZER;CN=Sam:mailto:sam@example.org",
        "ATTENDEE;CN=Sam;PARTSTAT=ACCEPTED:mailto:sam@example.org",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{email}",
    )
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//calendar conformance kit//EN",
        "BEGIN:VEVENT",
        f"UID:{wanted.uid}",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART:{wanted.start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{wanted.end:%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{wanted.title}",
        *((f"LOCATION:{wanted.place}",) if wanted.place else ()),
        *(people if wanted.kind == "invitation" else ()),
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines)
