"""A dump put into a database, whatever the kind of the one it came from: everything or nothing.

The tables are made as they were where the dump comes from, filled, and only then brought up to date, so that rows of
an earlier version take the same way as in a database that was upgraded. Rows of Accounts are written as that Account,
within row-level security. Tables that are there as they should be, and empty, are filled as they are: for this the
server's own role suffices, for everything else it takes the role that owns them.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, column, delete, insert, inspect, literal, select, table, text

from calwarden.store import tables as t
from calwarden.store.dump import DumpBroken, End, Head, Part, Rows, accounts_in
from calwarden.store.engine import needing
from calwarden.store.migrate import HEAD, current, known, upgrade
from calwarden.store.transaction import Transaction

_AT_ONCE = {"lease_holder": None, "lease_until": 0, "sync_due_at": 0}
_OURS = "alembic_version"


class NotEmpty(Exception):
    """The database holds Accounts, Applications or a ledger, and was not to be replaced."""


def refill(tx: Transaction, parts: Iterator[Part], *, replace: bool) -> Head:
    """Put the parts of a whole dump into the database of ``tx`` and bring it up to date. Gives how the dump began.

    Every Profile is to be looked at again at once. Raises NotEmpty, and DumpBroken for rows of a later version.
    """
    head = next(parts, None)
    if not isinstance(head, Head):
        raise DumpBroken("its parts are not in order")
    if not known(head.schema):
        raise DumpBroken(
            f'its tables are of version "{head.schema}", later than "{HEAD}", which this version of calwarden knows'
        )
    connection = tx.connection
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    with needing("make or drop tables"):
        _make_room(tx, head, replace=replace)
    _fill(tx, head, parts)
    if head.schema != HEAD:
        with needing("change tables"):
            upgrade(connection)
    for account_id in accounts_in(tx):
        tx.set(t.profiles, _AT_ONCE, account_id=account_id)
    return head


def is_empty(tx: Transaction) -> bool:
    """Whether nothing in the database would be missed."""
    if current(tx.connection) is None:
        return True
    present = inspect(tx.connection).has_table
    applications = present("applications") and tx.run(select(literal(1)).select_from(t.applications).limit(1)).first()
    return not applications and not accounts_in(tx)


def _make_room(tx: Transaction, head: Head, *, replace: bool) -> None:
    empty = is_empty(tx)
    if not empty and not replace:
        raise NotEmpty
    at = current(tx.connection)
    if at is not None and not known(at):
        raise DumpBroken("the database has the tables of a later version of calwarden")
    if empty and at == head.schema:
        # Keys of an installation that was never used, and what they sealed.
        for one in (t.data_keys, t.one_time_tokens, t.attempts):
            tx.connection.execute(delete(one))
        return
    _drop(tx.connection)
    upgrade(tx.connection, head.schema)


def _drop(connection: Connection) -> None:
    """Every table of ours that is there, of whichever version."""
    present = set(inspect(connection).get_table_names())
    for name in sorted(present & {*t.metadata.tables, _OURS}):
        connection.execute(text(f'DROP TABLE "{name}"'))


def _fill(tx: Transaction, head: Head, parts: Iterator[Part]) -> None:
    found = inspect(tx.connection)
    for name, columns in head.columns.items():
        if not found.has_table(name) or {one["name"] for one in found.get_columns(name)} != set(columns):
            raise DumpBroken(f'its table "{name}" is not the one of its version')
    inserts = {name: insert(table(name, *(column(one) for one in columns))) for name, columns in head.columns.items()}
    for part in parts:
        match part:
            case Rows() if part.table in inserts:
                if part.account_id is not None:
                    tx.lock(part.account_id)
                columns = head.columns[part.table]
                rows = [dict(zip(columns, row, strict=True)) for row in part.rows]
                tx.connection.execute(inserts[part.table], rows)
            case End():
                pass
            case _:
                raise DumpBroken("its parts are not in order")
