"""What an Application sees of an Account, its Profiles and calendars."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from calwarden.domain.audit import Outcome
from calwarden.domain.errors import Refusal, Refused, Throttled
from calwarden.domain.ids import ApplicationId, ProfileId
from calwarden.domain.profile import Credentials, Profile, Provider
from calwarden.domain.times import Instant
from calwarden.policy.elevation import Level, without_terms
from calwarden.usecases.access import Bearer
from calwarden.usecases.account import list_profiles, read_account, read_userinfo, revoke_profile
from calwarden.usecases.calendars import list_calendars
from calwarden.usecases.freebusy import read_busy
from usecases.calendar_world import HOME, PROFILE, RIVAL, WORK, CalendarWorld, asked_busy

LEGACY = ("read_account",)


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    world = CalendarWorld()
    yield world
    world.store.close()


def second_profile(world: CalendarWorld) -> ProfileId:
    profile = Profile(world.jane, ProfileId("pro_two"), Provider.APPLE, "jane@two", "https://two.example/", world.now)
    with world.store.write() as uow:
        uow.profiles.add(profile, Credentials("https://two.example/", "jane", "secret"))
    return profile.profile_id


def test_p27_p40_only_owned_calendars_are_listed(world: CalendarWorld) -> None:
    listed = list_calendars(world.kit, world.bearer(*LEGACY))
    assert listed.account_id == world.jane
    assert [one.calendar.calendar_id for one in listed.entries] == [HOME, WORK]
    assert {one.profile.profile_id for one in listed.entries} == {PROFILE}
    info = read_userinfo(world.kit, world.bearer(*LEGACY))
    assert [one.calendar.calendar_id for profile in info.profiles for one in profile.calendars] == [HOME, WORK]


def test_p35_every_calendar_is_at_sandbox_until_it_is_elevated(world: CalendarWorld) -> None:
    bearer = world.bearer("write_only")
    assert {one.level for one in list_calendars(world.kit, bearer).entries} == {Level.SANDBOX}
    world.change_grant(elevations=without_terms({WORK}))
    levels = {one.calendar.calendar_id: one.level for one in list_calendars(world.kit, bearer).entries}
    assert levels == {WORK: Level.UNRESTRICTED, HOME: Level.SANDBOX}
    other = world.bearer("write_only", application=RIVAL)
    assert {one.level for one in list_calendars(world.kit, other).entries} == {Level.SANDBOX}


def test_a_calendar_that_is_gone_stays_listed_and_is_not_elevated_any_more(world: CalendarWorld) -> None:
    bearer = world.bearer(*LEGACY, elevations=without_terms({WORK}))
    world.change_calendar(WORK, deleted=True)
    gone = next(one for one in list_calendars(world.kit, bearer).entries if one.calendar.calendar_id == WORK)
    assert gone.calendar.deleted
    assert gone.level is Level.SANDBOX


def test_p36_userinfo_says_what_the_grant_allows(world: CalendarWorld) -> None:
    info = read_userinfo(world.kit, world.bearer("free_busy_write"))
    assert (info.account.account_id, info.grant.scopes, info.ended) == (world.jane, ("free_busy_write",), False)
    assert [one.profile.profile_id for one in info.profiles] == [PROFILE]


def test_account_is_the_smaller_form(world: CalendarWorld) -> None:
    info = read_account(world.kit, world.bearer(*LEGACY))
    assert (info.account.email, info.grant.scopes) == ("jane@example.org", LEGACY)


def test_after_the_end_of_a_grant_userinfo_alone_answers_and_says_so(world: CalendarWorld) -> None:
    bearer = world.bearer("read_events", ends=Instant(world.now + 10))
    world.clock.advance(10)
    info = read_userinfo(world.kit, bearer)
    assert info.ended
    assert info.profiles == ()
    for ask in (read_account, list_profiles, list_calendars):
        with pytest.raises(Refused) as refused:
            ask(world.kit, bearer)
        assert (refused.value.kind, refused.value.reason_code) == (Refusal.FORBIDDEN, "grant_ended")


@pytest.mark.parametrize("token", [None, "", "unknown"])
def test_without_a_token_that_lives_nothing_is_answered(world: CalendarWorld, token: str | None) -> None:
    world.bearer(*LEGACY)
    for ask in (read_userinfo, read_account, list_profiles, list_calendars):
        with pytest.raises(Refused) as refused:
            ask(world.kit, Bearer(token))
        assert refused.value.kind is Refusal.UNAUTHENTICATED
    assert world.reads() == []


def test_names_and_states_are_not_counted_as_reads(world: CalendarWorld) -> None:
    bearer = world.bearer(*LEGACY)
    for ask in (read_userinfo, read_account, list_profiles, list_calendars):
        ask(world.kit, bearer)
    assert world.reads() == []


def test_a_profile_taken_out_is_gone_for_that_application_alone(world: CalendarWorld) -> None:
    two = second_profile(world)
    bearer = world.bearer("free_busy_write", elevations=without_terms({WORK}))
    other = world.bearer("free_busy", application=RIVAL)
    world.keep(world.event("a", 1))
    before = world.grant()
    revoke_profile(world.kit, bearer, PROFILE)
    assert [one.profile_id for one in list_profiles(world.kit, bearer).profiles] == [two]
    assert [one.profile.profile_id for one in read_userinfo(world.kit, bearer).profiles] == [two]
    assert list_calendars(world.kit, bearer).entries == ()
    assert read_busy(world.kit, bearer, asked_busy()).periods == ()
    assert len(list_profiles(world.kit, other).profiles) == 2
    assert len(read_busy(world.kit, other, asked_busy()).periods) == 1
    after = world.grant()
    assert (after.generation, after.elevated) == (before.generation + 1, frozenset())
    entry = world.ledger()[0]
    assert (entry.what, entry.outcome, entry.on) == ("profile.revoke", Outcome.ALLOWED, {"profile_id": PROFILE})


def test_profiles_that_are_unknown_foreign_or_taken_out_are_refused_alike(world: CalendarWorld) -> None:
    bearer = world.bearer(*LEGACY)
    revoke_profile(world.kit, bearer, PROFILE)
    refusals = set()
    for profile_id in ("pro_nowhere", PROFILE, "", "\0"):
        with pytest.raises(Refused) as refused:
            revoke_profile(world.kit, bearer, profile_id)
        refusals.add((refused.value.kind, refused.value.reason_code, refused.value.reason, refused.value.scope))
    assert len(refusals) == 1
    assert next(iter(refusals))[0] is Refusal.HIDDEN
    assert [one.outcome for one in world.ledger()[:4]] == [Outcome.REFUSED] * 4


def test_a_narrowed_grant_knows_only_the_profiles_and_calendars_chosen_for_it(world: CalendarWorld) -> None:
    two = second_profile(world)
    bearer = world.bearer("read_events", calendars=frozenset({HOME}))
    assert [one.profile_id for one in list_profiles(world.kit, bearer).profiles] == [PROFILE]
    assert [one.calendar.calendar_id for one in list_calendars(world.kit, bearer).entries] == [HOME]
    with pytest.raises(Refused) as refused:
        revoke_profile(world.kit, bearer, two)
    assert refused.value.kind is Refusal.HIDDEN


def test_past_the_rate_limit_of_an_application_nothing_is_read(world: CalendarWorld) -> None:
    class Closed:
        def pass_through(self, application_id: ApplicationId, now: Instant) -> None:
            raise Throttled(7)

    with pytest.raises(Throttled):
        list_calendars(replace(world.kit, gate=Closed()), world.bearer(*LEGACY))
