"""The store: one transaction is one UnitOfWork, with a repository per noun.

Statements over an Account's things carry the Account (and the Application where there is one): ids alone never select
(security 1.6). The listed exceptions are the application table, token and session look-up by hash, and work queues.
Everything here is synchronous; the edges hop to a thread.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from calwarden.domain.account import Account, Session
from calwarden.domain.application import Application, SecretInfo
from calwarden.domain.audit import AuditEntry
from calwarden.domain.event import Event, Resource
from calwarden.domain.grant import Authorization, ElevationRequest, Grant, Token
from calwarden.domain.ids import (
    AccountId,
    ApplicationId,
    AuthorizationId,
    CalendarId,
    ElevationRequestId,
    EventKey,
    GrantId,
    ProfileId,
    ResourceId,
    SecretId,
    SessionId,
    WriteId,
)
from calwarden.domain.profile import Calendar, Credentials, Profile
from calwarden.domain.times import Instant, Window
from calwarden.domain.write import PendingWrite


class StoreUnavailable(Exception):
    """The database does not answer, is locked for too long or has no room: nothing was stored, repeating may help.

    Edges answer 503. The message names the cause for the operator and carries no statement and no value.
    """


class Accounts(Protocol):
    def add(self, account: Account) -> None:
        """Store a new Account and make its data key. Raises Conflict if the e-mail address is taken."""
        ...

    def get(self, account_id: AccountId) -> Account | None: ...
    def by_email(self, email: str) -> Account | None:
        """Compares lower-cased."""
        ...

    def list(self) -> Sequence[Account]: ...
    def save(self, account: Account) -> None: ...
    def delete(self, account_id: AccountId) -> None:
        """Delete the Account, everything in it and its data key. The audit chain stays, unreadable."""
        ...


class Applications(Protocol):
    def add(self, application: Application) -> None: ...
    def get(self, application_id: ApplicationId) -> Application | None: ...
    def list(self) -> Sequence[Application]: ...
    def save(self, application: Application) -> None: ...
    def delete(self, application_id: ApplicationId) -> None:
        """Delete it with its secrets, grants and tokens. Events it created stay and become nobody's."""
        ...

    def add_secret(self, application_id: ApplicationId, secret_id: SecretId, secret: str, now: Instant) -> None:
        """Kept encrypted (it signs callbacks) and as a keyed hash for look-up (ruling 27)."""
        ...

    def secrets(self, application_id: ApplicationId) -> Sequence[SecretInfo]: ...
    def signing_secrets(self, application_id: ApplicationId) -> Sequence[str]:
        """The plain secrets, newest first, for signing callbacks alone."""
        ...

    def drop_secret(self, application_id: ApplicationId, secret_id: SecretId) -> None: ...
    def by_secret(self, secret: str) -> Application | None:
        """The Application one of whose active secrets this is; compared by keyed hash, in constant time."""
        ...


class Sessions(Protocol):
    def add(self, session: Session) -> None: ...
    def get(self, session_id: SessionId) -> Session | None: ...
    def delete(self, session_id: SessionId) -> None: ...
    def delete_all(self, account_id: AccountId) -> None: ...
    def purge(self, now: Instant) -> None:
        """Forget expired ones."""
        ...


class OneTimeTokens(Protocol):
    """Short-lived single-use links: e-mail verification, password reset, invitations. Stored hashed."""

    def add(self, token_hash: str, purpose: str, subject: str, expires: Instant) -> None: ...
    def peek(self, token_hash: str, purpose: str, now: Instant) -> str | None: ...
    def take(self, token_hash: str, purpose: str, now: Instant) -> str | None:
        """The subject, once; None if unknown, spent, of another purpose or expired."""
        ...

    def purge(self, now: Instant) -> None:
        """Forget expired ones."""
        ...


class Attempts(Protocol):
    """Counters for rate limits that must survive a restart: sign-in, failed client authentication."""

    def hit(self, bucket: str, window_seconds: int, now: Instant) -> int:
        """Count one attempt; gives the number within the current window, this one included."""
        ...

    def clear(self, bucket: str) -> None: ...
    def purge(self, now: Instant) -> None:
        """Forget windows that are over."""
        ...


class Authorizations(Protocol):
    def add(self, authorization: Authorization) -> None: ...
    def get(self, authorization_id: AuthorizationId) -> Authorization | None: ...
    def save(self, authorization: Authorization) -> None: ...
    def by_code(self, code_hash: str) -> Authorization | None: ...
    def redeem(self, code_hash: str, now: Instant) -> Authorization | None:
        """One atomic statement: APPROVED and unexpired becomes EXCHANGED; None if it was not so (security 4.5)."""
        ...

    def withdraw_codes(self, account_id: AccountId, application_id: ApplicationId) -> None:
        """What this Account has approved and this Application has not redeemed becomes DECLINED."""
        ...

    def purge(self, now: Instant) -> None:
        """Forget those that expired; of those that had a code, a day later: until then one that comes a second time is
        recognised.
        """
        ...


class Grants(Protocol):
    def add(self, grant: Grant) -> None: ...
    def get(self, account_id: AccountId, application_id: ApplicationId) -> Grant | None:
        """The live Grant of the pair, or None."""
        ...

    def by_id(self, account_id: AccountId, grant_id: GrantId) -> Grant | None:
        """Whatever its state."""
        ...

    def of_account(self, account_id: AccountId) -> Sequence[Grant]: ...
    def of_application(self, application_id: ApplicationId) -> Sequence[Grant]: ...
    def list(self) -> Sequence[Grant]:
        """Live ones, for the operator."""
        ...

    def save(self, grant: Grant) -> None: ...


class Tokens(Protocol):
    def add(self, token: Token) -> None: ...
    def find(self, token_hash: str) -> tuple[Token, Grant] | None:
        """Token and its Grant in one indexed read; the caller judges expiry, kind and state."""
        ...

    def spend(self, token_hash: str) -> bool:
        """Mark a refresh token as rotated away; False if it was already (reuse)."""
        ...

    def delete_of_grant(self, account_id: AccountId, grant_id: GrantId) -> None: ...
    def delete_family(self, family: str) -> None: ...
    def purge(self, now: Instant) -> None:
        """Forget expired ones."""
        ...


class ElevationRequests(Protocol):
    def add(self, request: ElevationRequest) -> None: ...
    def get(self, request_id: ElevationRequestId) -> ElevationRequest | None: ...
    def answer(self, request_id: ElevationRequestId) -> bool:
        """Mark as answered, atomically; False if it was already."""
        ...

    def delete_of_grant(self, account_id: AccountId, grant_id: GrantId) -> None: ...
    def purge(self, now: Instant) -> None:
        """Forget expired ones."""
        ...


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


@dataclass(frozen=True, slots=True)
class BusyRow:
    """The clear columns of one occurrence, enough for free/busy; read without any decryption."""

    calendar_id: CalendarId
    key: EventKey
    start_at: Instant  # sort key; for all-day events midnight UTC
    end_at: Instant
    all_day: bool
    start_tzid: str
    end_tzid: str
    busy: str | None
    own: bool  # created by the asking Application
    event_id: str | None  # of own events only
    deleted: bool
    busy_updated: Instant  # as of Event


class Events(Protocol):
    def keys(self, account_id: AccountId, query: EventQuery) -> Sequence[EventKey]:
        """Keys in (start, end, key) order."""
        ...

    def load(self, account_id: AccountId, keys: Sequence[EventKey]) -> Sequence[Event]:
        """Those that still exist, in the order of ``keys``."""
        ...

    def busy(self, account_id: AccountId, query: EventQuery) -> Sequence[BusyRow]:
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


class Audit(Protocol):
    def append(self, entry: AuditEntry) -> None:
        """Add to the Account's hash chain (ruling 28). Raises NotFound if the Account is gone."""
        ...

    def count_read(
        self, account_id: AccountId, application_id: ApplicationId, calendar_id: CalendarId, level: str, now: Instant
    ) -> None:
        """Reads and refused reads: a counter that becomes one entry per closed hour. ``level`` is a word such as
        ``events`` or ``free_busy``; ``refused:`` with a reason counts a refusal.
        """
        ...

    def entries(self, account_id: AccountId, limit: int | None = None, skip: int = 0) -> Sequence[AuditEntry]:
        """Newest first, without the ``skip`` newest."""
        ...

    def close_hours(self, now: Instant) -> None:
        """Turn the counters of closed hours into entries."""
        ...

    def export(self, account_id: AccountId | None = None) -> Iterable[dict[str, object]]:
        """Records of ``kind`` entry with sequence, predecessor hash, hash and (while the key exists) content, oldest
        first, and after each chain one of ``kind`` head, signed. To be read within the unit of work.
        """
        ...

    def verify(self) -> Sequence[str]:
        """Problems found in any chain: a change, a deletion, a reordering. Empty if none."""
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


class UnitOfWork(Protocol):
    """One transaction. Leaving the block commits; an exception rolls back."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def applications(self) -> Applications: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def one_time(self) -> OneTimeTokens: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def authorizations(self) -> Authorizations: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def elevation_requests(self) -> ElevationRequests: ...
    @property
    def profiles(self) -> Profiles: ...
    @property
    def calendars(self) -> Calendars: ...
    @property
    def events(self) -> Events: ...
    @property
    def writes(self) -> PendingWrites: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def listings(self) -> Listings: ...


class Store(Protocol):
    """Makes units of work; both kinds raise StoreUnavailable. Writers of one Account wait for each other.

    ``add`` of what is there already raises Conflict, ``save`` of what is gone meanwhile NotFound. Blocks are short.
    """

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent read; never writes."""
        ...

    def write(self, *, durable: bool = True) -> AbstractContextManager[UnitOfWork]:
        """A read-write transaction. ``durable``: on disk before the block ends (grants, revocations, acknowledged
        writes); False for what a sync can derive again.
        """
        ...
