"""Many services know people by a mere name; invitations name them by the address they have proven here."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from calwarden.domain.event import Event
from usecases.sync_world import JANE, Syncing

INVITED = (
    "ORGANIZER:mailto:sam@example.org",
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:sam@example.org",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:Jane@example.org",
)
HER_OWN = ("ORGANIZER:mailto:jane@example.org", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:sam@example.org")


@pytest.fixture
def world() -> Iterator[Syncing]:
    world = Syncing()
    world.provider.users["jane"] = replace(world.provider.users["jane"], addresses=())
    yield world
    world.store.close()


def synced(world: Syncing, *lines: str) -> Event:
    world.put("a.ics", "Lunch", *lines)
    world.sync()
    [found] = world.events()
    return found


def test_an_invitation_to_that_address_is_the_persons(world: Syncing) -> None:
    found = synced(world, *INVITED).component
    assert found.participation == "needs_action"
    assert found.organized_elsewhere


def test_what_that_address_organizes_is_the_persons_own(world: Syncing) -> None:
    assert not synced(world, *HER_OWN).component.organized_elsewhere


def test_an_address_nobody_has_proven_counts_for_nothing(world: Syncing) -> None:
    with world.store.write() as uow:
        account = uow.accounts.get(JANE)
        assert account is not None
        uow.accounts.save(replace(account, email_verified=False))
    found = synced(world, *INVITED).component
    assert found.participation is None
    assert found.organized_elsewhere
