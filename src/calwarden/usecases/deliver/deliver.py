"""Deliver what is owed to one Profile's Provider."""

from dataclasses import replace
from functools import partial
from typing import Final

from calwarden.domain.audit import Outcome
from calwarden.domain.draft import UNSET
from calwarden.domain.ids import AccountId, ProfileId, ResourceId, WriteId
from calwarden.domain.times import Instant
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.ports.connector import (
    CalendarGone,
    Connector,
    ConnectorError,
    ConnectorFactory,
    CredentialsRevoked,
    DuplicateCalendar,
    Leaving,
    PreconditionFailed,
    ProviderRejected,
    RateLimited,
    RemoteResource,
    ResourceGone,
)
from calwarden.ports.mail import Mail
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.deliver.judging import Drop, Order, judge
from calwarden.usecases.deliver.outcome import DeliverEnd, DeliverOutcome
from calwarden.usecases.deliver.sending import fetch_at_last, fetch_one, send, send_calendar
from calwarden.usecases.deliver.settling import Settled, settle, settle_calendar
from calwarden.usecases.kit import Kit
from calwarden.usecases.sync.backoff import retry_at
from calwarden.usecases.sync.lease import Lease, LeaseLost, leased
from calwarden.usecases.sync.login import Login, load_login
from calwarden.usecases.sync.trouble import disconnect_profile

MOST: Final = 50
"""Writes in one go."""

_ENOUGH = 2  # failures that are the Provider's, not one event's


async def deliver_writes(
    kit: Kit,
    open_connector: ConnectorFactory,
    account_id: AccountId,
    profile_id: ProfileId,
    *,
    holder: str,
    all_owed: bool = False,
) -> DeliverOutcome:
    """Deliver every write that is due, those to one event in the order they were accepted in, under the lease.

    Each is decided again on what is true now, and sent with the permit of that decision. Killed at any point and
    repeated, nothing is lost and nothing done twice: a write is owed until the transaction that stores what came of it.
    After ``MOST`` writes a sync has its turn first: an application may never stop writing. ``all_owed``: all of them,
    also those that wait after a failure. Raises StoreUnavailable.
    """
    async with leased(kit, account_id, profile_id, holder) as lease:
        if lease is None:
            return DeliverOutcome(DeliverEnd.BUSY)
        try:
            return await _deliver(lease, open_connector, all_owed=all_owed)
        except LeaseLost:
            return DeliverOutcome(DeliverEnd.BUSY)


async def _deliver(lease: Lease, open_connector: ConnectorFactory, *, all_owed: bool) -> DeliverOutcome:
    login = await lease.read(load_login, lease.account_id, lease.profile_id)
    if login is None:
        return DeliverOutcome(DeliverEnd.GONE)
    if not login.profile.connected:
        return DeliverOutcome(DeliverEnd.DISCONNECTED)
    connector = login.open(open_connector)
    round_ = _Round(lease, connector)
    try:
        return await round_.run(all_owed=all_owed)
    except CredentialsRevoked as error:
        mail = await lease.write(partial(_disconnect, kit=lease.kit, login=login), durable=True)
        return replace(round_.outcome(DeliverEnd.DISCONNECTED), hint=error.hint, mail=mail)
    finally:
        await connector.close()


class _Withdrawn(Exception):
    """What allowed a write has ended while its event was read: it has not been sent."""


class _Round:
    """One go at everything that is due."""

    def __init__(self, lease: Lease, connector: Connector) -> None:
        self._lease, self._kit, self._connector = lease, lease.kit, connector
        self._counts = dict.fromkeys(Outcome, 0)
        self._tried: set[WriteId] = set()
        self._postponed = 0
        self._hint = ""
        self._reasons: set[str] = set()

    def outcome(self, end: DeliverEnd) -> DeliverOutcome:
        counts = self._counts
        return DeliverOutcome(
            end,
            counts[Outcome.DELIVERED],
            counts[Outcome.DROPPED],
            counts[Outcome.FAILED],
            self._postponed,
            self._hint,
            tuple(sorted(self._reasons)),
        )

    async def run(self, *, all_owed: bool) -> DeliverOutcome:
        """Raises CredentialsRevoked, LeaseLost."""
        troubles = 0
        while writes := await self._lease.read(partial(self._next, all_owed=all_owed)):
            for write in writes:
                if len(self._tried) >= MOST and not all_owed:
                    return self.outcome(DeliverEnd.MORE)
                self._tried.add(write.write_id)
                error = await self._try(write)
                if error is None:
                    continue
                troubles += 1
                await self._lease.write(partial(self._postpone, write=write, error=error))
                if troubles >= _ENOUGH or isinstance(error, RateLimited):
                    await self._lease.write(partial(self._postpone_rest, error=error))
                    return self.outcome(DeliverEnd.STOPPED)
        return self.outcome(DeliverEnd.DONE)

    async def _try(self, write: PendingWrite) -> ConnectorError | None:
        """The failure that may pass, if there is one."""
        try:
            await self._one(write)
        except CredentialsRevoked:
            raise
        except ConnectorError as error:
            return error
        return None

    def _next(self, uow: UnitOfWork, *, all_owed: bool) -> list[PendingWrite]:
        """The first owed write of each resource, those that are due and have not been tried."""
        first: dict[tuple[str, ResourceId], PendingWrite] = {}
        for write in uow.writes.owed(self._lease.account_id, self._lease.profile_id):
            first.setdefault((write.calendar_id, write.resource_id), write)
        now = self._kit.clock()
        return [one for one in first.values() if one.write_id not in self._tried and (all_owed or one.due_at <= now)]

    async def _one(self, write: PendingWrite) -> None:
        try:
            await self._do(write)
        except _Withdrawn:
            # It is dropped for the reason it has by now; what may be sent again after all is owed still.
            verdict = await self._lease.read(judge, self._kit, write)
            if isinstance(verdict, Drop):
                await self._drop(verdict)

    async def _do(self, write: PendingWrite) -> None:
        verdict = await self._lease.read(judge, self._kit, write)
        match verdict:
            case Drop():
                await self._drop(verdict)
            case Order() if write.kind is WriteKind.CREATE_CALENDAR:
                await self._create(verdict)
            case Order():
                await self._send(verdict)

    def _leaving(self, write: PendingWrite, fresh: RemoteResource | None = None) -> Leaving:
        """Decides once more when all is read, and a slow Provider may have taken minutes for that (security 5.2)."""

        async def leaving() -> None:
            if not isinstance(await self._lease.read(judge, self._kit, write, fresh), Order):
                raise _Withdrawn

        return leaving

    async def _send(self, order: Order) -> None:
        try:
            await self._send_once(order, self._leaving(order.write))
        except PreconditionFailed:
            await self._send_again(order)

    async def _send_once(self, order: Order, leaving: Leaving) -> None:
        """Raises PreconditionFailed if the event at the Provider is not the one that was decided on."""
        write, calendar, target = order.write, order.calendar, order.target
        assert calendar is not None
        assert target is not None
        try:
            remote = await send(self._connector, replace(order, target=replace(target, leaving=leaving)))
        except ResourceGone:
            # Deleted by somebody as soon as it was written, or before it could be changed.
            written = write.kind is WriteKind.UPSERT and write.draft is not None and write.draft.start is not UNSET
            end = Settled(write, Outcome.DELIVERED if written else Outcome.FAILED, calendar, reason="event_gone")
        except ProviderRejected:
            remote = await fetch_at_last(self._connector, calendar, write)
            end = Settled(write, Outcome.FAILED, calendar, remote, "provider_rejected")
        else:
            end = Settled(write, Outcome.DELIVERED, calendar, remote)
        await self._settle(end)

    async def _send_again(self, order: Order) -> None:
        """Somebody changed the event meanwhile: decide once more, on what it is now, and try once (security 12.1)."""
        write, calendar = order.write, order.calendar
        assert calendar is not None
        fresh = await fetch_one(self._connector, calendar.remote_id, write.resource_id)
        if fresh is None and write.kind is WriteKind.UPSERT:
            raise PreconditionFailed("the event comes and goes")  # creates what is not there: another time
        if fresh is None:
            gone = write.kind in {WriteKind.DELETE, WriteKind.REMOVE}
            reason = None if gone else "event_gone"
            await self._settle(Settled(write, Outcome.DELIVERED if gone else Outcome.FAILED, calendar, reason=reason))
            return
        verdict = await self._lease.read(judge, self._kit, write, fresh)
        match verdict:
            case Order():
                await self._send_once(verdict, self._leaving(write, fresh))
            case Drop():
                await self._settle(Settled(write, Outcome.DROPPED, verdict.calendar, fresh, verdict.reason))

    async def _drop(self, verdict: Drop) -> None:
        """Nothing is sent; what the write was to bring is not shown any longer."""
        write, calendar = verdict.write, verdict.calendar
        remote: RemoteResource | None = None
        if calendar is not None:
            remote = await fetch_at_last(self._connector, calendar, write)
        await self._settle(Settled(write, Outcome.DROPPED, calendar, remote, verdict.reason))

    async def _create(self, order: Order) -> None:
        write = order.write
        try:
            made = await send_calendar(self._connector, order, self._leaving(write))
        except DuplicateCalendar:
            await self._settle(Settled(write, Outcome.FAILED, reason="duplicate_calendar"))
        except ProviderRejected:
            await self._settle(Settled(write, Outcome.FAILED, reason="provider_rejected"))
        else:
            await self._lease.write(settle_calendar, self._kit, write, made, durable=True)
            self._counts[Outcome.DELIVERED] += 1

    async def _settle(self, end: Settled) -> None:
        await self._lease.write(settle, self._kit, end, durable=True)
        self._counts[end.outcome] += 1
        if end.outcome is not Outcome.DELIVERED and end.reason is not None:
            self._reasons.add(end.reason)

    def _postpone(self, uow: UnitOfWork, *, write: PendingWrite, error: ConnectorError) -> None:
        held = uow.writes.get(write.account_id, write.write_id)
        if held is None:
            return
        attempts = held.attempts + 1
        uow.writes.save(replace(held, attempts=attempts, due_at=self._again(attempts, error)))
        self._postponed += 1
        self._hint = error.hint
        profile = uow.profiles.get(write.account_id, write.profile_id)
        if isinstance(error, CalendarGone) and profile is not None:
            uow.profiles.save(replace(profile, sync_due_at=self._kit.clock()))  # the listing has the last word

    def _postpone_rest(self, uow: UnitOfWork, *, error: ConnectorError) -> None:
        until = self._again(1, error)
        for write in uow.writes.owed(self._lease.account_id, self._lease.profile_id):
            if write.due_at < until:
                uow.writes.save(replace(write, due_at=until))

    def _again(self, attempts: int, error: ConnectorError) -> Instant:
        return retry_at(self._kit, attempts, error.retry_after if isinstance(error, RateLimited) else None)


def _disconnect(uow: UnitOfWork, *, kit: Kit, login: Login) -> Mail | None:
    profile = uow.profiles.get(login.profile.account_id, login.profile.profile_id)
    return None if profile is None else disconnect_profile(uow, kit, profile, login.credentials)
