"""From what a person typed to their calendar home (RFC 6764, RFC 5397, RFC 4791 6.2.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from calwarden.connectors.caldav import mapping
from calwarden.connectors.caldav.dav import Dav, ServerFault
from calwarden.connectors.caldav.markup import C, D, Member, hrefs, propfind
from calwarden.connectors.caldav.paths import path_of, same_path
from calwarden.net import Timeouts, Url, join
from calwarden.ports.connector import NoCalendars, ProviderUnavailable

HASTY: Final = Timeouts(connect=5, step=10, whole=15)
"""Somebody is waiting at a page."""

_MOST_HOMES: Final = 10
_WHO: Final = (f"{D}current-user-principal", f"{C}calendar-home-set")
_PERSON: Final = (f"{C}calendar-home-set", f"{C}calendar-user-address-set", f"{D}displayname")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in. ``addresses`` lower-cased, the one to invite from first. ``homes``: where calendars are (RFC
    4791 6.2.1 allows several), new ones made in the first.
    """

    principal: Url
    homes: tuple[Url, ...]
    name: str
    addresses: tuple[str, ...]

    @property
    def home(self) -> Url | None:
        return next(iter(self.homes), None)


async def find_person(dav: Dav, typed: Url) -> Person:
    """Try what was typed, then the well-known address, then the root. Raises NoCalendars, and what the client raises.

    A server at fault at one of these does not end the search: SOGo refuses PROPFIND on the root, Xandikos answers 500
    for what is not the person's own.
    """
    fault: ProviderUnavailable | None = None
    hasty = dav.at(typed, HASTY)
    for candidate in _candidates(typed):
        try:
            principal = await _principal(hasty, candidate)
        except ProviderUnavailable as error:
            if type(error) not in {ProviderUnavailable, ServerFault}:
                raise  # an address or a certificate refused is the answer
            fault = fault or error
            continue
        if principal is not None:
            return await read_person(hasty.at(principal, HASTY), principal)
    raise fault or NoCalendars("there is no calendar service at that address")


async def read_person(dav: Dav, principal: Url) -> Person:
    """What a principal says about itself. Raises NoCalendars where it says nothing."""
    answer, found = await dav.listing("PROPFIND", principal, propfind(*_PERSON), depth=0)
    member = None if found is None else _itself(found.members, answer.url)
    if member is None:
        raise NoCalendars("the calendar service does not say where calendars are")
    named = (_leads_to(one, answer.url, dav) for one in hrefs(member.properties.get(f"{C}calendar-home-set")))
    homes = tuple(dict.fromkeys(one for one in named if one is not None))[:_MOST_HOMES]
    return Person(answer.url, homes, member.line(f"{D}displayname"), mapping.addresses(member))


def _candidates(typed: Url) -> Iterator[Url]:
    if typed.path != "/":
        yield typed
    yield typed.at("/.well-known/caldav")
    yield typed.at("/")


async def _principal(dav: Dav, candidate: Url) -> Url | None:
    try:
        answer, found = await dav.listing("PROPFIND", candidate, propfind(*_WHO), depth=0)
    except NoCalendars:
        return None  # it leads to another origin, which wants credentials that are not for it
    member = None if found is None else _itself(found.members, answer.url)
    if member is None:
        return None
    named = (_leads_to(one, answer.url, dav) for one in hrefs(member.properties.get(f"{D}current-user-principal")))
    principal = next((one for one in named if one is not None), None)
    if principal is None and hrefs(member.properties.get(f"{C}calendar-home-set")):
        return answer.url  # a principal that does not say it is one
    return principal


def _itself(members: tuple[Member, ...], asked: Url) -> Member | None:
    """The member that was asked for: a Depth 0 answer has one, and some servers name it by another path."""
    path = path_of(asked.path, asked)
    exact = (one for one in members if path is not None and same_path(one.path, path))
    return next(exact, members[0] if members else None)


def _leads_to(href: str, base: Url, dav: Dav) -> Url | None:
    """Where an address leads: at this host, or at one the credentials are for as well (iCloud's partitions)."""
    path = path_of(href, base)
    if path is not None:
        return dav.at(base).url(path)
    try:
        other = join(base, href)
    except ValueError:
        return None
    return other if dav.login.belongs_to(other) else None
