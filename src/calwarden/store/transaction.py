"""One database transaction as the repositories see it: statements by table and key, built once and kept.

Every statement names its values, so that the account it is about is known before it runs: PostgreSQL lets the
transaction reach the rows of that account alone (``tenancy``), and writers of one account wait for each other.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy import (
    Connection,
    Delete,
    Executable,
    Insert,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult

from calwarden.domain.errors import NotFound
from calwarden.store.compiled import Hot
from calwarden.store.tenancy import BECOME, BECOME_AND_LOCK, GO_ACROSS, PRESENT, Across

Values = Mapping[str, Any]
_KEY = "key_"


@lru_cache(maxsize=512)
def _select(table: Table, where: tuple[str, ...], order: tuple[str, ...]) -> Select[Any]:
    conditions = [table.c[name] == bindparam(name) for name in where]
    return select(table).where(*conditions).order_by(*(table.c[name] for name in order))


@lru_cache(maxsize=32)
def _account_of(table: Table, column: str) -> Hot:
    return Hot(lambda _: select(table.c.account_id).where(table.c[column] == bindparam(column)))


@lru_cache(maxsize=512)
def _delete(table: Table, where: tuple[str, ...]) -> Delete:
    return delete(table).where(*(table.c[name] == bindparam(name) for name in where))


@lru_cache(maxsize=512)
def _update(table: Table, columns: tuple[str, ...], where: tuple[str, ...]) -> Update:
    conditions = [table.c[name] == bindparam(_KEY + name) for name in where]
    return update(table).where(*conditions).values({name: bindparam(name) for name in columns})


@lru_cache(maxsize=128)
def _insert(table: Table, dialect: str, *, replace: bool) -> Insert:
    builder = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    if not replace:
        return builder.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    key = [column.name for column in table.primary_key]
    changed = {column.name: builder.excluded[column.name] for column in table.c if column.name not in key}
    return builder.on_conflict_do_update(index_elements=key, set_=changed)


def _lock_number(account_id: str) -> int:
    digest = hashlib.sha256(account_id.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _names_nothing(values: Values) -> bool:
    """Whether a text among ``values`` cannot stand in a database (NUL, lone surrogates), so that no row has it."""
    return any(isinstance(value, str) and not _storable(value) for value in values.values())


def _storable(value: str) -> bool:
    if "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


class Transaction:
    """What repositories run statements through. ``writable`` False: every change is refused. ``alone``: there can be no
    other writer, and there may be more Accounts than the database has room for locks.
    """

    def __init__(self, connection: Connection, *, writable: bool, alone: bool = False) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name
        self.writable = writable
        self._raw: Any = connection.connection.dbapi_connection
        self._separates = self.dialect == "postgresql"
        self._account: str | None = None
        self._locks = writable and self._separates and not alone
        self._locked: set[str] = set()
        self.after_commit: list[Callable[[], None]] = []

    def lock(self, account_id: str) -> bool:
        """Keep other writers of this Account away until the end, where the database has more than one writer.

        True if that was not so before: what was read of the Account until now may be old.
        """
        if not self._locks or account_id in self._locked:
            self._become(account_id)
            return False
        self._raw.execute(BECOME_AND_LOCK, (account_id, _lock_number(account_id)))
        self._account = account_id
        self._locked.add(account_id)
        return True

    def _become(self, account_id: str) -> None:
        """From here on the rows of this Account are within reach, and no others."""
        if self._separates and account_id != self._account:
            self._raw.execute(BECOME, (account_id,))
            self._account = account_id

    def present(self, secret: str) -> None:
        """Bring the one row that is found by this hash of a secret within reach of reading."""
        if self._separates:
            self._raw.execute(PRESENT, (secret,))

    def enter(self, table: Table, **secret: str) -> str | None:
        """Bring within reach the rows of the Account that the row with this hash of a secret belongs to.

        Gives that Account; None if there is no such row, it is nobody's, or nothing has to be done to reach it.
        """
        if not self._separates or _names_nothing(secret):
            return None
        ((column, value),) = secret.items()
        self.present(value)
        row = self._raw.execute(_account_of(table, column).text(self.dialect), secret).fetchone()
        if row is None or row[0] is None:
            return None
        self._become(row[0])
        return str(row[0])

    @contextmanager
    def across_accounts(self, reason: Across) -> Iterator[None]:
        """The one door to rows of more than one Account; ``Across`` lists who goes through it.

        The policies open what the reason names, as long as the block lasts.
        """
        if not self._separates:
            yield
            return
        self._raw.execute(GO_ACROSS, (reason.value,))
        try:
            yield
        finally:
            if self._raw.info.transaction_status is TransactionStatus.INTRANS:  # else nothing runs any more
                self._raw.execute(GO_ACROSS, ("",))

    def run(self, statement: Executable, values: Values | None = None) -> CursorResult[Any]:
        """Any statement, as the account it names; takes the lock of that account if this is a write."""
        self._run_as(values)
        return self.connection.execute(statement, values or {})

    def hot(self, statement: Hot, values: Values) -> list[tuple[Any, ...]]:
        """A compiled read, straight through the driver: no result processing."""
        if _names_nothing(values):
            return []
        self._run_as(values)
        rows: list[tuple[Any, ...]] = self._raw.execute(statement.text(self.dialect), values).fetchall()
        return rows

    def _run_as(self, values: Values | None) -> None:
        if values and self._separates and (account_id := values.get("account_id") or values.get("key_account_id")):
            self.lock(account_id)

    def one(self, table: Table, **where: Any) -> Row[Any] | None:
        """The row with these values, or None."""
        return None if _names_nothing(where) else self.run(_select(table, tuple(where), ()), where).first()

    def all(self, table: Table, order: Sequence[str] = (), **where: Any) -> Sequence[Row[Any]]:
        """The rows with these values, in this order."""
        return [] if _names_nothing(where) else self.run(_select(table, tuple(where), tuple(order)), where).all()

    def add(self, table: Table, values: Values) -> bool:
        """Insert; False if a row with one of its unique keys is there already."""
        return self.change(_insert(table, self.dialect, replace=False), values) > 0

    def put(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert or replace rows of one Account by primary key."""
        if rows:
            self._refuse_on_read()
            self._run_as(rows[0])
            self.connection.execute(_insert(table, self.dialect, replace=True), rows)

    def save(self, table: Table, values: Values, what: str) -> None:
        """Update the row that has the primary key in ``values``. Raises NotFound if it is gone."""
        key = tuple(column.name for column in table.primary_key)
        where = {name: values[name] for name in key}
        if not self.set(table, {name: value for name, value in values.items() if name not in where}, **where):
            raise NotFound(f"{what} is gone")

    def set(self, table: Table, values: Values, **where: Any) -> int:
        """Update columns of the rows with these values; gives their number."""
        statement = _update(table, tuple(values), tuple(where))
        return self.change(statement, {**values, **{_KEY + name: value for name, value in where.items()}})

    def drop(self, table: Table, **where: Any) -> int:
        """Delete the rows with these values; gives their number."""
        return self.change(_delete(table, tuple(where)), where)

    def change(self, statement: Executable, values: Values | None = None) -> int:
        """Any changing statement; gives the number of rows it touched."""
        self._refuse_on_read()
        return self.run(statement, values).rowcount

    def change_returning(self, statement: Executable, values: Values) -> Row[Any] | None:
        """A changing statement that gives back the row it touched, or None."""
        self._refuse_on_read()
        return self.run(statement, values).first()

    def _refuse_on_read(self) -> None:
        # INVARIANT: a read never writes; SQLite would otherwise upgrade the transaction and may lose a race for it.
        if not self.writable:
            raise RuntimeError("a change within store.read()")
