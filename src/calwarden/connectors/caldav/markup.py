"""The XML of WebDAV: read as what a stranger sent, written by a serialiser that escapes.

Pure. No entities, no DTD, no network, no huge documents (security 7.6); what is not well-formed raises ValueError.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from calwarden.connectors.caldav.paths import path_of
from calwarden.net import Url

D: Final = "{DAV:}"
C: Final = "{urn:ietf:params:xml:ns:caldav}"
CS: Final = "{http://calendarserver.org/ns/}"
APPLE: Final = "{http://apple.com/ns/ical/}"

Element = etree._Element  # noqa: SLF001  the name lxml's own stubs give it

MOST_TOKEN: Final = 2_048
"""Etags and sync tokens are kept: longer ones are no such thing."""

MOST_TAGS: Final = 1_500_000
"""Of one document: 80,000 members of a listing. Each element takes a hundred bytes, however few it is written with."""

MOST_MEMBERS: Final = 200_000

_PREFIXES: Final = {"d": D[1:-1], "c": C[1:-1], "cs": CS[1:-1], "a": APPLE[1:-1]}


@dataclass(frozen=True, slots=True)
class Member:
    """One response of a multistatus. ``status`` is its own, or 200 if it came with properties."""

    path: str
    status: int
    properties: Mapping[str, Element] = field(default_factory=dict)  # those that were found
    refusal: int | None = None  # the status of properties that were not given

    def text(self, name: str) -> str:
        """The text of a property; empty if there is none."""
        found = self.properties.get(name)
        return "" if found is None else whole_text(found)

    def line(self, name: str) -> str:
        """The text of a property as one line without control characters (security 7.3)."""
        return harmless(" ".join(self.text(name).split()))

    @property
    def etag(self) -> str:
        """DAV:getetag; empty if there is none, or none that could be sent back."""
        text = self.text(f"{D}getetag")
        return text if len(text) <= MOST_TOKEN and harmless(text) == text else ""


@dataclass(frozen=True, slots=True)
class Multistatus:
    """RFC 4918 13, with the token of RFC 6578. Members at other hosts are left out."""

    members: tuple[Member, ...]
    token: str | None = None


_ILLEGAL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    "|&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45]));",
    flags=re.IGNORECASE,
)
"""Characters that no XML document may hold (XML 1.0 2.2), as they are or by number."""


def parse(body: bytes) -> Element:
    """The root of a document. Raises ValueError.

    Radicale 3.9 and Xandikos 0.4 put whatever an event holds into their answers, also what XML has no way to write. It
    is left out: one event of somebody else's must not hide all others.
    """
    if body.count(b"<") > MOST_TAGS:
        raise ValueError("more elements than anybody's calendar has")
    try:
        return _parsed(body)
    except ValueError:
        cleaned = _ILLEGAL.sub("", body.decode("utf-8")).encode()
        if cleaned == body:
            raise
        return _parsed(cleaned)


def _parsed(body: bytes) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError("not well-formed XML") from error
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("no document, or one that declares its own entities")
    return root


def multistatus(body: bytes, base: Url) -> Multistatus:
    """What a 207 from ``base`` says. Raises ValueError if it is none."""
    root = parse(body)
    if root.tag != f"{D}multistatus":
        raise ValueError("not a multistatus")
    members: list[Member] = []
    for response in root.iterfind(f"{D}response"):
        members.extend(_members(response, base))
        if len(members) > MOST_MEMBERS:
            raise ValueError("more members than anybody's calendar has")
    token = (root.findtext(f"{D}sync-token") or "").strip()
    return Multistatus(tuple(members), token if token and len(token) <= MOST_TOKEN else None)


def _members(response: Element, base: Url) -> Iterator[Member]:
    found: dict[str, Element] = {}
    refusal: int | None = None
    for propstat in response.iterfind(f"{D}propstat"):
        status = _status(propstat.findtext(f"{D}status"))
        properties = propstat.find(f"{D}prop")
        if properties is not None and 200 <= status < 300:
            found.update({str(one.tag): one for one in properties})
        elif status not in {200, 404}:
            refusal = status
    stated = response.findtext(f"{D}status")
    for href in response.iterfind(f"{D}href"):
        path = path_of(href.text or "", base)
        if path is not None:
            yield Member(path, _status(stated) if stated else 200, found, refusal)


def _status(line: str | None) -> int:
    """The code in ``HTTP/1.1 200 OK``; 500 for nonsense, so that it is never taken for a success."""
    parts = (line or "").split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() and len(parts[1]) == 3 else 500


def whole_text(element: Element) -> str:
    """All text within."""
    return "".join(str(part) for part in element.itertext()).strip()


def hrefs(element: Element | None) -> list[str]:
    """The addresses that a property holds, as they stand there."""
    if element is None:
        return []
    texts = (str(one.text or "").strip() for one in element.iter(f"{D}href"))
    return [text for text in texts if text]


def harmless(text: str) -> str:
    """``text`` without control characters, lone surrogates and line separators; emoji and all scripts stay."""
    return "".join(one for one in text if unicodedata.category(one) not in {"Cc", "Cs", "Zl", "Zp"})


def node(tag: str, *children: Element, text: str = "", **attributes: str) -> Element:
    """An element to be sent; characters that XML has no way to write are left out."""
    made = etree.Element(tag, nsmap=_PREFIXES)
    made.extend(children)
    made.text = harmless(text).replace("\ufffe", "").replace("\uffff", "") or None
    for name, value in attributes.items():
        made.set(name, value)
    return made


def document(root: Element) -> bytes:
    """As it is sent."""
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def propfind(*names: str) -> bytes:
    """Ask for these properties (RFC 4918 9.1)."""
    return document(node(f"{D}propfind", node(f"{D}prop", *map(node, names))))


def sync_collection(token: str) -> bytes:
    """What changed since ``token``; "" for everything (RFC 6578 3.2).

    INVARIANT: no limit is ever stated. Xandikos cuts the answer and hands out the token of the end (connectors.md 2.1).
    """
    return document(
        node(
            f"{D}sync-collection",
            node(f"{D}sync-token", text=token),
            node(f"{D}sync-level", text="1"),
            node(f"{D}prop", node(f"{D}getetag")),
        )
    )


def multiget(targets: list[str]) -> bytes:
    """Etag and content of these resources (RFC 4791 7.9)."""
    wanted = node(f"{D}prop", node(f"{D}getetag"), node(f"{C}calendar-data"))
    return document(node(f"{C}calendar-multiget", wanted, *(node(f"{D}href", text=one) for one in targets)))


def _calendar_properties(name: str, color: str | None) -> list[Element]:
    properties = [node(f"{D}displayname", text=name)]
    if color is not None:
        properties.append(node(f"{APPLE}calendar-color", text=color))
    return properties


def _events_only() -> Element:
    return node(f"{C}supported-calendar-component-set", node(f"{C}comp", name="VEVENT"))


def mkcalendar(name: str, color: str | None) -> bytes:
    """A calendar for events (RFC 4791 5.3.1)."""
    properties = node(f"{D}prop", *_calendar_properties(name, color), _events_only())
    return document(node(f"{C}mkcalendar", node(f"{D}set", properties)))


def mkcol(name: str, color: str | None) -> bytes:
    """The same by extended MKCOL, for servers without MKCALENDAR (RFC 5689)."""
    kind = node(f"{D}resourcetype", node(f"{D}collection"), node(f"{C}calendar"))
    properties = node(f"{D}prop", kind, *_calendar_properties(name, color), _events_only())
    return document(node(f"{D}mkcol", node(f"{D}set", properties)))


def proppatch(name: str, color: str | None) -> bytes:
    """Name and color, for servers that ignore them when a calendar is made."""
    properties = node(f"{D}prop", *_calendar_properties(name, color))
    return document(node(f"{D}propertyupdate", node(f"{D}set", properties)))
