"""The store on SQL: SQLite in a file, SQLite in memory, PostgreSQL."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from sqlalchemy import Engine, text

from calwarden.domain.times import Instant
from calwarden.ports.store import Store, StoreUnavailable
from calwarden.store import tables
from calwarden.store.datakeys import DataKeys, KeyCache
from calwarden.store.dump import Head, Part, dump
from calwarden.store.engine import DURABILITY, failures, memory_engine, needing, open_engine
from calwarden.store.migrate import HEAD, alone, current, migrate
from calwarden.store.orphans import orphans
from calwarden.store.refill import refill
from calwarden.store.tenancy import not_granted, not_separated
from calwarden.store.transaction import Transaction
from calwarden.store.unit import SqlUnitOfWork
from calwarden.vault import Keyring

_MEMORY_WAIT = 30  # seconds


class _OneAtATime:
    """Hands the only connection of a database in memory to one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        me = threading.get_ident()
        if self._holder == me:
            raise RuntimeError("a unit of work within another one")
        if not self._lock.acquire(timeout=_MEMORY_WAIT):
            raise StoreUnavailable("the database is locked")
        self._holder = me
        try:
            yield
        finally:
            self._holder = None
            self._lock.release()


class SqlStore:
    """Implements ``ports.store.Store``. Made by ``open_store`` or ``open_memory``; ``close`` when done."""

    def __init__(self, engine: Engine, keyring: Keyring, turns: _OneAtATime | None = None) -> None:
        self._engine = engine
        self._turns = turns
        self._cache = KeyCache(keyring)
        self._reads: Engine = engine
        if engine.dialect.name == "postgresql":
            # One state of the database for a whole read; writers take a lock per Account instead.
            self._reads = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._writes = {
            True: engine.execution_options(**{DURABILITY: "FULL"}),
            False: engine.execution_options(**{DURABILITY: "NORMAL"}),
        }

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """One consistent state of the database. Raises StoreUnavailable."""
        with failures(), self._turn(), self._reads.begin() as connection:
            yield SqlUnitOfWork(Transaction(connection, writable=False), self._cache)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[SqlUnitOfWork]:
        """A transaction that commits at the end of the block. Raises StoreUnavailable; then nothing was stored."""
        with failures(), self._turn():
            with self._writes[durable].begin() as connection:
                tx = Transaction(connection, writable=True)
                if not durable and tx.dialect == "postgresql":
                    connection.execute(text("SET LOCAL synchronous_commit = off"))
                yield SqlUnitOfWork(tx, self._cache)
            for act in tx.after_commit:
                act()

    def migrate(self) -> None:
        """Bring the tables up to date; makes them in an empty database. Raises StoreUnavailable; RoleTooWeak for a role
        that does not own them.
        """
        with failures(), needing("make or change tables"), self._turn():
            if self._turns is None:
                migrate(self._engine)
            else:
                tables.metadata.create_all(self._engine)

    def version(self) -> str | None:
        """The migration the database is at; None: it is empty. Raises StoreUnavailable; RoleTooWeak for a role that was
        granted nothing.
        """
        with failures(), needing("read the tables"), self._turn(), self._reads.begin() as connection:
            return current(connection)

    def is_current(self) -> bool:
        """Whether the tables are those of this version of calwarden. Raises StoreUnavailable."""
        return self._turns is not None or self.version() == HEAD

    def not_separated(self) -> Sequence[str]:
        """Tables in which the database does not keep this server's statements to the account they name (security 1.6).

        Empty on SQLite, where nothing of that kind is promised. Raises StoreUnavailable.
        """
        if self._engine.dialect.name != "postgresql":
            return ()
        with failures(), self._reads.begin() as connection:
            return not_separated(connection)

    def lacks_grants(self) -> Sequence[str]:
        """Tables in which this server's role may not do all it has to. Empty on SQLite. Raises StoreUnavailable."""
        if self._engine.dialect.name != "postgresql":
            return ()
        with failures(), self._reads.begin() as connection:
            return not_granted(connection)

    def try_writing(self) -> None:
        """Raises StoreUnavailable if nothing can be written now. Changes nothing."""
        with failures(), self._turn(), self._writes[True].begin() as connection:
            # Either begins to write even where it can not.
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
            elif connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on":
                raise StoreUnavailable("the database takes no changes")
            connection.rollback()

    def prove_keys(self) -> None:
        """Raises KeyringError unless the keys at hand open all that is stored; StoreUnavailable."""
        with failures(), self._turn(), self._reads.begin() as connection:
            DataKeys(Transaction(connection, writable=False), self._cache).prove()

    def orphans(self) -> Mapping[str, int]:
        """How many rows belong to nothing that is there, by table; none is as it should be. Raises StoreUnavailable."""
        with failures(), self._turn(), self._reads.begin() as connection:
            return orphans(Transaction(connection, writable=False))

    def ping(self) -> None:
        """Raises StoreUnavailable if the database does not answer."""
        with self.read() as uow:
            uow.ping()

    def rewrap_data_keys(self) -> int:
        """After a rotation of the Keyring: wrap every data key by the newest key; gives how many were not."""
        with self.write() as uow:
            return uow.rewrap_data_keys()

    @contextmanager
    def dump(self, made: Instant, *, with_keys: bool) -> Iterator[Iterator[Part]]:
        """Every row that a backup holds, from one state of the database; beside running servers. ``made`` is now.

        ``with_keys``: with a copy of the key file. Raises StoreUnavailable; KeyringError if the keys at hand are not
        those of the database: a backup of it would be of no use.
        """
        with failures(), self._turn(), self._reads.begin() as connection:
            tx = Transaction(connection, writable=False)
            if tx.dialect == "postgresql":
                connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            keyring = self._cache.keyring
            DataKeys(tx, self._cache).prove()
            yield dump(tx, made, lambda: keyring.copy() if with_keys else None)

    @contextmanager
    def restore(self, parts: Iterator[Part], *, replace: bool) -> Iterator[tuple[Head, SqlUnitOfWork]]:
        """Put a whole dump in place of an empty database or, if ``replace``, of whatever is there.

        Nothing has changed until the block ends, and all of it then: in the block the rows are there to be worked on.
        Raises NotEmpty, DumpBroken, StoreUnavailable; RoleTooWeak for a role that would have to own the tables;
        KeyringError if the keys at hand do not open what is in the dump.
        """
        with failures(), self._turn(), self._writes[True].begin() as connection:
            alone(connection)
            tx = Transaction(connection, writable=True, alone=True)
            head = refill(tx, parts, replace=replace)
            DataKeys(tx, self._cache).prove()
            yield head, SqlUnitOfWork(tx, self._cache)
        self._cache.clear()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self._turns is None else self._turns.turn()


def open_store(url: str, keyring: Keyring) -> SqlStore:
    """The store at ``sqlite:///path`` or ``postgresql+psycopg://...``. Connects at first use; refuses other databases
    (ValueError).
    """
    return SqlStore(open_engine(url), keyring)


def open_memory(keyring: Keyring | None = None) -> SqlStore:
    """An empty store in memory with its tables made, shared by all threads that use this object."""
    store = SqlStore(memory_engine(), keyring or Keyring.ephemeral(), _OneAtATime())
    store.migrate()
    return store


if TYPE_CHECKING:

    def _is_a_store(store: SqlStore) -> Store:
        return store
