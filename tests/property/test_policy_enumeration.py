"""Every decision there is, compared with a second opinion (security 1.4), and the laws that hold for all of them."""

import ast
import copy
import pickle
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import pytest

import calwarden
from calwarden.domain.errors import Refusal
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
    Deny,
    Elevated,
    EventClass,
    EventFacts,
    GrantFacts,
    GrantStanding,
    NotAsked,
    Permit,
    Reason,
    Relation,
    TokenState,
)
from property import policy_oracle as oracle

GRANULAR = oracle.COLUMNS[1:7]
NAMES = (
    *oracle.COLUMNS, "list_calendars", "event_reminders", "full_access", "service_account/accounts/manage",
    "service_account/accounts/unrestricted_access", "service_account/resources/manage",
    "service_account/resources/unrestricted_access", "Read_Events", "read_events ", "no_such_scope", "",
)  # fmt: skip
"""Every scope of the contract, and names that are no scope."""

COLUMN_SETS: tuple[tuple[str, ...], ...] = ((), ("no_such_scope",), *((one,) for one in oracle.COLUMNS))
ALL_SETS = ((), *((one,) for one in NAMES), *combinations(NAMES, 2), *combinations(GRANULAR, 3), GRANULAR, NAMES)

WHO = (AccountId("acc_1"), ApplicationId("app_1"))
HERE, THIS = CalendarId("cal_1"), EventKey("e1")
ENDS_OF_SCOPES = ((), ("read_write",))
"""What is tried with a token or Grant that is not live: nothing and almost everything."""

LIVE = (TokenState.LIVE, GrantStanding.ACTIVE)

CALENDARS: tuple[CalendarFacts | NotAsked, ...] = (
    NOT_ASKED,
    *(CalendarFacts(*facts, HERE) for facts in product(Relation, Elevated, (True, False), (True, False), AccessMode)),
)
EVENTS: tuple[EventFacts | NotAsked, ...] = (
    NOT_ASKED,
    *(EventFacts(*facts, THIS) for facts in product(EventClass, *[(True, False)] * 3)),
)
HIDDEN = tuple(one for one in Relation if one is not Relation.OWNED)

ANSWERS = {
    Reason.NO_RULE: {"no such operation"},
    Reason.TOKEN_MISSING: {"401 no token"},
    Reason.TOKEN_INVALID: {"401"},
    Reason.GRANT_ENDED: {"403 ended"},
    Reason.BEYOND_DELEGATION: {"403 delegated"},
    Reason.ELEVATION_NOT_OFFERED: {"403 managed"},
    Reason.SCOPE_MISSING: {"403 scope"},
    Reason.NOT_FOUND: {"404 calendar", "404 event"},
    Reason.ACCESS_MODE: {"403 mode"},
    Reason.CALENDAR_NOT_ELEVATED: {"403 sandbox"},
    Reason.ELEVATION_WITHOUT_DELETE: {"403 change alone"},
    Reason.CALENDAR_READONLY: {"403 read-only"},
    Reason.PROFILE_DISCONNECTED: {"423"},
    Reason.EVENT_NOT_CHANGEABLE: {"403 option"},
    Reason.EVENT_NOT_EXTERNAL: {"422 not external"},
}
STATUSES = {
    Refusal.UNAUTHENTICATED: "401",
    Refusal.FORBIDDEN: "403",
    Refusal.HIDDEN: "404",
    Refusal.LOCKED: "423",
    None: "422",
}


def grant(
    scopes: tuple[str, ...],
    token: TokenState = LIVE[0],
    standing: GrantStanding = LIVE[1],
    connection: Connection = Connection.INDIVIDUAL,
) -> GrantFacts:
    return GrantFacts(token, standing, scopes, connection, *WHO)


def agrees(decision: Decision, expected: str) -> bool:
    """Whether a decision is the oracle's answer, whose reason is also of the status the answer begins with."""
    if isinstance(decision, Allow):
        return expected == "allowed"
    return expected in ANSWERS[decision.reason]


def of_calendar(action: Action, one: CalendarFacts | NotAsked) -> int:
    if one is NOT_ASKED:
        return oracle.first(set())
    return oracle.first(
        oracle.objections_to_calendar(
            action.value, one.relation.value, one.elevated.value, one.readonly, one.connected, one.mode.value
        )
    )


def of_event(action: Action, one: EventFacts | NotAsked) -> int:
    if one is NOT_ASKED:
        return oracle.first(set())
    options = {"update": one.may_update, "delete": one.may_delete, "respond": one.may_respond}
    return oracle.first(oracle.objections_to_event(action.value, one.event_class.value, options))


def of_grant(action: Action, one: GrantFacts) -> int:
    return oracle.first(
        oracle.objections_to_grant(action.value, one.token.value, one.standing.value, one.connection.value, one.scopes)
    )


@pytest.mark.parametrize("action", Action, ids=lambda one: one.value)
def test_every_decision_is_what_the_documents_say(action: Action) -> None:
    grants = [
        (one := grant(*facts), of_grant(action, one))
        for facts in product(COLUMN_SETS, TokenState, GrantStanding, Connection)
        if facts[1:3] == LIVE or facts[0] in ENDS_OF_SCOPES
    ]
    # An event is reached through its calendar alone: without one it is not looked at, and has no say.
    seen = [
        (calendar, event, min(of_calendar(action, calendar), of_event(action, NOT_ASKED if blind else event)))
        for calendar, event in objects()
        for blind in [calendar is NOT_ASKED]
    ]
    cases = 0
    for facts, first in grants:
        for calendar, event, then in seen:
            expected = oracle.FIRST_TO_LAST[min(first, then)]
            access = Access(facts, calendar, event)
            decision = decide(action, access)
            assert agrees(decision, expected), (expected, decision, access)
            cases += 1
    assert cases == (len(COLUMN_SETS) + 8 * 2) * 4 * (6 * 3 * 4 * 3 + 1) * (4 * 8 + 1)


@pytest.mark.parametrize("action", Action, ids=lambda one: one.value)
def test_any_combination_of_scopes_is_the_union_of_what_each_allows(action: Action) -> None:
    for scopes in ALL_SETS:
        facts = grant(scopes)
        expected = oracle.FIRST_TO_LAST[of_grant(action, facts)]
        assert agrees(decide(action, Access(facts)), expected), (scopes, expected)


def test_each_reason_carries_the_status_of_its_answer() -> None:
    for reason in Reason:
        if reason is not Reason.NO_RULE:
            assert {one[:3] for one in ANSWERS[reason]} == {STATUSES[reason.refusal]}
    assert Reason.NO_RULE.refusal is Refusal.FORBIDDEN


def objects() -> Iterator[tuple[CalendarFacts | NotAsked, EventFacts | NotAsked]]:
    yield from product(CALENDARS, EVENTS)


def allowed(action: Action, scopes: tuple[str, ...], *rest: CalendarFacts | EventFacts | NotAsked) -> bool:
    return isinstance(decide(action, Access(grant(scopes), *rest)), Allow)  # type: ignore[arg-type]  # in order


BEST = (CalendarFacts(Relation.OWNED, Elevated.FULL, calendar_id=HERE), EventFacts(EventClass.PERSON, may_respond=True))


@pytest.mark.parametrize("action", Action, ids=lambda one: one.value)
def test_another_scope_never_takes_anything_away(action: Action) -> None:
    for scopes in ALL_SETS:
        if allowed(action, scopes, *BEST):
            assert all(allowed(action, (*scopes, more), *BEST) for more in NAMES)


def test_a_scope_with_another_spelling_or_a_strange_name_grants_nothing() -> None:
    strange = ("Read_Events", "read_events ", "no_such_scope", "", "full_access", "read_events write_only")
    for action, (calendar, event) in product(Action, objects()):
        assert allowed(action, strange, calendar, event) == allowed(action, (), calendar, event)


def test_an_action_without_a_rule_is_refused() -> None:
    decision = decide("events.wipe", Access(grant(NAMES), *BEST))  # type: ignore[arg-type]  # what no caller may send
    assert decision == Deny(Reason.NO_RULE)


def test_nothing_but_a_live_token_of_an_active_grant_gets_anything() -> None:
    for action, token, standing in product(Action, TokenState, GrantStanding):
        if (token, standing) == LIVE:
            continue
        for calendar, event in objects():
            decision = decide(action, Access(grant(NAMES, token, standing), calendar, event))
            ended_may_read = standing is GrantStanding.ENDED and action is Action.READ_USERINFO
            assert isinstance(decision, Deny) or (token is TokenState.LIVE and ended_may_read)


def test_a_revoked_grant_and_an_unknown_token_get_one_answer() -> None:
    unknown = grant((), TokenState.INVALID)
    revoked = grant(NAMES, standing=GrantStanding.REVOKED)
    for action, (calendar, event) in product(Action, objects()):
        answers = {decide(action, Access(one, calendar, event)) for one in (unknown, revoked)}
        assert answers == {Deny(Reason.TOKEN_INVALID)}


def test_no_external_event_is_changed_in_a_calendar_that_is_not_elevated() -> None:
    for action, calendar, event in product((Action.EDIT_EVENT, Action.DELETE_EVENT), CALENDARS, EVENTS):
        if calendar is not NOT_ASKED and calendar.elevated is Elevated.NONE:
            assert not allowed(action, NAMES, calendar, event)


def test_no_action_at_all_changes_what_its_words_do_not_name() -> None:
    own = {Action.WRITE_OWN_EVENT, Action.DELETE_OWN_EVENT}
    external = {Action.EDIT_EVENT, Action.DELETE_EVENT}
    for calendar, event in objects():
        if calendar is NOT_ASKED or event is NOT_ASKED:
            continue
        foreign = event.event_class in {EventClass.PERSON, EventClass.OTHER_APPLICATION}
        for action in own if foreign else external:
            assert not allowed(action, NAMES, calendar, event)


def test_elevation_adds_no_scope() -> None:
    elevated, sandbox = (CalendarFacts(Relation.OWNED, one, calendar_id=HERE) for one in (Elevated.FULL, Elevated.NONE))
    for action, scopes, event in product(Action, ALL_SETS, (NOT_ASKED, *BEST[1:])):
        if allowed(action, scopes, elevated, event):
            assert allowed(action, scopes)  # the scope alone was enough as far as scopes go
            only_lifted = action in {Action.EDIT_EVENT, Action.DELETE_EVENT}
            assert allowed(action, scopes, sandbox, event) != only_lifted


def test_nothing_is_written_where_the_provider_allows_no_writing() -> None:
    reads = {Action.READ_BUSY, Action.READ_EVENTS, Action.READ_OWN_EVENTS, Action.REQUEST_ELEVATION}
    of_account = {one for one in Action if one.value in oracle.ANYBODY} | {Action.CREATE_CALENDAR}
    for action in set(Action) - reads - of_account:
        for calendar, event in objects():
            if calendar is not NOT_ASKED and (calendar.readonly or not calendar.connected):
                assert not allowed(action, NAMES, calendar, event)


def test_every_reason_for_a_calendar_to_be_hidden_gives_one_answer() -> None:
    for action, scopes in product(Action, ((), NAMES)):
        for facts, event in product(product(Elevated, (True, False), (True, False), AccessMode), EVENTS):
            answers = {
                decide(action, Access(grant(scopes), CalendarFacts(relation, *facts, CalendarId(relation)), event))
                for relation in HIDDEN
            }
            assert len(answers) == 1
            assert isinstance(answers.pop(), Deny)


def test_no_kind_of_connection_allows_more_than_the_persons_own_word() -> None:
    for action, scopes, connection in product(Action, COLUMN_SETS, Connection):
        for calendar, event in ((NOT_ASKED, NOT_ASKED), BEST):
            decision = decide(action, Access(grant(scopes, connection=connection), calendar, event))
            assert isinstance(decision, Deny) or allowed(action, scopes, calendar, event)


def test_looking_at_more_never_allows_more() -> None:
    for action, (calendar, event) in product(Action, objects()):
        if allowed(action, NAMES, calendar, event):
            assert allowed(action, NAMES, calendar)
            assert allowed(action, NAMES)


def test_a_permit_names_what_was_looked_at_and_nothing_else() -> None:
    for action, (calendar, event) in product(Action, objects()):
        decision = decide(action, Access(grant(NAMES), calendar, event))
        if isinstance(decision, Allow):
            permit = decision.permit
            seen = calendar is not NOT_ASKED
            assert (permit.action, permit.account_id, permit.application_id) == (action, *WHO)
            assert permit.calendar_id == (HERE if seen else None)
            assert permit.event_key == (THIS if seen and event is not NOT_ASKED else None)


def a_permit() -> Permit:
    decision = decide(Action.READ_BUSY, Access(grant(NAMES), BEST[0]))
    assert isinstance(decision, Allow)
    return decision.permit


def test_a_permit_cannot_be_made_or_changed_outside_decide() -> None:
    permit = a_permit()
    with pytest.raises(TypeError):
        Permit(Action.DELETE_EVENT, *WHO, HERE, THIS)  # type: ignore[call-arg]  # the point of the test
    with pytest.raises(TypeError):
        Permit(Action.DELETE_EVENT, *WHO, HERE, THIS, object())
    with pytest.raises((TypeError, ValueError)):
        replace(permit, action=Action.DELETE_EVENT)
    with pytest.raises((TypeError, ValueError)):
        replace(permit, calendar_id=CalendarId("cal_2"))
    with pytest.raises(AttributeError):
        permit.action = Action.DELETE_EVENT  # type: ignore[misc]  # the point of the test


def test_a_permit_does_not_travel_through_storage() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(a_permit())
    with pytest.raises(TypeError):
        copy.copy(a_permit())


def test_only_decide_imports_what_mints_permits() -> None:
    root = Path(calwarden.__file__).parent
    guilty = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "calwarden.policy.decision":
                if {one.name for one in node.names} & {"allow", "_MINT", "*"}:
                    guilty.add(path.relative_to(root).as_posix())
            elif isinstance(node, ast.Attribute) and node.attr == "_MINT":
                guilty.add(path.relative_to(root).as_posix())
    assert guilty == {"policy/decide.py"}
