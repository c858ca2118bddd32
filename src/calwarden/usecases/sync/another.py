"""Whether what answers at a calendar's address is still that calendar. A new one of the same name starts at sandbox
(security 6.3), and calendar services do not say when one was deleted and made again between two passes.

What tells them apart is the cursor, which belongs to one calendar, and what was in it
(``docs/decisions/2026-11-27-calendar-made-again.md``).
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial

from calwarden.domain.grant import GrantState
from calwarden.domain.ids import AccountId, CalendarId, ResourceId
from calwarden.domain.profile import Calendar
from calwarden.domain.times import Instant
from calwarden.ports.connector import Connector, CursorExpired, RemoteChanges
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.ending import end_elevations
from calwarden.usecases.sync.lease import Lease

_SEVERAL = 2


async def is_another(
    lease: Lease, connector: Connector, calendar: Calendar, cursor: str, listed: RemoteChanges
) -> bool:
    """Whether ``listed``, all there is, is of another calendar than ``cursor`` and what is held. Raises what the
    Connector raises.

    Something held must be missing. Where the cursor is taken, the Provider must not know of its removal, and whatever
    is left must have come after all that is missing: from a server restored from a backup the latest is missing. Where
    it is not taken, nothing may be left; where there are no cursors that say what was removed, nothing of several.
    """
    held = await lease.read(partial(_reached, calendar=calendar))
    missing = held - listed.changed.keys()
    left = held - missing
    if held and not missing:
        return False
    if listed.lost:
        return not left
    try:
        since = await connector.changes(calendar.remote_id, cursor)
    except CursorExpired:
        return not left
    if since.full:
        return not left and (since.lost or len(held) >= _SEVERAL)
    unknown = missing - since.removed
    return bool(unknown) and await lease.read(partial(_came_after, calendar=calendar, left=left, missing=unknown))


def _reached(uow: UnitOfWork, *, calendar: Calendar) -> frozenset[ResourceId]:
    """What is held and was at the Provider."""
    etags = uow.events.etags(calendar.account_id, calendar.calendar_id)
    return frozenset(one for one, etag in etags.items() if etag is not None)


def _came_after(
    uow: UnitOfWork, *, calendar: Calendar, left: AbstractSet[ResourceId], missing: AbstractSet[ResourceId]
) -> bool:
    def seen(resources: AbstractSet[ResourceId]) -> list[Instant]:
        found = (uow.events.resource(calendar.account_id, calendar.calendar_id, one) for one in resources)
        return [one.created for one in found if one is not None]

    earliest, latest = min(seen(left), default=None), max(seen(missing), default=Instant(0))
    return earliest is None or earliest > latest


def start_over(uow: UnitOfWork, account_id: AccountId, calendar_id: CalendarId, now: Instant) -> None:
    """The calendar at that address is a new one: nobody was allowed anything beyond the sandbox in it yet. A later
    calendar stays out of a narrowed Grant (ruling 8), and no Application made it.

    What needs no elevation still goes there: a promise of the Application's own event is kept.
    """
    end_elevations(uow, account_id, {calendar_id}, now, reason="calendar_replaced", generations=0)
    for grant in uow.grants.of_account(account_id):
        if grant.state is GrantState.ACTIVE and grant.calendars is not None and calendar_id in grant.calendars:
            left = grant.calendars - {calendar_id}
            uow.grants.save(replace(grant, calendars=left, generation=grant.generation + 1))
    held = uow.calendars.get(account_id, calendar_id)
    if held is not None and held.created_by is not None:
        uow.calendars.save(replace(held, created_by=None))
