"""The permission model as sentences: ``policy_matrix.toml`` holds the cases, this file asks the questions."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from calwarden.domain.errors import Invalid, Refusal, Refused
from calwarden.domain.grant import Connection
from calwarden.domain.profile import AccessMode
from calwarden.policy.decide import RULES, Target, decide, lifting
from calwarden.policy.decision import (
    NOT_ASKED,
    Access,
    Action,
    Allow,
    CalendarFacts,
    Deny,
    Elevated,
    EventClass,
    EventFacts,
    GrantFacts,
    GrantStanding,
    Reason,
    Relation,
    TokenState,
)
from calwarden.policy.explain import explain, refuse, told
from calwarden.policy.scopes import CATALOGUE, Ability, ScopeKind, parse_user_scopes, scopes_with

CASES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("policy_matrix.toml").read_text("utf-8"))["case"]
OPTIONS = ("may_update", "may_delete", "may_respond")
CALENDAR = ("readonly", "connected")
KNOWN = {
    "it", "scopes", "tries", "answer", "token", "standing", "connection", "calendar", "elevated", "mode", "event",
    *OPTIONS, *CALENDAR,
}  # fmt: skip


def access_of(case: dict[str, Any]) -> Access:
    """The facts of a case; an action on no single object is asked without one."""
    grant = GrantFacts(
        TokenState(case.get("token", "live")),
        GrantStanding(case.get("standing", "active")),
        tuple(case["scopes"].split()),
        Connection(case.get("connection", "individual")),
    )
    rule = RULES.get(case["tries"])
    if rule is None or rule.target in {Target.ACCOUNT, Target.PLACE}:
        return Access(grant)
    flags = {name: case[name] for name in CALENDAR if name in case}
    calendar = CalendarFacts(
        Relation(case.get("calendar", "owned")),
        Elevated(case.get("elevated", "none")),
        mode=AccessMode(case.get("mode", "read_write")),
        **flags,
    )
    if rule.target in {Target.CALENDAR, Target.EVENTS, Target.OWN_EVENTS}:
        return Access(grant, calendar, NOT_ASKED)
    options = {name: case[name] for name in OPTIONS if name in case}
    return Access(grant, calendar, EventFacts(EventClass(case.get("event", "person")), **options))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["it"])
def test_case(case: dict[str, Any]) -> None:
    assert set(case) <= KNOWN
    decision = decide(case["tries"], access_of(case))
    answer = "allowed" if isinstance(decision, Allow) else decision.reason.value
    assert answer == case["answer"]


def test_the_table_tries_every_action_and_meets_every_reason() -> None:
    assert len({case["it"] for case in CASES}) == len(CASES)
    assert {case["tries"] for case in CASES} >= {
        action.value
        for action in Action
        if action not in {Action.READ_ACCOUNT, Action.LIST_PROFILES, Action.REVOKE_PROFILE}
    }
    assert {case["answer"] for case in CASES} == {"allowed", *(one.value for one in Reason)}


NOTHING_LIFTS = {
    Reason.BEYOND_DELEGATION,
    Reason.NOT_FOUND,
    Reason.CALENDAR_READONLY,
    Reason.EVENT_NOT_CHANGEABLE,
    Reason.NO_RULE,
}


def test_every_reason_says_what_would_lift_it_if_anything_would() -> None:
    texts = {reason: explain(reason) for reason in Reason}
    assert len({sentence for sentence, _ in texts.values()}) == len(texts)
    assert {reason for reason, (_, remedy) in texts.items() if remedy is None} == NOTHING_LIFTS
    assert not any((sentence + (remedy or "")).endswith(".") for sentence, remedy in texts.values())


def test_what_is_told_names_the_scopes_that_are_missing() -> None:
    sentence, remedy = explain(Reason.SCOPE_MISSING)
    missing = Deny(Reason.SCOPE_MISSING, ("read_events", "other"))
    assert told(missing) == (sentence, f"{remedy}: read_events or other")
    assert told(Deny(Reason.NOT_FOUND)) == explain(Reason.NOT_FOUND)
    refused = refuse(missing)
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.reason_code) == (Refusal.FORBIDDEN, "scope_missing")
    assert (refused.reason, refused.remedy, refused.scope) == (*told(missing), "read_events other")


def test_the_wrong_kind_of_uid_is_input_that_is_wrong_and_says_both() -> None:
    wrong = refuse(Deny(Reason.EVENT_NOT_EXTERNAL))
    assert isinstance(wrong, Invalid)
    [problem] = wrong.fields["event_uid"]
    assert problem.description == ": ".join(str(part) for part in explain(Reason.EVENT_NOT_EXTERNAL))


def test_a_refusal_names_the_narrowest_scope_that_helps_and_no_other() -> None:
    assert {ability: scopes_with(ability) for ability in Ability if scopes_with(ability)} == {
        Ability.READ_BUSY: ("read_free_busy",),
        Ability.READ_EVENTS: ("read_events",),
        Ability.WRITE_OWN: ("create_event",),
        Ability.DELETE_OWN: ("delete_event",),
        Ability.RESPOND: ("change_participation_status",),
        Ability.CREATE_CALENDAR: ("create_calendar",),
    }


def test_what_would_lift_a_missing_scope_is_known_without_trying() -> None:
    for action in Action:
        decision = decide(action, Access(GrantFacts()))
        assert lifting(action) == (decision.scopes if isinstance(decision, Deny) else ())
    assert lifting(Action.READ_BUSY) == ("read_free_busy",)
    assert lifting("events.wipe") == ()  # type: ignore[arg-type]  # what no caller may send


def test_only_known_scopes_of_people_may_be_asked_for() -> None:
    assert parse_user_scopes("read_events  free_busy read_events") == ("read_events", "free_busy")
    for text in ("", " ", "read_events nonsense", "Read_events", "service_account/accounts/manage", "full_access"):
        assert parse_user_scopes(text) is None


def test_composites_are_the_union_of_the_granular_scopes_the_contract_names() -> None:
    def of(*names: str) -> frozenset[Ability]:
        return frozenset[Ability]().union(*(CATALOGUE[name].abilities for name in names))

    assert of("free_busy") == of("read_free_busy")
    assert of("write_only") == of("create_event", "delete_event")
    assert of("free_busy_write") == of("free_busy", "write_only")
    assert of("read_only") == of("read_events")
    assert of("read_write") == of("read_only", "write_only")
    assert of("read_events") > of("read_free_busy")


def test_no_composite_answers_invitations_or_creates_calendars() -> None:
    for row in CATALOGUE.values():
        if row.kind is ScopeKind.COMPOSITE:
            assert not row.abilities & {Ability.RESPOND, Ability.CREATE_CALENDAR}


def test_legacy_names_mean_nothing_and_unrestricted_access_includes_manage() -> None:
    assert all(not row.abilities for row in CATALOGUE.values() if row.kind is ScopeKind.LEGACY)
    for whom in ("accounts", "resources"):
        manage = CATALOGUE[f"service_account/{whom}/manage"].abilities
        assert CATALOGUE[f"service_account/{whom}/unrestricted_access"].abilities > manage
        assert CATALOGUE[f"service_account/manage_{whom}"].abilities == manage
