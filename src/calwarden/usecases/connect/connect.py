"""Connect a calendar account that speaks CalDAV."""

import asyncio

from calwarden.domain.audit import Actor, AuditEntry
from calwarden.domain.audit import Outcome as AuditOutcome
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.profile import Credentials, Profile
from calwarden.ports.connector import ConnectorFactory
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.connect.failures import Failure
from calwarden.usecases.connect.login import Login, credentials_of
from calwarden.usecases.connect.look import Found, calendar_of, look
from calwarden.usecases.connect.outcome import Connected, NotConnected, Outcome
from calwarden.usecases.connect.renew import renew
from calwarden.usecases.connect.throttle import count_try
from calwarden.usecases.kit import Kit


async def connect_calendar(
    kit: Kit,
    open_connector: ConnectorFactory,
    account_id: AccountId,
    login: Login,
    actor: Actor = Actor.ACCOUNT,
) -> Outcome:
    """Look the login up, store its Profile and Calendars, and make the first sync due at once.

    A login that is connected already is renewed and keeps its ids. Raises NotFound if the Account is gone, Throttled
    if the person tries too often: we are no tool to guess passwords or to look for servers with.
    """
    if actor is Actor.ACCOUNT:
        await asyncio.to_thread(count_try, kit, account_id)
    credentials = credentials_of(login)
    if isinstance(credentials, Failure):
        return NotConnected(credentials)
    found = await look(open_connector, credentials)
    if isinstance(found, Failure):
        return NotConnected(found)
    return await asyncio.to_thread(_store, kit, account_id, credentials, found, actor)


def _store(kit: Kit, account_id: AccountId, credentials: Credentials, found: Found, actor: Actor) -> Connected:
    with kit.store.write() as uow:
        held = _same_login(uow, account_id, credentials, found)
        if held is not None:
            return renew(kit, uow, held, credentials, found, actor=actor)
        profile = Profile(
            account_id,
            kit.random.profile_id(),
            found.discovered.provider,
            found.discovered.name or credentials.username,
            found.discovered.home,
            kit.clock(),
            sync_due_at=kit.clock(),
        )
        uow.profiles.add(profile, credentials)
        calendars = [calendar_of(account_id, profile.profile_id, one) for one in found.calendars]
        for calendar in calendars:
            uow.calendars.add(calendar)
        uow.audit.append(_entry(kit, account_id, profile.profile_id, actor))
    return Connected(profile, tuple(one for one in calendars if one.owned))


def _same_login(uow: UnitOfWork, account_id: AccountId, credentials: Credentials, found: Found) -> Profile | None:
    for profile in uow.profiles.of_account(account_id):
        held = uow.profiles.credentials(account_id, profile.profile_id)
        if profile.url == found.discovered.home and held is not None and held.username == credentials.username:
            return profile
    return None


def _entry(kit: Kit, account_id: AccountId, profile_id: ProfileId, actor: Actor) -> AuditEntry:
    on: dict[str, str] = {"profile_id": profile_id}
    return AuditEntry(account_id, kit.clock(), actor, "profile.connected", AuditOutcome.ALLOWED, on=on)
