"""Whether what answers at a calendar's address is still that calendar. A new one of the same name starts at sandbox
(security 6.3), and calendar services do not say when one was deleted and made again between two passes.

What tells them apart is the cursor, which belongs to one calendar, and what was in it
(``docs/decisions/2026-11-27-calendar-made-again.md``).
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from calwarden.domain.grant import GrantState
from calwarden.domain.ids import AccountId, CalendarId, ResourceId
from calwarden.domain.times import Instant
from calwarden.ports.connector import Connector, CursorExpired, RemoteChanges
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.sync.ending import end_elevations


async def is_another(
    connector: Connector, remote_id: str, cursor: str, held: AbstractSet[ResourceId], listed: RemoteChanges
) -> bool:
    """Whether ``listed`` is of another calendar than ``cursor`` and what is ``held``: nothing of that is in it any
    more, and the Provider does not take the cursor, or does not know of those removals. Raises what the Connector
    raises.

    A server that has no cursors says neither, and is believed.
    """
    if not listed.full or not held.isdisjoint(listed.changed):
        return False
    if listed.lost:
        return True
    try:
        since = await connector.changes(remote_id, cursor)
    except CursorExpired:
        return True
    return since.lost if since.full else not held <= since.removed


def start_over(uow: UnitOfWork, account_id: AccountId, calendar_id: CalendarId, now: Instant) -> None:
    """The calendar at that address is a new one: nobody was allowed anything in it yet. A later calendar stays out of
    a narrowed Grant (ruling 8), and no Application made it.
    """
    end_elevations(uow, account_id, {calendar_id}, now, reason="calendar_replaced")
    for grant in uow.grants.of_account(account_id):
        if grant.state is GrantState.ACTIVE and grant.calendars is not None and calendar_id in grant.calendars:
            left = grant.calendars - {calendar_id}
            uow.grants.save(replace(grant, calendars=left, generation=grant.generation + 1))
    held = uow.calendars.get(account_id, calendar_id)
    if held is not None and held.created_by is not None:
        uow.calendars.save(replace(held, created_by=None))
