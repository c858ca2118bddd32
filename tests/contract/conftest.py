"""The three stores: in memory, on a SQLite file, on PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from calwarden.store import SqlStore, open_memory, open_store
from calwarden.store.tables import metadata
from calwarden.vault import Keyring
from contract.postgres import as_role, let_in, running_postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database, for its owner."""
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    """For the role of a server, which owns nothing and is bound by row-level security."""
    store = open_store(postgres_url, Keyring.ephemeral())
    store.migrate()
    store.close()
    return let_in(postgres_url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "calwarden.db"
    store = open_store(f"sqlite:///{path}", Keyring.ephemeral())
    store.migrate()
    store.close()
    return path


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.ephemeral()


@pytest.fixture
def file_store(migrated_file: Path, tmp_path: Path, keyring: Keyring) -> Iterator[SqlStore]:
    path = tmp_path / "calwarden.db"
    shutil.copy(migrated_file, path)
    store = open_store(f"sqlite:///{path}", keyring)
    yield store
    store.close()


@pytest.fixture
def postgres_store(migrated_postgres: str, keyring: Keyring) -> Iterator[SqlStore]:
    engine = create_engine(as_role(migrated_postgres, "owner"))
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE " + ", ".join(metadata.tables)))
    engine.dispose()
    store = open_store(migrated_postgres, keyring)
    yield store
    store.close()


@pytest.fixture
def memory_store(keyring: Keyring) -> Iterator[SqlStore]:
    store = open_memory(keyring)
    yield store
    store.close()


@pytest.fixture(params=["memory", "file", "postgres"])
def store(request: pytest.FixtureRequest) -> SqlStore:
    """Each of the three in turn."""
    made: SqlStore = request.getfixturevalue(f"{request.param}_store")
    return made
