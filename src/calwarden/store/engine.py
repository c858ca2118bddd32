"""Engines: how each database is opened, and what its failures mean to us."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from calwarden.ports.store import StoreUnavailable

BUSY_TIMEOUT_MS = 5_000
_PAUSE = 0.02  # seconds
_POOL = 20
_POOL_BURST = 40
_POOL_WAIT = 10  # seconds

DURABILITY = "calwarden_durability"
"""Execution option of a write: ``FULL`` or ``NORMAL``; absent on reads."""


def open_engine(url: str) -> Engine:
    """An Engine for ``sqlite:///path`` or ``postgresql+psycopg://...``. Refuses other databases (ValueError)."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite_file(parsed)
    if backend == "postgresql":
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise ValueError(f'a database of kind "{backend}" is not supported: use sqlite or postgresql')


def memory_engine() -> Engine:
    """An empty SQLite database in memory: one connection, which the store hands to one thread at a time."""
    return _listen(
        create_engine(
            "sqlite://", hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    )


def _sqlite_file(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("a database in memory is opened with open_memory")
    path = Path(url.database)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # SQLite makes files for everybody to read, and its side files in the mode of the main one.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    engine = create_engine(
        url,
        hide_parameters=True,  # no error message carries a value
        pool_size=_POOL,
        max_overflow=_POOL_BURST,
        pool_timeout=_POOL_WAIT,
        pool_use_lifo=True,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )
    return _listen(engine)


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,  # no error message carries a value
        pool_size=_POOL,
        max_overflow=_POOL_BURST,
        pool_timeout=_POOL_WAIT,
        pool_use_lifo=True,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _POOL_WAIT},
    )
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _set_up_postgresql(connection: psycopg.Connection, _: ConnectionPoolEntry) -> None:
    # No request waits for ever, and no forgotten transaction holds an account's lock.
    connection.execute(
        "SELECT set_config('lock_timeout', '10s', false), set_config('statement_timeout', '60s', false),"
        " set_config('idle_in_transaction_session_timeout', '60s', false)"
    )
    connection.commit()


def _listen(engine: Engine) -> Engine:
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, the driver must not
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    record.info["synchronous"] = "FULL"


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Keep a write-ahead log. Several that open a new database at once get in each other's way here, whatever
    ``busy_timeout`` says: SQLite does not wait where waiting could not help.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)


def _begin_sqlite(connection: Connection) -> None:
    wanted = connection.get_execution_options().get(DURABILITY)
    raw: Any = connection.connection.dbapi_connection
    if wanted is None:
        raw.execute("BEGIN")
        return
    # The level of durability cannot change within a transaction.
    if connection.info.get("synchronous") != wanted:
        raw.execute(f"PRAGMA synchronous = {wanted}")
        connection.info["synchronous"] = wanted
    raw.execute("BEGIN IMMEDIATE")


@contextmanager
def failures() -> Iterator[None]:
    """Turn what the database cannot help into StoreUnavailable; our own mistakes stay what they are."""
    try:
        yield
    except PoolTimeout:
        raise StoreUnavailable("all database connections are in use") from None
    except DBAPIError as error:
        cause = _cause(error.orig)
        if cause is None:
            raise
        raise StoreUnavailable(cause) from None
    except (sqlite3.Error, psycopg.Error) as error:
        cause = _cause(error)
        if cause is None:
            raise
        raise StoreUnavailable(cause) from None


class RoleTooWeak(StoreUnavailable):
    """The role that connects to PostgreSQL owns too little, or was granted too little."""


@contextmanager
def needing(privilege: str) -> Iterator[None]:
    """Turn what the role may not do into RoleTooWeak. For work on the tables themselves: of rows, the same error is
    row-level security against a mistake of ours.
    """
    try:
        yield
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise RoleTooWeak(f"the database role may not {privilege}") from None


_SQLITE_CAUSES = {
    sqlite3.SQLITE_BUSY: "the database is locked",
    sqlite3.SQLITE_LOCKED: "the database is locked",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not answer",
    sqlite3.SQLITE_READONLY: "the database may not be written",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_NOTADB: "the database file is damaged",
    sqlite3.SQLITE_PERM: "the database file cannot be opened",
    sqlite3.SQLITE_NOMEM: "no memory is left",
}


def _cause(error: BaseException | None) -> str | None:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return None if code is None else _SQLITE_CAUSES.get(code & 0xFF)
    if isinstance(error, psycopg.errors.DiskFull):
        return "the disk is full"
    # A standby refuses to begin a transaction that writes, as something that it has not got.
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction | psycopg.errors.FeatureNotSupported):
        return "the database takes no changes"
    if isinstance(error, psycopg.errors.ProgrammingError | psycopg.errors.IntegrityError | psycopg.errors.DataError):
        return None
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.errors.InternalError):
        return "the database does not answer or gave up"
    return None
