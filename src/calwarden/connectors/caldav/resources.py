"""Reading the resources of a calendar: many at once where the server does that, one by one where it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from calwarden.connectors.caldav.dav import BUSY, OBJECT_BYTES, Dav, ServerFault, TooLarge
from calwarden.connectors.caldav.markup import C, D, Multistatus, multiget, propfind
from calwarden.connectors.caldav.paths import is_resource_of, same_path, target_of
from calwarden.connectors.writing import Version
from calwarden.domain.ids import ResourceId
from calwarden.ports.connector import AddressRefused, CertificateInvalid, ProviderUnavailable

BATCH: Final = 50

MOST_SILENT: Final = 3
"""At so many resources a server may say nothing at all before the rest is left for another time."""

NOBODYS_NAME: Final = "calwarden-asks-for-nothing"
"""No resource has it: a server that works says so."""

_GONE: Final = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The server lists it and does not give it: DAViCal does so with other people's private events."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """The server lists it and fails at it."""


class Unversioned(ProviderUnavailable):
    """The server gives the resource, or says that it is there, and does not say in which version."""


Found = dict[ResourceId, Version | Forbidden | Faulty]


class Reading:
    """Reads from one calendar. Once a server has shown that it cannot give many at once, it is not asked again.

    A resource at which the server fails hides none beside it, as long as the server answers for another one.
    """

    def __init__(self, dav: Dav, calendar: str) -> None:
        self._dav = dav
        self._calendar = calendar
        self._many = True
        self._answers = False  # for single resources
        self._silent = 0

    async def read(self, resources: Sequence[ResourceId]) -> Found:
        """What is there of these; at most ``BATCH`` are sensible. Those that are gone are left out."""
        # INVARIANT: nothing outside the calendar is read, whatever is asked for.
        wanted = [one for one in resources if is_resource_of(one, self._calendar)]
        found = await self._together(wanted) if self._many and len(wanted) > 1 else {}
        for one in wanted:
            if one not in found:
                single = await self._single(one)
                if single is not None:
                    found[one] = single
        return found

    async def _single(self, resource: ResourceId) -> Version | Forbidden | Faulty | None:
        if self._silent >= MOST_SILENT:
            return Faulty()
        try:
            found = await get(self._dav, resource)
        except Unversioned:
            found = Forbidden()  # nothing can be held of it; that hides none beside it (security 7.6)
        except (AddressRefused, CertificateInvalid):
            raise
        except ProviderUnavailable as error:
            return await self._faulty(silent=not isinstance(error, ServerFault))
        self._answers = True
        return found

    async def _faulty(self, *, silent: bool) -> Faulty:
        """Tells a resource that makes the server fail from a server that fails. Raises ProviderUnavailable.

        A server that lists and gives nothing must not look like a calendar without events (security 12.6). One that
        has said nothing may never say anything again.
        """
        self._silent += silent
        if silent or not self._answers:
            await get(self._dav, ResourceId(f"{self._calendar}{NOBODYS_NAME}.ics"))
            self._answers = True
        return Faulty()

    async def _together(self, wanted: Sequence[ResourceId]) -> Found:
        body = multiget([target_of(one) for one in wanted])
        try:
            answer, listed = await self._dav.listing("REPORT", self._calendar, body, depth=1)
        except (AddressRefused, CertificateInvalid):
            raise
        except ProviderUnavailable:
            return {}  # one of them may be the reason: singly it keeps nobody else waiting
        if listed is None:
            # SabreDAV 1.8 answers 404 for all if one is gone: that may be different next time. A refusal is not.
            self._many = answer.status in _GONE
            return {}
        found = _versions(listed, frozenset(wanted))
        self._answers = self._answers or any(isinstance(one, Version) for one in found.values())
        return found


def _versions(listed: Multistatus, wanted: frozenset[ResourceId]) -> Found:
    found: Found = {}
    for member in listed.members:
        resource = ResourceId(member.path)
        etag, data = member.etag, member.properties.get(f"{C}calendar-data")
        if resource not in wanted or member.status in _GONE:
            continue
        if data is not None and etag:
            body = (data.text or "").encode()
            found[resource] = Version(etag, None if len(body) > OBJECT_BYTES else body)
        elif member.refusal is not None or member.status != 200:
            refusal = member.refusal or member.status
            found[resource] = Faulty() if refusal >= 500 or refusal in BUSY else Forbidden()
    return found


async def get(dav: Dav, resource: ResourceId) -> Version | Forbidden | None:
    """One resource as it is now; None if it is gone."""
    try:
        answer = await dav.ask("GET", resource, headers=(("Accept", "text/calendar"),))
    except TooLarge:
        return await _only_etag(dav, resource)
    if answer.status in _GONE:
        return None
    if answer.status in BUSY:
        raise ServerFault("the calendar service does not give this event out now")
    if answer.status != 200:
        return Forbidden()
    etag = answer.header("etag")
    if etag is None:  # not with every answer (connectors.md 2.9): ask for it
        version = await _only_etag(dav, resource)
        return version if version is None else Version(version.etag, answer.body)
    return Version(etag, answer.body)


async def _only_etag(dav: Dav, resource: ResourceId) -> Version | None:
    answer, found = await dav.listing("PROPFIND", resource, propfind(f"{D}getetag"), depth=0)
    if answer.status in _GONE:
        return None
    members = () if found is None else found.members
    etag = next((one.etag for one in members if same_path(one.path, resource)), "")
    if not etag:
        raise Unversioned("the calendar service does not say which version it has")
    return Version(etag, None)
