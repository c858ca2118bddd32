"""Making a calendar at an address we chose; making it again finds it (connectors.md 2.15)."""

from dataclasses import dataclass
from typing import Final

from calwarden.connectors.caldav import mapping, markup
from calwarden.connectors.caldav.dav import Dav
from calwarden.connectors.caldav.markup import propfind
from calwarden.connectors.caldav.paths import as_collection, same_path
from calwarden.ports.connector import DuplicateCalendar, Leaving, ProviderRejected, RemoteCalendar

_UNKNOWN: Final = frozenset({400, 403, 405, 415, 501})


@dataclass(frozen=True, slots=True)
class NewCalendar:
    """The calendar to be made, at an address of our choice."""

    remote_id: str
    name: str
    color: str | None


async def create(dav: Dav, new: NewCalendar, leaving: Leaving, *, principal: str | None) -> RemoteCalendar:
    """See the port. The address is random: whatever of the person's own is there was made by an earlier attempt."""
    remote_id, name, color = new.remote_id, new.name, new.color
    answer = await dav.change("MKCALENDAR", remote_id, markup.mkcalendar(name, color), leaving)
    made = await look(dav, remote_id, principal)
    if made is None and answer.status in _UNKNOWN:
        answer = await dav.change("MKCOL", remote_id, markup.mkcol(name, color), leaving)
        made = await look(dav, remote_id, principal)
    if made is None:
        raise _refusal(answer.status)
    if not made.owned:
        raise ProviderRejected("the calendar service made a calendar that is not the person's own")
    if made.name != name or (color is not None and (made.color or "").lower() != color.lower()):
        # Some ignore the properties that come with MKCALENDAR. A refusal leaves a calendar of another name: no harm.
        await dav.change("PROPPATCH", remote_id, markup.proppatch(name, color), leaving)
        made = await look(dav, remote_id, principal) or made
    return made


async def look(dav: Dav, remote_id: str, principal: str | None) -> RemoteCalendar | None:
    """The calendar at that very address; None if there is none."""
    answer, found = await dav.listing("PROPFIND", remote_id, propfind(*mapping.CALENDAR_PROPERTIES), depth=0)
    members = () if found is None or not same_path(answer.url.path, dav.url(remote_id).path) else found.members
    own = (one for one in members if as_collection(one.path) == remote_id)
    made = (mapping.calendar(one, mapping.principal_of(one, answer.url) or principal, answer.url) for one in own)
    return next((one for one in made if one is not None), None)


def _refusal(status: int) -> ProviderRejected:
    if status == 409:
        return DuplicateCalendar("there is a calendar of that name already")
    return ProviderRejected("the calendar service does not allow new calendars there")
