"""Pending Writes: what was acknowledged and is still owed to the Provider."""

from dataclasses import dataclass
from enum import StrEnum

from calwarden.domain.draft import EventDraft
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, GrantId, ProfileId, ResourceId, WriteId
from calwarden.domain.times import EventTime, Instant


class WriteKind(StrEnum):
    UPSERT = "upsert"  # own event: create or update
    DELETE = "delete"  # own event
    EDIT = "edit"  # External Event or one occurrence of it
    REMOVE = "remove"  # External Event or one occurrence of it
    RESPOND = "respond"  # participation status
    CREATE_CALENDAR = "create_calendar"


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """One owed write. Writes to one resource are delivered in the order of ``sequence`` (security 12.2).

    ``occurrence`` is the original start when one instance of a series is meant. ``uid`` is the iCalendar UID a
    creation uses. ``generation`` is the grant's at acceptance; if it is older than the grant's now, the write is
    dropped (ruling 16).
    """

    account_id: AccountId
    write_id: WriteId
    profile_id: ProfileId
    calendar_id: CalendarId
    resource_id: ResourceId
    kind: WriteKind
    application_id: ApplicationId
    grant_id: GrantId
    generation: int
    accepted: Instant
    sequence: int = 0  # given by the store
    uid: str = ""
    draft: EventDraft | None = None
    occurrence: EventTime | None = None
    answer: str | None = None  # RESPOND: accepted, tentative, declined
    name: str | None = None  # CREATE_CALENDAR
    color: str | None = None
    attempts: int = 0
    due_at: Instant = Instant(0)
