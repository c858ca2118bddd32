"""The Connector port, the last question: what may not leave any more reaches no server (security 5.2)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from calwarden.domain.draft import EventDraft
from calwarden.policy.decision import Action
from calwarden.ports.connector import CollectionNaming, Connector, EventTarget
from contract.connectors.stage import JANE, MEETING, DavStage, Stage, held, permit, plain, run, target

Write = Callable[[Connector, EventTarget], Awaitable[object]]
WRITES: dict[str, Write] = {
    "an update": lambda one, at: one.upsert_event(permit(Action.WRITE_OWN_EVENT), at, EventDraft(summary="Ours")),
    "an edit": lambda one, at: one.edit_event(permit(Action.EDIT_EVENT), at, EventDraft(summary="Ours"), None),
    "a deletion": lambda one, at: one.delete_event(permit(Action.DELETE_EVENT), at),
}


class Withdrawn(Exception):
    pass


async def withdrawn() -> None:
    raise Withdrawn


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_that_is_withdrawn_at_the_last_moment_changes_nothing(stage: Stage, write: Write) -> None:
    stage.put("theirs", plain("theirs"))
    before, etag = stage.text("theirs"), held(stage, "theirs").etag
    with pytest.raises(Withdrawn):
        run(stage, lambda one: write(one, replace(target(stage, "theirs", etag), leaving=withdrawn)))
    assert stage.text("theirs") == before


def test_a_creation_that_is_withdrawn_at_the_last_moment_makes_nothing(stage: Stage) -> None:
    allowed, at = permit(Action.WRITE_OWN_EVENT), replace(target(stage, "made"), leaving=withdrawn)
    with pytest.raises(Withdrawn):
        run(stage, lambda one: one.upsert_event(allowed, at, MEETING))
    assert run(stage, lambda one: one.fetch(stage.calendar, [at.resource_id])) == []


def test_a_calendar_that_is_withdrawn_at_the_last_moment_is_not_made(stage: Stage) -> None:
    found = run(stage, lambda one: one.discover())
    address = CollectionNaming().calendar_remote_id(found.provider, found.home, "withdrawn")
    address = address if isinstance(stage, DavStage) else f"/{JANE}/withdrawn/"
    allowed = permit(Action.CREATE_CALENDAR)
    with pytest.raises(Withdrawn):
        run(stage, lambda one: one.create_calendar(allowed, address, "Withdrawn", None, leaving=withdrawn))
    assert address not in {calendar.remote_id for calendar in run(stage, lambda one: one.list_calendars())}
