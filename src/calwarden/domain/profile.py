"""Profiles and Calendars: what an Account has connected, as facts from the Provider."""

from dataclasses import dataclass
from enum import StrEnum

from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, ProfileId
from calwarden.domain.times import Instant


class Provider(StrEnum):
    """The outside calendar service, in the wire's words (contract authorization 4.3)."""

    APPLE = "apple"
    CALDAV = "caldav"


class AccessMode(StrEnum):
    """The ceiling the Account chose for a Profile (contract authorization 5.6)."""

    READ_WRITE = "read_write"
    FREE_BUSY = "free_busy"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Profile:
    """One connection of an Account to a Provider. Credentials are kept apart and never in this value."""

    account_id: AccountId
    profile_id: ProfileId
    provider: Provider
    name: str  # usually the login name at the Provider
    url: str
    created: Instant
    access_mode: AccessMode = AccessMode.READ_WRITE
    connected: bool = True
    disconnected_reason: str | None = None
    initial_sync_done: bool = False
    synced_at: Instant | None = None  # end of the last complete pass
    sync_due_at: Instant = Instant(0)
    failures: int = 0  # consecutive failed passes


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a Connector signs in with. ``ca_file`` holds the PEM text of a private authority, if any."""

    url: str
    username: str
    password: str
    ca_pem: str | None = None

    def __repr__(self) -> str:
        return "Credentials(...)"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Belongs to one Profile. ``owned`` follows the layered rule of ``connectors.md`` 1; doubt means not owned."""

    account_id: AccountId
    calendar_id: CalendarId
    profile_id: ProfileId
    remote_id: str  # CalDAV: decoded collection path
    name: str
    owned: bool
    readonly: bool = False
    deleted: bool = False
    primary: bool = False
    color: str | None = None
    tzid: str | None = None  # for floating and all-day events, if the Provider names one
    created_by: ApplicationId | None = None
    cursor: str | None = None  # where the last complete pass got to at the Provider
    synced: bool = False  # a complete pass has been stored at least once
