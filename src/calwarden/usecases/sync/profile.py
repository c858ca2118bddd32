"""A pass over one Profile: what is new at the Provider comes to us."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from calwarden.domain.event import Resource
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.ports.connector import (
    Connector,
    ConnectorError,
    ConnectorFactory,
    CredentialsRevoked,
    ProviderUnavailable,
    RateLimited,
    RemoteCalendar,
)
from calwarden.ports.store import UnitOfWork
from calwarden.timetable.horizon import roll_before
from calwarden.timetable.rules import RuleLibrary
from calwarden.usecases.kit import Kit
from calwarden.usecases.sync.ahead import worked_out
from calwarden.usecases.sync.backoff import next_sync, retry_at
from calwarden.usecases.sync.cursors import anew
from calwarden.usecases.sync.lease import Lease, LeaseLost, leased
from calwarden.usecases.sync.listing import merge_listing
from calwarden.usecases.sync.login import Login, load_login
from calwarden.usecases.sync.outcome import SyncEnd, SyncOutcome
from calwarden.usecases.sync.passing import BATCH, erase_calendar, pass_calendar
from calwarden.usecases.sync.storing import Place, place_of, store_components
from calwarden.usecases.sync.trouble import enter_failure

PATIENCE: Final = 3
"""So many failures in a row are put down to one calendar, or believed of an empty list."""


@dataclass(slots=True)
class _Tally:
    """What a pass has come to so far. ``error`` is the first trouble with a single calendar."""

    changed: int = 0
    error: ConnectorError | None = None


async def sync_profile(
    kit: Kit, open_connector: ConnectorFactory, account_id: AccountId, profile_id: ProfileId, *, holder: str
) -> SyncOutcome:
    """Bring everything the Profile shows in line with its Provider, under its lease.

    Trouble with the Provider leaves the old view as it is, and the pass due again later; of several calendars, one that
    fails never hides the others. Raises StoreUnavailable.
    """
    async with leased(kit, account_id, profile_id, holder) as lease:
        if lease is None:
            return SyncOutcome(SyncEnd.BUSY)
        try:
            return await _sync(lease, open_connector)
        except LeaseLost:
            return SyncOutcome(SyncEnd.BUSY)


async def _sync(lease: Lease, open_connector: ConnectorFactory) -> SyncOutcome:
    login = await lease.read(load_login, lease.account_id, lease.profile_id)
    if login is None:
        return SyncOutcome(SyncEnd.GONE)
    if not login.profile.connected:
        return SyncOutcome(SyncEnd.DISCONNECTED)
    full = _is_daily(login.profile, lease.kit.clock())
    connector = login.open(open_connector)
    try:
        tally = await _pass(lease, connector, login, full=full)
    except ConnectorError as error:
        return await lease.write(enter_failure, lease.kit, login.profile, login.credentials, error, durable=True)
    finally:
        await connector.close()
    await _roll(lease, login.tzid)
    return await lease.write(partial(_finish, kit=lease.kit, begun=login.profile, tally=tally, purge=full))


async def _pass(lease: Lease, connector: Connector, login: Login, *, full: bool) -> _Tally:
    listed = await connector.list_calendars()
    calendars = await lease.write(partial(_merge, login=login, listed=listed, now=lease.kit.clock()), durable=True)
    tally = _Tally()
    for calendar in calendars:
        place = place_of(lease.kit, calendar, login.tzid)
        if not calendar.owned or calendar.deleted:
            tally.changed += await erase_calendar(lease, place)
            continue
        try:
            tally.changed += await pass_calendar(lease, connector, place, full=full)
        except (CredentialsRevoked, RateLimited):
            raise
        except ConnectorError as error:
            if tally.error is not None:
                raise  # a second one: it is the Provider, not the calendar
            tally.error = error
            await lease.write(_doubt, calendar, login.profile)
    return tally


def _merge(uow: UnitOfWork, *, login: Login, listed: Sequence[RemoteCalendar], now: Instant) -> list[Calendar]:
    profile = login.profile
    # An empty answer is more often a broken server than a person without calendars: the old view stays for a while.
    if not listed and profile.failures < PATIENCE and _shows_something(uow, profile):
        raise ProviderUnavailable("the calendar service lists no calendars")
    return merge_listing(uow, profile.account_id, profile.profile_id, listed, now)


def _shows_something(uow: UnitOfWork, profile: Profile) -> bool:
    return any(
        one.owned and not one.deleted for one in uow.calendars.of_profile(profile.account_id, profile.profile_id)
    )


def _doubt(uow: UnitOfWork, calendar: Calendar, profile: Profile) -> None:
    """A calendar that could not be read again and again is not known any more: free/busy says so (ruling 11)."""
    held = uow.calendars.get(calendar.account_id, calendar.calendar_id)
    if held is not None and held.synced and profile.failures + 1 >= PATIENCE:
        uow.calendars.save(replace(held, cursor=anew(held.cursor), synced=False))


async def _roll(lease: Lease, account_tzid: str) -> None:
    """Expand again what repeats and is nearly used up."""
    while True:
        now = lease.kit.clock()
        expiring = await lease.read(partial(_expiring, lease=lease, tzid=account_tzid, now=now))
        if not expiring:
            return
        library = await worked_out(lease.kit.library, ((place, one.components) for place, one in expiring), now)
        await lease.write(partial(_roll_some, lease=lease, tzid=account_tzid, now=now, library=library))
        if len(expiring) < BATCH:
            return


def _expiring(uow: UnitOfWork, *, lease: Lease, tzid: str, now: Instant) -> list[tuple[Place, Resource]]:
    expiring = uow.events.expiring(lease.account_id, lease.profile_id, roll_before(now), BATCH)
    calendars = {one: uow.calendars.get(lease.account_id, one) for one in {one.calendar_id for one in expiring}}
    held = ((calendars[one.calendar_id], one) for one in expiring)
    return [(place_of(lease.kit, calendar, tzid), one) for calendar, one in held if calendar is not None]


def _roll_some(uow: UnitOfWork, *, lease: Lease, tzid: str, now: Instant, library: RuleLibrary) -> None:
    for place, resource in _expiring(uow, lease=lease, tzid=tzid, now=now):
        store_components(uow, replace(place, library=library), resource, resource.components, now)


def _finish(uow: UnitOfWork, *, kit: Kit, begun: Profile, tally: _Tally, purge: bool) -> SyncOutcome:
    held = uow.profiles.get(begun.account_id, begun.profile_id)
    if held is None:
        return SyncOutcome(SyncEnd.GONE, tally.changed)
    if purge:
        window = (kit.limits.window_back_days + 1) * DAY_SECONDS
        uow.events.purge_deleted(begun.account_id, Instant(kit.clock() - window))
    failures = 0 if tally.error is None else held.failures + 1
    due = next_sync(kit) if tally.error is None else retry_at(kit, failures)
    if held.sync_due_at != begun.sync_due_at:
        due = held.sync_due_at  # somebody asked for another look while this one went on
    done = replace(held, failures=failures, sync_due_at=due)
    # With one calendar in doubt the others are known all the same, once the doubt stands in it.
    if failures == 0 or failures >= PATIENCE:
        done = replace(done, initial_sync_done=True, synced_at=kit.clock())
    uow.profiles.save(done)
    if tally.error is not None:
        return SyncOutcome(SyncEnd.FAILED, tally.changed, tally.error.hint)
    return SyncOutcome(SyncEnd.DONE, tally.changed)


def _is_daily(profile: Profile, now: Instant) -> bool:
    """Whether this is the first pass of the Profile's own day, which compares everything: some servers never report
    what went missing (connectors.md 2.3). Each Profile's day begins at another hour.
    """
    if profile.synced_at is None:
        return True
    begins = int(hashlib.sha256(profile.profile_id.encode()).hexdigest()[:8], 16) % DAY_SECONDS
    return (profile.synced_at - begins) // DAY_SECONDS != (now - begins) // DAY_SECONDS
