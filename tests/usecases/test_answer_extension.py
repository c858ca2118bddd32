"""What the person says to a request for unrestricted access, and takes back (security 6.2, 6.3, 6.5)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from calwarden.domain.audit import Actor, Outcome
from calwarden.domain.errors import Gone, NotFound
from calwarden.domain.grant import Elevation
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.domain.times import Instant
from calwarden.policy.elevation import Level
from calwarden.usecases.authorize import Lifted, answer_extension, describe_extension, lower_calendar
from calwarden.usecases.elevation import AskElevation, request_elevation
from usecases.auth_world import ISSUER, REDIRECT
from usecases.write_world import Writing, newest


@pytest.fixture
def world() -> Iterator[Writing]:
    world = Writing()
    yield world
    world.store.close()


def ask(world: Writing) -> str:
    """The secret of a request for the calendar ``work``."""
    command = AskElevation(wanted=((world.work, Level.UNRESTRICTED),), redirect_uri=REDIRECT)
    url = request_elevation(world.kit, world.token("read_write"), command).url
    assert url is not None
    return url.removeprefix(f"{ISSUER}/permissions/")


def test_yes_and_no_stand_in_the_ledger_with_their_terms(world: Writing) -> None:
    secret, entries, ends = ask(world), len(world.ledger()), Instant(world.clock() + 500)
    answered = answer_extension(world.kit, secret, world.jane, Lifted(deletes=False, ends=ends))
    assert answered.location == REDIRECT
    entry = newest(world, entries)
    assert (entry.actor, entry.what, entry.outcome) == (Actor.ACCOUNT, "elevation.granted", Outcome.ALLOWED)
    assert (entry.reason, entry.on) == (None, {"calendars": world.work, "level": "change", "ends": str(ends)})
    assert world.grant().elevations == {Elevation(world.work, deletes=False, ends=ends)}
    secret, entries = ask(world), len(world.ledger())
    answered = answer_extension(world.kit, secret, world.jane, None)
    assert answered.location.endswith("error=access_denied")
    entry = newest(world, entries)
    assert (entry.actor, entry.what, entry.outcome) == (Actor.ACCOUNT, "elevation.refused", Outcome.REFUSED)
    assert (entry.reason, entry.on) == ("access_denied", {"calendars": world.work})


Change = Callable[[Writing], None]


def change_calendar(**facts: Any) -> Change:
    def change(world: Writing) -> None:
        with world.store.write() as uow:
            calendar = uow.calendars.get(world.jane, world.work)
            assert calendar is not None
            uow.calendars.save(replace(calendar, **facts))

    return change


@pytest.mark.parametrize(
    "change",
    [
        change_calendar(owned=False),
        change_calendar(deleted=True),
        lambda world: world.clock.advance(world.kit.limits.elevation_life),
        lambda world: world.change_grant(generation=world.grant().generation + 1),
        lambda world: world.change_grant(ends=world.clock()),
    ],
)
def test_a_request_is_void_when_what_it_is_about_has_changed(world: Writing, change: Change) -> None:
    secret = ask(world)
    assert describe_extension(world.kit, secret, world.jane).request.calendars == (world.work,)
    change(world)
    before = world.grant()
    for act in (
        lambda: describe_extension(world.kit, secret, world.jane),
        lambda: answer_extension(world.kit, secret, world.jane, Lifted()),
    ):
        with pytest.raises(Gone):
            act()
    assert world.grant() == before


def test_nobody_else_sees_or_answers_it_and_none_that_was_never_made(world: Writing) -> None:
    secret = ask(world)
    world.foreign_calendar()
    with world.store.read() as uow:
        marcel = uow.accounts.by_email("marcel@example.org")
    assert marcel is not None
    for account_id, tried in ((marcel.account_id, secret), (world.jane, "never made"), (AccountId("gone"), secret)):
        with pytest.raises(Gone):
            describe_extension(world.kit, tried, account_id)
        with pytest.raises(Gone):
            answer_extension(world.kit, tried, account_id, Lifted())
    assert world.grant().elevations == frozenset()
    assert answer_extension(world.kit, secret, world.jane, Lifted())


def test_taking_one_back_is_of_that_calendar_and_voids_what_is_owed(world: Writing) -> None:
    world.token("read_write", elevated=(world.work, world.home))
    before, entries = world.grant().generation, len(world.ledger())
    lower_calendar(world.kit, world.jane, ApplicationId("demo"), world.work)
    assert (world.grant().elevated, world.grant().generation) == ({world.home}, before + 1)
    entry = newest(world, entries)
    assert (entry.actor, entry.what, entry.on) == (Actor.ACCOUNT, "elevation.lowered", {"calendars": world.work})
    for application, calendar in (("demo", world.work), ("demo", world.locked), ("other", world.home)):
        with pytest.raises(NotFound):
            lower_calendar(world.kit, world.jane, ApplicationId(application), calendar)
    assert (world.grant().elevated, world.grant().generation) == ({world.home}, before + 1)
