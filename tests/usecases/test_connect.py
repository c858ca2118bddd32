"""Connecting calendars, on the memory provider."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from calwarden.connectors.memory.connector import memory_factory
from calwarden.connectors.memory.provider import MemoryProvider
from calwarden.domain.audit import Actor
from calwarden.domain.errors import NotFound, Throttled
from calwarden.domain.ids import CalendarId, ProfileId, calendar_id_of
from calwarden.domain.profile import Credentials
from calwarden.policy.elevation import without_terms
from calwarden.ports.connector import AddressRefused, CertificateInvalid, ProviderUnavailable, RateLimited
from calwarden.usecases.connect import (
    Connected,
    Failure,
    Login,
    NotConnected,
    connect_calendar,
    credentials_of,
    disconnect,
    explain_failure,
    relink,
)
from calwarden.usecases.people import NewAccount, create_account
from usecases.auth_world import World


class Connecting(World):
    def __init__(self) -> None:
        super().__init__()
        self.provider = MemoryProvider()
        self.provider.add_user("jane", "secret", name="jane@dav", addresses=("jane@example.org",))
        self.provider.add_user("marcel", "secret")
        self.work = self.provider.add_calendar("jane", "work", "Work", primary=True)
        self.home = self.provider.add_calendar("jane", "home", "Home")
        self.team = self.provider.add_calendar("marcel", "team", "Team")
        self.provider.share(self.team.remote_id, "jane")
        self.factory = memory_factory(self.provider, self.clock)

    def connect(self, **changes: Any) -> Connected | NotConnected:
        login = Login(**{"url": "dav.example.org", "username": "jane", "password": "secret", **changes})
        return asyncio.run(connect_calendar(self.kit, self.factory, self.jane, login))

    def connected(self) -> Connected:
        outcome = self.connect()
        assert isinstance(outcome, Connected), outcome
        return outcome


@pytest.fixture
def world() -> Iterator[Connecting]:
    world = Connecting()
    yield world
    world.store.close()


def test_connecting_stores_the_profile_and_makes_its_first_sync_due(world: Connecting) -> None:
    outcome = world.connected()
    assert {one.name for one in outcome.calendars} == {"Work", "Home"}
    with world.store.read() as uow:
        profile = uow.profiles.get(world.jane, outcome.profile.profile_id)
        held = uow.calendars.of_account(world.jane)
        assert [one.profile_id for one in uow.profiles.due(world.clock(), 10)] == [outcome.profile.profile_id]
        assert uow.profiles.credentials(world.jane, outcome.profile.profile_id) == Credentials(
            "https://dav.example.org", "jane", "secret"
        )
    assert profile is not None
    assert (profile.name, profile.connected, profile.initial_sync_done) == ("jane@dav", True, False)
    assert {one.name: one.owned for one in held} == {"Work": True, "Home": True, "Team": False}
    assert world.ledger()[0].what == "profile.connected"


def test_calendar_ids_follow_from_profile_and_address_alone(world: Connecting) -> None:
    outcome = world.connected()
    for calendar in outcome.calendars:
        assert calendar.calendar_id == calendar_id_of(outcome.profile.profile_id, calendar.remote_id)
    assert calendar_id_of(ProfileId("pro_1"), "/a/").startswith("cal_1_")


def test_the_same_login_again_is_the_same_profile(world: Connecting) -> None:
    first = world.connected()
    world.provider.add_calendar("jane", "new", "New")
    again = world.connected()
    assert again.profile.profile_id == first.profile.profile_id
    assert {one.name for one in again.calendars} == {"Work", "Home", "New"}


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"password": "wrong"}, Failure.WRONG_PASSWORD),
        ({"username": "marcel2"}, Failure.WRONG_PASSWORD),
        ({"password": ""}, Failure.INCOMPLETE),
        ({"url": " "}, Failure.INCOMPLETE),
        ({"url": "ftp://dav.example.org"}, Failure.BAD_ADDRESS),
        ({"url": "https://jane:secret@dav.example.org"}, Failure.BAD_ADDRESS),
        ({"url": "https://dav.example.org\r\nX: y"}, Failure.BAD_ADDRESS),
        ({"url": "https://[dav"}, Failure.BAD_ADDRESS),
        ({"url": "javascript:alert(1)"}, Failure.BAD_ADDRESS),
    ],
)
def test_what_can_not_be_connected_says_why_and_stores_nothing(
    world: Connecting, changes: dict[str, str], failure: Failure
) -> None:
    assert world.connect(**changes) == NotConnected(failure)
    with world.store.read() as uow:
        assert uow.profiles.of_account(world.jane) == []


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (CertificateInvalid("x"), Failure.CERTIFICATE),
        (AddressRefused("x"), Failure.ADDRESS_REFUSED),
        (RateLimited(10), Failure.TOO_MANY_REQUESTS),
        (ProviderUnavailable("x"), Failure.UNREACHABLE),
    ],
)
def test_every_failure_of_the_provider_has_its_message(world: Connecting, error: Exception, failure: Failure) -> None:
    world.provider.fail(error)  # type: ignore[arg-type]  # parametrize knows no common type
    assert world.connect() == NotConnected(failure)


def test_somebody_elses_calendars_alone_are_no_calendars(world: Connecting) -> None:
    world.provider.drop_calendar(world.work.remote_id)
    world.provider.drop_calendar(world.home.remote_id)
    assert world.connect() == NotConnected(Failure.NO_CALENDARS)


def test_every_failure_says_what_to_do() -> None:
    for failure in Failure:
        assert all(explain_failure(failure))


def test_a_bare_host_name_is_reached_over_https() -> None:
    credentials = credentials_of(Login(" dav.example.org/x ", "jane ", " pass word "))
    assert credentials == Credentials("https://dav.example.org/x", "jane", " pass word ")


def test_relinking_keeps_profile_and_calendar_ids(world: Connecting) -> None:
    first = world.connected()
    world.provider.users["jane"].password = "changed"
    with world.store.write() as uow:
        uow.profiles.save(replace(first.profile, connected=False, disconnected_reason="credentials", failures=3))

    def again(password: str) -> Connected | NotConnected:
        return asyncio.run(relink(world.kit, world.factory, world.jane, first.profile.profile_id, password))

    assert again("still wrong") == NotConnected(Failure.WRONG_PASSWORD)
    assert again("") == NotConnected(Failure.INCOMPLETE)
    outcome = again("changed")
    assert isinstance(outcome, Connected)
    assert {one.calendar_id for one in outcome.calendars} == {one.calendar_id for one in first.calendars}
    profile = outcome.profile
    assert profile.profile_id == first.profile.profile_id
    assert (profile.connected, profile.disconnected_reason, profile.failures) == (True, None, 0)
    assert profile.sync_due_at == world.clock()
    assert world.ledger()[0].what == "profile.relinked"


def test_somebody_elses_profile_can_not_be_relinked_or_disconnected(world: Connecting) -> None:
    world.connected()
    with pytest.raises(NotFound):
        asyncio.run(relink(world.kit, world.factory, world.jane, ProfileId("pro_other"), "secret"))
    with pytest.raises(NotFound):
        disconnect(world.kit, world.jane, ProfileId("pro_other"), Actor.ACCOUNT)


def test_disconnecting_takes_everything_held_and_ends_elevations(world: Connecting) -> None:
    outcome = world.connected()
    world.tokens(scope="read_write")
    with world.store.write() as uow:
        grant = uow.grants.get(world.jane, world.app.application_id)
        assert grant is not None
        elevations = without_terms({outcome.calendars[0].calendar_id, CalendarId("cal_other")})
        uow.grants.save(replace(grant, elevations=elevations))
    disconnect(world.kit, world.jane, outcome.profile.profile_id, Actor.ACCOUNT)
    with world.store.read() as uow:
        assert uow.profiles.of_account(world.jane) == []
        assert uow.calendars.of_account(world.jane) == []
        after = uow.grants.get(world.jane, world.app.application_id)
    assert after is not None
    assert after.elevated == {"cal_other"}
    assert after.generation == grant.generation + 1


def test_the_profile_connected_in_this_run_is_named_by_the_token_answer(world: Connecting) -> None:
    profile = world.connected().profile
    answer = world.tokens()
    assert answer.linking_profile is not None
    assert answer.linking_profile.profile_id == profile.profile_id
    assert (answer.linking_profile.provider_name, answer.linking_profile.profile_name) == ("caldav", "jane@dav")


def test_a_person_can_not_guess_passwords_through_us(world: Connecting) -> None:
    for _ in range(20):
        assert world.connect(password="wrong") == NotConnected(Failure.WRONG_PASSWORD)
    with pytest.raises(Throttled):
        world.connect()
    world.clock.advance(900)
    assert isinstance(world.connect(), Connected)


def test_two_people_with_one_calendar_login_stay_two_accounts(world: Connecting) -> None:
    rosa = create_account(world.kit, NewAccount("rosa@example.org", "Rosa", "Europe/Lisbon", "x")).account_id
    first = world.connected()
    login = Login("dav.example.org", "jane", "secret")
    second = asyncio.run(connect_calendar(world.kit, world.factory, rosa, login))
    assert isinstance(second, Connected)
    assert second.profile.profile_id != first.profile.profile_id
    assert {one.calendar_id for one in second.calendars}.isdisjoint(one.calendar_id for one in first.calendars)
    with world.store.read() as uow:
        assert len(uow.accounts.list()) == 2
