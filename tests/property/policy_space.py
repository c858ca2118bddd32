"""The whole finite space that ``decide`` is about: every state of token and Grant, of a calendar, of an event."""

from functools import cache
from itertools import combinations, product

from calwarden.domain.grant import Connection
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, EventKey
from calwarden.domain.profile import AccessMode
from calwarden.policy.decide import decide
from calwarden.policy.decision import (
    NOT_ASKED,
    Access,
    Action,
    Allow,
    CalendarFacts,
    Decision,
    Elevated,
    EventClass,
    EventFacts,
    GrantFacts,
    GrantStanding,
    NotAsked,
    Relation,
    TokenState,
)
from property import truth_table
from proving import SWIFT

COLUMNS = tuple(truth_table.COLUMNS.values())
GRANULAR = COLUMNS[:6]
NAMES = (
    *COLUMNS, "read_account", "list_calendars", "event_reminders", "full_access", "service_account/accounts/manage",
    "service_account/accounts/unrestricted_access", "service_account/resources/manage",
    "service_account/resources/unrestricted_access", "Read_Events", "read_events ", "no_such_scope", "",
)  # fmt: skip
"""Every scope of the contract, and names that are no scope."""

COLUMN_SETS: tuple[tuple[str, ...], ...] = (
    (), ("no_such_scope",), ("read_account",), *((one,) for one in COLUMNS)
)  # fmt: skip
ALL_SETS = ((), *((one,) for one in NAMES), *combinations(NAMES, 2), *combinations(GRANULAR, 3), GRANULAR, NAMES)

WHO = (AccountId("acc_1"), ApplicationId("app_1"))
HERE, THIS = CalendarId("cal_1"), EventKey("e1")
LIVE = (TokenState.LIVE, GrantStanding.ACTIVE)

STATES = tuple(product(Elevated, (True, False), (True, False), AccessMode))
"""What a calendar may be, whatever it is to the Grant: elevation, read-only, connected, access mode."""

CALENDARS: tuple[CalendarFacts | NotAsked, ...] = (
    NOT_ASKED,
    *(CalendarFacts(relation, *state, HERE) for relation, state in product(Relation, STATES)),
)
EVENTS: tuple[EventFacts | NotAsked, ...] = (
    NOT_ASKED,
    *(EventFacts(*facts, THIS) for facts in product(EventClass, *[(True, False)] * 3)),
)
OBJECTS = tuple(product(CALENDARS, EVENTS))
TRIED = OBJECTS[::13] if SWIFT else OBJECTS
assert {event for _, event in TRIED} == set(EVENTS)  # 13 divides the number of neither
HIDDEN = tuple(one for one in Relation if one is not Relation.OWNED)


def grant(
    scopes: tuple[str, ...],
    token: TokenState = LIVE[0],
    standing: GrantStanding = LIVE[1],
    connection: Connection = Connection.INDIVIDUAL,
) -> GrantFacts:
    return GrantFacts(token, standing, scopes, connection, *WHO)


def decided(
    action: Action, facts: GrantFacts, calendar: CalendarFacts | NotAsked, event: EventFacts | NotAsked
) -> Decision:
    return decide(action, Access(facts, calendar, event))


@cache
def allowed(action: Action, facts: GrantFacts) -> frozenset[int]:
    """The numbers of the ``OBJECTS`` to which this Grant may do this."""
    return frozenset(
        number
        for number, (calendar, event) in enumerate(OBJECTS)
        if isinstance(decided(action, facts, calendar, event), Allow)
    )


def number_of(calendar: int, event: int) -> int:
    """Where in ``OBJECTS`` the pair of this calendar and this event stands, each by its own number."""
    return calendar * len(EVENTS) + event
