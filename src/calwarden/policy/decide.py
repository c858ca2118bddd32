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
    """Which object a rule is about. Others are not looked at, and no permit names them."""

    ACCOUNT = "account"  # no single object
    PLACE = "place"  # the Profile in which a calendar is to be made, stated as the calendar it will be
    CALENDAR = "calendar"  # the calendar must be this Grant's to see
    EVENTS = "events"  # any event in it
    OWN_EVENTS = "own_events"  # the Application's own in it
    OWN_EVENT = "own_event"  # one of them, by event_id
    EXTERNAL_EVENT = "external_event"  # by event_uid: not the Application's own
    ANY_EVENT = "any_event"  # by event_uid


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
    absent: bool = False  # the event need not be there
    gone: bool = False  # a deleted calendar is shown as such
    after_end: bool = False  # answers although the Grant's end has come
    elevates: bool = False  # is about getting an Elevation


RULES: dict[Action, Rule] = {
    Action.READ_USERINFO: Rule(None, Target.ACCOUNT, after_end=True),
    Action.READ_ACCOUNT: Rule(None, Target.ACCOUNT),
    Action.LIST_PROFILES: Rule(None, Target.ACCOUNT),
    Action.REVOKE_PROFILE: Rule(None, Target.ACCOUNT),
    Action.LIST_CALENDARS: Rule(None, Target.CALENDAR, gone=True),
    Action.CREATE_CALENDAR: Rule(Ability.CREATE_CALENDAR, Target.PLACE, writes=True, mode=AccessMode.READ_WRITE),
    Action.READ_BUSY: Rule(Ability.READ_BUSY, Target.EVENTS, mode=AccessMode.FREE_BUSY),
    Action.READ_EVENTS: Rule(Ability.READ_EVENTS, Target.EVENTS, mode=AccessMode.READ_WRITE),
    Action.READ_OWN_EVENTS: Rule(None, Target.OWN_EVENTS),
    Action.WRITE_OWN_EVENT: Rule(Ability.WRITE_OWN, Target.OWN_EVENT, writes=True, absent=True),
    Action.DELETE_OWN_EVENT: Rule(Ability.DELETE_OWN, Target.OWN_EVENT, writes=True, absent=True),
    Action.DELETE_OWN_EVENTS: Rule(Ability.DELETE_OWN, Target.OWN_EVENTS, writes=True, absent=True),
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

_MODES = {AccessMode.NONE: 0, AccessMode.FREE_BUSY: 1, AccessMode.READ_WRITE: 2}
"""From the lowest ceiling to none."""

_LEVELS = {Elevated.NONE: 0, Elevated.CHANGE: 1, Elevated.FULL: 2}
"""From the sandbox up."""

_DELEGATED = frozenset({None, Ability.READ_BUSY, Ability.READ_EVENTS})
"""What a delegated connection may ever be for (contract authorization 5.5)."""

_WITHOUT_CALENDAR = frozenset({Target.ACCOUNT, Target.PLACE})
_WITHOUT_EVENT = _WITHOUT_CALENDAR | {Target.CALENDAR}
_OWN = frozenset({Target.OWN_EVENTS, Target.OWN_EVENT})


def decide(action: Action, access: Access) -> Decision:
    """May this Grant do this? Pure and total: no I/O, no clock, and no answer but Allow or Deny.

    Objects that are ``NOT_ASKED`` are not judged: an Allow then means "so far", and its permit names only what was
    looked at, so it opens nothing else. Source: walkthrough, contract authorization 2.3, security 1.3, ruling 2.
    """
    rule = RULES.get(action)
    if rule is None:
        return Deny(Reason.NO_RULE)
    denied = _judge_grant(rule, access.grant)
    calendar = access.calendar if rule.target is not Target.ACCOUNT else NOT_ASKED
    event = access.event if rule.target not in _WITHOUT_EVENT else NOT_ASKED
    if denied is None and calendar is not NOT_ASKED:
        denied = _judge_calendar(rule, calendar)
        if denied is None and event is not NOT_ASKED:
            denied = _judge_event(rule, event)
    if denied is not None:
        return denied
    return allow(action, access.grant, NOT_ASKED if rule.target is Target.PLACE else calendar, event)


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
    if grant.connection is Connection.DELEGATED and (rule.elevates or rule.ability not in _DELEGATED):
        return Deny(Reason.BEYOND_DELEGATION)
    if rule.elevates and grant.connection is Connection.MANAGED:
        return Deny(Reason.ELEVATION_NOT_OFFERED)  # security 6.4
    if rule.ability is not None and rule.ability not in abilities(grant.scopes):
        return Deny(Reason.SCOPE_MISSING, scopes_with(rule.ability))
    return None


def _judge_calendar(rule: Rule, calendar: CalendarFacts) -> Deny | None:
    shown = calendar.relation is Relation.OWNED or (rule.gone and calendar.relation is Relation.DELETED)
    if not shown:
        return Deny(Reason.NOT_FOUND)
    if _MODES[calendar.mode] < _MODES[rule.mode]:
        return Deny(Reason.ACCESS_MODE)
    # INVARIANT: elevation lifts the sandbox and nothing else; scope, ownership and the Provider's word still hold.
    if _LEVELS[calendar.elevated] < _LEVELS[rule.elevated]:
        sandbox = calendar.elevated is Elevated.NONE
        return Deny(Reason.CALENDAR_NOT_ELEVATED if sandbox else Reason.ELEVATION_WITHOUT_DELETE)
    if rule.writes and calendar.readonly:
        return Deny(Reason.CALENDAR_READONLY)
    if rule.writes and not calendar.connected:
        return Deny(Reason.PROFILE_DISCONNECTED)
    return None


def _judge_event(rule: Rule, event: EventFacts) -> Deny | None:
    own = event.event_class is EventClass.OWN
    if event.event_class is EventClass.ABSENT:
        return None if rule.absent else Deny(Reason.NOT_FOUND)
    if rule.target in _OWN:
        # An event_id names an own event or none; anything else is not what the id can mean.
        return None if own else Deny(Reason.NOT_FOUND)
    if rule.target is Target.EXTERNAL_EVENT and own:
        return Deny(Reason.EVENT_NOT_EXTERNAL)
    permitted = {
        None: True,
        Option.UPDATE: event.may_update,
        Option.DELETE: event.may_delete,
        Option.RESPOND: event.may_respond,
    }[rule.option]
    return None if permitted else Deny(Reason.EVENT_NOT_CHANGEABLE)
