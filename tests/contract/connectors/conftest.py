"""The stages: in memory, on Radicale, on Xandikos."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from contract.connectors.stage import JANE, MARCEL, PASSWORDS, DavStage, MemoryStage, Stage, dav_stage, memory_stage
from servers.dav import DavServer
from servers.front import Front, fronting
from servers.radicale import Radicale, running_radicale
from servers.xandikos import running_xandikos


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with running_radicale(tmp_path_factory.mktemp("radicale"), PASSWORDS) as server:
        server.add_calendar(MARCEL, f"/{MARCEL}/own/", "Marcel's own")
        yield server


@pytest.fixture(scope="session")
def xandikos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DavServer]:
    with running_xandikos(tmp_path_factory.mktemp("xandikos"), JANE, PASSWORDS[JANE]) as server:
        yield server


@pytest.fixture
def memory() -> MemoryStage:
    return memory_stage()


@contextmanager
def staged(server: DavServer, front: Front, home: str) -> Iterator[DavStage]:
    """With a calendar that is taken away again: a home that grows with every test slows all that follow."""
    stage = dav_stage(server, front, home)
    calendar = stage.calendar
    yield stage
    with suppress(AssertionError):  # the test may have deleted it
        server.delete(JANE, calendar)


@pytest.fixture
def on_radicale(radicale: Radicale) -> Iterator[DavStage]:
    with fronting(radicale) as front, staged(radicale, front, f"/{JANE}/") as stage:
        yield stage


@pytest.fixture
def on_xandikos(xandikos: DavServer) -> Iterator[DavStage]:
    with fronting(xandikos) as front, staged(xandikos, front, f"/{JANE}/calendars/") as stage:
        yield stage


@pytest.fixture(params=["memory", "on_radicale", "on_xandikos"])
def stage(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["on_radicale", "on_xandikos"])
def dav(request: pytest.FixtureRequest) -> DavStage:
    found: DavStage = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["memory", "on_radicale"])
def sharing(request: pytest.FixtureRequest) -> Stage:
    """Xandikos has no sharing."""
    found: Stage = request.getfixturevalue(request.param)
    return found
