"""Connectors: our code that speaks to a Provider. Asynchronous; nobody holds a transaction across an await.

Every method raises only the errors below, and what ``Leaving`` raises. Writes take the Permit that allows them and
refuse a calendar it does not name; an If-Match or If-None-Match goes with each (security 12.1).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from calwarden.domain.draft import EventDraft
from calwarden.domain.event import Component
from calwarden.domain.ids import CalendarId, ResourceId
from calwarden.domain.profile import Credentials, Provider
from calwarden.domain.times import EventTime
from calwarden.policy.decision import Permit


class ConnectorError(Exception):
    """Base of what a Connector may raise. ``hint`` is a sentence for the person, without the Provider's own text."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint


class CredentialsRevoked(ConnectorError):
    """The Provider refuses the credentials: wrong password, withdrawn app password."""


class PreconditionFailed(ConnectorError):
    """The resource is not in the version the caller based its write on, or is there already."""


class ResourceGone(ConnectorError):
    """The resource does not exist at the Provider."""


class CalendarGone(ConnectorError):
    """The calendar does not exist at the Provider, or may not be read any more."""


class CursorExpired(ConnectorError):
    """The Provider does not accept the cursor: list everything."""


class RateLimited(ConnectorError):
    """Too many requests; ``retry_after`` in seconds, if the Provider said so."""

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__("the calendar service asks to wait")
        self.retry_after = retry_after


class ProviderRejected(ConnectorError):
    """The Provider refuses this write for good (4xx): repeating it will not help."""


class DuplicateCalendar(ProviderRejected):
    """A calendar of that name or address is there already."""


class ProviderUnavailable(ConnectorError):
    """No usable answer: unreachable, refused address, time-out, 5xx, nonsense. Repeating may help."""


class CertificateInvalid(ProviderUnavailable):
    """The TLS certificate is not to be trusted."""


class AddressRefused(ProviderUnavailable):
    """The address is not one the server may speak to (security 8)."""


class NoCalendars(ConnectorError):
    """Discovery ended, and there is no calendar service or no calendar at that address."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """What discovery found out: where the account lives and who the person is there."""

    provider: Provider
    home: str  # where calendars are listed and created; stored as the Profile's url
    name: str  # display name or login name
    addresses: frozenset[str]  # the person's own e-mail addresses, lower-cased: who "me" is among attendees


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    remote_id: str
    name: str
    owned: bool
    readonly: bool
    primary: bool = False
    color: str | None = None
    tzid: str | None = None


FAULTY: Final = "faulty"
"""The flag of a resource that is listed and at which the Provider fails while it gives others: it may give it later."""


@dataclass(frozen=True, slots=True)
class RemoteResource:
    """One resource as the Provider has it now. ``components`` empty: nothing in it that is an event, or ``flags`` say
    why it could not be read ("unreadable", "too_large", "faulty"). ``etag`` empty: no version is known.
    """

    resource_id: ResourceId
    etag: str
    components: tuple[Component, ...]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteChanges:
    """What differs from the cursor. ``full``: ``changed`` is the complete listing, and what is not in it is gone.
    ``lost``: that is so because the Provider did not take the cursor, which it had given out for that calendar.
    """

    changed: dict[ResourceId, str]  # resource -> etag
    removed: frozenset[ResourceId]
    cursor: str | None
    full: bool
    lost: bool = False


Leaving = Callable[[], Awaitable[None]]
"""Asked by a Connector once all is read and nothing is left to do but to send a change: whoever ordered the write
raises an error of its own if that may not be any more (security 5.2). Reading may have taken minutes.
"""


async def unasked() -> None:
    """Nothing stands in the way."""


@dataclass(frozen=True, slots=True)
class EventTarget:
    """Which event a write is for. ``resource_id`` was chosen by us for creations, so that a repeat finds it."""

    calendar_id: CalendarId
    calendar_remote_id: str
    resource_id: ResourceId
    uid: str
    etag: str | None  # what we hold; None: we believe it is not there
    leaving: Leaving = field(default=unasked, repr=False, compare=False)


class Naming(Protocol):
    """The addresses that creations use: chosen by us before a write is acknowledged, so that a repeat finds what the
    first attempt made. ``name`` is random: nobody else can have chosen it. Pure.
    """

    def resource_id(self, provider: Provider, calendar_remote_id: str, name: str) -> ResourceId: ...

    def calendar_remote_id(self, provider: Provider, home: str, name: str) -> str:
        """``home`` is the Profile's url."""
        ...


class CollectionNaming:
    """Names in collections, which CalDAV has (RFC 4791 5.3); remote ids are decoded paths that end in a slash."""

    def resource_id(self, provider: Provider, calendar_remote_id: str, name: str) -> ResourceId:
        """``name.ics`` in the calendar's collection."""
        del provider
        return ResourceId(f"{calendar_remote_id}{name}.ics")

    def calendar_remote_id(self, provider: Provider, home: str, name: str) -> str:
        """A collection ``name`` in the home collection."""
        del provider
        path = unquote(urlsplit(home).path)
        return f"{path.removesuffix('/')}/{name}/"


class Connector(Protocol):
    """A Provider, for one set of credentials. Made by a ConnectorFactory; ``close`` when done."""

    async def discover(self) -> Discovered: ...

    async def list_calendars(self) -> Sequence[RemoteCalendar]:
        """Every VEVENT calendar in the person's home, each with the verdict of the ownership rule."""
        ...

    async def changes(self, calendar_remote_id: str, cursor: str | None, *, full: bool = False) -> RemoteChanges:
        """What changed since ``cursor``; everything without one, if it is not accepted, or if ``full`` is wanted."""
        ...

    async def fetch(self, calendar_remote_id: str, resources: Sequence[ResourceId]) -> Sequence[RemoteResource]:
        """The named resources; those that are gone meanwhile are left out. One unreadable resource does not hide
        the others: it comes with no components.
        """
        ...

    async def upsert_event(self, permit: Permit, target: EventTarget, draft: EventDraft) -> RemoteResource:
        """Create it if it is not there, else apply only what ``draft`` states to the Provider's current version and
        keep everything else. Gives the version read back.
        """
        ...

    async def edit_event(
        self, permit: Permit, target: EventTarget, draft: EventDraft, occurrence: EventTime | None
    ) -> RemoteResource:
        """Like upsert, but never creates (ResourceGone); with ``occurrence``, changes that instance alone."""
        ...

    async def delete_event(
        self, permit: Permit, target: EventTarget, occurrence: EventTime | None = None
    ) -> RemoteResource | None:
        """Delete it, or one instance of it (then the version read back). Absent already is success (None)."""
        ...

    async def respond(
        self, permit: Permit, target: EventTarget, answer: str, occurrence: EventTime | None
    ) -> RemoteResource:
        """Set the person's own participation: accepted, tentative, declined."""
        ...

    async def create_calendar(
        self, permit: Permit, remote_id: str, name: str, color: str | None, *, leaving: Leaving = unasked
    ) -> RemoteCalendar:
        """Make a calendar at an address we chose; there already under that address and ours: success.

        Raises DuplicateCalendar where the Provider demands unique names.
        """
        ...

    async def close(self) -> None: ...


class ConnectorFactory(Protocol):
    """Opens a Connector for credentials. Makes no request by itself.

    ``home`` is what ``discover`` found before, if it did. ``tzid`` is the person's zone: that of times without one in
    calendars that name none. ``email`` is the address the person has proven here: many services know people by a mere
    name, and the person is invited by this address all the same.
    """

    def __call__(
        self, credentials: Credentials, home: str | None = None, tzid: str = "Etc/UTC", email: str | None = None
    ) -> Connector: ...
