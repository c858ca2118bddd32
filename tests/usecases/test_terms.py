"""A person may agree to less than was asked for, and take back more later: fewer calendars, and for a time."""

from collections.abc import Iterator

import pytest

from calwarden.domain.errors import Invalid, NotFound, Refused
from calwarden.domain.grant import Grant, Terms
from calwarden.domain.ids import ApplicationId, CalendarId
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.oauth.errors import InvalidGrant
from calwarden.policy.elevation import without_terms
from calwarden.usecases.access import Bearer
from calwarden.usecases.account import list_profiles
from calwarden.usecases.authorize import (
    TokenAnswer,
    approve,
    exchange_code,
    issue_grant,
    narrow_grant,
    refresh,
)
from calwarden.usecases.calendars import list_calendars
from calwarden.usecases.freebusy import read_busy
from calwarden.web.terms import ticked as ticked_in
from usecases.auth_world import REDIRECT, answer_of
from usecases.calendar_world import DEMO, HOME, SHARED, WORK, CalendarWorld, asked_busy


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    world = CalendarWorld()
    yield world
    world.store.close()


def agreed(world: CalendarWorld, terms: Terms, scope: str = "read_write") -> TokenAnswer:
    code = answer_of(approve(world.kit, world.begin(scope=scope), world.jane, terms).location)["code"]
    return exchange_code(world.kit, world.app, code, REDIRECT)


def held(world: CalendarWorld) -> Grant:
    with world.store.read() as uow:
        grant = uow.grants.get(world.jane, DEMO)
    assert grant is not None
    return grant


def seen(world: CalendarWorld, token: str) -> list[str]:
    return sorted(one.calendar.calendar_id for one in list_calendars(world.kit, Bearer(token)).entries)


def reason(world: CalendarWorld, token: str) -> str:
    with pytest.raises(Refused) as error:
        read_busy(world.kit, Bearer(token), asked_busy())
    return error.value.reason_code


def test_without_terms_it_is_every_calendar_and_no_end(world: CalendarWorld) -> None:
    token = agreed(world, Terms()).access_token
    assert seen(world, token) == sorted([WORK, HOME])
    assert held(world).terms == Terms()


def test_a_calendar_that_was_left_out_is_not_there_at_all(world: CalendarWorld) -> None:
    world.keep(world.event("secret", 5, calendar_id=HOME))
    token = agreed(world, Terms(frozenset({WORK}))).access_token
    assert seen(world, token) == [WORK]
    assert read_busy(world.kit, Bearer(token), asked_busy()).periods == ()
    with pytest.raises(Invalid):
        read_busy(world.kit, Bearer(token), asked_busy(calendar_ids=(HOME,)))
    assert [entry.on["calendars"] for entry in world.ledger() if entry.what == "consent.answered"] == [WORK]


def test_after_the_end_every_door_is_closed(world: CalendarWorld) -> None:
    ends = Instant(world.clock() + 1_800)
    answer = agreed(world, Terms(ends=ends))
    assert read_busy(world.kit, Bearer(answer.access_token), asked_busy()) is not None
    assert refresh(world.kit, world.app, answer.refresh_token).access_token
    world.clock.advance(1_800)
    assert reason(world, answer.access_token) == "grant_ended"
    with pytest.raises(InvalidGrant, match="over"):
        refresh(world.kit, world.app, answer.refresh_token)
    with pytest.raises(Refused):
        list_profiles(world.kit, Bearer(answer.access_token))


@pytest.mark.parametrize(
    "wrong",
    [
        Terms(frozenset()),
        Terms(frozenset({SHARED})),
        Terms(frozenset({CalendarId("cal_never")})),
        Terms(ends=Instant(1_900_000_000)),
        Terms(ends=Instant(1_900_000_000 + 4_000 * DAY_SECONDS)),
    ],
)
def test_terms_that_nobody_can_mean_are_named_and_nothing_is_agreed_to(world: CalendarWorld, wrong: Terms) -> None:
    request = world.begin()
    with pytest.raises(Invalid):
        approve(world.kit, request, world.jane, wrong)
    assert approve(world.kit, request, world.jane)


def test_a_new_agreement_takes_the_place_of_the_terms_too(world: CalendarWorld) -> None:
    first = agreed(world, Terms(frozenset({WORK}), Instant(world.clock() + DAY_SECONDS)))
    before = held(world).generation
    agreed(world, Terms())
    assert (held(world).terms, held(world).generation) == (Terms(), before)
    assert seen(world, first.access_token) == sorted([WORK, HOME])
    agreed(world, Terms(frozenset({HOME})))
    assert held(world).generation == before + 1


def test_what_is_taken_back_later_holds_at_once(world: CalendarWorld) -> None:
    token = agreed(world, Terms()).access_token
    world.change_grant(elevations=without_terms({WORK, HOME}))
    before = held(world).generation
    narrow_grant(world.kit, world.jane, DEMO, Terms(frozenset({WORK})))
    assert seen(world, token) == [WORK]
    assert (held(world).elevated, held(world).generation) == (frozenset({WORK}), before + 1)
    assert world.ledger()[0].what == "grant.narrowed"
    narrow_grant(world.kit, world.jane, DEMO, Terms(frozenset({WORK}), Instant(world.clock() + 60)))
    world.clock.advance(60)
    assert reason(world, token) == "grant_ended"


def test_it_can_only_get_less_without_the_application_asking(world: CalendarWorld) -> None:
    terms = Terms(frozenset({WORK}), Instant(world.clock() + DAY_SECONDS))
    agreed(world, terms)
    for more in (Terms(), Terms(frozenset({WORK, HOME}), terms.ends), Terms(terms.calendars), Terms(ends=terms.ends)):
        with pytest.raises(Invalid):
            narrow_grant(world.kit, world.jane, DEMO, more)
    assert held(world).terms == terms
    entries = len(world.ledger())
    narrow_grant(world.kit, world.jane, DEMO, terms)
    assert len(world.ledger()) == entries  # nothing changed, nothing is said
    with pytest.raises(NotFound):
        narrow_grant(world.kit, world.jane, ApplicationId("rival"), Terms(frozenset({WORK})))


def test_the_operators_grants_have_no_terms(world: CalendarWorld) -> None:
    issue_grant(world.kit, DEMO, world.jane, ("read_write",))
    assert held(world).terms == Terms()


def test_a_code_in_hand_does_not_bring_back_what_was_taken_since(world: CalendarWorld) -> None:
    agreed(world, Terms())
    code = answer_of(approve(world.kit, world.begin(scope="read_write"), world.jane, Terms()).location)["code"]
    narrow_grant(world.kit, world.jane, DEMO, Terms(frozenset({WORK})))
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.app, code, REDIRECT)
    assert held(world).calendars == {WORK}


def test_an_end_can_be_set_although_a_chosen_calendar_is_gone(world: CalendarWorld) -> None:
    agreed(world, Terms(frozenset({WORK, HOME})))
    world.change_calendar(HOME, deleted=True)
    ends = Instant(world.clock() + DAY_SECONDS)
    narrow_grant(world.kit, world.jane, DEMO, Terms(frozenset({WORK, HOME}), ends))
    assert held(world).ends == ends


@pytest.mark.parametrize(
    ("ticked", "offered", "there", "chosen"),
    [
        ("AB", "AB", "AB", None),
        ("A", "AB", "AB", "A"),
        ("A", "AB", "A", "A"),  # what was unticked is gone by now, and may come back
        ("A", "A", "AB", "A"),  # what has come since was not on the page
        ("", "AB", "AB", ""),
    ],
)
def test_all_that_were_offered_are_no_choice_and_anything_else_is(
    ticked: str, offered: str, there: str, chosen: str | None
) -> None:
    form = {**{f"calendar.{one}": "1" for one in ticked}, "offered": " ".join(offered)}
    expected = None if chosen is None else frozenset(map(CalendarId, chosen))
    assert ticked_in(form, [CalendarId(one) for one in there]).calendars == expected


def test_what_a_person_said_last_counts_whichever_code_comes_last(world: CalendarWorld) -> None:
    codes = [
        answer_of(approve(world.kit, world.begin(scope=scope), world.jane, terms).location)["code"]
        for scope, terms in (("read_write", Terms()), ("free_busy", Terms(frozenset({WORK}))))
    ]
    token = exchange_code(world.kit, world.app, codes[1], REDIRECT).access_token
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.app, codes[0], REDIRECT)
    assert held(world).scopes == ("free_busy",)
    assert seen(world, token) == [WORK]  # the code of before ends nothing either
