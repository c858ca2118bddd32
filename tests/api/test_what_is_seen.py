"""What a person is shown of an application's view is what the API answers to that application, byte for byte."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from api.api_world import ApiWorld
from calwarden.api.v1.free_busy import busy_body
from calwarden.api.v1.pages import Shown
from calwarden.api.v1.reading import event_body
from calwarden.domain.account import Account
from calwarden.domain.errors import NotFound
from calwarden.domain.event import Details, Place
from calwarden.domain.grant import Terms
from calwarden.domain.ids import ApplicationId, CalendarId
from calwarden.domain.profile import AccessMode
from calwarden.usecases.authorize import begin, describe
from calwarden.usecases.authorize.begin import Begun
from calwarden.usecases.events import upsert_event
from calwarden.usecases.seeing import DAYS, Seen, see_as, would_see
from calwarden.web.seeing import look

DEMO = ApplicationId("demo")


class Answer(msgspec.Struct):
    """An answer's list, as it stands in the body."""

    events: msgspec.Raw = msgspec.Raw(b"")
    free_busy: msgspec.Raw = msgspec.Raw(b"")


def filled(world: ApiWorld) -> None:
    """Events of today and of the week: the person's, another application's, its own; beyond it, and in no reach."""
    secret = Details(summary="Doctor", description="Private notes", place=Place("Clinic"))
    for number, calendar_id in enumerate((world.work, world.work, world.home, world.team, world.gone)):
        world.put(
            f"theirs-{number}", calendar_id, start=world.at(number * 20), end=world.at(number * 20 + 1), details=secret
        )
    world.put("later", start=world.at(24 * 40), end=world.at(24 * 40 + 1))
    for app in ("demo", "other"):
        upsert_event(
            world.kit, world.token(app=app), world.upsert(event_id=f"of {app}", draft=world.draft(summary=app))
        )


def account(world: ApiWorld) -> Account:
    with world.store.read() as uow:
        found = uow.accounts.get(world.jane)
    assert found is not None
    return found


def answered(world: ApiWorld, seen: Seen, headers: dict[str, str]) -> bytes:
    """The list in the API's answer to the application, for the days that are shown."""
    window = {
        "tzid": seen.tzid,
        "from": str(seen.first),
        "to": str(seen.first.fromordinal(seen.first.toordinal() + DAYS)),
    }
    if seen.sight == "free_busy":
        more = {"include_managed": "true", "include_free": "false"}
        answer = world.call("GET", "/v1/free_busy", headers, params={**window, **more})
        assert answer.status_code == 200, answer.text
        return bytes(msgspec.json.decode(answer.content, type=Answer).free_busy)
    more = {"only_managed": "true"} if seen.sight == "own_events" else {"include_managed": "true"}
    answer = world.call("GET", "/v1/events", headers, params={**window, **more})
    assert answer.status_code == 200, answer.text
    return bytes(msgspec.json.decode(answer.content, type=Answer).events)


def shown(seen: Seen) -> bytes:
    """The data of the page, as the wire would have it."""
    if seen.sight == "free_busy":
        return msgspec.json.encode([busy_body(one, Shown()) for one in seen.periods])
    return msgspec.json.encode([event_body(one, Shown()) for one in seen.events])


SCOPES = {
    ("free_busy",): "free_busy",
    ("free_busy_write",): "free_busy",
    ("read_only",): "events",
    ("read_write",): "events",
    ("write_only",): "own_events",
    ("read_account",): "own_events",
}
"""What each sees of what it did not add."""


@pytest.mark.parametrize("narrowed", [False, True], ids=["all calendars", "one calendar"])
@pytest.mark.parametrize("scopes", SCOPES, ids=" ".join)
def test_the_page_shows_what_the_api_answers(world: ApiWorld, scopes: tuple[str, ...], narrowed: bool) -> None:
    filled(world)
    changes: dict[str, Any] = {"calendars": frozenset({world.home})} if narrowed else {}
    headers = world.bearer(*scopes, **changes)
    seen = see_as(world.kit, account(world), DEMO)
    assert seen.sight == SCOPES[scopes]
    body = shown(seen)
    assert body == answered(world, seen, headers)
    assert (b"Doctor" in body) == (scopes[0] in {"read_only", "read_write"})
    assert seen.more == 0
    lines = [line for day in look(seen, []).days for line in day.lines]
    assert any("Doctor" in line for line in lines) == (b"Doctor" in body)
    assert not any("Clinic" in line or "Doctor" in line for line in lines if seen.sight != "events")


@pytest.mark.parametrize("scopes", SCOPES, ids=" ".join)
def test_before_anything_is_agreed_to_it_is_what_the_api_will_answer(world: ApiWorld, scopes: tuple[str, ...]) -> None:
    filled(world)
    begun = begin(world.kit, world.query(scope=" ".join(scopes)), "127.0.0.1")
    assert isinstance(begun, Begun)
    consent = describe(world.kit, begun.authorization_id, world.jane)
    for calendars in (None, frozenset({world.work}), frozenset[CalendarId]()):
        seen = would_see(world.kit, consent, Terms(calendars))
        assert seen.sight == SCOPES[scopes]
        assert shown(seen) == answered(world, seen, world.bearer(*scopes, calendars=calendars))


def test_where_it_reads_no_more_than_busy_times_those_are_shown(world: ApiWorld) -> None:
    filled(world)
    world.bearer("read_only")
    with world.store.write() as uow:
        profile = replace(world.profile, access_mode=AccessMode.FREE_BUSY, initial_sync_done=True)
        uow.profiles.save(replace(profile, synced_at=world.clock()))
    seen = see_as(world.kit, account(world), DEMO)
    assert {one.calendar_id for one in seen.periods} >= {world.work, world.home}
    lines = [line for day in look(seen, []).days for line in day.lines]
    assert lines
    assert not any("Doctor" in line for line in lines)


def test_looking_leaves_no_trace_and_nobody_looks_without_a_grant(world: ApiWorld) -> None:
    filled(world)
    world.bearer("read_only")
    ledger, state = world.ledger(), world.state()
    see_as(world.kit, account(world), DEMO)
    assert (world.ledger(), world.state()) == (ledger, state)
    with pytest.raises(NotFound):
        see_as(world.kit, account(world), ApplicationId("native"))
