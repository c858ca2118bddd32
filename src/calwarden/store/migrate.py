"""Bringing a database up to date: Alembic, one migration at a time in the whole installation."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from calwarden.store.engine import BUSY_TIMEOUT_MS, DURABILITY

HEAD = "0006"
"""The newest migration; a test compares it with the folder."""

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x63616C77  # "calw"
_PATIENCE_MS = 60_000


def migrate(engine: Engine) -> None:
    """Run the migrations that ``engine``'s database lacks, all or none."""
    if engine.dialect.name == "sqlite":
        engine = engine.execution_options(**{DURABILITY: "FULL"})
    with engine.connect() as connection, _patient(connection), connection.begin():
        alone(connection)
        if current(connection) != HEAD:
            upgrade(connection)


def alone(connection: Connection) -> None:
    """Wait until nobody else changes the tables, and keep others from it to the end of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE_MS}"))
        connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


@contextmanager
def _patient(connection: Connection) -> Iterator[None]:
    """On SQLite, wait for another process's migration as long as on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.dbapi_connection
    raw.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def current(connection: Connection) -> str | None:
    """The migration a database is at; None: it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def known(revision: str) -> bool:
    """Whether this version of calwarden has the migration."""
    return revision in {path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("0*.py")}


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to ``revision`` in the transaction of ``connection``."""
    # Loading Alembic takes longer than asking whether it is needed: a server on an existing database starts without it.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
