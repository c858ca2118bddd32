"""Which rows a transaction reaches on PostgreSQL: those of one Account, by row-level security (security 1.6).

Every table with an ``account_id`` has policies (migration 0002) that look at three settings of the transaction:
whose rows it may touch, which hash of a secret it was given, and why it goes through the one door that leads to the
rows of many Accounts. Without settings there are no rows, and nothing can be written. SQLite has nothing like it.
"""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Connection, text

from calwarden.store.tables import metadata


class Across(StrEnum):
    """The reasons to touch rows of more than one Account; the policies grant each what it needs and no more."""

    DUE = "due"  # work queues: profiles and writes whose time has come, read
    EXPIRED = "expired"  # sessions, links, tokens, listings that ran out, forgotten
    OPERATOR = "operator"  # accounts and grants for the operator; how many grants an application has, and whose; read
    CHAINS = "chains"  # which chains the ledger has, read; each is then read as its own account
    HOURS = "hours"  # read counters of closed hours, read; each is then entered as its own account
    APPLICATION = "application"  # an application is deleted: its grants and tokens go, its events become nobody's


SEPARATED: Sequence[str] = tuple(name for name, table in metadata.tables.items() if "account_id" in table.c)
"""Names of the tables that hold rows of Accounts."""

BECOME = "SELECT set_config('app.account', %s, true)"
BECOME_AND_LOCK = "SELECT set_config('app.account', %s, true), pg_advisory_xact_lock(%s)"
PRESENT = "SELECT set_config('app.presented', %s, true)"
GO_ACROSS = "SELECT set_config('app.across', %s, true)"

_OPEN = text("SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE NOT row_security_active(name)")

_DENIED = text(
    "SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE NOT (has_table_privilege(name, 'SELECT')"
    " AND has_table_privilege(name, 'INSERT') AND has_table_privilege(name, 'UPDATE')"
    " AND has_table_privilege(name, 'DELETE'))"
)


def not_separated(connection: Connection) -> Sequence[str]:
    """Tables whose policies do not bind the role of this PostgreSQL connection: it is a superuser, may BYPASSRLS, or
    somebody took the policies away.
    """
    return connection.execute(_OPEN, {"names": list(SEPARATED)}).scalars().all()


def not_granted(connection: Connection) -> Sequence[str]:
    """Tables in which the role of this PostgreSQL connection may not read, add, change and delete rows."""
    return connection.execute(_DENIED, {"names": list(metadata.tables)}).scalars().all()
