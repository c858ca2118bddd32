from collections.abc import Iterator

import pytest

from api.api_world import ApiWorld


@pytest.fixture
def world() -> Iterator[ApiWorld]:
    world = ApiWorld()
    yield world
    world.close()
