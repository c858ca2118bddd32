"""Which connectors there are, and the one factory that opens the right one. A provider is added by its line here."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from calwarden.connectors.caldav import Surroundings, caldav_factory
from calwarden.domain.profile import Provider
from calwarden.net import OutboundRules
from calwarden.ports.connector import ConnectorFactory
from calwarden.ports.system import Clock, Random


class LoginKind(StrEnum):
    """What a person connects with; the page for it follows from this."""

    PASSWORD = "password"  # an address, a user name, a password, perhaps an authority


class Ability(StrEnum):
    """What a connector can do beyond reading."""

    WRITE_EVENTS = "write_events"
    RESPOND = "respond"
    CREATE_CALENDAR = "create_calendar"


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """One connector: which Providers it speaks to, and what it takes and can do. ``settings`` are fields it reads."""

    providers: frozenset[Provider]
    login: LoginKind
    settings: frozenset[str]
    abilities: frozenset[Ability]
    make: Callable[[Surroundings], ConnectorFactory]


SPECS: Final = (
    ConnectorSpec(
        frozenset({Provider.CALDAV, Provider.APPLE}),
        LoginKind.PASSWORD,
        frozenset({"outbound_allow", "development"}),
        frozenset(Ability),
        caldav_factory,
    ),
)


def connectors(rules: OutboundRules, clock: Clock, random: Random) -> ConnectorFactory:
    """The factory that wiring hands to the use cases: credentials in, a Connector over the guarded client out.

    Credentials with an address are CalDAV's; which Provider that is follows from where discovery ends.
    """
    (only,) = SPECS  # with a second login kind, credentials will say which one they are for
    return only.make(Surroundings(rules, clock, random.token))
