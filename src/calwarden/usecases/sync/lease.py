"""The lease of a Profile: one process at a time speaks to its Provider, and only the holder stores what came of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.times import Instant
from calwarden.ports.store import StoreUnavailable, UnitOfWork
from calwarden.usecases.kit import Kit
from calwarden.usecases.sync.hop import hop

LEASE_SECONDS: Final = 20
"""How long a dead process keeps others from a Profile."""

_KEEP_EVERY = LEASE_SECONDS / 4

_T = TypeVar("_T")


class LeaseLost(Exception):
    """Another process has the Profile by now, or it is gone: nothing of this pass may be stored any more."""


class Lease:
    """Taken by :func:`leased`. Every transaction of a pass goes through it."""

    def __init__(self, kit: Kit, account_id: AccountId, profile_id: ProfileId, holder: str) -> None:
        self.kit = kit
        self.account_id = account_id
        self.profile_id = profile_id
        self._holder = holder

    async def read(self, act: Callable[..., _T], *arguments: object) -> _T:
        """``act(unit of work, *arguments)`` in one consistent read."""
        return await hop(self._read, act, arguments)

    async def write(self, act: Callable[..., _T], *arguments: object, durable: bool = False) -> _T:
        """``act(unit of work, *arguments)`` in one transaction, which extends the lease. Raises LeaseLost."""
        return await hop(self._write, act, arguments, durable)

    def take(self) -> bool:
        """Take or extend it; False while another holder has it, and for a Profile that is gone."""
        with self.kit.store.write(durable=False) as uow:
            return self._extend(uow)

    def release(self) -> None:
        with self.kit.store.write(durable=False) as uow:
            uow.profiles.release(self.account_id, self.profile_id, self._holder)

    async def keep(self) -> None:
        """Extend it until cancelled, for the long silences of slow Providers."""
        while True:
            await asyncio.sleep(_KEEP_EVERY)
            try:
                await hop(self.take)
            except StoreUnavailable:
                continue  # whoever stores next finds out whether it is lost

    def _read(self, act: Callable[..., _T], arguments: tuple[object, ...]) -> _T:
        with self.kit.store.read() as uow:
            return act(uow, *arguments)

    def _write(self, act: Callable[..., _T], arguments: tuple[object, ...], durable: bool) -> _T:
        with self.kit.store.write(durable=durable) as uow:
            # INVARIANT: who lost the lease stores nothing; the check is in the transaction of what it guards.
            if not self._extend(uow):
                raise LeaseLost
            return act(uow, *arguments)

    def _extend(self, uow: UnitOfWork) -> bool:
        now = self.kit.clock()
        return uow.profiles.lease(self.account_id, self.profile_id, self._holder, now, Instant(now + LEASE_SECONDS))


@asynccontextmanager
async def leased(kit: Kit, account_id: AccountId, profile_id: ProfileId, holder: str) -> AsyncIterator[Lease | None]:
    """The lease for the length of a block; None while another holder has it. ``holder`` names one process, and within
    it one job for each Profile.
    """
    lease = Lease(kit, account_id, profile_id, holder)
    if not await hop(lease.take):
        yield None
        return
    keeper = asyncio.ensure_future(lease.keep())
    try:
        yield lease
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        await hop(lease.release)
