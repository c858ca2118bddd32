"""New calendars: owed, waited for, elevated for the Application that made them (ruling 20, P26)."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Invalid, Refusal, Refused
from calwarden.domain.grant import GrantState
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, ProfileId, calendar_id_of
from calwarden.domain.profile import Calendar
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.policy.elevation import Level, without_terms
from calwarden.usecases.access import Bearer
from calwarden.usecases.calendars import CalendarEntry, NewCalendar, create_calendar
from calwarden.usecases.calendars.create import DUPLICATE
from usecases.write_world import PROBLEM, Writing, invalid, newest, refused

DUPLICATE_NAME = {"name": "errors.duplicate_calendar_name"}


class Creating(Writing):
    """Somebody delivers when woken: as the worker does, if ``works``."""

    def __init__(self, **limits: int) -> None:
        super().__init__(**limits)
        self.woken: list[tuple[AccountId, ProfileId]] = []
        self.on_wake: Callable[[PendingWrite], object] = self.make

    def wake(self, account_id: AccountId, profile_id: ProfileId) -> None:
        self.woken.append((account_id, profile_id))
        for write in self.owed():
            self.on_wake(write)

    def make(self, write: PendingWrite) -> None:
        """The Provider made it."""
        calendar = Calendar(
            write.account_id,
            write.calendar_id,
            write.profile_id,
            write.resource_id,
            write.name or "",
            owned=True,
            color=write.color,
            created_by=write.application_id,
        )
        with self.store.write() as uow:
            grant = uow.grants.get(write.account_id, write.application_id)
            assert grant is not None
            allowed = None if grant.calendars is None else grant.calendars | {write.calendar_id}
            uow.calendars.add(calendar)
            uow.grants.save(
                replace(grant, elevations=grant.elevations | without_terms({write.calendar_id}), calendars=allowed)
            )
            uow.writes.done(write.account_id, write.write_id)

    def end(self, write: PendingWrite, reason: str, outcome: Outcome = Outcome.FAILED) -> None:
        """It came to nothing."""
        on: dict[str, str] = {"calendar_id": write.calendar_id}
        with self.store.write() as uow:
            uow.writes.done(write.account_id, write.write_id)
            uow.audit.append(
                AuditEntry(
                    write.account_id,
                    self.clock(),
                    Actor.WORKER,
                    "calendar.create",
                    outcome,
                    write.application_id,
                    reason,
                    on,
                )
            )

    def new(self, **changes: Any) -> NewCalendar:
        return NewCalendar(
            **{"profile_id": self.profile.profile_id, "name": "Rehearsals", "color": "#49BED8", **changes}
        )

    def create(self, _: object, token: Bearer, command: Any) -> CalendarEntry:
        return asyncio.run(create_calendar(self.kit, token, command, self.wake))


@pytest.fixture
def world() -> Iterator[Creating]:
    world = Creating(calendar_wait=5)
    yield world
    world.store.close()


def never(_: PendingWrite) -> None:
    """The Provider takes its time."""


def test_a_calendar_is_made_at_an_address_we_chose_and_answered_with_once_it_is_there(world: Creating) -> None:
    writes: list[PendingWrite] = []
    world.on_wake = lambda write: (writes.append(write), world.make(write))
    entries = len(world.ledger()) + 1
    entry = world.create(None, world.token("create_calendar"), world.new())
    (write,) = writes
    assert world.woken == [(world.jane, world.profile.profile_id)]
    assert (write.kind, write.name, write.color) == (WriteKind.CREATE_CALENDAR, "Rehearsals", "#49BED8")
    assert write.resource_id.startswith("/jane/")
    assert write.calendar_id == calendar_id_of(world.profile.profile_id, write.resource_id)
    assert (write.due_at, write.generation) == (world.clock(), world.grant().generation)
    assert entry.calendar.calendar_id == write.calendar_id
    assert (entry.calendar.name, entry.profile.profile_id) == ("Rehearsals", world.profile.profile_id)
    ledger = newest(world, entries)
    assert (ledger.what, ledger.outcome) == ("calendar.create", Outcome.ALLOWED)
    assert ledger.on == {"profile_id": world.profile.profile_id, "calendar_id": write.calendar_id}


def test_p26_it_is_elevated_for_its_application_and_nothing_else_is(world: Creating) -> None:
    world.token(app="other")
    entry = world.create(None, world.token("create_calendar"), world.new())
    assert entry.level is Level.UNRESTRICTED
    assert world.grant().elevated == {entry.calendar.calendar_id}
    assert world.grant("other").elevated == frozenset()


def test_it_is_not_there_before_the_provider_has_made_it(world: Creating) -> None:
    world.on_wake = never
    before = world.state()
    small = replace(world.kit, limits=replace(world.kit.limits, calendar_wait=0))
    with pytest.raises(Refused) as caught:
        asyncio.run(create_calendar(small, world.token("create_calendar"), world.new(), world.wake))
    assert (caught.value.reason_code, caught.value.kind) == ("calendar_pending", Refusal.LOCKED)
    assert isinstance(before, tuple)
    with world.store.read() as uow:
        assert [one.calendar_id for one in uow.calendars.of_account(world.jane)] == before[0]
    (write,) = world.owed()
    assert write.attempts == 0


def test_the_same_request_again_waits_for_the_first(world: Creating) -> None:
    world.on_wake = never
    token = world.token("create_calendar")
    small = replace(world.kit, limits=replace(world.kit.limits, calendar_wait=0))
    with pytest.raises(Refused):
        asyncio.run(create_calendar(small, token, world.new(), world.wake))
    (first,) = world.owed()
    world.on_wake = world.make
    assert world.create(None, token, world.new()).calendar.calendar_id == first.calendar_id
    assert world.owed() == []
    assert len(world.woken) == 2


def test_it_waits_without_a_transaction_for_a_provider_that_is_slow(world: Creating) -> None:
    async def later() -> CalendarEntry:
        woken = asyncio.Event()
        world.on_wake = lambda _: woken.set()
        waiting = asyncio.ensure_future(
            create_calendar(world.kit, world.token("create_calendar"), world.new(), world.wake)
        )
        await woken.wait()
        await asyncio.sleep(0.1)
        assert not waiting.done()
        world.make(world.owed()[0])
        return await waiting

    assert asyncio.run(later()).calendar.name == "Rehearsals"


def test_a_calendar_that_a_sync_saw_first_is_answered_with_only_when_it_is_elevated(world: Creating) -> None:
    def seen(write: PendingWrite) -> None:
        calendar = Calendar(
            write.account_id, write.calendar_id, write.profile_id, write.resource_id, "Rehearsals", owned=True
        )
        with world.store.write() as uow:
            uow.calendars.add(calendar)

    world.on_wake = seen
    small = replace(world.kit, limits=replace(world.kit.limits, calendar_wait=0))
    with pytest.raises(Refused) as caught:
        asyncio.run(create_calendar(small, world.token("create_calendar"), world.new(), world.wake))
    assert caught.value.reason_code == "calendar_pending"


# What ends it otherwise.


def test_a_name_the_provider_has_already_is_the_duplicate_name(world: Creating) -> None:
    world.on_wake = lambda write: world.end(write, DUPLICATE)
    with pytest.raises(Invalid) as caught:
        world.create(None, world.token("create_calendar"), world.new())
    assert {name: one[0].key for name, one in caught.value.fields.items()} == DUPLICATE_NAME


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.DROPPED])
def test_what_the_provider_does_not_want_is_423(world: Creating, outcome: Outcome) -> None:
    world.on_wake = lambda write: world.end(write, "rejected", outcome)
    with pytest.raises(Refused) as caught:
        world.create(None, world.token("create_calendar"), world.new())
    assert (caught.value.reason_code, caught.value.kind) == ("calendar_refused", Refusal.LOCKED)


def test_a_profile_that_loses_its_credentials_meanwhile_is_423_at_once(world: Creating) -> None:
    world.on_wake = lambda _: world.disconnect()
    with pytest.raises(Refused) as caught:
        world.create(None, world.token("create_calendar"), world.new())
    assert caught.value.reason_code == "profile_disconnected"


def test_a_grant_that_is_revoked_meanwhile_is_401(world: Creating) -> None:
    world.on_wake = lambda _: world.change_grant(state=GrantState.REVOKED)
    with pytest.raises(Refused) as caught:
        world.create(None, world.token("create_calendar"), world.new())
    assert caught.value.kind is Refusal.UNAUTHENTICATED


# What is refused at once, and in which order.


@pytest.mark.parametrize("scope", ["read_write", "write_only", "free_busy", "change_participation_status"])
def test_p25_it_needs_its_scope_before_any_profile_is_looked_at(world: Creating, scope: str) -> None:
    token = world.token(scope)
    for command in (world.new(), world.new(profile_id="pro_unknown", problem=PROBLEM)):
        assert refused(world, world.create, token, command) == ("scope_missing", Refusal.FORBIDDEN)


def test_a_profile_that_is_not_the_grants_to_see_is_422(world: Creating) -> None:
    world.foreign_calendar()
    hidden = world.add_profile("pro_hidden")
    token = world.token("create_calendar", hidden_profiles=frozenset({hidden.profile_id}))
    world.disconnect(hidden)
    for profile_id in ("pro_marcel", "pro_unknown", "", "pro_\x00", hidden.profile_id):
        expected = {"profile_id": "errors.not_recognized"}
        assert invalid(world, world.create, token, world.new(profile_id=profile_id), refusal=True) == expected
    assert world.woken == []


def test_a_disconnected_profile_is_423_before_the_input_is_judged(world: Creating) -> None:
    token = world.token("create_calendar")
    world.disconnect()
    expected = ("profile_disconnected", Refusal.LOCKED)
    assert refused(world, world.create, token, world.new(problem=PROBLEM)) == expected


def test_what_the_edge_could_not_read_and_an_empty_name_are_422(world: Creating) -> None:
    token = world.token("create_calendar")
    assert invalid(world, world.create, token, world.new(problem=PROBLEM)) == {"summary": "errors.required"}
    assert invalid(world, world.create, token, world.new(name=" ")) == {"name": "errors.required"}


def test_a_name_that_is_taken_in_the_profile_is_422(world: Creating) -> None:
    token = world.token("create_calendar")
    for name in ("Work", "Home", "Locked"):
        assert invalid(world, world.create, token, world.new(name=name)) == DUPLICATE_NAME
    second = world.add_profile("pro_second")
    world.on_wake = never
    small = replace(world.kit, limits=replace(world.kit.limits, calendar_wait=0))
    with pytest.raises(Refused):  # pending: the name is free in another profile
        asyncio.run(create_calendar(small, token, world.new(name="Work", profile_id=second.profile_id), world.wake))


def test_names_of_calendars_the_grant_may_not_see_are_not_found_out_by_trying(world: Creating) -> None:
    token = world.token("create_calendar", calendars=frozenset({world.home}))
    for name in ("Team", "Gone", "Work"):
        assert world.create(None, token, world.new(name=name)).calendar.name == name


def test_a_narrowed_grant_gains_what_its_application_creates(world: Creating) -> None:
    token = world.token("create_calendar", calendars=frozenset({world.home}))
    entry = world.create(None, token, world.new())
    assert world.grant().calendars == {world.home, entry.calendar.calendar_id}


def test_two_applications_with_one_name_owe_two_calendars(world: Creating) -> None:
    world.on_wake = never
    small = replace(world.kit, limits=replace(world.kit.limits, calendar_wait=0))
    for app in ("demo", "other"):
        with pytest.raises(Refused):
            asyncio.run(create_calendar(small, world.token("create_calendar", app=app), world.new(), world.wake))
    owed = world.owed()
    assert {one.application_id for one in owed} == {ApplicationId("demo"), ApplicationId("other")}
    assert len({CalendarId(one.calendar_id) for one in owed}) == 2
