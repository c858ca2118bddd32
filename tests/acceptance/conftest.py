"""A real Radicale and a real ``calwarden serve``, once for all acceptance tests."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from acceptance.place import LIMITS, Place, seed
from contract.postgres import running_postgres
from demo import table
from demo.people import grant, meet
from demo.radicale import calendar_server
from demo.server import serving
from demo.world import World, fill


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The two people's calendars on a CalDAV server, with nobody else there yet."""
    with calendar_server(tmp_path_factory.mktemp("radicale")) as calendars:
        world = fill(calendars, datetime.fromtimestamp(time.time(), UTC))
        table.seed(world)
        seed(world)
        yield world


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The setting of the database: the embedded default, or with ``--database postgresql`` a real one."""
    if request.config.getoption("--database") == "sqlite":
        yield {}
        return
    with running_postgres() as url:
        yield {"CALWARDEN_DATABASE_URL": url}


@pytest.fixture(scope="session")
def place(world: World, database: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Jane and marcel have accounts and have connected their calendars; two applications are registered."""
    with serving(tmp_path_factory.mktemp("calwarden"), world.server.address, {**LIMITS, **database}) as server:
        jane, marcel = meet(server, "jane", world.jane), meet(server, "marcel", world.marcel)
        for person in (jane, marcel):
            account = person.calendar
            server.connect_calendar(person.email, account.url, account.name, account.password)
        names = ("Alpha", "Beta", "Lookout", "Sentinel")
        applications = [server.create_application(name, f"https://{name.lower()}.example.org/cb") for name in names]
        lookout = grant(server, applications[2], jane, "read_only")
        sentinel = grant(server, applications[3], jane, "write_only")
        yield Place(server, world, jane, marcel, applications[0], applications[1], lookout, sentinel)
