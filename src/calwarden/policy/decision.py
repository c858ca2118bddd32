"""The question and the answer: Action and Access in, Allow or Deny out."""

from dataclasses import InitVar, dataclass
from enum import Enum, StrEnum
from typing import Final, Literal, NoReturn

from calwarden.domain.errors import Refusal
from calwarden.domain.grant import Connection
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, EventKey
from calwarden.domain.profile import AccessMode


class Action(StrEnum):
    """What is attempted. An action without a rule in ``decide`` is refused."""

    READ_USERINFO = "userinfo.read"
    READ_ACCOUNT = "account.read"
    LIST_PROFILES = "profiles.list"
    REVOKE_PROFILE = "profile.revoke"
    LIST_CALENDARS = "calendars.list"
    CREATE_CALENDAR = "calendar.create"
    READ_BUSY = "busy.read"
    READ_EVENTS = "events.read"
    READ_OWN_EVENTS = "own_events.read"
    WRITE_OWN_EVENT = "own_event.write"
    DELETE_OWN_EVENT = "own_event.delete"
    DELETE_OWN_EVENTS = "own_events.delete"
    EDIT_EVENT = "event.edit"
    DELETE_EVENT = "event.delete"
    RESPOND = "event.respond"
    REQUEST_ELEVATION = "elevation.request"
    LOWER_ELEVATION = "elevation.lower"
    CHECK_PERMISSIONS = "permissions.check"


class TokenState(StrEnum):
    LIVE = "live"
    MISSING = "missing"
    INVALID = "invalid"  # unknown, expired, revoked: told apart for nobody


class GrantStanding(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"  # its end has come
    REVOKED = "revoked"


class Relation(StrEnum):
    """What a calendar id is to this Grant. Everything but OWNED looks the same from outside."""

    OWNED = "owned"
    SHARED_IN = "shared_in"  # somebody else's, shared with the Account at the Provider
    EXCLUDED = "excluded"  # outside a narrowed grant, or its Profile was taken out
    OTHER_ACCOUNT = "other_account"
    DELETED = "deleted"
    UNKNOWN = "unknown"


class Elevated(StrEnum):
    """How far beyond its own events an Application may write in a calendar, scopes permitting."""

    NONE = "none"  # the sandbox
    CHANGE = "change"  # External Events may be changed, not deleted
    FULL = "full"


class EventClass(StrEnum):
    OWN = "own"  # Partner Event of the asking Application
    OTHER_APPLICATION = "other_application"
    PERSON = "person"  # made by the person, or by anybody else outside calwarden
    ABSENT = "absent"  # never was, deleted, or in another calendar


class _NotAsked(Enum):
    NOT_ASKED = "not_asked"


NOT_ASKED: Final = _NotAsked.NOT_ASKED
NotAsked = Literal[_NotAsked.NOT_ASKED]
"""The object has not been looked at yet: decide as far as possible without it."""


@dataclass(frozen=True, slots=True)
class GrantFacts:
    token: TokenState = TokenState.LIVE
    standing: GrantStanding = GrantStanding.ACTIVE
    scopes: tuple[str, ...] = ()
    connection: Connection = Connection.INDIVIDUAL
    account_id: AccountId = AccountId("")
    application_id: ApplicationId = ApplicationId("")


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    relation: Relation
    elevated: Elevated = Elevated.NONE  # for this Grant, now
    readonly: bool = False  # at the Provider
    connected: bool = True  # its Profile's credentials work
    mode: AccessMode = AccessMode.READ_WRITE  # the ceiling the person chose for its Profile
    calendar_id: CalendarId = CalendarId("")


@dataclass(frozen=True, slots=True)
class EventFacts:
    """``may_*`` are the Provider's word on what the person could do to this event."""

    event_class: EventClass
    may_update: bool = True
    may_delete: bool = True
    may_respond: bool = False
    key: EventKey | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Everything a decision may depend on. Objects are looked at in order: grant, calendar, event."""

    grant: GrantFacts
    calendar: CalendarFacts | NotAsked = NOT_ASKED
    event: EventFacts | NotAsked = NOT_ASKED


class Reason(StrEnum):
    """Why not. Stable codes, documented in ``docs/errors.md``; sentence and remedy are in ``explain``."""

    TOKEN_MISSING = "token_missing"
    TOKEN_INVALID = "token_invalid"
    GRANT_ENDED = "grant_ended"
    BEYOND_DELEGATION = "beyond_delegation"
    ELEVATION_NOT_OFFERED = "elevation_not_offered"
    SCOPE_MISSING = "scope_missing"
    NOT_FOUND = "not_found"
    ACCESS_MODE = "access_mode"
    CALENDAR_READONLY = "calendar_readonly"
    CALENDAR_NOT_ELEVATED = "calendar_not_elevated"
    ELEVATION_WITHOUT_DELETE = "elevation_without_delete"
    PROFILE_DISCONNECTED = "profile_disconnected"
    EVENT_NOT_EXTERNAL = "event_not_external"
    EVENT_NOT_CHANGEABLE = "event_not_changeable"
    NO_RULE = "no_rule"

    @property
    def refusal(self) -> Refusal | None:
        """The kind of answer, or None where it is the input that is wrong (422)."""
        return _REFUSALS.get(self, Refusal.FORBIDDEN)


_REFUSALS: dict[Reason, Refusal | None] = {
    Reason.TOKEN_MISSING: Refusal.UNAUTHENTICATED,
    Reason.TOKEN_INVALID: Refusal.UNAUTHENTICATED,
    Reason.NOT_FOUND: Refusal.HIDDEN,
    Reason.PROFILE_DISCONNECTED: Refusal.LOCKED,
    Reason.EVENT_NOT_EXTERNAL: None,
}


_MINT: Final = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """Evidence of an Allow. A connector write takes one and refuses a calendar the permit does not name.

    Only ``decide`` makes one, and it cannot be changed, copied or stored: what is kept for later is decided again.
    """

    action: Action
    account_id: AccountId
    application_id: ApplicationId
    calendar_id: CalendarId | None
    event_key: EventKey | None
    mint: InitVar[object]  # not a field, or dataclasses.replace() would hand it on

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            raise TypeError("permits are made by decide() alone")

    def __reduce__(self) -> NoReturn:
        raise TypeError("permits are neither copied nor stored")


@dataclass(frozen=True, slots=True)
class Allow:
    permit: Permit


@dataclass(frozen=True, slots=True)
class Deny:
    """``scopes`` names what would have to be granted, for SCOPE_MISSING alone."""

    reason: Reason
    scopes: tuple[str, ...] = ()


Decision = Allow | Deny


def allow(action: Action, grant: GrantFacts, calendar: CalendarFacts | NotAsked, event: EventFacts | NotAsked) -> Allow:
    """Mint the permit of an Allow: for ``decide`` alone. An event is looked at only in a calendar that was."""
    calendar_id, event_key = None, None
    if calendar is not NOT_ASKED:
        calendar_id = calendar.calendar_id
        event_key = None if event is NOT_ASKED else event.key
    return Allow(Permit(action, grant.account_id, grant.application_id, calendar_id, event_key, _MINT))
