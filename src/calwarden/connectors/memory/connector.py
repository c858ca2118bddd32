"""The Connector protocol on a MemoryProvider; the way of a write is the one every connector takes."""

from collections.abc import Sequence
from dataclasses import replace

from calwarden.connectors import writing
from calwarden.connectors.memory.provider import MemoryProvider, ProviderCalendar
from calwarden.connectors.writing import UNREADABLE, Reader, Version
from calwarden.domain.draft import EventDraft
from calwarden.domain.ids import ResourceId
from calwarden.domain.profile import Credentials, Provider
from calwarden.domain.times import EventTime
from calwarden.policy.decision import Permit
from calwarden.ports.connector import (
    FAULTY,
    ConnectorFactory,
    CursorExpired,
    Discovered,
    DuplicateCalendar,
    EventTarget,
    Leaving,
    NoCalendars,
    ProviderRejected,
    RemoteCalendar,
    RemoteChanges,
    RemoteResource,
    unasked,
)
from calwarden.ports.system import Clock


def memory_factory(provider: MemoryProvider, clock: Clock) -> ConnectorFactory:
    """Opens connectors to ``provider``; the address in the credentials does not matter."""

    def open_connector(
        credentials: Credentials, home: str | None = None, tzid: str = "Etc/UTC", email: str | None = None
    ) -> "MemoryConnector":
        del home
        return MemoryConnector(provider, credentials, clock, tzid, email)

    return open_connector


class MemoryConnector:
    """One person at a MemoryProvider."""

    def __init__(
        self, provider: MemoryProvider, credentials: Credentials, clock: Clock, tzid: str, email: str | None = None
    ) -> None:
        self._provider = provider
        self._credentials = credentials
        self._clock = clock
        self._tzid = tzid
        self._email = email

    async def discover(self) -> Discovered:
        self.ask("discover", self._username)
        user = self._provider.users[self._username]
        if not self._visible():
            raise NoCalendars("there is no calendar at that address")
        return Discovered(Provider.CALDAV, f"memory:/{user.username}/", user.name, frozenset(user.addresses))

    async def list_calendars(self) -> Sequence[RemoteCalendar]:
        self.ask("list_calendars", self._username)
        return [self._remote(one) for one in self._visible()]

    async def changes(self, calendar_remote_id: str, cursor: str | None, *, full: bool = False) -> RemoteChanges:
        calendar = self.calendar("changes", calendar_remote_id)
        now = self._provider.cursor(calendar)
        if not self._provider.tells_changes and cursor != now:
            return self._everything(calendar)
        if cursor is not None and not full:
            try:
                touched = self._provider.since(calendar, cursor)
            except CursorExpired:
                return replace(self._everything(calendar), lost=True)
            changed = {one: calendar.resources[one][0] for one in touched if one in calendar.resources}
            return RemoteChanges(changed, frozenset(touched - changed.keys()), now, full=False)
        return self._everything(calendar)

    async def fetch(self, calendar_remote_id: str, resources: Sequence[ResourceId]) -> Sequence[RemoteResource]:
        calendar = self.calendar("fetch", calendar_remote_id)
        self._provider.wanted += resources
        reader = self.reader(calendar)
        return [_given(calendar, one, reader) for one in resources if one in calendar.resources]

    async def upsert_event(self, permit: Permit, target: EventTarget, draft: EventDraft) -> RemoteResource:
        return await writing.upsert(permit, self._place(target), target, draft, now=self._clock())

    async def edit_event(
        self, permit: Permit, target: EventTarget, draft: EventDraft, occurrence: EventTime | None
    ) -> RemoteResource:
        return await writing.edit(permit, self._place(target), target, draft, occurrence, now=self._clock())

    async def delete_event(
        self, permit: Permit, target: EventTarget, occurrence: EventTime | None = None
    ) -> RemoteResource | None:
        return await writing.delete(permit, self._place(target), target, occurrence, now=self._clock())

    async def respond(
        self, permit: Permit, target: EventTarget, answer: str, occurrence: EventTime | None
    ) -> RemoteResource:
        return await writing.respond(permit, self._place(target), target, answer, occurrence, now=self._clock())

    async def create_calendar(
        self, permit: Permit, remote_id: str, name: str, color: str | None, *, leaving: Leaving = unasked
    ) -> RemoteCalendar:
        writing.require_creation(permit)
        await leaving()
        self.ask("create_calendar", remote_id)
        held = self._provider.calendars.get(remote_id)
        if held is not None and held.owner != self._username:
            raise DuplicateCalendar("there is a calendar at that address already")
        if held is None:
            slug = remote_id.strip("/").rpartition("/")[2]
            held = self._provider.add_calendar(self._username, slug, name, color=color)
        return self._remote(held)

    async def close(self) -> None:
        """Nothing is held open."""

    @property
    def _username(self) -> str:
        return self._credentials.username

    def ask(self, operation: str, what: str) -> None:
        """Make one request of the provider."""
        self._provider.request(operation, what, self._username, self._credentials.password)

    def calendar(self, operation: str, remote_id: str) -> ProviderCalendar:
        """Make one request about a calendar."""
        self.ask(operation, remote_id)
        return self._provider.calendar_for(remote_id, self._username)

    def reader(self, calendar: ProviderCalendar) -> Reader:
        """For whom resources of that calendar are read."""
        known = self._provider.users[self._username].addresses
        addresses = tuple(dict.fromkeys((*known, self._email.lower()) if self._email else known))
        return Reader(frozenset(addresses), addresses[0] if addresses else None, calendar.tzid or self._tzid)

    def _place(self, target: EventTarget) -> "_Place":
        return _Place(self, self._provider, target)

    def _visible(self) -> list[ProviderCalendar]:
        calendars = self._provider.calendars.values()
        return [one for one in calendars if one.owner == self._username or self._username in one.shared_with]

    def _remote(self, calendar: ProviderCalendar) -> RemoteCalendar:
        return RemoteCalendar(
            calendar.remote_id,
            calendar.name,
            owned=calendar.owner == self._username,
            readonly=calendar.readonly,
            primary=calendar.primary and calendar.owner == self._username,
            color=calendar.color,
            tzid=calendar.tzid,
        )

    def _everything(self, calendar: ProviderCalendar) -> RemoteChanges:
        listing = {name: etag for name, (etag, _) in calendar.resources.items()}
        return RemoteChanges(listing, frozenset(), self._provider.cursor(calendar), full=True)


class _Place:
    """One calendar's resources, as ``writing`` works on them."""

    def __init__(self, connector: MemoryConnector, provider: MemoryProvider, target: EventTarget) -> None:
        self._connector = connector
        self._provider = provider
        self._target = target

    def _calendar(self, operation: str) -> ProviderCalendar:
        return self._connector.calendar(operation, self._target.calendar_remote_id)

    async def get(self, resource_id: ResourceId) -> Version | None:
        calendar = self._calendar("get")
        if resource_id in calendar.withheld:
            raise ProviderRejected("the calendar service does not give this event out")
        held = calendar.resources.get(resource_id)
        return None if held is None else Version(*held)

    async def put(self, resource_id: ResourceId, body: bytes, etag: str | None) -> None:
        await self._target.leaving()
        self._provider.store(self._writable("put"), resource_id, body, etag)
        self._provider.answer("put")

    async def delete(self, resource_id: ResourceId, etag: str) -> None:
        await self._target.leaving()
        self._provider.remove(self._writable("delete"), resource_id, etag)
        self._provider.answer("delete")

    async def reader(self) -> Reader:
        return self._connector.reader(self._calendar("reader"))

    def _writable(self, operation: str) -> ProviderCalendar:
        calendar = self._calendar(operation)
        if calendar.readonly:
            raise ProviderRejected("the calendar service does not allow changes in this calendar")
        return calendar


def _given(calendar: ProviderCalendar, one: ResourceId, reader: Reader) -> RemoteResource:
    if one in calendar.faulty or one in calendar.withheld:
        return RemoteResource(one, "", (), (FAULTY if one in calendar.faulty else UNREADABLE,))
    return reader.resource(one, Version(*calendar.resources[one]))
