"""Migrations from empty equal the tables, and running them is safe."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread, Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from calwarden.store import open_store
from calwarden.store.engine import BUSY_TIMEOUT_MS
from calwarden.store.migrate import HEAD, MIGRATIONS, current
from calwarden.store.tables import metadata
from calwarden.vault import Keyring
from contract.postgres import running_postgres


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/calwarden.db"
    found: str = request.getfixturevalue("postgres_url")
    engine = create_engine(found)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return found


def migrate(url: str) -> Engine:
    store = open_store(url, Keyring.ephemeral())
    try:
        store.migrate()
    finally:
        store.close()
    return create_engine(url)


def test_migrations_from_empty_equal_the_tables(url: str) -> None:
    engine = migrate(url)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


def test_keys_and_conditions_of_indexes_equal_the_tables(url: str, tmp_path: Path) -> None:
    """What Alembic does not compare: order of key columns, partial indexes, collations."""
    engine = migrate(url)
    if engine.dialect.name == "sqlite":
        made = create_engine(f"sqlite:///{tmp_path}/made.db")
        metadata.create_all(made)
        assert _sqlite_schema(engine) == _sqlite_schema(made)
        made.dispose()
    else:
        migrated = _postgres_schema(engine)
        with engine.begin() as connection:
            metadata.drop_all(connection)
            metadata.create_all(connection)
        assert migrated == _postgres_schema(engine)
        assert any("COLLATE" in line or "C" in line for line in migrated)
    engine.dispose()


def _sqlite_schema(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'")).scalars()
        return {" ".join(row.split()) for row in rows if row}


def _postgres_schema(engine: Engine) -> set[str]:
    columns = (
        "SELECT concat_ws(' ', table_name, ordinal_position, column_name, data_type, is_nullable, collation_name) "
        "FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'alembic%'"
    )
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'"
    with engine.connect() as connection:
        return {*connection.execute(text(columns)).scalars(), *connection.execute(text(indexes)).scalars()}


def test_the_named_head_is_the_newest_migration(url: str) -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD
    engine = migrate(url)
    with engine.connect() as connection:
        assert current(connection) == HEAD
    engine.dispose()


def test_a_database_that_is_ready_is_only_asked_which_migration_it_is_at(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(url, Keyring.ephemeral())
    store.migrate()
    asked: list[Connection] = []
    monkeypatch.setattr("calwarden.store.migrate.upgrade", asked.append)
    store.migrate()
    store.close()
    assert asked == []


def test_a_migration_waits_for_a_longer_one_of_another_process(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/calwarden.db", Keyring.ephemeral())
    store.version()  # the file is there
    other = sqlite3.connect(tmp_path / "calwarden.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    end = Timer(BUSY_TIMEOUT_MS / 1000 + 1, lambda: other.execute("ROLLBACK"))
    end.start()
    store.migrate()
    end.join()
    other.close()
    assert store.is_current()
    store.close()


def test_servers_that_start_together_migrate_once(url: str) -> None:
    failures: list[BaseException] = []
    start = Barrier(4)

    def run() -> None:
        start.wait()
        try:
            migrate(url).dispose()
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_migration_that_fails_leaves_nothing_behind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(Exception):
        pass

    def fail(*_: object, **__: object) -> None:
        raise Stop

    monkeypatch.setattr("alembic.operations.Operations.create_index", fail)
    with pytest.raises(Stop):
        migrate(url)
    monkeypatch.undo()
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    migrate(url).dispose()
