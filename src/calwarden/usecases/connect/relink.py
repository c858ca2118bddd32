"""A Profile whose credentials the Provider refuses gets a new password (contract authorization 4.3)."""

import asyncio
from dataclasses import replace

from calwarden.domain.audit import Actor
from calwarden.domain.errors import NotFound
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.profile import Credentials
from calwarden.ports.connector import ConnectorFactory
from calwarden.usecases.connect.failures import Failure
from calwarden.usecases.connect.look import Found, look
from calwarden.usecases.connect.outcome import Connected, NotConnected, Outcome
from calwarden.usecases.connect.renew import renew
from calwarden.usecases.connect.throttle import count_try
from calwarden.usecases.kit import Kit


async def relink(
    kit: Kit, open_connector: ConnectorFactory, account_id: AccountId, profile_id: ProfileId, password: str
) -> Outcome:
    """Try ``password`` with the address and user name held; ids stay. Raises NotFound for a Profile that is not this
    Account's, Throttled as connecting does.

    The user name can not be changed here: another login is another Profile.
    """
    await asyncio.to_thread(count_try, kit, account_id)
    held = await asyncio.to_thread(_credentials, kit, account_id, profile_id)
    if not password:
        return NotConnected(Failure.INCOMPLETE)
    credentials = replace(held, password=password)
    found = await look(open_connector, credentials)
    if isinstance(found, Failure):
        return NotConnected(found)
    return await asyncio.to_thread(_store, kit, (account_id, profile_id), credentials, found)


def _credentials(kit: Kit, account_id: AccountId, profile_id: ProfileId) -> Credentials:
    with kit.store.read() as uow:
        credentials = uow.profiles.credentials(account_id, profile_id)
    if credentials is None:
        raise NotFound("no such profile")
    return credentials


def _store(kit: Kit, which: tuple[AccountId, ProfileId], credentials: Credentials, found: Found) -> Connected:
    with kit.store.write() as uow:
        profile = uow.profiles.get(*which)
        if profile is None:
            raise NotFound("no such profile")
        return renew(kit, uow, profile, credentials, found, actor=Actor.ACCOUNT)
