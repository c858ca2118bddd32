"""The calendars of a person: those of their home, or of several (RFC 4791 6.2.1)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from calwarden.connectors.caldav import mapping
from calwarden.connectors.caldav.dav import Dav
from calwarden.connectors.caldav.discovery import Person
from calwarden.connectors.caldav.markup import propfind
from calwarden.connectors.caldav.paths import same_path, usable
from calwarden.net import Url
from calwarden.ports.connector import NoCalendars, ProviderUnavailable, RemoteCalendar

MOST_CALENDARS: Final = 1_000


async def calendars(dav: Dav, person: Person) -> Sequence[RemoteCalendar]:
    """Each calendar once, one of them primary. Raises NoCalendars if the home that ``dav`` stands at is gone.

    Further homes count where they are at the same origin: a calendar's address is a path there. One that may not be
    listed has nothing; one that fails leaves no calendar out unnoticed, but fails all. So do more calendars than
    anybody has: with some of them left out a person would seem free.
    """
    first = await _of_home(dav, dav.base, person)
    if first is None:
        raise NoCalendars("the calendar home is not there any more")
    found = {one.remote_id: one for one in first}
    for home in person.homes:
        if home.origin != dav.base.origin or same_path(home.path, dav.base.path):
            continue
        for one in await _of_home(dav, home, person) or ():
            has_primary = any(held.primary for held in found.values())
            found.setdefault(one.remote_id, replace(one, primary=one.primary and not has_primary))
    if len(found) > MOST_CALENDARS:
        raise ProviderUnavailable("the calendar service lists more calendars than can be read")
    return list(found.values())


async def _of_home(dav: Dav, home: Url, person: Person) -> Sequence[RemoteCalendar] | None:
    answer, found = await dav.listing("PROPFIND", home, propfind(*mapping.CALENDAR_PROPERTIES), depth=1)
    if found is None:
        return None
    # The name it has in this very answer: that is what owners are compared with.
    said = (mapping.principal_of(one, answer.url) for one in found.members)
    principal = next((one for one in said if one is not None), usable(person.principal.path))
    return mapping.calendars(found.members, principal, answer.url)
