"""Grants, Authorizations, Elevations and Tokens: who said what one Application may do for one Account."""

from dataclasses import dataclass
from enum import StrEnum

from calwarden.domain.ids import (
    AccountId,
    ApplicationId,
    AuthorizationId,
    CalendarId,
    ElevationRequestId,
    GrantId,
    ProfileId,
)
from calwarden.domain.times import Instant


class GrantState(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"


class Connection(StrEnum):
    """How the Account came to the Application (contract authorization 5)."""

    INDIVIDUAL = "individual"
    MANAGED = "managed"  # through a service account without unrestricted_access
    UNRESTRICTED = "unrestricted"  # through a service account with unrestricted_access
    DELEGATED = "delegated"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the person made an agreement narrower by: these calendars alone, and no longer than to this moment."""

    calendars: frozenset[CalendarId] | None = None  # None: all that are theirs, later ones too
    ends: Instant | None = None

    def within(self, other: "Terms") -> bool:
        """Whether these allow nothing that ``other`` does not."""
        fewer = other.calendars is None or (self.calendars is not None and self.calendars <= other.calendars)
        sooner = other.ends is None or (self.ends is not None and self.ends <= other.ends)
        return fewer and sooner


@dataclass(frozen=True, slots=True)
class Elevation:
    """Extended Permissions of one Grant in one calendar: External Events may be changed there, and deleted too unless
    the person allowed no more than changing. ``ends``: from this moment on it counts for nothing.
    """

    calendar_id: CalendarId
    deletes: bool = True
    ends: Instant | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What one Application may do for one Account. There is at most one per pair; revocation ends it for good
    and a new authorization makes a new one.

    ``generation`` rises on revocation, narrowing and ending (ruling 16): work accepted under an older one is dropped.
    ``calendars`` is an allow-list; None means every owned calendar. ``elevations`` holds at most one for each calendar,
    one that has ended among them until it is replaced.
    """

    grant_id: GrantId
    account_id: AccountId
    application_id: ApplicationId
    scopes: tuple[str, ...]  # names as granted, in the order asked for
    created: Instant
    state: GrantState = GrantState.ACTIVE
    generation: int = 1
    connection: Connection = Connection.INDIVIDUAL
    elevations: frozenset[Elevation] = frozenset()
    calendars: frozenset[CalendarId] | None = None
    hidden_profiles: frozenset[ProfileId] = frozenset()  # taken out by /v1/profiles/{id}/revoke
    ends: Instant | None = None

    @property
    def terms(self) -> Terms:
        return Terms(self.calendars, self.ends)

    @property
    def elevated(self) -> frozenset[CalendarId]:
        """The calendars that an Elevation, ended or not, is held for."""
        return frozenset(one.calendar_id for one in self.elevations)


class AuthorizationState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    EXCHANGED = "exchanged"


@dataclass(frozen=True, slots=True)
class Authorization:
    """One run of the consent flow. The request lives here; forms carry only its id (security 4.9)."""

    authorization_id: AuthorizationId
    application_id: ApplicationId
    redirect_uri: str
    scopes: tuple[str, ...]
    created: Instant
    expires: Instant  # of the request while pending, of the code once approved
    state_param: str | None = None
    code_challenge: str | None = None
    status: AuthorizationState = AuthorizationState.PENDING
    account_id: AccountId | None = None
    profile_id: ProfileId | None = None  # connected during this run
    code_hash: str | None = None
    grant_id: GrantId | None = None  # set by the exchange
    calendars: frozenset[CalendarId] | None = None  # as in ``Terms``, once approved
    ends: Instant | None = None


@dataclass(frozen=True, slots=True)
class ElevationRequest:
    """A request for Extended Permissions that waits for the Account's answer; one use, bound to a generation."""

    request_id: ElevationRequestId  # hash of what the URL carries
    account_id: AccountId
    application_id: ApplicationId
    grant_id: GrantId
    generation: int
    calendars: tuple[CalendarId, ...]
    redirect_uri: str
    created: Instant
    expires: Instant
    answered: bool = False


class TokenKind(StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer's proof of a Grant, stored as its SHA-256 only. Refresh Tokens do not expire by time."""

    token_hash: str
    kind: TokenKind
    account_id: AccountId
    application_id: ApplicationId
    grant_id: GrantId
    issued: Instant
    expires: Instant | None
    family: str  # the authorization it descends from: revoked together on code or refresh reuse
    spent: bool = False  # rotated away (public clients)
