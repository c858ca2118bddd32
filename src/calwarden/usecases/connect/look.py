"""Looking a login up at its Provider: the only part of connecting that speaks to the outside."""

from dataclasses import dataclass

from calwarden.domain.ids import AccountId, ProfileId, calendar_id_of
from calwarden.domain.profile import Calendar, Credentials
from calwarden.ports.connector import ConnectorError, ConnectorFactory, Discovered, RemoteCalendar
from calwarden.usecases.connect.failures import Failure, failure_of


@dataclass(frozen=True, slots=True)
class Found:
    discovered: Discovered
    calendars: tuple[RemoteCalendar, ...]


async def look(open_connector: ConnectorFactory, credentials: Credentials) -> Found | Failure:
    """Discover the account and list its calendars; at least one must be the person's own."""
    connector = open_connector(credentials)
    try:
        discovered = await connector.discover()
        calendars = tuple(await connector.list_calendars())
    except ConnectorError as error:
        return failure_of(error)
    finally:
        await connector.close()
    if not any(one.owned for one in calendars):
        return Failure.NO_CALENDARS
    return Found(discovered, calendars)


def calendar_of(account_id: AccountId, profile_id: ProfileId, remote: RemoteCalendar) -> Calendar:
    """A calendar as first seen, with the id it keeps for ever."""
    return Calendar(
        account_id,
        calendar_id_of(profile_id, remote.remote_id),
        profile_id,
        remote.remote_id,
        remote.name,
        remote.owned,
        remote.readonly,
        primary=remote.primary,
        color=remote.color,
        tzid=remote.tzid,
    )
