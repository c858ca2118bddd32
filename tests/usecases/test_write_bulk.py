"""Deleting many Partner Events at once (contract events 4.6)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from calwarden.domain.audit import Outcome
from calwarden.domain.errors import Refusal
from calwarden.domain.ids import ApplicationId, CalendarId
from calwarden.domain.write import WriteKind
from calwarden.usecases.events import delete_events, upsert_event
from usecases.write_world import PROBLEM, Writing, invalid, refused

UNKNOWN = {"calendar_ids": "errors.invalid_calendar_ids"}


@pytest.fixture
def world() -> Iterator[Writing]:
    world = Writing()
    token = world.token("write_only")
    for calendar_id in (world.work, world.home):
        for event_id in ("one", "two"):
            upsert_event(world.kit, token, world.upsert(calendar_id=calendar_id, event_id=event_id))
    upsert_event(world.kit, world.token("write_only", app="other"), world.upsert(event_id="theirs"))
    world.deliver()
    world.put()
    yield world
    world.store.close()


def left(world: Writing, calendar_id: CalendarId) -> int:
    with world.store.read() as uow:
        return len(uow.events.own_resources(world.jane, ApplicationId("demo"), [calendar_id]))


def lock(world: Writing, calendar_id: CalendarId) -> None:
    """The calendar becomes read-only at the Provider after events were written to it."""
    with world.store.write() as uow:
        calendar = uow.calendars.get(world.jane, calendar_id)
        assert calendar is not None
        uow.calendars.save(replace(calendar, readonly=True))


def test_all_own_events_go_in_every_calendar_and_nothing_else(world: Writing) -> None:
    entries = len(world.ledger())
    accepted = delete_events(world.kit, world.token("write_only"), world.bulk())
    assert accepted.profiles == {(world.jane, world.profile.profile_id)}
    assert (left(world, world.work), left(world, world.home)) == (0, 0)
    assert [one.kind for one in world.owed()] == [WriteKind.DELETE] * 4
    theirs = world.own("theirs", app="other")
    assert theirs is not None
    assert theirs.components
    with world.store.read() as uow:
        assert len(uow.events.etags(world.jane, world.work)) == 4  # two waiting, theirs, the person's own
    said = {one.on["calendar_id"]: one.on["events"] for one in world.ledger()[: len(world.ledger()) - entries - 1]}
    assert said == {world.work: "2", world.home: "2"}


def test_in_the_named_calendars_alone(world: Writing) -> None:
    delete_events(world.kit, world.token("write_only"), world.bulk(world.home, world.home))
    assert (left(world, world.work), left(world, world.home)) == (2, 0)
    assert len(world.owed()) == 2


def test_again_it_answers_the_same_and_owes_nothing_more(world: Writing) -> None:
    token = world.token("write_only")
    delete_events(world.kit, token, world.bulk())
    assert delete_events(world.kit, token, world.bulk()).profiles == frozenset()
    assert len(world.owed()) == 4


@pytest.mark.parametrize("scope", ["create_event", "free_busy", "read_only"])
def test_it_needs_the_scope_before_any_calendar_is_looked_at(world: Writing, scope: str) -> None:
    for command in (world.bulk(), world.bulk("cal_unknown"), world.bulk(world.work, problem=PROBLEM)):
        assert refused(world, delete_events, world.token(scope), command)[0] == "scope_missing"


def test_a_named_calendar_that_is_not_there_is_422_and_nothing_is_deleted(world: Writing) -> None:
    token = world.token("write_only")
    for calendar_id in (world.team, world.gone, world.foreign_calendar(), "cal_unknown", "x\x00"):
        assert invalid(world, delete_events, token, world.bulk(world.work, calendar_id), refusal=True) == UNKNOWN
        assert invalid(world, delete_events, token, world.bulk(world.locked, calendar_id), refusal=True) == UNKNOWN
    world.change_grant(calendars=frozenset({world.home}))
    assert invalid(world, delete_events, token, world.bulk(world.work), refusal=True) == UNKNOWN


def test_a_named_calendar_that_cannot_be_written_refuses_the_whole(world: Writing) -> None:
    token = world.token("write_only")
    command = world.bulk(world.work, world.locked, problem=PROBLEM)
    assert refused(world, delete_events, token, command) == ("calendar_readonly", Refusal.FORBIDDEN)


def test_what_the_edge_could_not_read_is_422(world: Writing) -> None:
    token = world.token("write_only")
    assert invalid(world, delete_events, token, world.bulk(problem=PROBLEM)) == {"summary": "errors.required"}
    assert invalid(world, delete_events, token, world.bulk(calendar_ids=())) == {"calendar_ids": "errors.required"}


def test_all_leaves_out_calendars_that_are_read_only_and_the_ledger_says_so(world: Writing) -> None:
    lock(world, world.home)
    delete_events(world.kit, world.token("write_only"), world.bulk())
    assert (left(world, world.work), left(world, world.home)) == (0, 2)
    refusals = [one for one in world.ledger() if one.outcome is Outcome.REFUSED]
    assert [(one.reason, one.on["calendar_id"]) for one in refusals] == [("calendar_readonly", world.home)]


def test_all_is_423_while_a_profile_that_holds_own_events_is_disconnected(world: Writing) -> None:
    second = world.add_profile("pro_second")
    away = world.add_calendar("away", second)
    token = world.token("write_only")
    world.disconnect(second)
    delete_events(world.kit, token, world.bulk(world.home))
    assert left(world, world.home) == 0
    with world.store.write() as uow:
        uow.profiles.save(second)
    upsert_event(world.kit, token, world.upsert(calendar_id=away))
    world.disconnect(second)
    assert refused(world, delete_events, token, world.bulk()) == ("profile_disconnected", Refusal.LOCKED)
    assert left(world, world.work) == 2


def test_all_passes_over_a_disconnected_profile_without_own_events(world: Writing) -> None:
    second = world.add_profile("pro_second")
    world.add_calendar("away", second)
    world.disconnect(second)
    delete_events(world.kit, world.token("write_only"), world.bulk())
    assert (left(world, world.work), left(world, world.home)) == (0, 0)
