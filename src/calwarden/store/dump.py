"""Every row that a backup holds, in the same form for each kind of database.

The rows of an Account stand together and name it: on PostgreSQL they are read as that Account, by the server's own
role, within row-level security. What is nobody's is short-lived and is left behind.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, bindparam, select

from calwarden.domain.ids import AccountId
from calwarden.domain.times import Instant
from calwarden.store import tables as t
from calwarden.store.lifetimes import SHORT_LIVED
from calwarden.store.migrate import current
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction

_BATCH = 100  # rows
_MOST = 1 << 20  # bytes of rows in one part, unless a single row is longer
_SIZE = struct.Struct(">I")
KEPT = tuple(table for table in t.metadata.tables.values() if table.name not in SHORT_LIVED)
"""The tables in a backup."""

_CHAINS = (
    select(t.accounts.c.account_id)
    .union(select(t.audit_entries.c.account_id), select(t.audit_heads.c.account_id))
    .order_by("account_id")
)


class DumpBroken(Exception):
    """The rows are not those of a whole dump, or not for this database; the message says why."""


class Head(msgspec.Struct, frozen=True, tag="head"):
    """How a dump begins. ``schema`` is the migration of its database, ``keys`` what its key file holds."""

    schema: str
    made: Instant
    columns: dict[str, list[str]]
    keys: bytes | None = None

    def __repr__(self) -> str:
        return f"Head(schema={self.schema!r}, made={self.made})"


class Rows(msgspec.Struct, frozen=True, tag="rows"):
    """Some rows of a table, all of ``account_id`` if it has Accounts; values in the order of ``Head.columns``."""

    table: str
    account_id: str | None
    rows: list[list[Any]]

    def __repr__(self) -> str:
        return f"Rows({self.table!r}, {len(self.rows)})"


class End(msgspec.Struct, frozen=True, tag="end"):
    """How a dump ends: the number of rows by table."""

    rows: dict[str, int]


Part = Head | Rows | End
_decoder = msgspec.msgpack.Decoder(Part)


def dump(tx: Transaction, made: Instant, keys: Callable[[], bytes | None]) -> Iterator[Part]:
    """All parts, from one state of the database. ``keys`` is asked once that state stands: a rotation adds a key to the
    file before it is used, so that the copy holds every key of that state.
    """
    schema = str(current(tx.connection))
    columns = {str(table.name): [str(name) for name in table.columns.keys()] for table in KEPT}  # noqa: SIM118
    yield Head(schema, made, columns, keys())
    counted: Counter[str] = Counter()
    for part in _rows(tx):
        counted[part.table] += len(part.rows)
        yield part
    yield End(dict(counted))


def accounts_in(tx: Transaction) -> Sequence[AccountId]:
    """Every Account there is, and every erased one whose ledger is there."""
    with tx.across_accounts(Across.CHAINS):
        return [AccountId(row.account_id) for row in tx.run(_CHAINS).all()]


def _rows(tx: Transaction) -> Iterator[Rows]:
    for table in KEPT:
        if "account_id" not in table.c:
            yield from _of(tx, table, None)
    for account_id in accounts_in(tx):
        for table in KEPT:
            if "account_id" in table.c:
                yield from _of(tx, table, account_id)


def _of(tx: Transaction, table: Table, account_id: AccountId | None) -> Iterator[Rows]:
    statement = select(table).order_by(*table.primary_key).execution_options(yield_per=_BATCH)
    if account_id is not None:
        statement = statement.where(table.c.account_id == bindparam("account_id"))
    held: list[list[Any]] = []
    size = 0
    for row in tx.run(statement, {} if account_id is None else {"account_id": account_id}):
        held.append(list(row))
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(held) == _BATCH or size > _MOST:
            yield Rows(str(table.name), account_id, held)
            held, size = [], 0
    if held:
        yield Rows(str(table.name), account_id, held)


def packed(part: Part) -> bytes:
    """A part as bytes, with their number before them."""
    content = msgspec.msgpack.encode(part)
    return _SIZE.pack(len(content)) + content


def parts(read: Callable[[int], bytes]) -> Iterator[Part]:
    """The parts again, from what :func:`packed` made of them. ``read`` gives as many bytes as it is asked for, or none
    at the end. Raises DumpBroken.
    """
    while size := read(_SIZE.size):
        try:
            yield _decoder.decode(read(_SIZE.unpack(size)[0]))
        except msgspec.MsgspecError:
            raise DumpBroken("it holds what this version of calwarden does not know") from None


def whole(found: Iterable[Part]) -> Iterator[Part]:
    """The same parts; raises DumpBroken unless they begin, end and count as they should."""
    counted: Counter[str] = Counter()
    last: Part | None = None
    for part in found:
        if isinstance(part, Head) is not (last is None) or isinstance(last, End):
            raise DumpBroken("its parts are not in order")
        if isinstance(part, Rows):
            counted[part.table] += len(part.rows)
        last = part
        yield part
    if not isinstance(last, End) or counted != Counter(last.rows):
        raise DumpBroken("rows are missing in it")
