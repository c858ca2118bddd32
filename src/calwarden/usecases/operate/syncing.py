"""Syncing because the operator says so, beside a server that may be at it too."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from calwarden.domain.errors import Conflict
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.ports.connector import ConnectorFactory
from calwarden.ports.mail import Mail
from calwarden.usecases.deliver import DeliverEnd, DeliverOutcome, deliver_writes
from calwarden.usecases.kit import Kit
from calwarden.usecases.sync import SyncEnd, SyncOutcome, sync_profile

_PATIENCE: Final = 300.0  # seconds; what a process that died held is free again much sooner
_PAUSE: Final = 0.1

_T = TypeVar("_T", DeliverOutcome, SyncOutcome)


@dataclass(frozen=True, slots=True)
class Synced:
    """What both directions came to. ``complete``: everything owed has ended, and everything new is here."""

    delivered: DeliverOutcome
    synced: SyncOutcome

    @property
    def complete(self) -> bool:
        return self.synced.end is SyncEnd.DONE and not self.delivered.postponed

    @property
    def mails(self) -> tuple[Mail, ...]:
        return tuple(one for one in (self.delivered.mail, self.synced.mail) if one is not None)


def ask_for_sync(kit: Kit, account_id: AccountId) -> None:
    """Make every connected Profile of the Account due now, for whichever worker comes first."""
    with kit.store.write(durable=False) as uow:
        for profile in uow.profiles.of_account(account_id):
            uow.profiles.save(replace(profile, sync_due_at=kit.clock()))


async def sync_now(
    kit: Kit, open_connector: ConnectorFactory, account_id: AccountId, profile_id: ProfileId, *, holder: str
) -> Synced:
    """Deliver all that is owed, then read all that is new; while another process has the lease, wait for it.

    Raises Conflict if it keeps it for too long.
    """
    which = (kit, open_connector, account_id, profile_id)
    delivered = await _in_turn(lambda: deliver_writes(*which, holder=holder, all_owed=True))
    synced = await _in_turn(lambda: sync_profile(*which, holder=holder))
    return Synced(delivered, synced)


async def _in_turn(attempt: Callable[[], Awaitable[_T]]) -> _T:
    clock = asyncio.get_running_loop().time
    until = clock() + _PATIENCE
    while True:
        outcome = await attempt()
        if outcome.end not in {DeliverEnd.BUSY, SyncEnd.BUSY}:
            return outcome
        if clock() >= until:
            raise Conflict("another process has been at this profile for minutes")
        await asyncio.sleep(_PAUSE)
