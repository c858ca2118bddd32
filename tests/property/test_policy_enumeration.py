"""Every decision there is, compared with a second opinion (security 1.4), and the laws that hold for all of them."""

import ast
import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

import calwarden
from calwarden.domain.errors import Refusal
from calwarden.domain.grant import Connection
from calwarden.domain.ids import CalendarId
from calwarden.policy.decide import RULES, Target, decide
from calwarden.policy.decision import (
    NOT_ASKED,
    Access,
    Action,
    Allow,
    CalendarFacts,
    Decision,
    Deny,
    EventFacts,
    GrantStanding,
    NotAsked,
    Permit,
    Reason,
    Relation,
    TokenState,
)
from property import truth_table
from property.policy_space import ALL_SETS, COLUMN_SETS, HERE, LIVE, NAMES, OBJECTS, THIS, TRIED, WHO, grant
from proving import PROVING, SWIFT

MOST = ("read_write",)
"""What the suite tries with a token or Grant that is not live; ``make proof`` tries all of them."""

Record = Callable[[str, object], None]
STATUSES = {
    Refusal.UNAUTHENTICATED: 401,
    Refusal.FORBIDDEN: 403,
    Refusal.HIDDEN: 404,
    Refusal.LOCKED: 423,
    None: 422,
}


def said(decision: Decision) -> str:
    """The decision in the words of the table."""
    return "allowed" if isinstance(decision, Allow) else decision.reason.value


def row_of(calendar: CalendarFacts | NotAsked) -> truth_table.Calendar | None:
    """The same calendar in the words of the table."""
    if calendar is NOT_ASKED:
        return None
    one = calendar
    return truth_table.Calendar(one.relation.value, one.elevated.value, one.readonly, one.connected, one.mode.value)


def cell_of(event: EventFacts | NotAsked) -> truth_table.Event | None:
    """The same event in the words of the table."""
    if event is NOT_ASKED:
        return None
    return truth_table.Event(event.event_class.value, event.may_update, event.may_delete, event.may_respond)


@pytest.mark.parametrize("action", Action, ids=lambda one: one.value)
def test_every_decision_is_what_the_table_says(action: Action, record_property: Record) -> None:
    seen = [(one, row_of(one[0]), cell_of(one[1])) for one in TRIED]
    cases = 0
    for scopes, token, standing, connection in product(COLUMN_SETS, TokenState, GrantStanding, Connection):
        if (token, standing) != LIVE and scopes != MOST and not PROVING:
            continue
        facts, held = grant(scopes, token, standing, connection), frozenset(scopes)
        stated = (action.value, token.value, standing.value, connection.value, held)
        for (calendar, event), row, cell in seen:
            decision = decide(action, Access(facts, calendar, event))
            if said(decision) != truth_table.answer(*stated, row, cell):
                resolved(action, decision, truth_table.answer(*stated, row, cell))
            cases += 1
    record_property("cases", cases)
    sets = len(COLUMN_SETS)
    assert SWIFT or len(TRIED) == (6 * 3 * 4 * 3 + 1) * (4 * 8 + 1)
    assert cases == (sets * 9 if PROVING else sets + 8) * 4 * len(TRIED)


def resolved(action: Action, decision: Decision, table: str) -> None:
    """The one difference there is, and why it stays: docs/decisions/2026-11-27-truth-table.md."""
    stricter = action is Action.CREATE_CALENDAR and said(decision) in {"not_found", "calendar_readonly"}
    assert stricter, (action, decision, table)
    assert table in {"allowed", "access_mode", "profile_disconnected"}  # what comes before is the table's


@pytest.mark.parametrize("action", Action, ids=lambda one: one.value)
def test_any_combination_of_scopes_is_what_the_table_says(action: Action) -> None:
    for scopes in ALL_SETS:
        stated = (action.value, "live", "active", "individual", frozenset(scopes))
        assert said(decide(action, Access(grant(scopes)))) == truth_table.answer(*stated, None, None), scopes


def test_the_table_is_about_every_action_and_gives_every_reason() -> None:
    assert set(truth_table.ACTIONS) == {one.value for one in Action}
    given = {
        *truth_table.MARKS.values(),
        *truth_table.TOKENS.values(),
        "scope_missing",
        "event_not_changeable",
        "no_rule",
    }
    assert given - {""} == {one.value for one in Reason}


def test_each_reason_has_the_status_that_the_contract_gives_it() -> None:
    others = {"token_missing": 401, "token_invalid": 401, "not_found": 404, "event_not_external": 422}
    others["profile_disconnected"] = 423
    assert {one.value: STATUSES[one.refusal] for one in Reason} == {one.value: others.get(one, 403) for one in Reason}


def test_an_action_without_a_rule_is_refused() -> None:
    decision = decide("events.wipe", Access(grant(NAMES), *OBJECTS[-1]))  # type: ignore[arg-type]  # what no caller may send
    assert decision == Deny(Reason.NO_RULE)


def test_a_permit_names_what_was_looked_at_and_nothing_else() -> None:
    for action, (calendar, event) in product(Action, TRIED):
        decision = decide(action, Access(grant(NAMES), calendar, event))
        if isinstance(decision, Allow):
            permit, target = decision.permit, RULES[action].target
            assert (permit.action, permit.account_id, permit.application_id) == (action, *WHO)
            seen = calendar is not NOT_ASKED and target not in {Target.ACCOUNT, Target.PLACE}
            assert permit.calendar_id == (HERE if seen else None)
            assert permit.event_key == (
                THIS if seen and event is not NOT_ASKED and target is not Target.CALENDAR else None
            )


def a_permit() -> Permit:
    decision = decide(Action.READ_BUSY, Access(grant(NAMES), CalendarFacts(Relation.OWNED)))
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
