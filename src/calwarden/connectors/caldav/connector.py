"""The Connector protocol on CalDAV."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from calwarden.connectors import writing
from calwarden.connectors.caldav import changes, creating, discovery, listing
from calwarden.connectors.caldav.collection import CalendarCollection
from calwarden.connectors.caldav.dav import Dav
from calwarden.connectors.caldav.discovery import Person
from calwarden.connectors.caldav.paths import as_collection, usable
from calwarden.connectors.caldav.quirks import provider_of, same_service
from calwarden.connectors.caldav.resources import BATCH, Faulty, Forbidden, Found, Reading
from calwarden.connectors.writing import UNREADABLE, Reader, Version
from calwarden.domain.draft import EventDraft
from calwarden.domain.ids import ResourceId
from calwarden.domain.profile import Credentials
from calwarden.domain.times import EventTime
from calwarden.net import GuardedClient, Login, OutboundRules, Resolve, Url, parse_url, system_resolver, tls_context
from calwarden.policy.decision import Permit
from calwarden.ports.connector import (
    FAULTY,
    AddressRefused,
    CalendarGone,
    CertificateInvalid,
    ConnectorFactory,
    Discovered,
    EventTarget,
    Leaving,
    NoCalendars,
    RemoteCalendar,
    RemoteChanges,
    RemoteResource,
    unasked,
)
from calwarden.ports.system import Clock


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all connectors of a process share. ``nonce`` gives unguessable text; ``tls`` trusts public authorities."""

    rules: OutboundRules
    clock: Clock
    nonce: Callable[[], str]
    tls: ssl.SSLContext = field(default_factory=tls_context)
    resolve: Resolve = field(default_factory=system_resolver)


def caldav_factory(around: Surroundings) -> ConnectorFactory:
    """Opens connectors to whatever server the credentials name."""

    def open_connector(
        credentials: Credentials, home: str | None = None, tzid: str = "Etc/UTC", email: str | None = None
    ) -> CalDavConnector:
        return CalDavConnector(around, credentials, home, tzid, email)

    return open_connector


class CalDavConnector:
    """One person at a CalDAV server. Nothing is asked before the first method is called.

    What is learnt about the person and the zones of calendars is kept as long as the connector lives: one pass.
    """

    def __init__(
        self, around: Surroundings, credentials: Credentials, home: str | None, tzid: str, email: str | None
    ) -> None:
        self._around = around
        self._credentials = credentials
        self._home_text = home
        self._tzid = tzid
        self._email = email
        self._held: Dav | None = None
        self._person: Person | None = None
        self._zones: dict[str, str | None] = {}

    async def discover(self) -> Discovered:
        dav = self._dav()
        typed = _parsed(self._credentials.url)
        self._person = await discovery.find_person(dav, typed)
        if self._person.home is None:
            raise NoCalendars("the calendar service does not say where calendars are")
        self._held = dav.at(self._person.home)
        name = self._person.name or self._credentials.username
        home = self._person.home
        return Discovered(provider_of(home), str(home), name[:255], frozenset(self._addresses(self._person)))

    async def list_calendars(self) -> Sequence[RemoteCalendar]:
        dav = await self._at_home()
        person = await self._who()
        listed = await listing.calendars(dav, person)
        self._zones |= {one.remote_id: one.tzid for one in listed}
        return listed

    async def changes(self, calendar_remote_id: str, cursor: str | None, *, full: bool = False) -> RemoteChanges:
        return await changes.changes(await self._at_home(), calendar_remote_id, cursor, full=full)

    async def fetch(self, calendar_remote_id: str, resources: Sequence[ResourceId]) -> Sequence[RemoteResource]:
        if not resources:
            return []
        reader = await self._reader(calendar_remote_id)
        reading = Reading(await self._at_home(), calendar_remote_id)
        found: list[RemoteResource] = []
        for start in range(0, len(resources), BATCH):
            versions = await reading.read(resources[start : start + BATCH])
            found += await asyncio.to_thread(_understood, reader, versions)
        return found

    async def upsert_event(self, permit: Permit, target: EventTarget, draft: EventDraft) -> RemoteResource:
        return await writing.upsert(permit, await self._place(target), target, draft, now=self._around.clock())

    async def edit_event(
        self, permit: Permit, target: EventTarget, draft: EventDraft, occurrence: EventTime | None
    ) -> RemoteResource:
        place = await self._place(target)
        return await writing.edit(permit, place, target, draft, occurrence, now=self._around.clock())

    async def delete_event(
        self, permit: Permit, target: EventTarget, occurrence: EventTime | None = None
    ) -> RemoteResource | None:
        return await writing.delete(permit, await self._place(target), target, occurrence, now=self._around.clock())

    async def respond(
        self, permit: Permit, target: EventTarget, answer: str, occurrence: EventTime | None
    ) -> RemoteResource:
        place = await self._place(target)
        return await writing.respond(permit, place, target, answer, occurrence, now=self._around.clock())

    async def create_calendar(
        self, permit: Permit, remote_id: str, name: str, color: str | None, *, leaving: Leaving = unasked
    ) -> RemoteCalendar:
        writing.require_creation(permit)
        dav = await self._at_home()
        home = as_collection(usable(dav.base.path) or "")
        if not remote_id.startswith(home) or not remote_id.endswith("/"):
            raise ValueError("the address is not in the calendar home")
        person = await self._who()
        new = creating.NewCalendar(remote_id, name, color)
        return await creating.create(dav, new, leaving, principal=usable(person.principal.path))

    async def close(self) -> None:
        if self._held is not None:
            await self._held.client.close()

    def _dav(self) -> Dav:
        if self._held is None:
            typed = _parsed(self._credentials.url)
            client = GuardedClient(self._around.rules, tls=self._tls(), resolve=self._around.resolve)
            login = Login(
                self._credentials.username,
                self._credentials.password,
                typed,
                cnonce=self._around.nonce,
                also=lambda url: same_service(typed, url),
            )
            self._held = Dav(client, login, self._known_home(login) or typed, self._around.clock)
        return self._held

    def _tls(self) -> ssl.SSLContext:
        if self._credentials.ca_pem is None:
            return self._around.tls
        try:
            return tls_context(self._credentials.ca_pem)
        except ValueError as error:
            raise CertificateInvalid("the authority that was entered is no certificate in PEM form") from error

    def _known_home(self, login: Login) -> Url | None:
        """The home that was found before, if the credentials may be sent there."""
        home = None if self._home_text is None else _parsed(self._home_text)
        return home if home is not None and login.belongs_to(home) else None

    async def _at_home(self) -> Dav:
        dav = self._dav()
        if self._person is None and self._known_home(dav.login) is None:
            await self.discover()
        return self._dav()

    async def _who(self) -> Person:
        """The person, asked for once. A home that does not say who that is sends us through discovery again."""
        dav = await self._at_home()
        if self._person is None:
            self._person = await discovery.find_person(dav, dav.base)
        return self._person

    def _addresses(self, person: Person) -> tuple[str, ...]:
        """The service's word for it, the one to invite from first; then the address proven here."""
        name = self._credentials.username.lower()
        known = person.addresses or ((name,) if "@" in name else ())
        return tuple(dict.fromkeys((*known, self._email.lower()) if self._email else known))

    async def _reader(self, calendar: str) -> Reader:
        addresses = self._addresses(await self._who())
        if calendar not in self._zones:
            dav = await self._at_home()
            found = await creating.look(dav, calendar, None)
            if found is None:
                raise CalendarGone("the calendar is not there any more, or may not be read")
            self._zones[calendar] = found.tzid
        organizer = addresses[0] if addresses else None
        return Reader(frozenset(addresses), organizer, self._zones[calendar] or self._tzid)

    async def _place(self, target: EventTarget) -> CalendarCollection:
        calendar = target.calendar_remote_id
        return CalendarCollection(await self._at_home(), calendar, lambda: self._reader(calendar), target.leaving)


def _parsed(text: str) -> Url:
    try:
        return parse_url(text)
    except ValueError as error:
        raise AddressRefused("this server may not speak to that address") from error


def _understood(reader: Reader, versions: Found) -> list[RemoteResource]:
    understood = []
    for resource, version in versions.items():
        match version:
            case Version():
                understood.append(reader.resource(resource, version))
            case Forbidden():
                understood.append(RemoteResource(resource, "", (), (UNREADABLE,)))
            case Faulty():
                understood.append(RemoteResource(resource, "", (), (FAULTY,)))
    return understood
