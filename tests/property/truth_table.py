"""The permission model as tables, written from the documents alone by somebody who has not read `decide`.

Security requirement 1.4 asks for it. Where a table is taken from stands below it; the numbers without a name are
sections of `authorization.md`, S those of `security-requirements.md`, E those of `events.md`, R a ruling, P a line
of section 11.

Reading: an answer is the first mark that is not a dot, from the token to the event's options, in the order of R2:
token, standing, connection, scope; then the calendar: relation, access mode, elevation, read-only, disconnected;
then the event: its kind, its options. A word that no table knows is a KeyError, so a refusal (S1.2); an unknown
scope grants nothing.
"""

from collections.abc import Collection
from functools import cache
from typing import NamedTuple


class Calendar(NamedTuple):
    """What is known of a calendar, and of the Profile it is in."""

    relation: str
    elevation: str
    readonly: bool
    connected: bool
    mode: str


class Event(NamedTuple):
    """What is known of an event found, or not found, in that calendar; the options are the provider's word."""

    kind: str
    may_update: bool
    may_delete: bool
    may_respond: bool


ALLOWED = "allowed"

MARKS = {
    ".": "",
    "ended": "grant_ended",
    "token": "token_invalid",
    "beyond": "beyond_delegation",
    "offered": "elevation_not_offered",
    "404": "not_found",
    "mode": "access_mode",
    "sandbox": "calendar_not_elevated",
    "nodelete": "elevation_without_delete",
    "readonly": "calendar_readonly",
    "423": "profile_disconnected",
    "422": "event_not_external",
}
"""What the marks in the tables stand for; `.` is: nothing against it here."""

OPTIONS = {"update?": "may_update", "delete?": "may_delete", "respond?": "may_respond"}
"""Marks that ask the event: refused as `event_not_changeable` where the option is false (3.5, E5.1-5.3; 403 by R2).
"""

TOKENS = {"live": "", "missing": "token_missing", "invalid": "token_invalid"}
"""7.1, R2: 401 comes before everything else."""

COLUMNS = {
    "RFB": "read_free_busy",
    "RE": "read_events",
    "CE": "create_event",
    "DE": "delete_event",
    "CPS": "change_participation_status",
    "CC": "create_calendar",
    "FB": "free_busy",
    "FBW": "free_busy_write",
    "RO": "read_only",
    "WO": "write_only",
    "RW": "read_write",
}
"""2.3: the columns that are scopes. L, the legacy names, is what any live grant may: it is no scope's doing (2.1)."""

SCOPES = """
                    L  RFB  RE  CE  DE  CPS  CC  FB  FBW  RO  WO  RW
userinfo.read       Y  Y    Y   Y   Y   Y    Y   Y   Y    Y   Y   Y
account.read        Y  Y    Y   Y   Y   Y    Y   Y   Y    Y   Y   Y
profiles.list       Y  Y    Y   Y   Y   Y    Y   Y   Y    Y   Y   Y
profile.revoke      Y  Y    Y   Y   Y   Y    Y   Y   Y    Y   Y   Y
calendars.list      Y  Y    Y   Y   Y   Y    Y   Y   Y    Y   Y   Y
calendar.create     n  n    n   n   n   n    Y   n   n    n   n   n
busy.read           n  Y    Y   n   n   n    n   Y   Y    Y   n   Y
events.read         n  n    Y   n   n   n    n   n   n    Y   n   Y
own_events.read     Y  Y    Y   Y   Y   Y    Y   Y   Y    Y   Y   Y
own_event.write     n  n    n   Y   n   n    n   n   Y    n   Y   Y
own_event.delete    n  n    n   n   Y   n    n   n   Y    n   Y   Y
own_events.delete   n  n    n   n   Y   n    n   n   Y    n   Y   Y
event.edit          n  n    n   E   n   n    n   n   E    n   E   E
event.delete        n  n    n   n   E   n    n   n   E    n   E   E
event.respond       n  n    n   n   n   Y    n   n   n    n   n   n
elevation.request   Y  Y    Y   Y   Y   Y    Y   Y   Y    Y   Y   Y
elevation.lower     Y  Y    Y   Y   Y   Y    Y   Y   Y    Y   Y   Y
permissions.check   Y  Y    Y   Y   Y   Y    Y   Y   Y    Y   Y   Y
"""
"""2.3, row by row, which agrees with the atoms of 2.2; several scopes are the union of their columns (2.1, S2.9).

n = `scope_missing`; E = as Y here, the rest is for the tables of calendar and event. `profile.revoke`: 1.5, which
names no scope. `POST /v1/permissions`: 3.1, no scope, for either level. `permissions.check` is ours: any live grant.
"""

GRANTS = """
                    active  ended  revoked  |  individual  managed  unrestricted  delegated
userinfo.read       .       .      token    |  .           .        .             .
account.read        .       ended  token    |  .           .        .             .
profiles.list       .       ended  token    |  .           .        .             .
profile.revoke      .       ended  token    |  .           .        .             .
calendars.list      .       ended  token    |  .           .        .             .
calendar.create     .       ended  token    |  .           .        .             beyond
busy.read           .       ended  token    |  .           .        .             .
events.read         .       ended  token    |  .           .        .             .
own_events.read     .       ended  token    |  .           .        .             .
own_event.write     .       ended  token    |  .           .        .             beyond
own_event.delete    .       ended  token    |  .           .        .             beyond
own_events.delete   .       ended  token    |  .           .        .             beyond
event.edit          .       ended  token    |  .           .        .             beyond
event.delete        .       ended  token    |  .           .        .             beyond
event.respond       .       ended  token    |  .           .        .             beyond
elevation.request   .       ended  token    |  .           offered  .             beyond
elevation.lower     .       ended  token    |  .           .        .             .
permissions.check   .       ended  token    |  .           .        .             .
"""
"""Standing: R8 (ended: everywhere but userinfo), 1.4, S5.1 and P34 (revoked: 401). Connection: 5.4, 3.1, S6.4 (a
service account without `unrestricted_access` cannot elevate), R7 (lowering asks nobody), 5.5 and S6.5
(`delegated_scope`, here `free_busy` or `read_only`, is a ceiling: whatever changes something at the provider is
above it).
"""

CALENDAR_RELATION = """
                    owned  shared_in  excluded  other_account  deleted  unknown
userinfo.read       .      .          .         .              .        .
account.read        .      .          .         .              .        .
profiles.list       .      .          .         .              .        .
profile.revoke      .      .          .         .              .        .
calendars.list      .      404        404       404            .        404
calendar.create     .      .          .         .              .        .
busy.read           .      404        404       404            404      404
events.read         .      404        404       404            404      404
own_events.read     .      404        404       404            404      404
own_event.write     .      404        404       404            404      404
own_event.delete    .      404        404       404            404      404
own_events.delete   .      404        404       404            404      404
event.edit          .      404        404       404            404      404
event.delete        .      404        404       404            404      404
event.respond       .      404        404       404            404      404
elevation.request   .      404        404       404            404      404
elevation.lower     .      404        404       404            404      404
permissions.check   .      .          .         .              .        .
"""
"""R1, 5.7, S2.5, P27 and P40 (only owned), R8 (a narrowed grant is an allow-list), R2 and S1.3 (all causes alike:
404).

`calendars.list`: may it show this one? 4.4 and E2.1 keep a deleted calendar in the list, with `calendar_deleted`;
its events are served no more (5.7), nothing is written there (E4.3), nothing elevated (S6.3). The rows of dots
concern the account or a Profile and look at no calendar.
"""

CALENDAR_MODE = """
                    read_write  free_busy  none
userinfo.read       .           .          .
account.read        .           .          .
profiles.list       .           .          .
profile.revoke      .           .          .
calendars.list      .           .          .
calendar.create     .           mode       mode
busy.read           .           .          mode
events.read         .           mode       mode
own_events.read     .           .          .
own_event.write     .           .          .
own_event.delete    .           .          .
own_events.delete   .           .          .
event.edit          .           mode       mode
event.delete        .           mode       mode
event.respond       .           mode       mode
elevation.request   .           mode       mode
elevation.lower     .           .          .
permissions.check   .           .          .
"""
"""5.6: busy times only, or nothing, is known of External Events; own writes go by mailed invitation; a calendar
cannot be made, an answer cannot be given, nothing of the person's can be changed at a provider that is not written
to.
"""

CALENDAR_ELEVATION = """
                    none     change    full
userinfo.read       .        .         .
account.read        .        .         .
profiles.list       .        .         .
profile.revoke      .        .         .
calendars.list      .        .         .
calendar.create     .        .         .
busy.read           .        .         .
events.read         .        .         .
own_events.read     .        .         .
own_event.write     .        .         .
own_event.delete    .        .         .
own_events.delete   .        .         .
event.edit          sandbox  .         .
event.delete        sandbox  nodelete  .
event.respond       .        .         .
elevation.request   .        .         .
elevation.lower     .        .         .
permissions.check   .        .         .
"""
"""Walkthrough, Editing Events; 3.2, 3.5, S2.3 and P28; for every connection alike (5.4, S2.4). Answering an
invitation is a right apart: E5.3 says that Extended Permissions are not needed for it.
"""

CALENDAR_PROVIDER = """
                    writable  readonly  |  connected  disconnected
userinfo.read       .         .         |  .          .
account.read        .         .         |  .          .
profiles.list       .         .         |  .          .
profile.revoke      .         .         |  .          .
calendars.list      .         .         |  .          .
calendar.create     .         .         |  .          423
busy.read           .         .         |  .          .
events.read         .         .         |  .          .
own_events.read     .         .         |  .          .
own_event.write     .         readonly  |  .          423
own_event.delete    .         readonly  |  .          423
own_events.delete   .         readonly  |  .          423
event.edit          .         readonly  |  .          423
event.delete        .         readonly  |  .          423
event.respond       .         readonly  |  .          423
elevation.request   .         .         |  .          .
elevation.lower     .         .         |  .          .
permissions.check   .         .         |  .          .
"""
"""Read-only: E4.1, E4.3, E5.3, 3.4, 3.5, P33. Disconnected: 4.3, 6.1, 7.1, E1.5: what writes at the provider is 423,
what reads is served from what is held, busy times as `unknown` (R11). Asking for Extended Permissions writes nothing
there.
"""

EVENTS = """
                    own       other_application  person    absent
userinfo.read       .         .                  .         .
account.read        .         .                  .         .
profiles.list       .         .                  .         .
profile.revoke      .         .                  .         .
calendars.list      .         .                  .         .
calendar.create     .         .                  .         .
busy.read           .         .                  .         404
events.read         .         .                  .         404
own_events.read     .         404                404       404
own_event.write     .         404                404       .
own_event.delete    .         404                404       .
own_events.delete   .         404                404       .
event.edit          422       update?            update?   404
event.delete        422       delete?            delete?   404
event.respond       respond?  respond?           respond?  404
elevation.request   .         .                  .         .
elevation.lower     .         .                  .         .
permissions.check   .         .                  .         .
"""
"""Another application's event is an External one (P3, S2.1, E3). By `event_id` only own ones are found (P32, S2.6,
S2.7): a missing one is made (3.5, E4.2) or is gone already (E4.5, S12.2). By `event_uid` nothing is ever made (3.5,
E5.1); the uid of an own one is 422 (3.5), save for an answer, which needs an invitation of whatever kind (E5.3).
"""

Table = dict[str, tuple[dict[str, str], ...]]


def _table(text: str) -> Table:
    """Each row as one mapping from heading to mark for each group of columns; groups are parted by `|`."""
    heading, *rows = text.strip("\n").splitlines()
    groups = [group.split() for group in heading.split("|")]
    table = {}
    for row in rows:
        name, marks = row.split(maxsplit=1)
        cells = [group.split() for group in marks.split("|")]
        table[name] = tuple(dict(zip(*pair, strict=True)) for pair in zip(groups, cells, strict=True))
    return table


_SCOPES, _GRANTS, _EVENTS = _table(SCOPES), _table(GRANTS), _table(EVENTS)
_RELATION, _MODE = _table(CALENDAR_RELATION), _table(CALENDAR_MODE)
_ELEVATION, _PROVIDER = _table(CALENDAR_ELEVATION), _table(CALENDAR_PROVIDER)

ACTIONS = tuple(_SCOPES)


@cache
def _opened(scopes: frozenset[str]) -> frozenset[str]:
    """The actions that these scopes, or no scope at all, make possible."""
    columns = ["L", *(column for column, scope in COLUMNS.items() if scope in scopes)]
    return frozenset(action for action, (row,) in _SCOPES.items() if any(row[column] in "YE" for column in columns))


@cache
def _by_grant(action: str, token: str, standing: str, connection: str, opened: bool) -> str:
    """The reason against it that lies in the grant, before any object is looked at; empty if there is none."""
    standings, connections = _GRANTS[action]
    scope = "" if opened else "scope_missing"
    return TOKENS[token] or MARKS[standings[standing]] or MARKS[connections[connection]] or scope


@cache
def _by_object(action: str, calendar: Calendar, event: Event | None) -> str:
    """The answer to a grant that may: by the calendar, then by the event in it."""
    readonly, connected = _PROVIDER[action]
    marks = (
        _RELATION[action][0][calendar.relation],
        _MODE[action][0][calendar.mode],
        _ELEVATION[action][0][calendar.elevation],
        readonly["readonly" if calendar.readonly else "writable"],
        connected["connected" if calendar.connected else "disconnected"],
    )
    reasons = [MARKS[mark] for mark in marks if mark != "."]
    if reasons or event is None:
        return reasons[0] if reasons else ALLOWED
    mark = _EVENTS[action][0][event.kind]
    if mark in OPTIONS:
        return ALLOWED if getattr(event, OPTIONS[mark]) else "event_not_changeable"
    return MARKS[mark] or ALLOWED


def answer(
    action: str,
    token: str,
    standing: str,
    connection: str,
    scopes: Collection[str],
    calendar: Calendar | None,
    event: Event | None,
) -> str:
    """`allowed` or one reason. None is an object not looked at yet; without its calendar an event is not looked at."""
    if action not in _SCOPES:
        return "no_rule"
    reason = _by_grant(action, token, standing, connection, action in _opened(frozenset(scopes)))
    if reason or calendar is None:
        return reason or ALLOWED
    return _by_object(action, calendar, event)
