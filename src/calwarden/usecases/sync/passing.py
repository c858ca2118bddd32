"""One pass over one calendar: what differs at the Provider comes in, and the cursor moves with the last of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from calwarden.domain.ids import ResourceId
from calwarden.domain.profile import Calendar
from calwarden.domain.times import Instant
from calwarden.ports.connector import Connector, CursorExpired, RemoteChanges, RemoteResource
from calwarden.ports.store import UnitOfWork
from calwarden.syncplan.plan import SyncPlan, plan
from calwarden.usecases.sync.ahead import worked_out
from calwarden.usecases.sync.another import is_another, start_over
from calwarden.usecases.sync.cursors import known
from calwarden.usecases.sync.lease import Lease
from calwarden.usecases.sync.storing import Place, drop_resource, erase_resource, store_remote

BATCH: Final = 50
"""Resources fetched by one request and stored by one transaction."""


@dataclass(frozen=True, slots=True)
class _Page:
    """What one transaction stores."""

    stored: Sequence[RemoteResource] = ()
    gone: Sequence[ResourceId] = ()
    cursor: str | None = None
    last: bool = False


async def pass_calendar(lease: Lease, connector: Connector, place: Place, *, full: bool) -> int:
    """Bring one owned calendar in line with the Provider; gives how many resources were stored or dropped.

    ``full`` compares the whole listing, for what cursors leave out (a server restored from a backup). Killed at any
    point, nothing is lost: pages are whole, what they hold is not fetched again, and the cursor stands in the
    transaction of the last one (security 12.3). Raises what the Connector raises, and LeaseLost.
    """
    calendar = place.calendar
    changes = await _look(lease, connector, calendar, full=full)
    turn = lease.kit.clock() // max(lease.kit.limits.sync_interval, 1)
    todo = await lease.read(partial(_plan, place=place, listed=changes, turn=turn))
    count = 0
    batches = [todo.fetch[start : start + BATCH] for start in range(0, len(todo.fetch), BATCH)]
    for batch in batches[:-1]:
        count += await _store(lease, place, _Page(await connector.fetch(calendar.remote_id, batch)))
    rest = await connector.fetch(calendar.remote_id, batches[-1]) if batches else ()
    page = _Page(rest, todo.gone, changes.cursor, last=True)
    if rest or todo.gone or changes.cursor != calendar.cursor or not calendar.synced:
        count += await _store(lease, place, page)
    return count


async def _look(lease: Lease, connector: Connector, calendar: Calendar, *, full: bool) -> RemoteChanges:
    """What the Provider has. Nothing of another calendar at the same address is stored before it has started over."""
    cursor, begin_anew = known(calendar.cursor)
    try:
        changes = await connector.changes(calendar.remote_id, cursor, full=full or begin_anew)
    except CursorExpired:
        changes = replace(await connector.changes(calendar.remote_id, None, full=True), lost=True)
    if cursor is not None and changes.full and await is_another(lease, connector, calendar, cursor, changes):
        now = lease.kit.clock()
        await lease.write(start_over, calendar.account_id, calendar.calendar_id, now, durable=True)
    return changes


async def erase_calendar(lease: Lease, place: Place) -> int:
    """Nothing of a calendar that is gone or somebody else's is kept."""
    calendar = place.calendar
    held = await lease.read(lambda uow: sorted(uow.events.etags(calendar.account_id, calendar.calendar_id)))
    for start in range(0, len(held), BATCH):
        await lease.write(partial(_erase, place=place, gone=held[start : start + BATCH], now=lease.kit.clock()))
    return len(held)


def _plan(uow: UnitOfWork, *, place: Place, listed: RemoteChanges, turn: int) -> SyncPlan:
    account_id, calendar_id = place.calendar.account_id, place.calendar.calendar_id
    held = uow.events.etags(account_id, calendar_id)
    owed = uow.writes.owed_resources(account_id, calendar_id)
    return plan(held, listed.changed, listed.removed, owed, full=listed.full, turn=turn)


async def _store(lease: Lease, place: Place, page: _Page) -> int:
    now = lease.kit.clock()
    library = await worked_out(place.library, ((place, one.components) for one in page.stored), now)
    ready = replace(place, library=library)
    act: Callable[[UnitOfWork], int] = partial(_store_page, place=ready, page=page, now=now)
    return await lease.write(act)


def _store_page(uow: UnitOfWork, *, place: Place, page: _Page, now: Instant) -> int:
    account_id, calendar_id = place.calendar.account_id, place.calendar.calendar_id
    # Asked again in this transaction: what was accepted since the plan was made shows its intended state already.
    owed = uow.writes.owed_resources(account_id, calendar_id)
    stored = [one for one in page.stored if one.resource_id not in owed]
    gone = [one for one in page.gone if one not in owed]
    count = sum(store_remote(uow, place, remote, now) for remote in stored)
    for resource_id in gone:
        drop_resource(uow, place.calendar, resource_id, now)
    if page.last:
        held = uow.calendars.get(account_id, calendar_id)
        if held is not None:
            uow.calendars.save(replace(held, cursor=page.cursor, synced=True))
    return count + len(gone)


def _erase(uow: UnitOfWork, *, place: Place, gone: Sequence[ResourceId], now: Instant) -> None:
    for resource_id in gone:
        erase_resource(uow, place.calendar, resource_id, now)
