"""What a Grant may see of an Event: EventView, BusyView or nothing. The only way an Event leaves the server.

Fields are an allow-list (security 1.5): a BusyView of an External Event carries when and how, never what or which.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from calwarden.domain.event import Busy, Details, Event, EventStatus, Participation, Transparency
from calwarden.domain.grant import Grant, GrantState
from calwarden.domain.ids import CalendarId
from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import EventTime, Instant
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
from calwarden.policy.scopes import Ability, abilities


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


@dataclass(frozen=True, slots=True)
class BusyView:
    """When somebody is busy. The ids are set for the asking Application's own events alone."""

    calendar_id: CalendarId
    start: EventTime
    end: EventTime
    status: Busy
    event_uid: str | None = None
    event_id: str | None = None
    deleted: bool = False


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


def calendar_facts(grant: Grant, calendar: Calendar | None, profile: Profile | None) -> CalendarFacts:
    """What a decision needs of a calendar and the Profile it belongs to."""
    if calendar is None or profile is None:
        return CalendarFacts(Relation.UNKNOWN)
    return CalendarFacts(
        relation(grant, calendar),
        calendar.calendar_id in grant.elevated,
        calendar.readonly,
        profile.connected,
        calendar.calendar_id,
    )


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
    return f"evt_{event.key}" if own else f"evt_external_{event.key}"


def view_event(grant: Grant, calendar: Calendar, profile: Profile, event: Event, now: Instant) -> EventView | None:
    """The event in full, or None if this Grant may not read it."""
    facts, where = grant_facts(grant, now), calendar_facts(grant, calendar, profile)
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


def view_busy(
    grant: Grant, calendar: Calendar, profile: Profile, event: Event, now: Instant, *, with_ids: bool = False
) -> BusyView | None:
    """When the event makes its owner busy, or None if the Grant may not know or there is nothing to know.

    ``with_ids`` adds ids to own events, and to External Events only for a Grant that reads events (ruling 10).
    """
    facts, where = grant_facts(grant, now), calendar_facts(grant, calendar, profile)
    if event.busy is None or not isinstance(decide(Action.READ_BUSY, Access(facts, where)), Allow):
        return None
    own = event.created_by == grant.application_id
    named = with_ids and (own or Ability.READ_EVENTS in abilities(grant.scopes))
    return BusyView(
        event.calendar_id,
        event.start,
        event.end,
        event.busy,
        event_uid(event, own) if named else None,
        event.event_id if named and own else None,
    )


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
