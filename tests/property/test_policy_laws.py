"""What holds of every decision, whatever the rules are: each law over the whole space of calendars and events."""

from collections.abc import Iterator
from itertools import product

import pytest

from calwarden.domain.event import Busy, Occupied
from calwarden.domain.grant import Connection
from calwarden.domain.ids import CalendarId, EventKey
from calwarden.domain.times import Instant
from calwarden.policy.decision import (
    NOT_ASKED,
    Action,
    Allow,
    CalendarFacts,
    Deny,
    Elevated,
    EventClass,
    EventFacts,
    GrantStanding,
    Reason,
    Relation,
    TokenState,
)
from calwarden.policy.scopes import Ability, abilities
from calwarden.policy.view import BusySight
from property.policy_space import (
    ALL_SETS,
    CALENDARS,
    COLUMN_SETS,
    EVENTS,
    GRANULAR,
    HERE,
    HIDDEN,
    LIVE,
    NAMES,
    OBJECTS,
    STATES,
    allowed,
    decided,
    grant,
    number_of,
)
from proving import PROVING

EVERYTHING = range(len(OBJECTS))
SETS = (
    COLUMN_SETS
    if PROVING
    else ((), ("read_events",), ("create_event",), ("free_busy_write", "change_participation_status"))
)
"""Sets of scopes that a law is tried with, and every pair of which is put together: all of them in ``make proof``."""

EXTERNAL = (Action.EDIT_EVENT, Action.DELETE_EVENT)
WRITES = (
    Action.WRITE_OWN_EVENT,
    Action.DELETE_OWN_EVENT,
    Action.DELETE_OWN_EVENTS,
    *EXTERNAL,
    Action.RESPOND,
)
LOOKS_AT_NOTHING = {
    Action.READ_USERINFO,
    Action.READ_ACCOUNT,
    Action.LIST_PROFILES,
    Action.REVOKE_PROFILE,
    Action.CHECK_PERMISSIONS,
}
each_action = pytest.mark.parametrize("action", Action, ids=lambda one: one.value)


def same_but(relation: Relation) -> Iterator[tuple[int, int]]:
    """Numbers of objects whose calendar is owned, and of the same with another ``relation``."""
    places = {(one.relation, one.elevated, one.readonly, one.connected, one.mode): number
              for number, one in enumerate(CALENDARS) if one is not NOT_ASKED}  # fmt: skip
    for state in STATES:
        before = places[Relation.OWNED, *state]
        after = places[relation, *state]
        for event in range(len(EVENTS)):
            yield number_of(before, event), number_of(after, event)


@each_action
def test_another_scope_never_takes_anything_away(action: Action) -> None:
    for scopes, more in product(SETS, (*SETS, ("service_account/accounts/unrestricted_access",))):
        assert allowed(action, grant(scopes)) <= allowed(action, grant((*scopes, *more)))
    for scopes, more in product(ALL_SETS, NAMES):
        assert len(allowed_so_far(action, scopes)) <= len(allowed_so_far(action, (*scopes, more)))


def allowed_so_far(action: Action, scopes: tuple[str, ...]) -> set[str]:
    """Whether the Grant may at all, as a set, so that "never less" is one comparison."""
    return {"allowed"} if isinstance(decided(action, grant(scopes), NOT_ASKED, NOT_ASKED), Allow) else set()


@each_action
def test_several_scopes_allow_what_each_of_them_allows_and_no_more(action: Action) -> None:
    for one, other in product(SETS, SETS):
        both = allowed(action, grant((*one, *other)))
        assert both == allowed(action, grant(one)) | allowed(action, grant(other))


@each_action
def test_revocation_and_the_end_never_allow_more(action: Action) -> None:
    for scopes, token, standing in product(SETS, TokenState, GrantStanding):
        after = allowed(action, grant(scopes, token, standing))
        assert after <= allowed(action, grant(scopes))
        ended_may_read = standing is GrantStanding.ENDED and action is Action.READ_USERINFO
        if (token, standing) != LIVE and not (token is TokenState.LIVE and ended_may_read):
            assert after == frozenset()


@each_action
@pytest.mark.parametrize("becomes", HIDDEN, ids=lambda one: one.value)
def test_narrowing_unsharing_and_deletion_never_allow_more(action: Action, becomes: Relation) -> None:
    """A calendar that is excluded, not the person's any more, deleted or gone is there for nothing but a list."""
    shows = action in LOOKS_AT_NOTHING or (action is Action.LIST_CALENDARS and becomes is Relation.DELETED)
    for scopes in SETS:
        may = allowed(action, grant(scopes))
        for before, after in same_but(becomes):
            assert after not in may or (shows and before in may)


def test_no_external_event_is_changed_without_elevation() -> None:
    for action, scopes in product(EXTERNAL, (*SETS, NAMES)):
        for number in allowed(action, grant(scopes)):
            calendar, _ = OBJECTS[number]
            if calendar is NOT_ASKED:
                continue
            assert calendar.elevated is not Elevated.NONE
            assert action is Action.EDIT_EVENT or calendar.elevated is Elevated.FULL


@each_action
def test_elevation_adds_no_ability_and_opens_nothing_else(action: Action) -> None:
    """With any Elevation a Grant may do what its scopes allow anyway; External Events apart, nothing depends on it."""
    for scopes in (*SETS, NAMES):
        may = allowed(action, grant(scopes))
        assert not may or isinstance(decided(action, grant(scopes), NOT_ASKED, NOT_ASKED), Allow)
        if action not in EXTERNAL:
            for number in EVERYTHING:
                calendar, event = OBJECTS[number]
                if calendar is not NOT_ASKED and calendar.elevated is not Elevated.NONE:
                    sandbox = CalendarFacts(
                        calendar.relation, Elevated.NONE, calendar.readonly, calendar.connected, calendar.mode, HERE
                    )
                    allows = isinstance(decided(action, grant(scopes), sandbox, event), Allow)
                    assert (number in may) == allows


@each_action
def test_what_another_application_made_is_no_different_from_what_the_person_made(action: Action) -> None:
    for scopes, calendar in product((*SETS, NAMES), CALENDARS):
        for event in EVENTS:
            if event is not NOT_ASKED and event.event_class is EventClass.PERSON:
                options = (event.may_update, event.may_delete, event.may_respond)
                theirs = EventFacts(EventClass.OTHER_APPLICATION, *options, event.key)
                facts = grant(scopes)
                one, other = (decided(action, facts, calendar, each) for each in (event, theirs))
                assert one == other or (isinstance(one, Allow) and isinstance(other, Allow))


def test_what_names_own_events_never_reaches_others_and_the_other_way_round() -> None:
    own = {Action.READ_OWN_EVENTS, Action.WRITE_OWN_EVENT, Action.DELETE_OWN_EVENT, Action.DELETE_OWN_EVENTS}
    for action in (*own, *EXTERNAL):
        for number in allowed(action, grant(NAMES)):
            calendar, event = OBJECTS[number]
            if calendar is not NOT_ASKED and event is not NOT_ASKED:
                theirs = event.event_class in {EventClass.PERSON, EventClass.OTHER_APPLICATION}
                assert theirs == (action in EXTERNAL) or (action in own and event.event_class is EventClass.ABSENT)


def test_nothing_is_written_where_the_provider_allows_no_writing() -> None:
    for action in WRITES:
        for number in allowed(action, grant(NAMES)):
            calendar, _ = OBJECTS[number]
            assert calendar is NOT_ASKED or (calendar.connected and not calendar.readonly)


def test_every_reason_for_a_calendar_to_be_hidden_gives_one_answer() -> None:
    for action, scopes in product(set(Action) - LOOKS_AT_NOTHING, ((), NAMES)):
        hidden = [one for one in HIDDEN if not (action is Action.LIST_CALENDARS and one is Relation.DELETED)]
        for state, event in product(STATES, EVENTS):
            answers = {
                decided(action, grant(scopes), CalendarFacts(relation, *state, CalendarId(relation)), event)
                for relation in hidden
            }
            assert len(answers) == 1
            assert isinstance(answers.pop(), Deny)


def test_a_revoked_grant_and_an_unknown_token_get_one_answer() -> None:
    unknown, revoked = grant((), TokenState.INVALID), grant(NAMES, standing=GrantStanding.REVOKED)
    for action, (calendar, event) in product(Action, OBJECTS):
        answers = {decided(action, one, calendar, event) for one in (unknown, revoked)}
        assert answers == {Deny(Reason.TOKEN_INVALID)}


@each_action
def test_no_kind_of_connection_allows_more_than_the_persons_own_word(action: Action) -> None:
    for scopes, connection in product(SETS, Connection):
        assert allowed(action, grant(scopes, connection=connection)) <= allowed(action, grant(scopes))


@each_action
def test_looking_at_more_never_allows_more(action: Action) -> None:
    for scopes in (*SETS, NAMES):
        may = allowed(action, grant(scopes))
        for number in may:
            calendar, event = divmod(number, len(EVENTS))
            assert {number_of(calendar, 0), number_of(0, 0), number_of(0, event)} <= may


def test_a_scope_with_another_spelling_or_a_strange_name_grants_nothing() -> None:
    strange = ("Read_Events", "read_events ", "no_such_scope", "", "full_access", "read_events write_only")
    for action in Action:
        assert allowed(action, grant(strange)) == allowed(action, grant(()))


@pytest.mark.parametrize(("own", "deleted"), list(product((True, False), (True, False))))
def test_more_scopes_never_show_less_of_a_period(own: bool, deleted: bool) -> None:
    zone = "Asia/Tokyo"
    event_id = "mine" if own else None
    span = (Instant(0), Instant(9), False, zone, zone)
    one = Occupied(HERE, EventKey("e1"), *span, Busy.BUSY, own, event_id, deleted, Instant(3))
    for scopes, more in product([(), *((one,) for one in GRANULAR)], GRANULAR):
        less, wider = (Ability.READ_EVENTS in abilities(names) for names in (scopes, (*scopes, more)))
        shown = BusySight(HERE, less, with_ids=True, tzid="Etc/UTC").show(one)
        then = BusySight(HERE, wider, with_ids=True, tzid="Etc/UTC").show(one)
        if shown is not None:
            assert then is not None
            assert all(before in {after, None, False} for before, after in zip(shown, then, strict=True))
