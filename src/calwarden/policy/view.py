"""What a Grant may see of an Event: EventView, BusyView or nothing. The only way an Event leaves the server.

Fields are an allow-list (security 1.5): a BusyView of an External Event carries when and how, never what or which.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from calwarden.domain.event import Busy, Details, Event, EventStatus, Occupied, Participation, Transparency
from calwarden.domain.grant import Grant, GrantState
from calwarden.domain.ids import CalendarId, EventKey
from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import EventTime, Instant, Zoned, instant_day
from calwarden.policy.decide import decide
from calwarden.policy.decision import (
    Access,
    Action,
    Allow,
    CalendarFacts,
    EventClass,
    EventFacts,
    GrantFacts,
    GrantStanding,
    Relation,
    TokenState,
)
from calwarden.policy.elevation import elevated


@dataclass(frozen=True, slots=True)
class Options:
    """What this Grant may do to this event now (security 2.11)."""

    update: bool
    delete: bool
    respond: bool


@dataclass(frozen=True, slots=True)
class EventView:
    """An event in full, for its own Application or for a Grant that reads events."""

    calendar_id: CalendarId
    event_uid: str
    event_id: str | None  # the asking Application's own id, or None
    start: EventTime
    end: EventTime
    deleted: bool
    created: Instant
    updated: Instant
    status: EventStatus
    transparency: Transparency
    participation: Participation | None
    recurring: bool
    series: str | None
    details: Details
    options: Options


class BusyView(NamedTuple):
    """When somebody is busy. Ids and ``deleted`` are set only as :class:`BusySight` allows; of whole days zones are
    empty. The first five are what it is to a Grant that reads no events: a Period.

    A tuple, as there may be thousands in one answer: a dataclass takes five times as long to make.
    """

    start_at: Instant  # of whole days: midnight UTC
    end_at: Instant
    status: Busy
    calendar_id: CalendarId
    all_day: bool
    start_tzid: str
    end_tzid: str
    event_uid: str | None = None
    event_id: str | None = None
    deleted: bool = False

    @property
    def start(self) -> EventTime:
        return instant_day(self.start_at) if self.all_day else Zoned(self.start_at, self.start_tzid)

    @property
    def end(self) -> EventTime:
        return instant_day(self.end_at) if self.all_day else Zoned(self.end_at, self.end_tzid)


@dataclass(frozen=True, slots=True)
class BusySight:
    """What one Grant may know of the times in one calendar; made by :func:`busy_sight`, which decides.

    Without ``read_events`` an External entry is calendar, start, end, status and nothing else (ruling 10). The zone an
    event was written in is content too, so every External entry is in the zone of the request.
    """

    calendar_id: CalendarId
    reads_events: bool
    with_ids: bool
    tzid: str

    def show(self, one: Occupied) -> BusyView | None:
        """The entry, or None if there is nothing to know: it takes no time, or it is gone and that is hidden.

        A deleted one takes no time any more, so its status is ``free``.
        """
        own, deleted = one.own, one.deleted
        open_to_see = own or self.reads_events
        if one.calendar_id != self.calendar_id or (deleted and not open_to_see):
            return None
        status = Busy.FREE if deleted else one.busy
        if status is None:
            return None
        named = self.with_ids and open_to_see
        first, last = (one.start_tzid, one.end_tzid) if own else (self.tzid, self.tzid)
        if one.all_day:
            first = last = ""
        return BusyView(
            one.start_at,
            one.end_at,
            status,
            one.calendar_id,
            one.all_day,
            first,
            last,
            uid_of(one.key, own) if named else None,
            one.event_id if named and own else None,
            deleted,
        )

    def again(self, shown: BusyView, *, own: bool) -> BusyView | None:
        """An entry shown before, decided again: less of it, or nothing, if the Grant allows less by now."""
        open_to_see = own or self.reads_events
        if shown.calendar_id != self.calendar_id or (shown.deleted and not open_to_see):
            return None
        return shown if open_to_see else shown._replace(event_uid=None, event_id=None)


def grant_facts(grant: Grant | None, now: Instant, token: TokenState = TokenState.LIVE) -> GrantFacts:
    """What a decision needs of a Grant at ``now``; no grant is an invalid token."""
    if grant is None:
        return GrantFacts(token if token is not TokenState.LIVE else TokenState.INVALID)
    standing = GrantStanding.ACTIVE
    if grant.state is not GrantState.ACTIVE:
        standing = GrantStanding.REVOKED
    elif grant.ends is not None and now >= grant.ends:
        standing = GrantStanding.ENDED
    return GrantFacts(token, standing, grant.scopes, grant.connection, grant.account_id, grant.application_id)


def relation(grant: Grant, calendar: Calendar | None) -> Relation:
    """What ``calendar`` is to ``grant``; None is an id that names nothing."""
    if calendar is None:
        return Relation.UNKNOWN
    if calendar.account_id != grant.account_id:
        return Relation.OTHER_ACCOUNT
    if not calendar.owned:
        return Relation.SHARED_IN
    if calendar.profile_id in grant.hidden_profiles:
        return Relation.EXCLUDED
    if grant.calendars is not None and calendar.calendar_id not in grant.calendars:
        return Relation.EXCLUDED
    return Relation.DELETED if calendar.deleted else Relation.OWNED


def calendar_facts(grant: Grant, calendar: Calendar | None, profile: Profile | None, now: Instant) -> CalendarFacts:
    """What a decision needs of a calendar and the Profile it belongs to, at ``now``."""
    if calendar is None or profile is None:
        return CalendarFacts(Relation.UNKNOWN)
    return CalendarFacts(
        relation(grant, calendar),
        elevated(grant, calendar.calendar_id, now),
        calendar.readonly,
        profile.connected,
        profile.access_mode,
        calendar.calendar_id,
    )


def place_facts(grant: Grant, profile: Profile | None) -> CalendarFacts:
    """What a decision needs of a calendar that is to be made in ``profile``."""
    if profile is None:
        return CalendarFacts(Relation.UNKNOWN)
    found = Relation.OWNED if profile.account_id == grant.account_id else Relation.OTHER_ACCOUNT
    if profile.profile_id in grant.hidden_profiles:
        found = Relation.EXCLUDED
    return CalendarFacts(found, connected=profile.connected, mode=profile.access_mode)


def event_class(grant: Grant, event: Event | None) -> EventClass:
    """Partner Event or External Event, relative to the asking Application; deleted is absent."""
    if event is None or event.deleted:
        return EventClass.ABSENT
    if event.created_by is None:
        return EventClass.PERSON
    return EventClass.OWN if event.created_by == grant.application_id else EventClass.OTHER_APPLICATION


def event_facts(grant: Grant, event: Event | None) -> EventFacts:
    """What a decision needs of an event. Somebody who merely attends may leave it, not change it."""
    if event is None:
        return EventFacts(EventClass.ABSENT)
    attends = event.component.organized_elsewhere
    may_respond = attends and event.component.participation is not None
    return EventFacts(event_class(grant, event), may_update=not attends, may_respond=may_respond, key=event.key)


def event_uid(event: Event, own: bool) -> str:
    """The wire's ``event_uid``, relative to the reader (ruling 4)."""
    return uid_of(event.key, own)


def uid_of(key: EventKey, own: bool) -> str:
    """The ``event_uid`` of what has this key."""
    return f"evt_{key}" if own else f"evt_external_{key}"


def view_event(grant: Grant, calendar: Calendar, profile: Profile, event: Event, now: Instant) -> EventView | None:
    """The event in full, or None if this Grant may not read it."""
    facts, where = grant_facts(grant, now), calendar_facts(grant, calendar, profile, now)
    own = event.created_by == grant.application_id
    action = Action.READ_OWN_EVENTS if own else Action.READ_EVENTS
    if not isinstance(decide(action, Access(facts, where)), Allow):
        return None
    return EventView(
        calendar_id=event.calendar_id,
        event_uid=event_uid(event, own),
        event_id=event.event_id if own else None,
        start=event.start,
        end=event.end,
        deleted=event.deleted,
        created=event.created,
        updated=event.updated,
        status=event.status,
        transparency=event.transparency,
        participation=event.component.participation,
        recurring=event.recurring,
        series=event.series,
        # A deleted External Event keeps no content (contract events 6.4).
        details=Details() if event.deleted and not own else event.component.details,
        options=_options(Access(facts, where, event_facts(grant, event)), own),
    )


def busy_sight(
    grant: Grant, calendar: Calendar, profile: Profile, now: Instant, *, with_ids: bool, tzid: str
) -> BusySight | None:
    """What of the times in a calendar may be shown, or None if the Grant may know nothing of them."""
    facts, where = grant_facts(grant, now), calendar_facts(grant, calendar, profile, now)
    if not isinstance(decide(Action.READ_BUSY, Access(facts, where)), Allow):
        return None
    reads_events = isinstance(decide(Action.READ_EVENTS, Access(facts, where)), Allow)
    return BusySight(calendar.calendar_id, reads_events, with_ids, tzid)


def _options(access: Access, own: bool) -> Options:
    update, delete = (
        (Action.WRITE_OWN_EVENT, Action.DELETE_OWN_EVENT) if own else (Action.EDIT_EVENT, Action.DELETE_EVENT)
    )
    allowed = {action: isinstance(decide(action, access), Allow) for action in (update, delete, Action.RESPOND)}
    return Options(allowed[update], allowed[delete], allowed[Action.RESPOND])


def visible_calendars(grant: Grant, calendars: Iterable[Calendar]) -> list[Calendar]:
    """The calendars that exist for ``grant``; deleted ones are among them so that clients can notice."""
    seen = {Relation.OWNED, Relation.DELETED}
    return [one for one in calendars if relation(grant, one) in seen]


def visible_profiles(grant: Grant, profiles: Iterable[Profile], calendars: Iterable[Calendar]) -> list[Profile]:
    """The Profiles that exist for ``grant``; of a narrowed one, those that a chosen calendar is in (ruling 8)."""
    chosen = {one.profile_id for one in visible_calendars(grant, calendars)} if grant.calendars is not None else None
    return [
        one
        for one in profiles
        if one.account_id == grant.account_id
        and one.profile_id not in grant.hidden_profiles
        and (chosen is None or one.profile_id in chosen)
    ]
