"""The truth table against the sentences of the walkthrough, by their numbers in `authorization.md` 11."""

from itertools import product

import pytest

from property import truth_table
from property.truth_table import ACTIONS, COLUMNS, MARKS, OPTIONS, Calendar, Event, answer

CALENDAR = Calendar(relation="owned", elevation="none", readonly=False, connected=True, mode="read_write")
FULL = CALENDAR._replace(elevation="full")
PERSONS = Event("person", may_update=True, may_delete=True, may_respond=True)
OWN = PERSONS._replace(kind="own")
ABSENT = PERSONS._replace(kind="absent")
OTHERS = PERSONS._replace(kind="other_application")

READS = ("busy.read", "events.read")
OWN_WRITES = ("own_event.write", "own_event.delete", "own_events.delete")
EXTERNAL_WRITES = ("event.edit", "event.delete")
NOTHING_SEEN = (
    "userinfo.read",
    "account.read",
    "profiles.list",
    "profile.revoke",
    "calendar.create",
    "permissions.check",
)


def ask(
    action: str,
    *scopes: str,
    calendar: Calendar | None = CALENDAR,
    event: Event | None = None,
    connection: str = "individual",
    standing: str = "active",
    token: str = "live",
) -> str:
    return answer(action, token, standing, connection, scopes, calendar, event)


def test_every_table_has_a_row_for_every_action_and_knows_its_marks() -> None:
    tables = {name: getattr(truth_table, name) for name in dir(truth_table) if name in {"GRANTS", "EVENTS"}}
    tables |= {name: getattr(truth_table, name) for name in dir(truth_table) if name.startswith("CALENDAR_")}
    assert len(tables) == 6
    for text in tables.values():
        rows = [line.split() for line in text.strip("\n").splitlines()[1:]]
        assert tuple(row[0] for row in rows) == ACTIONS
        assert {mark for row in rows for mark in row[1:]} <= {*MARKS, *OPTIONS, "|"}
    assert {cell for row in truth_table.SCOPES.splitlines()[2:] for cell in row.split()[1:]} <= set("YnE")


def test_p1_a_refused_token_an_ended_grant_and_an_unknown_action_get_nothing() -> None:
    for action in ACTIONS:
        assert ask(action, *COLUMNS.values(), token="missing", standing="revoked") == "token_missing"
        assert ask(action, *COLUMNS.values(), token="invalid", standing="ended") == "token_invalid"
        assert ask(action, *COLUMNS.values(), standing="revoked") == "token_invalid"
        ended = ask(action, *COLUMNS.values(), standing="ended")
        assert ended == ("allowed" if action == "userinfo.read" else "grant_ended")
    assert ask("event.invent", *COLUMNS.values()) == "no_rule"


@pytest.mark.parametrize("event", [ABSENT, OWN])
def test_p8_to_p12_write_only_creates_changes_and_deletes_own_events_wherever(event: Event) -> None:
    for action, mode in product(OWN_WRITES, ("read_write", "free_busy", "none")):
        assert ask(action, "write_only", calendar=CALENDAR._replace(mode=mode), event=event) == "allowed"


def test_p15_write_only_reads_nothing_of_external_events() -> None:
    for action in READS:
        assert ask(action, "write_only", event=PERSONS) == "scope_missing"
    for event in (PERSONS, OTHERS):
        assert ask("own_events.read", "write_only", event=event) == "not_found"


def test_p16_write_only_neither_changes_nor_deletes_external_events() -> None:
    for action in EXTERNAL_WRITES:
        assert ask(action, "write_only", event=PERSONS) == "calendar_not_elevated"
    for action in OWN_WRITES:
        assert ask(action, "write_only", calendar=FULL, event=PERSONS) == "not_found"


@pytest.mark.parametrize("scope", ["free_busy", "read_free_busy", "read_only", "read_events"])
def test_p19_and_p22_reading_scopes_write_nothing(scope: str) -> None:
    for action in (*OWN_WRITES, *EXTERNAL_WRITES, "event.respond", "calendar.create"):
        assert ask(action, scope, calendar=FULL, event=PERSONS) == "scope_missing"


def test_p20_free_busy_write_is_busy_times_and_own_events_without_details() -> None:
    assert ask("busy.read", "free_busy_write", event=PERSONS) == "allowed"
    assert ask("events.read", "free_busy_write", event=PERSONS) == "scope_missing"
    for action in (*OWN_WRITES, "own_events.read"):
        assert ask(action, "free_busy_write", event=OWN) == "allowed"


def test_p21_details_need_a_reading_scope() -> None:
    may = {scope for scope in COLUMNS.values() if ask("events.read", scope, event=PERSONS) == "allowed"}
    assert may == {"read_only", "read_write", "read_events"}


def test_p23_read_write_reads_all_writes_own_and_leaves_external_events_alone() -> None:
    assert ask("events.read", "read_write", event=PERSONS) == "allowed"
    assert ask("own_event.write", "read_write", event=OWN) == "allowed"
    for action, event in product(EXTERNAL_WRITES, (PERSONS, OTHERS, ABSENT, None)):
        assert ask(action, "read_write", event=event) == "calendar_not_elevated"


def test_p25_creating_calendars_needs_its_scope() -> None:
    may = {scope for scope in COLUMNS.values() if ask("calendar.create", scope, calendar=None) == "allowed"}
    assert may == {"create_calendar"}


def test_p26_and_p41_all_events_of_a_created_calendar_can_be_edited_and_those_of_others_not() -> None:
    assert ask("own_event.write", "write_only", calendar=FULL, event=OWN) == "allowed"
    for action, event in product(EXTERNAL_WRITES, (PERSONS, OTHERS)):
        assert ask(action, "write_only", calendar=FULL, event=event) == "allowed"
        assert ask(action, "write_only", calendar=CALENDAR, event=event) == "calendar_not_elevated"


@pytest.mark.parametrize("relation", ["shared_in", "excluded", "other_account", "unknown"])
def test_p27_only_owned_calendars_exist(relation: str) -> None:
    for action in set(ACTIONS) - set(NOTHING_SEEN):
        calendar = FULL._replace(relation=relation, readonly=True, connected=False, mode="none")
        assert ask(action, *COLUMNS.values(), calendar=calendar, event=PERSONS) == "not_found"


def test_p28_external_events_are_edited_only_after_the_explicit_step() -> None:
    for action in EXTERNAL_WRITES:
        assert ask(action, "read_write", event=PERSONS) == "calendar_not_elevated"
        assert ask(action, "read_write", calendar=FULL, event=PERSONS) == "allowed"
    changing = CALENDAR._replace(elevation="change")
    assert ask("event.edit", "read_write", calendar=changing, event=PERSONS) == "allowed"
    assert ask("event.delete", "read_write", calendar=changing, event=PERSONS) == "elevation_without_delete"


def test_p30_enterprise_connect_elevates_only_with_the_unrestricted_scope() -> None:
    assert ask("elevation.request", connection="unrestricted") == "allowed"
    assert ask("elevation.request", connection="managed") == "elevation_not_offered"
    assert ask("elevation.request", "service_account/accounts/unrestricted_access", connection="managed") != "allowed"
    assert ask("elevation.lower", connection="managed") == "allowed"
    assert ask("event.edit", "read_write", event=PERSONS, connection="unrestricted") == "calendar_not_elevated"


def test_p31_elevation_adds_no_scope() -> None:
    for action in (*EXTERNAL_WRITES, *OWN_WRITES):
        assert ask(action, "free_busy", "create_calendar", calendar=FULL, event=PERSONS) == "scope_missing"
    assert ask("event.delete", "create_event", calendar=FULL, event=PERSONS) == "scope_missing"
    assert ask("event.edit", "delete_event", calendar=FULL, event=PERSONS) == "scope_missing"


def test_p32_an_event_id_is_an_own_event_and_an_event_uid_an_external_one() -> None:
    assert ask("own_event.write", "write_only", calendar=FULL, event=ABSENT) == "allowed"
    for action in EXTERNAL_WRITES:
        assert ask(action, "write_only", calendar=FULL, event=OWN) == "event_not_external"
        assert ask(action, "write_only", calendar=FULL, event=ABSENT) == "not_found"


def test_p33_elevation_does_not_override_what_the_provider_forbids() -> None:
    fixed = Event("person", may_update=False, may_delete=False, may_respond=False)
    for action in EXTERNAL_WRITES:
        assert ask(action, "read_write", calendar=FULL._replace(readonly=True), event=ABSENT) == "calendar_readonly"
        assert ask(action, "read_write", calendar=FULL._replace(connected=False), event=fixed) == "profile_disconnected"
        assert ask(action, "read_write", calendar=FULL, event=fixed) == "event_not_changeable"


def test_answering_an_invitation_needs_its_scope_and_an_invitation_but_no_elevation() -> None:
    scope = "change_participation_status"
    for event in (PERSONS, OTHERS, OWN):
        assert ask("event.respond", scope, event=event) == "allowed"
        assert ask("event.respond", scope, event=event._replace(may_respond=False)) == "event_not_changeable"
    assert ask("event.respond", "read_write", calendar=FULL, event=PERSONS) == "scope_missing"


def test_the_matrix_of_2_3_agrees_with_the_atoms_of_2_2() -> None:
    reads = {"read_events", "read_only", "read_write"}
    busy = {"read_free_busy", "free_busy", "free_busy_write", *reads}
    writes, deletes = ({one, "write_only", "free_busy_write", "read_write"} for one in ("create_event", "delete_event"))
    atoms = {"busy.read": busy, "events.read": reads, "own_event.write": writes, "event.edit": writes}
    atoms |= dict.fromkeys(("own_event.delete", "own_events.delete", "event.delete"), deletes)
    atoms |= {"event.respond": {"change_participation_status"}, "calendar.create": {"create_calendar"}}
    for action in ACTIONS:
        may = {scope for scope in COLUMNS.values() if ask(action, scope, calendar=None) == "allowed"}
        assert may == atoms.get(action, set(COLUMNS.values()))
        assert (ask(action, "full_access", calendar=None) == "allowed") == (action not in atoms)


def test_what_changes_something_at_the_provider_is_above_every_delegation_and_needs_a_provider_that_can() -> None:
    changes = {*OWN_WRITES, *EXTERNAL_WRITES, "event.respond"}
    for action in ACTIONS:
        beyond = ask(action, *COLUMNS.values(), connection="delegated", calendar=None) == "beyond_delegation"
        assert beyond == (action in changes | {"calendar.create", "elevation.request"})
        readonly = ask(action, *COLUMNS.values(), calendar=FULL._replace(readonly=True))
        assert readonly == ("calendar_readonly" if action in changes else "allowed")
        broken = ask(action, *COLUMNS.values(), calendar=FULL._replace(connected=False))
        assert broken == ("profile_disconnected" if action in changes | {"calendar.create"} else "allowed")


def test_an_access_mode_gives_no_more_than_it_says() -> None:
    needs = {"events.read", *EXTERNAL_WRITES, "event.respond", "elevation.request", "calendar.create"}
    for mode, refused in (("read_write", set[str]()), ("free_busy", needs), ("none", needs | {"busy.read"})):
        calendar = FULL._replace(mode=mode)
        assert {one for one in ACTIONS if ask(one, *COLUMNS.values(), calendar=calendar) == "access_mode"} == refused


def test_a_deleted_calendar_stays_in_the_list_and_nothing_else_of_it() -> None:
    for action in set(ACTIONS) - set(NOTHING_SEEN) - {"calendars.list"}:
        assert ask(action, *COLUMNS.values(), calendar=FULL._replace(relation="deleted")) == "not_found"
    assert ask("calendars.list", calendar=FULL._replace(relation="deleted")) == "allowed"
