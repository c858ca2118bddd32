"""From the properties of a home to calendars: who owns them, what they are called. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from calwarden.connectors.caldav.markup import APPLE, CS, C, D, Element, Member, hrefs, whole_text
from calwarden.connectors.caldav.paths import as_collection, path_of, same_path
from calwarden.connectors.caldav.quirks import unescaped
from calwarden.domain.colors import of_name
from calwarden.formats.zones import by_name
from calwarden.net import Url
from calwarden.ports.connector import RemoteCalendar

CALENDAR_PROPERTIES: Final = (
    f"{D}resourcetype",
    f"{D}displayname",
    f"{D}owner",
    f"{D}current-user-principal",
    f"{D}current-user-privilege-set",
    f"{D}share-access",
    f"{C}supported-calendar-component-set",
    f"{C}calendar-timezone",
    f"{C}calendar-timezone-id",
    f"{C}schedule-default-calendar-URL",
    f"{CS}shared-url",
    f"{CS}source",
    f"{APPLE}calendar-color",
)
"""What is asked of a home's members. An allow-list: Xandikos computes every property it is asked for."""

_MOST_NAME: Final = 255
_DEFAULT_NAMES: Final = ("default", "personal", "calendar", "home")
_OWN_SHARE_ACCESS: Final = frozenset({f"{D}shared-owner", f"{D}not-shared"})
_WRITING: Final = frozenset({f"{D}all", f"{D}write", f"{D}write-content"})


def owned(properties: Mapping[str, Element], principal: str | None, base: Url) -> bool:
    """The layered rule of connectors.md 1. Doubt means not owned."""
    # INVARIANT: the order of the lines; each was needed by one of seven servers, and none may be moved.
    if _marked_foreign(properties):
        return False
    owner = properties.get(f"{D}owner")
    named = hrefs(owner) or ([whole_text(owner)] if owner is not None and whole_text(owner) else [])
    if named:
        paths = [path_of(one, base) for one in named]
        return principal is not None and all(one is not None and same_path(one, principal) for one in paths)
    return f"{D}all" in privileges(properties)


def _marked_foreign(properties: Mapping[str, Element]) -> bool:
    """Line 1: shared in, bound in or subscribed to. ``CS:shared-owner`` says the contrary and is not looked for."""
    kinds = _children(properties.get(f"{D}resourcetype"))
    if kinds & {f"{CS}shared", f"{CS}subscribed"} or any(
        one.endswith(("}webdav-binding", "}binding")) for one in kinds
    ):
        return True
    if any(_is_filled(properties.get(name)) for name in (f"{CS}shared-url", f"{CS}source")):
        return True
    access = _children(properties.get(f"{D}share-access"))
    return bool(access - _OWN_SHARE_ACCESS)


def privileges(properties: Mapping[str, Element]) -> frozenset[str]:
    """What the person may do, as named in DAV:current-user-privilege-set."""
    held = properties.get(f"{D}current-user-privilege-set")
    if held is None:
        return frozenset()
    return frozenset(str(one.tag) for privilege in held.iterfind(f"{D}privilege") for one in privilege)


def readonly(properties: Mapping[str, Element]) -> bool:
    """Whether events cannot be written there.

    DAV:write-properties (Cyrus) and bind alone are no such right. A server that tells nothing is taken to allow it:
    it will refuse the write if not.
    """
    if f"{D}current-user-privilege-set" not in properties:
        return False
    return not privileges(properties) & _WRITING


def calendar(member: Member, principal: str | None, base: Url) -> RemoteCalendar | None:
    """The calendar that a member is; None if it is none, or holds no events (connectors.md 2.14)."""
    properties = member.properties
    if f"{C}calendar" not in _children(properties.get(f"{D}resourcetype")) or not _holds_events(properties):
        return None
    remote_id = as_collection(member.path)
    name = unescaped(member.line(f"{D}displayname")) or remote_id.rstrip("/").rpartition("/")[2]
    return RemoteCalendar(
        remote_id,
        name[:_MOST_NAME],
        owned=owned(properties, principal, base),
        readonly=readonly(properties),
        color=_color(member.text(f"{APPLE}calendar-color")),
        tzid=_zone(member),
    )


def calendars(members: Iterable[Member], principal: str | None, base: Url) -> Sequence[RemoteCalendar]:
    """The calendars of a home, one of the owned ones marked as primary.

    That is the one invitations go to (RFC 6638 9.2), else the one with a name servers give to the first calendar they
    make, else the first one.
    """
    listed = tuple(members)
    found: dict[str, RemoteCalendar] = {}
    for member in listed:
        one = calendar(member, principal, base)
        if one is not None:
            found.setdefault(one.remote_id, one)
    primary = _primary(tuple(found.values()), listed, base)
    return [replace(one, primary=one.remote_id == primary) for one in found.values()]


def _primary(found: Sequence[RemoteCalendar], members: Iterable[Member], base: Url) -> str | None:
    own = {one.remote_id: one for one in found if one.owned and not one.readonly}
    for member in members:
        for href in hrefs(member.properties.get(f"{C}schedule-default-calendar-URL")):
            path = path_of(href, base)
            if path is not None and as_collection(path) in own:
                return as_collection(path)
    by_segment = {one.rstrip("/").rpartition("/")[2].lower(): one for one in reversed(own)}
    named = (by_segment[name] for name in _DEFAULT_NAMES if name in by_segment)
    return next(named, next(iter(own), None))


def principal_of(member: Member, base: Url) -> str | None:
    """Who is signed in (RFC 5397); None if the server says nobody is, or nothing."""
    found = (path_of(one, base) for one in hrefs(member.properties.get(f"{D}current-user-principal")))
    return next((one for one in found if one is not None), None)


def addresses(member: Member) -> tuple[str, ...]:
    """The person's e-mail addresses, lower-cased, the preferred one first (RFC 6638 2.4.1)."""
    held = member.properties.get(f"{C}calendar-user-address-set")
    if held is None:
        return ()
    found = sorted(held.iter(f"{D}href"), key=lambda one: one.get("preferred") != "1")
    texts = (str(one.text or "").strip() for one in found)
    mails = (text[len("mailto:") :].lower() for text in texts if text.lower().startswith("mailto:"))
    return tuple(dict.fromkeys(mail for mail in mails if "@" in mail))


def _holds_events(properties: Mapping[str, Element]) -> bool:
    """Absent or empty means every kind (RFC 4791 5.2.3)."""
    kinds = properties.get(f"{C}supported-calendar-component-set")
    if kinds is None or not len(kinds):
        return True
    return any(str(one.get("name", "")).upper() == "VEVENT" for one in kinds)


def _zone(member: Member) -> str | None:
    """The IANA zone of the calendar: by name (RFC 7809 5.2), or from the definition it keeps (RFC 4791 5.2.2)."""
    stated = member.text(f"{C}calendar-timezone-id")
    if not stated:
        found = re.search(r"^TZID(?:;[^:\r\n]*)?:([^\r\n]{1,255})", member.text(f"{C}calendar-timezone"), re.MULTILINE)
        stated = found[1].strip() if found else ""
    return by_name(stated) if stated else None


def _color(text: str) -> str | None:
    """``#RRGGBB``; Apple writes the opacity behind it."""
    return of_name(text[:7] if text.startswith("#") else text)


def _children(element: Element | None) -> frozenset[str]:
    return frozenset() if element is None else frozenset(str(one.tag) for one in element)


def _is_filled(element: Element | None) -> bool:
    return element is not None and bool(whole_text(element))
