"""Extended Permissions, asked for and given back. P-numbers: authorization.md 11."""

from collections.abc import Iterator
from typing import Any

import pytest

from calwarden.domain.audit import Outcome
from calwarden.domain.errors import Gone, Invalid, Refusal, Refused
from calwarden.domain.grant import Connection, ElevationRequest
from calwarden.domain.ids import CalendarId, ElevationRequestId
from calwarden.domain.times import Instant
from calwarden.oauth.tokens import hash_token
from calwarden.policy.elevation import Level
from calwarden.usecases.access import Bearer
from calwarden.usecases.authorize import Lifted, answer_extension, describe_extension
from calwarden.usecases.calendars import list_calendars
from calwarden.usecases.elevation import AskElevation, ElevationAnswer, request_elevation
from calwarden.usecases.events import delete_event, read_events, upsert_event
from usecases.auth_world import ISSUER, REDIRECT
from usecases.calendar_world import asked
from usecases.write_world import PROBLEM, Writing, invalid, newest, refused, uid

UP, DOWN = Level.UNRESTRICTED, Level.SANDBOX


@pytest.fixture
def world() -> Iterator[Writing]:
    world = Writing()
    yield world
    world.store.close()


def wanting(*wanted: tuple[str, Level], **changes: Any) -> AskElevation:
    return AskElevation(**{"wanted": wanted, "redirect_uri": REDIRECT, **changes})


def secret_of(answer: ElevationAnswer) -> str:
    assert answer.url is not None
    return answer.url.removeprefix(f"{ISSUER}/permissions/")


def stored(world: Writing, answer: ElevationAnswer) -> ElevationRequest:
    with world.store.read() as uow:
        request = uow.elevation_requests.get(ElevationRequestId(hash_token(secret_of(answer))))
    assert request is not None
    return request


def test_p38_asking_elevates_nothing_and_leads_to_a_page(world: Writing) -> None:
    token, entries = world.token("write_only"), len(world.ledger())
    before = world.state()
    answer = request_elevation(world.kit, token, wanting((world.work, UP)))
    assert world.state() == before
    request, grant = stored(world, answer), world.grant()
    assert (request.account_id, request.application_id) == (world.jane, "demo")
    assert (request.grant_id, request.generation) == (grant.grant_id, grant.generation)
    assert (request.calendars, request.redirect_uri) == ((world.work,), REDIRECT)
    assert request.expires == world.clock() + world.kit.limits.elevation_life
    entry = newest(world, entries)
    assert (entry.what, entry.outcome) == ("elevation.requested", Outcome.ALLOWED)
    assert secret_of(answer) not in repr(answer)


def test_p28_once_accepted_external_events_can_be_edited_there_and_nowhere_else(world: Writing) -> None:
    (lunch,) = world.put()
    (dinner,) = world.put("dinner", world.home)
    token = world.token("write_only")
    assert refused(world, upsert_event, token, world.edit(uid(lunch)))[0] == "calendar_not_elevated"
    answer = request_elevation(world.kit, token, wanting((world.work, UP)))
    settled = answer_extension(world.kit, secret_of(answer), world.jane, Lifted())
    assert settled.location == REDIRECT
    upsert_event(world.kit, token, world.edit(uid(lunch)))
    command = world.edit(uid(dinner), calendar_id=world.home)
    assert refused(world, upsert_event, token, command)[0] == "calendar_not_elevated"


def test_p29_refusing_leaves_everything_as_it_was(world: Writing) -> None:
    token = world.token("write_only")
    before = world.state()
    answer = request_elevation(world.kit, token, wanting((world.work, UP)))
    answer_extension(world.kit, secret_of(answer), world.jane, None)
    assert world.state() == before


@pytest.mark.parametrize("count", [1, 2, 3])
def test_p37_one_some_or_all_calendars(world: Writing, count: int) -> None:
    chosen = (world.work, world.home, world.locked)[:count]
    answer = request_elevation(world.kit, world.token(), wanting(*((one, UP) for one in chosen)))
    answer_extension(world.kit, secret_of(answer), world.jane, Lifted())
    assert world.grant().elevated == set(chosen)


@pytest.mark.parametrize("scope", ["free_busy", "read_only", "create_calendar", "list_calendars"])
def test_no_scope_is_needed_to_ask(world: Writing, scope: str) -> None:
    assert request_elevation(world.kit, world.token(scope), wanting((world.work, UP))).url is not None


def test_p33_a_read_only_calendar_may_be_elevated_and_stays_read_only(world: Writing) -> None:
    (fixed,) = world.put("fixed", world.locked)
    token = world.token("write_only")
    answer = request_elevation(world.kit, token, wanting((world.locked, UP)))
    answer_extension(world.kit, secret_of(answer), world.jane, Lifted())
    command = world.edit(uid(fixed), calendar_id=world.locked)
    assert refused(world, upsert_event, token, command)[0] == "calendar_readonly"


def test_the_person_may_allow_changing_without_deleting(world: Writing) -> None:
    (lunch,) = world.put()
    token, entries = world.token("read_write"), len(world.ledger())
    answer = request_elevation(world.kit, token, wanting((world.work, UP)))
    answer_extension(world.kit, secret_of(answer), world.jane, Lifted(deletes=False))
    assert newest(world, entries + 1).on == {"calendars": world.work, "level": "change"}
    assert refused(world, delete_event, token, world.remove(uid(lunch)))[0] == "elevation_without_delete"
    upsert_event(world.kit, token, world.edit(uid(lunch)))
    [shown] = read_events(world.kit, token, asked()).events
    assert (shown.options.update, shown.options.delete) == (True, False)


def test_an_elevation_ends_when_the_person_said_it_does(world: Writing) -> None:
    (lunch,) = world.put()
    token, entries = world.token("write_only"), len(world.ledger())
    answer = request_elevation(world.kit, token, wanting((world.work, UP)))
    ends = Instant(world.clock() + 60)
    answer_extension(world.kit, secret_of(answer), world.jane, Lifted(ends=ends))
    assert newest(world, entries + 1).on == {"calendars": world.work, "ends": str(ends)}
    assert Level.UNRESTRICTED in {one.level for one in list_calendars(world.kit, token).entries}
    world.clock.advance(60)
    assert refused(world, upsert_event, token, world.edit(uid(lunch)))[0] == "calendar_not_elevated"
    assert {one.level for one in list_calendars(world.kit, token).entries} == {Level.SANDBOX}


def test_an_end_that_has_come_already_is_no_answer(world: Writing) -> None:
    answer = request_elevation(world.kit, world.token(), wanting((world.work, UP)))
    with pytest.raises(Invalid):
        answer_extension(world.kit, secret_of(answer), world.jane, Lifted(ends=Instant(world.clock())))
    assert world.grant().elevated == frozenset()
    answer_extension(world.kit, secret_of(answer), world.jane, Lifted())  # the question still stands
    assert world.grant().elevated == {world.work}


def test_what_is_elevated_already_is_asked_again_with_the_rest(world: Writing) -> None:
    token = world.token(elevated=(world.work,))
    answer = request_elevation(world.kit, token, wanting((world.work, UP)))
    assert stored(world, answer).calendars == (world.work,)
    answer_extension(world.kit, secret_of(answer), world.jane, None)
    assert world.grant().elevated == {world.work}


# Lowering (ruling 7).


def test_lowering_applies_at_once_without_a_page_and_raises_the_generation(world: Writing) -> None:
    token = world.token(elevated=(world.work, world.home))
    generation, entries = world.grant().generation, len(world.ledger())
    assert request_elevation(world.kit, token, wanting((world.work, DOWN), redirect_uri=None)).url is None
    grant = world.grant()
    assert (grant.elevated, grant.generation) == ({world.home}, generation + 1)
    entry = newest(world, entries)
    assert (entry.what, entry.on) == ("elevation.lowered", {"calendars": world.work})


def test_lowering_what_is_not_elevated_changes_nothing(world: Writing) -> None:
    token = world.token()
    before, entries = world.state(), len(world.ledger())
    assert request_elevation(world.kit, token, wanting((world.work, DOWN))).url is None
    assert (world.state(), len(world.ledger())) == (before, entries)


def test_lowering_voids_what_was_asked_before(world: Writing) -> None:
    token = world.token(elevated=(world.home,))
    earlier = request_elevation(world.kit, token, wanting((world.work, UP)))
    request_elevation(world.kit, token, wanting((world.home, DOWN)))
    with pytest.raises(Gone):
        describe_extension(world.kit, secret_of(earlier), world.jane)


def test_lower_and_raise_together_lower_at_once_and_ask_for_the_rest(world: Writing) -> None:
    token = world.token(elevated=(world.home,))
    answer = request_elevation(world.kit, token, wanting((world.work, UP), (world.home, DOWN)))
    assert world.grant().elevated == frozenset()
    assert stored(world, answer).calendars == (world.work,)
    answer_extension(world.kit, secret_of(answer), world.jane, Lifted())
    assert world.grant().elevated == {world.work}


def test_a_raise_that_is_wrong_lowers_nothing_either(world: Writing) -> None:
    token = world.token(elevated=(world.home,))
    command = wanting((world.home, DOWN), ("cal_unknown", UP))
    assert invalid(world, request_elevation, token, command, refusal=True) == {
        "permissions": "errors.invalid_calendar_ids"
    }
    command = wanting((world.home, DOWN), (world.work, UP), redirect_uri=None)
    assert invalid(world, request_elevation, token, command) == {"redirect_uri": "errors.required"}


# Enterprise Connect.


def test_p30_with_unrestricted_access_it_is_granted_at_once(world: Writing) -> None:
    token = world.token("write_only", connection=Connection.UNRESTRICTED)
    entries = len(world.ledger())
    answer = request_elevation(world.kit, token, wanting((world.work, UP), (world.home, UP), redirect_uri=None))
    assert answer.url is None
    assert world.grant().elevated == {world.work, world.home}
    assert newest(world, entries).what == "elevation.granted"


@pytest.mark.parametrize(
    ("connection", "code"),
    [(Connection.MANAGED, "elevation_not_offered"), (Connection.DELEGATED, "beyond_delegation")],
)
def test_p30_without_it_a_raise_is_403_before_any_calendar_is_looked_at(
    world: Writing, connection: Connection, code: str
) -> None:
    token = world.token(connection=connection, elevated=(world.home,))
    for command in (wanting((world.work, UP)), wanting(("cal_unknown", UP), problem=PROBLEM)):
        assert refused(world, request_elevation, token, command) == (code, Refusal.FORBIDDEN)
    request_elevation(world.kit, token, wanting((world.home, DOWN)))
    assert world.grant().elevated == frozenset()


# What is wrong with the input.


def test_calendars_outside_the_grants_world_are_one_422(world: Writing) -> None:
    token, expected = world.token(), {"permissions": "errors.invalid_calendar_ids"}
    for one in (world.team, world.gone, world.foreign_calendar(), "cal_unknown", "", "x\x00"):
        for level in (UP, DOWN):
            command = wanting((world.work, UP), (one, level))
            assert invalid(world, request_elevation, token, command, refusal=True) == expected
    world.change_grant(calendars=frozenset({world.home}))
    assert invalid(world, request_elevation, token, wanting((world.work, UP)), refusal=True) == expected


def test_nothing_named_or_named_twice_or_too_many_is_422(world: Writing) -> None:
    token = world.token()
    assert invalid(world, request_elevation, token, wanting()) == {"permissions": "errors.required"}
    for other in (UP, DOWN):
        command = wanting((world.work, UP), (world.work, other))
        assert invalid(world, request_elevation, token, command) == {"permissions": "errors.invalid_format"}
    many = [(CalendarId(f"cal_{n}"), UP) for n in range(51)]
    assert invalid(world, request_elevation, token, wanting(*many)) == {"permissions": "errors.invalid_format"}


def test_what_the_edge_could_not_read_is_422(world: Writing) -> None:
    token = world.token()
    command = wanting((world.work, UP), problem=PROBLEM)
    assert invalid(world, request_elevation, token, command) == {"summary": "errors.required"}


def test_without_a_token_nothing_is_said_of_the_input(world: Writing) -> None:
    with pytest.raises(Refused) as caught:
        request_elevation(world.kit, Bearer(None), wanting(problem=PROBLEM))
    assert caught.value.kind is Refusal.UNAUTHENTICATED


@pytest.mark.parametrize("state", ["?state=xyz", "?state=", "?state=a%20b", "?state=a/b:c"])
def test_a_state_may_be_added_to_a_registered_address(world: Writing, state: str) -> None:
    answer = request_elevation(world.kit, world.token(), wanting((world.work, UP), redirect_uri=REDIRECT + state))
    assert stored(world, answer).redirect_uri == REDIRECT + state


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/cb",
        f"{REDIRECT}/more",
        f"{REDIRECT}?x=1",
        f"{REDIRECT}?state=1&x=1",
        f"{REDIRECT}?x=1&state=1",
        f"{REDIRECT}&state=1",
        f"{REDIRECT}?state=1&state=2",
        f"{REDIRECT}?state=1?state=2",
        f"{REDIRECT}?state=1#x",
        f"{REDIRECT}?state=a\r\nb",
        f"{REDIRECT}?state=a\\b",
        f"{REDIRECT}?State=1",
        f"{REDIRECT}?state",
        f"{REDIRECT.upper()}?state=1",
        "javascript:alert(1)?state=1",
        "https://other.example.org/cb",
        "x" * 5_000,
    ],
)
def test_no_other_address_is_taken(world: Writing, address: str) -> None:
    command = wanting((world.work, UP), redirect_uri=address)
    assert invalid(world, request_elevation, world.token(), command) == {"redirect_uri": "errors.not_recognized"}


@pytest.mark.parametrize("missing", [None, ""])
def test_an_address_is_required_where_the_person_is_asked(world: Writing, missing: str | None) -> None:
    command = wanting((world.work, UP), redirect_uri=missing)
    assert invalid(world, request_elevation, world.token(), command) == {"redirect_uri": "errors.required"}
