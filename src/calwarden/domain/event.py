"""Events as calwarden holds them. Never leaves the server in this form: ``policy.view`` makes what is shown.

Two grains. A :class:`Component` is what the provider keeps: a plain event, the master of a series, or one changed
instance (RFC 5545 3.8.4.4). An :class:`Event` is one occurrence on the time axis, computed from components when they
change, so that no question expands anything.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, EventKey, ResourceId
from calwarden.domain.times import EventTime, Instant


class Transparency(StrEnum):
    OPAQUE = "opaque"
    TRANSPARENT = "transparent"
    UNKNOWN = "unknown"


class EventStatus(StrEnum):
    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Participation(StrEnum):
    NEEDS_ACTION = "needs_action"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    UNKNOWN = "unknown"


class Busy(StrEnum):
    """What an occurrence does to its owner's time (contract events 7)."""

    BUSY = "busy"
    TENTATIVE = "tentative"
    FREE = "free"
    UNKNOWN = "unknown"


class Occupied(NamedTuple):
    """The clear facts of one occurrence, all that free/busy is made of. ``own``: the asking Application's.

    A tuple, as one answer may be made of thousands: a dataclass takes five times as long to make.
    """

    calendar_id: CalendarId
    key: EventKey
    start_at: Instant  # of whole days: midnight UTC
    end_at: Instant
    all_day: bool
    start_tzid: str
    end_tzid: str
    busy: Busy | None  # None: takes no time
    own: bool
    event_id: str | None  # of own ones only
    deleted: bool
    updated: Instant  # since when these facts are so


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attendee:
    person: Person
    participation: Participation = Participation.NEEDS_ACTION


@dataclass(frozen=True, slots=True)
class Place:
    description: str = ""
    lat: str | None = None
    long: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """What an event is about: shown to nobody whose grant does not cover it, encrypted at rest."""

    summary: str = ""
    description: str = ""
    place: Place | None = None
    url: str | None = None
    meeting_url: str | None = None
    organizer: Person | None = None
    attendees: tuple[Attendee, ...] = ()
    categories: tuple[str, ...] = ()
    private: bool = False
    color: str | None = None
    reminders: tuple[int, ...] = ()  # minutes before start


@dataclass(frozen=True, slots=True)
class Repeat:
    """How a master recurs: iCalendar rule texts (``FREQ=WEEKLY;...``), added and excluded starts."""

    rules: tuple[str, ...] = ()
    added: tuple[EventTime, ...] = ()
    excluded: tuple[EventTime, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """A plain event, a series master (``repeat``) or a changed instance (``replaces`` = its original start)."""

    uid: str  # iCalendar UID
    start: EventTime
    end: EventTime  # exclusive; equal to start for an event without length
    status: EventStatus = EventStatus.CONFIRMED
    transparency: Transparency = Transparency.OPAQUE
    participation: Participation | None = None  # the account's own answer, if it is an attendee
    organized_elsewhere: bool = False  # the organizer is somebody other than the account
    repeat: Repeat | None = None
    replaces: EventTime | None = None
    this_and_future: bool = False  # RANGE=THISANDFUTURE on ``replaces``
    sequence: int = 0
    details: Details = Details()
    flags: tuple[str, ...] = ()  # what we could not take literally: "unknown_zone", "bad_rule", ...


@dataclass(frozen=True, slots=True)
class Resource:
    """One stored thing at the provider (CalDAV: one ``.ics``) with the components in it.

    ``created_by`` and ``event_id`` are set if an Application created it through us: the Partner Event of that
    Application and an External Event to everybody else. It is that one by its address and its iCalendar UID ``uid``.
    ``etag`` is None until the provider has it.
    """

    account_id: AccountId
    calendar_id: CalendarId
    resource_id: ResourceId
    etag: str | None
    components: tuple[Component, ...]
    created_by: ApplicationId | None = None
    event_id: str | None = None
    created: Instant = Instant(0)
    expanded_to: Instant = Instant(0)  # occurrences are held up to here; 0: not recurring, holds for good
    uid: str = ""  # of an Application's own

    def found(self, components: tuple[Component, ...]) -> "Resource":
        """The resource with what the provider has there by now. Another UID is another event: it is nobody's own."""
        own = self.uid or (self.components[0].uid if self.components else "")
        # INVARIANT: an event that was never an Application's does not become its own, whatever is put at that address.
        if self.created_by is None or all(one.uid == own for one in components):
            return replace(self, components=components)
        return replace(self, components=components, created_by=None, event_id=None, uid="")


@dataclass(frozen=True, slots=True)
class Event:
    """One occurrence, as stored: clear facts for free/busy, and the component that its details are read from."""

    account_id: AccountId
    calendar_id: CalendarId
    key: EventKey
    resource_id: ResourceId
    occurrence: str  # "" for a plain event, else the original start (RFC 3339 UTC or YYYY-MM-DD)
    start: EventTime
    end: EventTime
    busy: Busy | None  # None: takes no time at all (cancelled, declined)
    status: EventStatus
    transparency: Transparency
    recurring: bool
    component: Component
    created_by: ApplicationId | None = None
    event_id: str | None = None
    deleted: bool = False
    created: Instant = Instant(0)
    updated: Instant = Instant(0)  # when anything about it changed
    busy_updated: Instant = Instant(0)  # when its calendar, start, end or busy status changed

    @property
    def series(self) -> str | None:
        """The wire's ``series_identifier``: equal for all occurrences of one series, None for a plain event."""
        return self.resource_id if self.recurring else None

    def as_deleted(self, now: Instant) -> "Event":
        """The same occurrence, gone at ``now``; a repeated deletion changes nothing."""
        if self.deleted:
            return self
        return replace(self, deleted=True, updated=now, busy_updated=now, busy=None)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One instance that ``timetable`` found: where on the axis, and the component its facts come from."""

    occurrence: str  # as Event.occurrence
    start: EventTime
    end: EventTime
    component: Component
    recurring: bool


def busy_status(component: Component) -> Busy | None:
    """What an occurrence of ``component`` does to its owner's time (contract events 7).

    None: nothing at all (cancelled, declined).
    """
    if component.status is EventStatus.CANCELLED or component.participation is Participation.DECLINED:
        return None
    if component.transparency is Transparency.TRANSPARENT:
        return Busy.FREE
    if component.transparency is Transparency.UNKNOWN:
        return Busy.UNKNOWN
    unsure = component.participation in {Participation.TENTATIVE, Participation.NEEDS_ACTION}
    return Busy.TENTATIVE if unsure or component.status is EventStatus.TENTATIVE else Busy.BUSY
