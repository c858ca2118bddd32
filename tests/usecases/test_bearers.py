"""What proves that a request comes from whoever holds a Grant (security 4)."""

from collections.abc import Iterator

import pytest

from calwarden.domain.errors import Refusal, Refused
from calwarden.usecases.access import Bearer
from calwarden.usecases.account import read_userinfo
from calwarden.usecases.authorize import refresh
from usecases.auth_world import World


@pytest.fixture
def world() -> Iterator[World]:
    world = World(access_token_life=600)
    yield world
    world.store.close()


def code_of(world: World, token: str | None) -> str:
    with pytest.raises(Refused) as refused:
        read_userinfo(world.kit, Bearer(token))
    assert refused.value.kind is Refusal.UNAUTHENTICATED
    return refused.value.reason_code


def test_an_access_token_proves_it_until_the_second_it_expires(world: World) -> None:
    token = world.tokens().access_token
    world.clock.advance(599)
    assert read_userinfo(world.kit, Bearer(token))
    world.clock.advance(1)
    assert code_of(world, token) == "token_invalid"


def test_no_other_secret_proves_it(world: World) -> None:
    answer = world.tokens()
    assert code_of(world, None) == code_of(world, "") == "token_missing"
    assert code_of(world, answer.refresh_token) == "token_invalid"
    assert code_of(world, f"{answer.access_token} ") == "token_invalid"
    assert refresh(world.kit, world.app, answer.refresh_token)
    assert read_userinfo(world.kit, Bearer(answer.access_token))
