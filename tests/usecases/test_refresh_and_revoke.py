"""Refresh and revocation: rulings 13 to 16, security 4 and 5."""

from collections.abc import Iterator

import pytest

from calwarden.domain.audit import Actor
from calwarden.domain.errors import NotFound
from calwarden.domain.grant import GrantState
from calwarden.oauth.errors import InvalidGrant, InvalidRequest
from calwarden.oauth.pkce import challenge_of
from calwarden.usecases.authorize import (
    exchange_code,
    refresh,
    revoke,
    revoke_grant,
)
from usecases.auth_world import LOOPBACK, REDIRECT, VERIFIER, World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.store.close()


# --- refresh


def test_a_confidential_application_keeps_its_refresh_token(world: World) -> None:
    first = world.tokens()
    world.clock.advance(400 * 86_400)
    again = refresh(world.kit, world.app, first.refresh_token)
    assert again.refresh_token == first.refresh_token
    assert again.access_token != first.access_token
    assert (again.sub, again.scope) == (world.jane, "free_busy_write")
    assert refresh(world.kit, world.app, first.refresh_token)


def test_access_and_refresh_tokens_are_never_interchanged(world: World) -> None:
    answer = world.tokens()
    with pytest.raises(InvalidGrant):
        refresh(world.kit, world.app, answer.access_token)
    with pytest.raises(InvalidRequest):
        refresh(world.kit, world.app, "")


def test_a_refresh_token_works_for_its_application_alone(world: World) -> None:
    with pytest.raises(InvalidGrant):
        refresh(world.kit, world.public, world.tokens().refresh_token)


def native_tokens(world: World) -> str:
    code = world.code(
        client_id="native", redirect_uri=LOOPBACK, code_challenge=challenge_of(VERIFIER), code_challenge_method="S256"
    )
    return exchange_code(world.kit, world.public, code, LOOPBACK, VERIFIER).refresh_token


def test_a_public_application_gets_another_refresh_token_each_time(world: World) -> None:
    first = native_tokens(world)
    second = refresh(world.kit, world.public, first).refresh_token
    third = refresh(world.kit, world.public, second).refresh_token
    assert len({first, second, third}) == 3


def test_a_rotated_refresh_token_that_comes_back_revokes_its_family(world: World) -> None:
    first = native_tokens(world)
    second = refresh(world.kit, world.public, first)
    other = native_tokens(world)
    with pytest.raises(InvalidGrant):
        refresh(world.kit, world.public, first)
    with pytest.raises(InvalidGrant):
        refresh(world.kit, world.public, second.refresh_token)
    assert world.live(second.access_token) is None
    assert refresh(world.kit, world.public, other)
    assert "refresh_token_reused" in {entry.reason for entry in world.ledger()}


# --- revocation


@pytest.mark.parametrize("by", ["access", "refresh", "sub", "both"])
def test_revoking_by_any_of_its_names_ends_the_whole_authorization(world: World, by: str) -> None:
    first, second = world.tokens(), world.tokens()
    token = {"access": first.access_token, "refresh": second.refresh_token, "both": first.access_token}.get(by)
    revoke(world.kit, world.app, token, world.jane if by in {"sub", "both"} else None)
    for answer in (first, second):
        assert world.live(answer.access_token) is None
        with pytest.raises(InvalidGrant):
            refresh(world.kit, world.app, answer.refresh_token)


def test_a_code_in_hand_does_not_bring_back_what_is_revoked(world: World) -> None:
    first = world.tokens()
    code = world.code()
    revoke(world.kit, world.app, first.access_token)
    with pytest.raises(InvalidGrant):
        exchange_code(world.kit, world.app, code, REDIRECT)
    with world.store.read() as uow:
        assert uow.grants.get(world.jane, world.app.application_id) is None
    assert world.live(world.tokens().access_token)


def test_revocation_raises_the_generation_and_a_new_authorization_is_a_new_grant(world: World) -> None:
    first = world.live(world.tokens().access_token)
    assert first is not None
    revoke(world.kit, world.app, None, world.jane)
    with world.store.read() as uow:
        ended = uow.grants.by_id(world.jane, first.grant_id)
    assert ended is not None
    assert (ended.state, ended.generation, ended.elevated) == (GrantState.REVOKED, 2, frozenset())
    again = world.live(world.tokens().access_token)
    assert again is not None
    assert again.grant_id != first.grant_id


def test_revoking_what_is_unknown_or_somebody_elses_does_nothing_and_says_nothing(world: World) -> None:
    answer = world.tokens()
    revoke(world.kit, world.app, "unknown")
    revoke(world.kit, world.app, None, "acc_unknown")
    revoke(world.kit, world.public, answer.access_token)
    revoke(world.kit, world.app, "unknown", world.jane)
    assert world.live(answer.access_token)
    with pytest.raises(InvalidRequest):
        revoke(world.kit, world.app)
    with pytest.raises(InvalidRequest):
        revoke(world.kit, world.public, None, world.jane)


def test_revoking_for_a_person_who_gave_nothing_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        revoke_grant(world.kit, world.jane, world.app.application_id, Actor.OPERATOR)
