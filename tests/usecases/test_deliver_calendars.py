"""A calendar that an application asked for is made once, and is the application's to write in."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from calwarden.domain.audit import Actor, Outcome
from calwarden.domain.draft import EventDraft
from calwarden.domain.ids import ResourceId, WriteId, calendar_id_of
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.ports.connector import DuplicateCalendar
from calwarden.usecases.authorize import revoke_grant
from usecases.sync_world import APP, JANE, Killed, Syncing


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    world.sync()
    world.elevate(world.work)
    yield world
    world.store.close()


def ended(world: Syncing) -> list[tuple[str, str | None]]:
    """How writes ended by the worker's hand, oldest first."""
    return [(one.outcome.value, one.reason) for one in reversed(world.ledger()) if one.actor is Actor.WORKER]


def _creation(world: Syncing, name: str = "Booked") -> PendingWrite:
    remote_id = world.kit.naming.calendar_remote_id(world.profile().provider, world.profile().url, "made")
    grant = world.grant()
    write = PendingWrite(
        JANE,
        WriteId("creation"),
        world.profile_id,
        calendar_id_of(world.profile_id, remote_id),
        ResourceId(remote_id),
        WriteKind.CREATE_CALENDAR,
        APP,
        grant.grant_id,
        grant.generation,
        world.clock(),
        draft=EventDraft(),
        name=name,
        due_at=world.clock(),
    )
    with world.store.write() as uow:
        return uow.writes.add(write)


@pytest.mark.parametrize("narrowed", [False, True])
def test_a_calendar_is_made_and_is_the_applications_to_write_in(world: Syncing, narrowed: bool) -> None:
    if narrowed:
        world.change_grant(lambda grant: replace(grant, calendars=frozenset()))
    write = _creation(world)
    scopes = world.grant().scopes
    assert world.deliver().delivered == 1
    assert world.provider.calendars[write.resource_id].name == "Booked"
    with world.store.read() as uow:
        made = uow.calendars.get(JANE, write.calendar_id)
    assert made is not None
    assert (made.name, made.owned, made.created_by) == ("Booked", True, APP)
    grant = world.grant()
    assert made.calendar_id in grant.elevated
    assert grant.scopes == scopes
    assert grant.calendars == (frozenset({made.calendar_id}) if narrowed else None)
    assert world.profile().sync_due_at <= world.clock()
    world.sync()
    with world.store.read() as uow:
        again = uow.calendars.get(JANE, write.calendar_id)
    assert again is not None
    assert (again.created_by, again.synced) == (APP, True)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("transaction", range(3))
def test_a_calendar_is_made_once_however_often_the_process_dies(world: Syncing, transaction: int, after: bool) -> None:
    _creation(world)
    world.store.kill(transaction, after=after)
    with suppress(Killed):
        world.deliver("first")
    world.store.revive()
    world.sync("second")
    world.clock.advance(3600)
    world.sync("second")
    world.deliver("second")
    assert [one.name for one in world.provider.calendars.values()].count("Booked") == 1
    assert len(world.grant().elevated) == 2
    assert ended(world) == [("allowed", "calendar_created"), ("delivered", None)]


def test_a_calendar_the_provider_does_not_want_is_given_up_with_its_reason(world: Syncing) -> None:
    _creation(world)
    world.provider.fail(DuplicateCalendar("there is one"), operation="create_calendar")
    assert world.deliver().failed == 1
    entry = world.ledger()[0]
    assert (entry.what, entry.outcome, entry.reason) == ("calendar.create", Outcome.FAILED, "duplicate_calendar")
    assert world.owed() == []


def test_a_calendar_is_not_made_for_a_grant_that_has_ended(world: Syncing) -> None:
    _creation(world)
    revoke_grant(world.kit, JANE, APP, Actor.ACCOUNT)
    assert world.deliver().dropped == 1
    assert world.provider.count("create_calendar") == 0
