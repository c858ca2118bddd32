"""A person looks at their next days with an Application's eyes: the same finding, deciding and showing as an answer to
that Application, for its Grant or for one that does not exist yet. Nothing is stored, and nothing counted as read.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from calwarden.domain.account import Account
from calwarden.domain.errors import NotFound
from calwarden.domain.grant import Grant, Terms
from calwarden.domain.ids import ApplicationId, GrantId
from calwarden.domain.times import Day
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, Action, Allow
from calwarden.policy.view import BusyView, EventView, grant_facts
from calwarden.ports.store import UnitOfWork
from calwarden.timetable.zones import is_zone, to_local
from calwarden.usecases.access import Caller, Refusing
from calwarden.usecases.authorize import Consent
from calwarden.usecases.events import Asked, find_events, show_events
from calwarden.usecases.freebusy import AskedBusy, find_busy
from calwarden.usecases.kit import Kit
from calwarden.usecases.reading import reach

DAYS: Final = 7
"""Today and the days after it."""

LINES: Final = 100
"""More than that of one week is no help to look at."""


class Sight(StrEnum):
    """How much an Application sees of what it did not add."""

    EVENTS = "events"
    BUSY = "free_busy"
    NOTHING = "own_events"


@dataclass(frozen=True, slots=True)
class Seen:
    """``first`` is the day it begins with, in the zone ``tzid``. ``events`` are set for a Grant that reads events, and
    those it added for one that reads nothing; ``periods`` where it reads when the person is busy and no more.
    ``more``: so many lines are left out.
    """

    sight: Sight
    first: Day
    tzid: str
    periods: tuple[BusyView, ...] = ()
    events: tuple[EventView, ...] = ()
    more: int = 0


def see_as(kit: Kit, account: Account, application_id: ApplicationId) -> Seen:
    """What the Application sees by its Grant. Raises NotFound without a live one."""
    with kit.store.read() as uow:
        grant = uow.grants.get(account.account_id, application_id)
        if grant is None:
            raise NotFound("this application has no access")
        return _look(kit, uow, grant, account.tzid)


def would_see(kit: Kit, consent: Consent, terms: Terms) -> Seen:
    """What the Application would see if the person agreed to what it asks for, within ``terms``."""
    account_id, application_id = consent.account.account_id, consent.application.application_id
    grant = Grant(GrantId(""), account_id, application_id, consent.authorization.scopes, kit.clock())
    with kit.store.read() as uow:
        return _look(kit, uow, replace(grant, calendars=terms.calendars), consent.account.tzid)


def _look(kit: Kit, uow: UnitOfWork, grant: Grant, tzid: str) -> Seen:
    now = kit.clock()
    tzid = tzid if is_zone(tzid) else "Etc/UTC"
    first = to_local(now, tzid).date()
    caller = Caller(Action.READ_EVENTS, grant, grant_facts(grant, now), now)
    if _allows(caller, Action.READ_EVENTS):
        return _busy_beside(kit, uow, caller, _events(kit, uow, caller, Seen(Sight.EVENTS, first, tzid)))
    if _allows(caller, Action.READ_BUSY):
        return _busy(kit, uow, replace(caller, action=Action.READ_BUSY), Seen(Sight.BUSY, first, tzid))
    return _events(kit, uow, replace(caller, action=Action.READ_OWN_EVENTS), Seen(Sight.NOTHING, first, tzid))


def _busy_beside(kit: Kit, uow: UnitOfWork, caller: Caller, seen: Seen) -> Seen:
    """The times of calendars of which it reads no events, as their calendar service is connected for less."""
    busy = reach(uow, caller, Action.READ_BUSY).keys() - reach(uow, caller, Action.READ_EVENTS).keys()
    if not busy:
        return seen
    asked = replace(asked_busy(seen.first, seen.tzid), calendar_ids=tuple(sorted(busy)))
    found = find_busy(kit, uow, replace(caller, action=Action.READ_BUSY), asked)
    return seen if isinstance(found, Refusing) else replace(seen, periods=tuple(one.view for one in found[1])[:LINES])


def _allows(caller: Caller, action: Action) -> bool:
    return isinstance(decide(action, Access(caller.facts)), Allow)


def asked_busy(first: Day, tzid: str) -> AskedBusy:
    """The request whose answer it is: free/busy of these days, its own events among them, without free periods."""
    return AskedBusy(first, first + timedelta(DAYS), tzid, include_managed=True)


def asked_events(first: Day, tzid: str, *, only_managed: bool) -> Asked:
    """The same of events: all of them, its own among them, or its own alone."""
    return Asked(first, first + timedelta(DAYS), tzid, include_managed=True, only_managed=only_managed)


def _busy(kit: Kit, uow: UnitOfWork, caller: Caller, seen: Seen) -> Seen:
    found = find_busy(kit, uow, caller, asked_busy(seen.first, seen.tzid))
    if isinstance(found, Refusing):
        return seen
    periods = tuple(one.view for one in found[1])
    return replace(seen, periods=periods[:LINES], more=max(0, len(periods) - LINES))


def _events(kit: Kit, uow: UnitOfWork, caller: Caller, seen: Seen) -> Seen:
    asked = asked_events(seen.first, seen.tzid, only_managed=seen.sight is Sight.NOTHING)
    found = find_events(kit, uow, caller, asked)
    if isinstance(found, Refusing):
        return seen
    events = show_events(uow, caller, asked, found, found.keys[:LINES])
    return replace(seen, events=events, more=max(0, len(found.keys) - LINES))
