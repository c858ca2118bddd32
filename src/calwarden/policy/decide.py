"""The rules. One row per action; no row means no.

The order of answers is fixed (ruling 2), so that nobody learns of an object that the Grant does not reach: token,
grant, scope, calendar, elevation and read-only, event, the event's options.
"""

from dataclasses import dataclass
from enum import StrEnum

from calwarden.domain.grant import Connection
from calwarden.domain.profile import AccessMode
from calwarden.policy.decision import (
    NOT_ASKED,
    Access,
    Action,
    CalendarFacts,
    Decision,
    Deny,
    Elevated,
    EventClass,
    EventFacts,
    GrantFacts,
    GrantStanding,
    Reason,
    Relation,
    TokenState,
    allow,
)
from calwarden.policy.scopes import Ability, abilities, scopes_with


class Target(StrEnum):
    """Which External Events or calendars a rule is about."""

    ACCOUNT = "account"  # no single object
    CALENDAR = "calendar"  # the calendar must be this Grant's to see
    OWN_EVENT = "own_event"  # written by event_id: may not exist yet
    EXTERNAL_EVENT = "external_event"  # by event_uid: must exist and not be the Application's own
    ANY_EVENT = "any_event"  # by event_uid: must exist


class Option(StrEnum):
    UPDATE = "update"
    DELETE = "delete"
    RESPOND = "respond"


@dataclass(frozen=True, slots=True)
class Rule:
    """What an action needs. ``ability`` None: any live Grant."""

    ability: Ability | None
    target: Target
    writes: bool = False  # needs a calendar that is not read-only and a Profile that works
    mode: AccessMode = AccessMode.NONE  # the least that the Profile has to be connected for
    elevated: Elevated = Elevated.NONE  # the least Elevation
    option: Option | None = None
    after_end: bool = False  # answers although the Grant's end has come
    elevates: bool = False  # is about getting an Elevation


RULES: dict[Action, Rule] = {
    Action.READ_USERINFO: Rule(None, Target.ACCOUNT, after_end=True),
    Action.READ_ACCOUNT: Rule(None, Target.ACCOUNT),
    Action.LIST_PROFILES: Rule(None, Target.ACCOUNT),
    Action.REVOKE_PROFILE: Rule(None, Target.ACCOUNT),
    Action.LIST_CALENDARS: Rule(None, Target.ACCOUNT),
    Action.CREATE_CALENDAR: Rule(Ability.CREATE_CALENDAR, Target.ACCOUNT),
    Action.READ_BUSY: Rule(Ability.READ_BUSY, Target.CALENDAR, mode=AccessMode.FREE_BUSY),
    Action.READ_EVENTS: Rule(Ability.READ_EVENTS, Target.CALENDAR, mode=AccessMode.READ_WRITE),
    Action.READ_OWN_EVENTS: Rule(None, Target.CALENDAR),
    Action.WRITE_OWN_EVENT: Rule(Ability.WRITE_OWN, Target.OWN_EVENT, writes=True),
    Action.DELETE_OWN_EVENT: Rule(Ability.DELETE_OWN, Target.OWN_EVENT, writes=True),
    Action.DELETE_OWN_EVENTS: Rule(Ability.DELETE_OWN, Target.CALENDAR, writes=True),
    Action.EDIT_EVENT: Rule(
        Ability.WRITE_OWN,
        Target.EXTERNAL_EVENT,
        writes=True,
        mode=AccessMode.READ_WRITE,
        elevated=Elevated.CHANGE,
        option=Option.UPDATE,
    ),
    Action.DELETE_EVENT: Rule(
        Ability.DELETE_OWN,
        Target.EXTERNAL_EVENT,
        writes=True,
        mode=AccessMode.READ_WRITE,
        elevated=Elevated.FULL,
        option=Option.DELETE,
    ),
    Action.RESPOND: Rule(
        Ability.RESPOND, Target.ANY_EVENT, writes=True, mode=AccessMode.READ_WRITE, option=Option.RESPOND
    ),
    Action.REQUEST_ELEVATION: Rule(None, Target.CALENDAR, mode=AccessMode.READ_WRITE, elevates=True),
    Action.LOWER_ELEVATION: Rule(None, Target.CALENDAR),
    Action.CHECK_PERMISSIONS: Rule(None, Target.ACCOUNT),
}

_MODES = (AccessMode.NONE, AccessMode.FREE_BUSY, AccessMode.READ_WRITE)
"""From the lowest ceiling to none."""

_LEVELS = (Elevated.NONE, Elevated.CHANGE, Elevated.FULL)
"""From the sandbox up."""

_DELEGATED = frozenset({None, Ability.READ_BUSY, Ability.READ_EVENTS})
"""What a delegated connection may ever be for (contract authorization 5.5)."""

_NOT_ELEVATED_HERE = frozenset({Connection.MANAGED, Connection.DELEGATED})
"""Connections that nobody whom the call could ask may raise (security 6.4)."""


def decide(action: Action, access: Access) -> Decision:
    """May this Grant do this? Pure and total: no I/O, no clock, and no answer but Allow or Deny.

    Objects that are ``NOT_ASKED`` are not judged: an Allow then means "so far", and its permit names only what was
    looked at, so it opens nothing else. Source: walkthrough, contract authorization 2.3, security 1.3, ruling 2.
    """
    rule = RULES.get(action)
    if rule is None:
        return Deny(Reason.NO_RULE)
    denied = _judge_grant(rule, access.grant)
    if denied is None and access.calendar is not NOT_ASKED:
        denied = _judge_calendar(rule, access.calendar)
        if denied is None and access.event is not NOT_ASKED:
            denied = _judge_event(rule, access.event)
    return denied or allow(action, access)


def lifting(action: Action) -> tuple[str, ...]:
    """The scopes any of which lets an Application do this, as far as scopes go; none if it takes no scope."""
    rule = RULES.get(action)
    return () if rule is None or rule.ability is None else scopes_with(rule.ability)


def _judge_grant(rule: Rule, grant: GrantFacts) -> Deny | None:
    if grant.token is TokenState.MISSING:
        return Deny(Reason.TOKEN_MISSING)
    if grant.token is not TokenState.LIVE or grant.standing is GrantStanding.REVOKED:
        return Deny(Reason.TOKEN_INVALID)
    if grant.standing is not GrantStanding.ACTIVE and not rule.after_end:
        return Deny(Reason.GRANT_ENDED)
    return _judge_ability(rule, grant)


def _judge_ability(rule: Rule, grant: GrantFacts) -> Deny | None:
    # What no scope would lift comes first: a remedy that does not help is none.
    if grant.connection is Connection.DELEGATED and rule.ability not in _DELEGATED:
        return Deny(Reason.BEYOND_DELEGATION)
    if rule.elevates and grant.connection in _NOT_ELEVATED_HERE:
        return Deny(Reason.ELEVATION_NOT_OFFERED)
    if rule.ability is not None and rule.ability not in abilities(grant.scopes):
        return Deny(Reason.SCOPE_MISSING, scopes_with(rule.ability))
    return None


def _judge_calendar(rule: Rule, calendar: CalendarFacts) -> Deny | None:
    if calendar.relation is not Relation.OWNED:
        return Deny(Reason.NOT_FOUND)
    if _MODES.index(calendar.mode) < _MODES.index(rule.mode):
        return Deny(Reason.ACCESS_MODE)
    # INVARIANT: elevation lifts the sandbox and nothing else; scope, ownership and the Provider's word still hold.
    if _LEVELS.index(calendar.elevated) < _LEVELS.index(rule.elevated):
        sandbox = calendar.elevated is Elevated.NONE
        return Deny(Reason.CALENDAR_NOT_ELEVATED if sandbox else Reason.ELEVATION_WITHOUT_DELETE)
    if rule.writes and calendar.readonly:
        return Deny(Reason.CALENDAR_READONLY)
    if rule.writes and not calendar.connected:
        return Deny(Reason.PROFILE_DISCONNECTED)
    return None


def _judge_event(rule: Rule, event: EventFacts) -> Deny | None:
    if rule.target is Target.OWN_EVENT:
        # An event_id names an own event or none; anything else is not what the id can mean.
        return None if event.event_class in {EventClass.OWN, EventClass.ABSENT} else Deny(Reason.NOT_FOUND)
    if event.event_class is EventClass.ABSENT:
        return Deny(Reason.NOT_FOUND)
    if rule.target is Target.EXTERNAL_EVENT and event.event_class is EventClass.OWN:
        return Deny(Reason.EVENT_NOT_EXTERNAL)
    permitted = {
        None: True,
        Option.UPDATE: event.may_update,
        Option.DELETE: event.may_delete,
        Option.RESPOND: event.may_respond,
    }[rule.option]
    return None if permitted else Deny(Reason.EVENT_NOT_CHANGEABLE)
