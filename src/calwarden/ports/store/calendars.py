"""The repositories of what Providers have, what is owed to them, and listings of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from calwarden.domain.event import Event, Occupied, Resource
from calwarden.domain.ids import (
    AccountId,
    ApplicationId,
    CalendarId,
    EventKey,
    GrantId,
    ProfileId,
    ResourceId,
    WriteId,
)
from calwarden.domain.profile import Calendar, Credentials, Profile
from calwarden.domain.times import Instant, Window
from calwarden.domain.write import PendingWrite


class Profiles(Protocol):
    def add(self, profile: Profile, credentials: Credentials) -> None: ...
    def get(self, account_id: AccountId, profile_id: ProfileId) -> Profile | None: ...
    def of_account(self, account_id: AccountId) -> Sequence[Profile]: ...
    def save(self, profile: Profile) -> None: ...
    def credentials(self, account_id: AccountId, profile_id: ProfileId) -> Credentials | None: ...
    def set_credentials(self, account_id: AccountId, profile_id: ProfileId, credentials: Credentials) -> None: ...
    def delete(self, account_id: AccountId, profile_id: ProfileId) -> None:
        """With its calendars, events, owed writes and credentials."""
        ...

    def due(self, now: Instant, limit: int) -> Sequence[Profile]:
        """Work queue: connected Profiles whose ``sync_due_at`` has come and which nobody holds a lease of, of all
        Accounts, most overdue first.
        """
        ...

    def lease(self, account_id: AccountId, profile_id: ProfileId, holder: str, now: Instant, until: Instant) -> bool:
        """Take or extend the right to sync this Profile or deliver its writes; False while another holder has it."""
        ...

    def release(self, account_id: AccountId, profile_id: ProfileId, holder: str) -> None: ...


class Calendars(Protocol):
    def add(self, calendar: Calendar) -> None: ...
    def get(self, account_id: AccountId, calendar_id: CalendarId) -> Calendar | None: ...
    def of_account(self, account_id: AccountId) -> Sequence[Calendar]:
        """All of them, shared-in and deleted ones included: ``policy`` decides which exist for whom."""
        ...

    def of_profile(self, account_id: AccountId, profile_id: ProfileId) -> Sequence[Calendar]: ...
    def save(self, calendar: Calendar) -> None: ...


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which occurrences a read is about. ``external``/``own`` are relative to ``application_id``.

    ``window`` None: no bound (own events only). A timed event is in a window if it starts before ``end`` and ends at or
    after ``start``; an all-day one by the days (contract events 6.1).
    """

    calendar_ids: frozenset[CalendarId]
    application_id: ApplicationId
    own: bool
    external: bool
    window: Window | None
    external_window: Window | None = None  # External Events exist only within this one (42 days back, 201 ahead)
    deleted: bool = False  # deleted ones too
    moved: bool = False  # keys alone: those too that were in the bounds once and are not any more
    modified_since: Instant | None = None
    busy_modified_since: Instant | None = None


class Events(Protocol):
    def keys(self, account_id: AccountId, query: EventQuery) -> Sequence[EventKey]:
        """Keys in (start, end, key) order."""
        ...

    def load(self, account_id: AccountId, keys: Sequence[EventKey]) -> Sequence[Event]:
        """Those that still exist, in the order of ``keys``."""
        ...

    def busy(self, account_id: AccountId, query: EventQuery) -> Sequence[Occupied]:
        """One covering indexed read, in (start, end, busy, calendar) order; no details are touched.

        Occurrences that take no time (``busy`` None: cancelled, declined, deleted) come only if ``query.deleted``.
        """
        ...

    def get(self, account_id: AccountId, calendar_id: CalendarId, key: EventKey) -> Event | None: ...
    def resource(self, account_id: AccountId, calendar_id: CalendarId, resource_id: ResourceId) -> Resource | None:
        """A forgotten one is given without components and etag, as long as deleted occurrences of it are held."""
        ...

    def own_resource(
        self, account_id: AccountId, calendar_id: CalendarId, application_id: ApplicationId, event_id: str
    ) -> Resource | None:
        """The Partner Event by the Application's id, a deleted one (without components) included."""
        ...

    def own_resources(
        self, account_id: AccountId, application_id: ApplicationId, calendar_ids: Iterable[CalendarId]
    ) -> Sequence[Resource]:
        """The Application's own ones that have components."""
        ...

    def etags(self, account_id: AccountId, calendar_id: CalendarId) -> Mapping[ResourceId, str | None]:
        """Every Resource held, forgotten ones left out."""
        ...

    def of_resource(self, account_id: AccountId, calendar_id: CalendarId, resource_id: ResourceId) -> Sequence[Event]:
        """Every occurrence held of one Resource, deleted ones included."""
        ...

    def save(self, resource: Resource, events: Sequence[Event]) -> None:
        """Store the Resource and exactly these occurrences of it (as ``syncplan.reconcile`` made them).

        Raises NotFound if the calendar is gone: content never outlives it.
        """
        ...

    def set_etag(
        self, account_id: AccountId, calendar_id: CalendarId, resource_id: ResourceId, etag: str | None
    ) -> None: ...
    def forget(self, account_id: AccountId, calendar_id: CalendarId, resource_id: ResourceId) -> None:
        """The Resource is gone at the Provider: drop its content and keep its occurrences, marked deleted by save."""
        ...

    def expiring(self, account_id: AccountId, profile_id: ProfileId, before: Instant, limit: int) -> Sequence[Resource]:
        """Recurring Resources whose occurrences are held only up to an instant earlier than ``before``."""
        ...

    def purge_deleted(self, account_id: AccountId, before: Instant) -> None:
        """Drop occurrences deleted before that instant."""
        ...


class PendingWrites(Protocol):
    def add(self, write: PendingWrite) -> PendingWrite:
        """Store it with the next sequence number of its Account."""
        ...

    def get(self, account_id: AccountId, write_id: WriteId) -> PendingWrite | None: ...
    def save(self, write: PendingWrite) -> None: ...
    def done(self, account_id: AccountId, write_id: WriteId) -> None: ...
    def owed(self, account_id: AccountId, profile_id: ProfileId) -> Sequence[PendingWrite]:
        """All owed writes of a Profile in order of sequence."""
        ...

    def owed_resources(self, account_id: AccountId, calendar_id: CalendarId) -> frozenset[ResourceId]:
        """Resources with an owed write: a sync pass leaves these alone."""
        ...

    def due(self, now: Instant, limit: int) -> Sequence[tuple[AccountId, ProfileId]]:
        """Work queue: connected Profiles that nobody holds a lease of, with a write whose ``due_at`` has come and which
        is first of its Resource.
        """
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing frozen at its first page (contract events 1.6): which entries, how they are to be shown.

    ``keys`` are those of the pages still to come, page by page; ``view`` is the request as canonical JSON text.
    """

    page_hash: str
    account_id: AccountId
    application_id: ApplicationId
    grant_id: GrantId
    kind: str  # "events" or "free_busy"
    current: int
    total: int
    keys: tuple[EventKey, ...]
    next_page: str | None  # the id of the following page, encrypted at rest
    view: str
    expires: Instant


class Listings(Protocol):
    def add(self, pages: Sequence[Listing]) -> None: ...
    def get(self, page_hash: str, now: Instant) -> Listing | None: ...
    def delete_of_grant(self, account_id: AccountId, grant_id: GrantId) -> None: ...
    def purge(self, now: Instant) -> None: ...
