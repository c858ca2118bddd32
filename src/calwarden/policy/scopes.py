"""The scope catalogue: one row per scope. Authorize endpoint, consent page, token answers, decisions and
documentation all read it.

Decisions are made on abilities, never on scope names (contract authorization 2.1, 2.2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Ability(StrEnum):
    """What a scope means inside the permission model."""

    READ_BUSY = "read_busy"  # when External Events make the person busy, nothing else of them
    READ_EVENTS = "read_events"  # External Events in full
    WRITE_OWN = "write_own"  # create and update Partner Events
    DELETE_OWN = "delete_own"  # delete Partner Events
    RESPOND = "respond"  # answer invitations
    CREATE_CALENDAR = "create_calendar"
    MANAGE_ACCOUNTS = "manage_accounts"
    ELEVATE_ACCOUNTS = "elevate_accounts"
    MANAGE_RESOURCES = "manage_resources"
    ELEVATE_RESOURCES = "elevate_resources"


class ScopeKind(StrEnum):
    GRANULAR = "granular"
    COMPOSITE = "composite"
    LEGACY = "legacy"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Scope:
    """One row. What the consent page says of it follows from its abilities: PROMISES."""

    name: str
    kind: ScopeKind
    abilities: frozenset[Ability]


_BUSY = frozenset({Ability.READ_BUSY})
_READ = frozenset({Ability.READ_BUSY, Ability.READ_EVENTS})
_OWN = frozenset({Ability.WRITE_OWN, Ability.DELETE_OWN})

_ROWS = (
    Scope("read_free_busy", ScopeKind.GRANULAR, _BUSY),
    Scope("read_events", ScopeKind.GRANULAR, _READ),
    Scope("create_event", ScopeKind.GRANULAR, frozenset({Ability.WRITE_OWN})),
    Scope("delete_event", ScopeKind.GRANULAR, frozenset({Ability.DELETE_OWN})),
    Scope("change_participation_status", ScopeKind.GRANULAR, frozenset({Ability.RESPOND})),
    Scope("create_calendar", ScopeKind.GRANULAR, frozenset({Ability.CREATE_CALENDAR})),
    Scope("free_busy", ScopeKind.COMPOSITE, _BUSY),
    Scope("write_only", ScopeKind.COMPOSITE, _OWN),
    Scope("free_busy_write", ScopeKind.COMPOSITE, _BUSY | _OWN),
    Scope("read_only", ScopeKind.COMPOSITE, _READ),
    Scope("read_write", ScopeKind.COMPOSITE, _READ | _OWN),
    Scope("read_account", ScopeKind.LEGACY, frozenset()),
    Scope("list_calendars", ScopeKind.LEGACY, frozenset()),
    Scope("event_reminders", ScopeKind.LEGACY, frozenset()),
    Scope("service_account/accounts/manage", ScopeKind.SERVICE, frozenset({Ability.MANAGE_ACCOUNTS})),
    Scope(
        "service_account/accounts/unrestricted_access",
        ScopeKind.SERVICE,
        frozenset({Ability.MANAGE_ACCOUNTS, Ability.ELEVATE_ACCOUNTS}),
    ),
    Scope("service_account/resources/manage", ScopeKind.SERVICE, frozenset({Ability.MANAGE_RESOURCES})),
    Scope(
        "service_account/resources/unrestricted_access",
        ScopeKind.SERVICE,
        frozenset({Ability.MANAGE_RESOURCES, Ability.ELEVATE_RESOURCES}),
    ),
    Scope("service_account/manage_accounts", ScopeKind.SERVICE, frozenset({Ability.MANAGE_ACCOUNTS})),
    Scope("service_account/manage_resources", ScopeKind.SERVICE, frozenset({Ability.MANAGE_RESOURCES})),
)

CATALOGUE: dict[str, Scope] = {row.name: row for row in _ROWS}
"""Every scope by its wire name, in the order of the documentation."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the consent page says of one ability: the sentence if it is granted, and the one if it is not."""

    ability: Ability
    will: str
    will_not: str


PROMISES = (
    Promise(Ability.READ_BUSY, "see when you are busy or free", "see when you are busy or free"),
    Promise(
        Ability.READ_EVENTS,
        "read the titles, places, people and notes of all your events",
        "see what your events are about: no titles, places, people or notes",
    ),
    Promise(Ability.WRITE_OWN, "add events, and change the ones it added", "add events to your calendars"),
    Promise(Ability.DELETE_OWN, "delete the events it added", "delete events"),
    Promise(Ability.RESPOND, "answer invitations for you", "answer invitations for you"),
    Promise(
        Ability.CREATE_CALENDAR,
        "create calendars; in those it has full control of every event, as far as the rest of this list goes",
        "create calendars",
    ),
)


@lru_cache(maxsize=4096)
def abilities(names: Iterable[str]) -> frozenset[Ability]:
    """The union of what ``names`` mean. A name that is not in the catalogue means nothing.

    Takes a hashable iterable (a tuple or frozenset of scope names).
    """
    held: frozenset[Ability] = frozenset()
    for name in names:
        row = CATALOGUE.get(name)
        if row is not None:
            held |= row.abilities
    return held


def parse_user_scopes(text: str) -> tuple[str, ...] | None:
    """The scope parameter of ``/oauth/authorize``: known user scopes without repeats, in the order given.

    None if it is empty or names anything unknown or a service scope (security 4.9).
    """
    names = tuple(dict.fromkeys(text.split()))
    known = all(name in CATALOGUE and CATALOGUE[name].kind is not ScopeKind.SERVICE for name in names)
    return names if names and known else None


def scopes_with(ability: Ability) -> tuple[str, ...]:
    """The granular scopes that hold ``ability`` and as little else as possible: what a refusal names as its remedy."""
    holding = [row for row in _ROWS if row.kind is ScopeKind.GRANULAR and ability in row.abilities]
    least = min((len(row.abilities) for row in holding), default=0)
    return tuple(row.name for row in holding if len(row.abilities) == least)
