"""Pending Writes: what was acknowledged and is still owed to the Provider."""

from dataclasses import dataclass
from enum import StrEnum

from calwarden.domain.draft import EventDraft
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, GrantId, ProfileId, ResourceId, WriteId
from calwarden.domain.times import EventTime, Instant


class WriteKind(StrEnum):
    """What is owed. The store shows the intended state from acceptance on, so delivery decides afresh on the Grant, the
    calendar and the Resource, never on the occurrence (a deleted one is absent):

    - of several owed writes to one Resource only the last one stores what the Provider made of it; the earlier ones
      record the etag, or the intended state would go back in between;
    - DELETE and REMOVE without ``occurrence`` find the Resource without components, with the etag held; whose event it
      is says ``created_by``. Delivered, it is forgotten;
    - a write that is dropped or refused for good is taken back: the Provider's version is fetched and stored, and what
      the Provider does not have is dropped;
    - CREATE_CALENDAR carries the remote id as ``resource_id`` and what ``calendar_id_of`` makes of it. Delivered, the
      Calendar is stored with ``created_by``, joins the Grant's elevated calendars and its allow-list if it has one
      (rulings 8, 20), in the transaction that ends the write. Refused, the ledger has an entry FAILED on that
      ``calendar_id``, with the reason ``duplicate_calendar`` if it is the name.
    """

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
