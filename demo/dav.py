"""One person's own calendar program: what is really on the CalDAV server, read and written without calwarden."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

import httpx
from lxml import etree

_NAMES = {"D": "DAV:", "C": "urn:ietf:params:xml:ns:caldav"}
_DECLARED = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'


@dataclass(frozen=True, slots=True)
class Listed:
    """A collection as a listing of one's home shows it."""

    path: str
    name: str
    owner: str
    privileges: frozenset[str]


@dataclass(frozen=True)
class DavAccount:
    """Calls raise httpx.HTTPStatusError for whatever the server refuses. ``client`` is signed in."""

    url: str
    name: str
    password: str = field(repr=False)
    client: httpx.Client = field(repr=False)

    @classmethod
    def of(cls, url: str, name: str, password: str) -> "DavAccount":
        """An account at the server at ``url``."""
        client = httpx.Client(base_url=url, auth=(name, password), timeout=60, trust_env=False)
        return cls(url, name, password, client)

    def home(self) -> str:
        return f"/{self.name}/"

    def make_calendar(self, path: str, name: str) -> None:
        """MKCALENDAR (RFC 4791 5.3.1)."""
        properties = f"<D:set><D:prop><D:displayname>{escape(name)}</D:displayname></D:prop></D:set>"
        self._ask("MKCALENDAR", path, f"<C:mkcalendar {_DECLARED}>{properties}</C:mkcalendar>")

    def rename(self, path: str, name: str) -> None:
        """PROPPATCH (RFC 4918 9.2)."""
        properties = f"<D:set><D:prop><D:displayname>{escape(name)}</D:displayname></D:prop></D:set>"
        self._ask("PROPPATCH", path, f"<D:propertyupdate {_DECLARED}>{properties}</D:propertyupdate>")

    def put(self, path: str, text: str) -> None:
        """Store a resource, over what is there."""
        self._ask("PUT", path, text, {"Content-Type": "text/calendar; charset=utf-8"})

    def get(self, path: str) -> str | None:
        """A resource; None if there is none."""
        try:
            return self._ask("GET", path).text
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return None
            raise

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def events(self, path: str) -> dict[str, str]:
        """Every resource of a calendar, by path."""
        query = (
            f"<C:calendar-query {_DECLARED}><D:prop><C:calendar-data/></D:prop>"
            '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
        )
        answer = self._ask("REPORT", path, query, {"Depth": "1"})
        return {
            _text(one, "D:href"): _text(one, ".//C:calendar-data").replace("\r\n", "\n") for one in _responses(answer)
        }

    def find(self, path: str, summary: str) -> str | None:
        """The resource of a calendar with an event of this title."""
        return titled(self.events(path), summary)

    def listing(self) -> tuple[Listed, ...]:
        """What a program is shown in this person's home, shared calendars included."""
        properties = "<D:displayname/><D:owner/><D:current-user-privilege-set/>"
        body = f"<D:propfind {_DECLARED}><D:prop>{properties}</D:prop></D:propfind>"
        found = _responses(self._ask("PROPFIND", self.home(), body, {"Depth": "1"}))
        return tuple(
            Listed(
                unquote(_text(one, "D:href")),
                _text(one, ".//D:displayname"),
                _text(one, ".//D:owner/D:href"),
                frozenset(etree.QName(node).localname for node in one.iterfind(".//D:privilege/*", _NAMES)),
            )
            for one in found
        )

    def share(self, path: str, reader: "DavAccount", as_path: str) -> None:
        """Share a calendar of one's own, to read and to write, as ``as_path`` in the home of ``reader``, who takes it.

        Radicale's own interface; a share is shown once both sides have said yes.
        """
        wanted = {"PathMapped": path, "PathOrToken": as_path, "User": reader.name, "Permissions": "rw"}
        self.agree("create", {**wanted, "Enabled": True, "Hidden": False})
        for step in ("enable", "unhide"):
            reader.agree(step, {"PathOrToken": as_path})

    def agree(self, step: str, said: dict[str, Any]) -> None:
        """One's own side of a step of sharing."""
        self.client.post(f"/.sharing/v1/map/{step}", json=said).raise_for_status()

    def _ask(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
        sent = {"Content-Type": "application/xml; charset=utf-8", **(headers or {})}
        return self.client.request(method, path, content=body.encode(), headers=sent).raise_for_status()


def titled(events: Mapping[str, str], summary: str) -> str | None:
    """The resource among these with an event of this title."""
    return next((text for text in events.values() if f"\nSUMMARY:{summary}\n" in text), None)


def _responses(answer: httpx.Response) -> list[Any]:
    """The responses of a multistatus (RFC 4918 13)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(answer.content, parser).findall("D:response", _NAMES)


def _text(node: Any, path: str) -> str:
    return str(node.findtext(path, "", _NAMES))
