"""Whether an owed write may still leave: Grant, calendar and event are looked at afresh, immediately before (security
5.2, ruling 16).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from calwarden.domain.event import Component, Event, Resource
from calwarden.domain.grant import Grant, GrantState
from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import EventTime, Instant, instant_day, sort_key
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, Action, Deny, Permit, Reason
from calwarden.policy.view import calendar_facts, event_facts, grant_facts, place_facts
from calwarden.ports.connector import EventTarget, RemoteResource
from calwarden.ports.store import UnitOfWork
from calwarden.syncplan.reconcile import event_key
from calwarden.timetable.recurrence import occurrence_id
from calwarden.usecases.ending import ACTIONS
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class Order:
    """It may leave, with this permit, now. ``calendar`` is None for a calendar that is to be made."""

    write: PendingWrite
    permit: Permit
    calendar: Calendar | None = None
    target: EventTarget | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """It may not leave any more. ``calendar`` is set if the event there must be read again, since what is shown of it
    is what the write was to bring.
    """

    write: PendingWrite
    reason: str
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """The Profile has become disconnected: what was accepted waits until it works again."""


Verdict = Order | Drop | Wait


def judge(uow: UnitOfWork, kit: Kit, write: PendingWrite, fresh: RemoteResource | None = None) -> Verdict | None:
    """Decide ``write`` once more; None if it is not owed any more. With ``fresh``, on the Provider's version of the
    event instead of ours.
    """
    if uow.writes.get(write.account_id, write.write_id) is None:
        return None
    grant = uow.grants.by_id(write.account_id, write.grant_id)
    profile = uow.profiles.get(write.account_id, write.profile_id)
    if profile is None or not profile.connected:
        return Wait()
    calendar = uow.calendars.get(write.account_id, write.calendar_id)
    if write.kind is WriteKind.CREATE_CALENDAR:
        return _judge_creation(kit, write, grant, profile)
    shown = calendar if calendar is not None and calendar.owned and not calendar.deleted else None
    outdated = _outdated(write, grant)
    if outdated is not None or grant is None:
        return Drop(write, outdated or _REVOKED, shown)
    held, now = _held(uow, write, fresh), kit.clock()
    access = Access(
        grant_facts(grant, now),
        calendar_facts(grant, calendar, profile, now),
        event_facts(grant, _stand_in(uow, write, held)),
    )
    decision = decide(ACTIONS[write.kind], access)
    if isinstance(decision, Deny):
        return Wait() if decision.reason is Reason.PROFILE_DISCONNECTED else Drop(write, decision.reason.value, shown)
    assert calendar is not None
    target = EventTarget(calendar.calendar_id, calendar.remote_id, write.resource_id, write.uid, held.etag)
    return Order(write, decision.permit, calendar, target)


_OWN: Final = frozenset({WriteKind.UPSERT, WriteKind.DELETE})  # of events that need not be there
_REVOKED, _NARROWED = "grant_revoked", "grant_narrowed"


def _outdated(write: PendingWrite, grant: Grant | None) -> str | None:
    if grant is None or grant.state is not GrantState.ACTIVE:
        return _REVOKED
    # INVARIANT: what was accepted under an older generation never reaches the Provider.
    return _NARROWED if write.generation != grant.generation else None


def _judge_creation(kit: Kit, write: PendingWrite, grant: Grant | None, profile: Profile) -> Verdict:
    outdated = _outdated(write, grant)
    if outdated is not None or grant is None:
        return Drop(write, outdated or _REVOKED)
    access = Access(grant_facts(grant, kit.clock()), place_facts(grant, profile))
    decision = decide(Action.CREATE_CALENDAR, access)
    return Drop(write, decision.reason.value) if isinstance(decision, Deny) else Order(write, decision.permit)


def _held(uow: UnitOfWork, write: PendingWrite, fresh: RemoteResource | None) -> Resource:
    held = uow.events.resource(write.account_id, write.calendar_id, write.resource_id)
    if held is None:
        held = Resource(write.account_id, write.calendar_id, write.resource_id, None, ())
    return held if fresh is None else replace(held.found(fresh.components), etag=fresh.etag)


def _is_followed(uow: UnitOfWork, write: PendingWrite) -> bool:
    """Whether a later write to the same event is owed: then what we hold is what that one is to bring."""
    owed = uow.writes.owed(write.account_id, write.profile_id)
    return any(
        (one.calendar_id, one.resource_id) == (write.calendar_id, write.resource_id) and one.sequence > write.sequence
        for one in owed
    )


def _stand_in(uow: UnitOfWork, write: PendingWrite, held: Resource) -> Event | None:
    """The event the write is about, as it was when it was accepted; None if there is none.

    We hold what the write is to bring: what it deletes is gone from there already, and is looked for at the Provider.
    """
    component = _component(held.components, write.occurrence)
    if component is None:
        if write.kind is not WriteKind.REMOVE and (write.kind in _OWN or not _is_followed(uow, write)):
            return None
        nowhen = instant_day(Instant(0))
        component = Component(write.uid, nowhen, nowhen)
    name = "" if write.occurrence is None else occurrence_id(write.occurrence)
    return Event(
        account_id=held.account_id,
        calendar_id=held.calendar_id,
        key=event_key(held.account_id, held.calendar_id, held.resource_id, name),
        resource_id=held.resource_id,
        occurrence=name,
        start=component.start,
        end=component.end,
        busy=None,
        status=component.status,
        transparency=component.transparency,
        recurring=bool(name),
        component=component,
        created_by=held.created_by,
        event_id=held.event_id,
    )


def _component(components: Sequence[Component], occurrence: EventTime | None) -> Component | None:
    if occurrence is not None:
        wanted = sort_key(occurrence)
        for one in components:
            if one.replaces is not None and sort_key(one.replaces) == wanted:
                return one
    return next((one for one in components if one.replaces is None), None if not components else components[0])
