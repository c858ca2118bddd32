"""What every listing of times begins with: which calendars may be read, and which window is meant (events 6.1)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from calwarden.domain.audit import Looked
from calwarden.domain.errors import Invalid
from calwarden.domain.event import Event
from calwarden.domain.ids import CalendarId, EventKey
from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import Day, Instant, Window
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, Action, Deny, Reason
from calwarden.policy.view import calendar_facts
from calwarden.ports.store import UnitOfWork
from calwarden.timetable.window import WindowError, WindowLimits, default_window, open_window, window_from
from calwarden.timetable.zones import is_zone
from calwarden.usecases.access import Caller, Refusing
from calwarden.usecases.kit import Kit

_ANY_TIME: Final = (Instant(0), Instant(7_258_118_400))
"""From 1970 to 2200: the times there are at all (security 7.5)."""

Reach = Mapping[CalendarId, tuple[Calendar, Profile]]
"""The calendars that an action may read, each with its Profile."""


def reach(uow: UnitOfWork, caller: Caller, action: Action) -> Reach:
    """The calendars that ``decide`` allows ``action`` in, as they are now: owned, there, and in the Grant."""
    return {calendar_id: at for calendar_id, (at, denied) in _judged(uow, caller, action).items() if denied is None}


def chosen(uow: UnitOfWork, caller: Caller, action: Action, calendar_ids: Collection[str] | None) -> Reach | Refusing:
    """Those of :func:`reach` that are named; all of them for None.

    One that is foreign, hidden, deleted or never existed is told as Invalid, the same for all of them (ruling 2).
    """
    if calendar_ids is None:
        return reach(uow, caller, action)
    judged = _judged(uow, caller, action)
    found = {one: judged[one] for one in map(CalendarId, calendar_ids) if one in judged}
    reasons = [denied for _, denied in found.values() if denied is not None]
    if len(found) != len(set(calendar_ids)) or any(one.reason is Reason.NOT_FOUND for one in reasons):
        text = "must all be calendars that /v1/calendars lists"
        unlisted = Invalid.of("calendar_ids", "errors.invalid_calendar_ids", text)
        return Refusing(caller, Deny(Reason.NOT_FOUND), instead=unlisted)
    if reasons:
        return Refusing(caller, reasons[0])
    return {calendar_id: at for calendar_id, (at, _) in found.items()}


def _judged(
    uow: UnitOfWork, caller: Caller, action: Action
) -> dict[CalendarId, tuple[tuple[Calendar, Profile], Deny | None]]:
    profiles = {one.profile_id: one for one in uow.profiles.of_account(caller.account_id)}
    judged = {}
    for calendar in uow.calendars.of_account(caller.account_id):
        profile = profiles.get(calendar.profile_id)
        if profile is not None:
            facts = calendar_facts(caller.grant, calendar, profile, caller.now)
            decision = decide(action, Access(caller.facts, facts))
            denied = decision if isinstance(decision, Deny) else None
            judged[calendar.calendar_id] = ((calendar, profile), denied)
    return judged


def looked(
    calendars: Iterable[CalendarId], given: Iterable[CalendarId], window: Window | None
) -> dict[CalendarId, Looked]:
    """What the ledger is to say of an answer that looked into ``calendars`` and gave one event or period for each of
    ``given``. ``window`` None: of any time.
    """
    counts = Counter(given)
    span = _ANY_TIME if window is None else (window.start, window.end)
    return {one: Looked(1, counts[one], *span) for one in calendars}


def again(given: Iterable[CalendarId]) -> dict[CalendarId, Looked]:
    """The same of a later page; of what time it is was counted with the first."""
    return {one: Looked(1, many) for one, many in Counter(given).items()}


def replaced(uow: UnitOfWork, caller: Caller, events: Iterable[Event]) -> frozenset[EventKey]:
    """Those of the Application's own deleted events whose ``event_id`` names an event again: told apart by that id
    alone, the one that is there would look deleted.
    """
    application_id = caller.grant.application_id
    found = set()
    for event in events:
        if event.deleted and event.created_by == application_id and event.event_id is not None:
            now = uow.events.own_resource(event.account_id, event.calendar_id, application_id, event.event_id)
            if now is not None and now.components and now.resource_id != event.resource_id:
                found.add(event.key)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What both listings of times can be asked (contract events 6.1, 7). ``calendar_ids`` None: every calendar.

    ``presentation`` is the edge's own note on how to show it, given back with each page; ``problem`` what the edge
    could not read.
    """

    from_: Instant | Day | None
    to: Instant | Day | None
    tzid: str
    calendar_ids: tuple[str, ...] | None = None
    last_modified: Instant | None = None
    include_deleted: bool = False
    include_managed: bool = False
    presentation: str = ""
    problem: Invalid | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """``from``, ``to`` and ``tzid`` as asked for."""

    from_: Instant | Day | None
    to: Instant | Day | None
    tzid: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """``stated`` bounds the answer, None has no end; External Events exist only within ``external`` besides."""

    stated: Window | None
    external: Window


def bounds(kit: Kit, span: Span, *, own: bool, external: bool) -> Bounds:
    """The window for a listing of ``own``, ``external`` or both kinds of events (ruling 19).

    The Application's own are bound by what is stated alone, on each side. A window may be as wide as it likes only if
    it is of own events alone. Raises Invalid.
    """
    if not is_zone(span.tzid):
        raise Invalid.of("tzid", "errors.tzid_unrecognized", "must be the name of a time zone such as Europe/Paris")
    now, limits = kit.clock(), _limits(kit)
    try:
        stated = window_from(span.from_, span.to, span.tzid, now, limits) if external else None
        if own:
            stated = open_window(span.from_, span.to, span.tzid)
    except WindowError as error:
        raise Invalid.of(error.field, "errors.invalid_time_pair", str(error)) from error
    return Bounds(stated, default_window(span.tzid, now, limits))


def _limits(kit: Kit) -> WindowLimits:
    return WindowLimits(kit.limits.window_back_days, kit.limits.window_ahead_days, kit.limits.window_most_days)


def whole_window(kit: Kit, span: Span) -> Window:
    """What ``span`` means with the defaults on each side, once :func:`bounds` has judged it."""
    return window_from(span.from_, span.to, span.tzid, kit.clock(), _limits(kit))
