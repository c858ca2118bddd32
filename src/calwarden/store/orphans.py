"""Rows that belong to nothing that is there. No statement of ours leaves any behind; somebody else's may."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Select, Table, and_, func, select

from calwarden.store import tables as t
from calwarden.store.dump import accounts_in
from calwarden.store.lifetimes import OUTLIVES_ACCOUNT
from calwarden.store.transaction import Transaction

_WITHIN_ACCOUNT: tuple[tuple[Table, tuple[str, ...], Table], ...] = (
    (t.calendars, ("profile_id",), t.profiles),
    (t.resources, ("calendar_id",), t.calendars),
    (t.events, ("calendar_id", "resource_id"), t.resources),
    (t.pending_writes, ("profile_id",), t.profiles),
    (t.tokens, ("grant_id",), t.grants),
    (t.elevation_requests, ("grant_id",), t.grants),
)
"""Which rows belong to which, by columns of the same name in both."""


def orphans(tx: Transaction) -> Mapping[str, int]:
    """How many such rows there are, by table; empty if none."""
    found: Counter[str] = Counter()
    for table, statement in _of_applications():
        found[table.name] += tx.run(statement).scalar_one()
    statements = [*_of_accounts()]
    if tx.dialect == "postgresql":  # one account at a time is within reach
        for account_id in accounts_in(tx):
            for table, statement in statements:
                found[table.name] += tx.run(statement, {"account_id": account_id}).scalar_one()
    else:
        for table, statement in statements:
            found[table.name] += tx.run(statement).scalar_one()
    return +found


def _of_accounts() -> Iterator[tuple[Table, Select[Any]]]:
    for table in t.metadata.tables.values():
        if "account_id" in table.c and table is not t.accounts and table.name not in OUTLIVES_ACCOUNT:
            yield table, _without(table, ("account_id",), t.accounts).where(table.c.account_id.is_not(None))
    for child, columns, parent in _WITHIN_ACCOUNT:
        has_account = select(t.accounts.c.account_id).where(t.accounts.c.account_id == child.c.account_id).exists()
        yield child, _without(child, ("account_id", *columns), parent).where(has_account)  # else counted above
    yield t.grants, _without(t.grants, ("application_id",), t.applications).where(t.grants.c.state == "active")


def _of_applications() -> Iterator[tuple[Table, Select[Any]]]:
    yield t.application_secrets, _without(t.application_secrets, ("application_id",), t.applications)


def _without(child: Table, columns: tuple[str, ...], parent: Table) -> Select[Any]:
    same = and_(*(parent.c[name] == child.c[name] for name in columns))
    return select(func.count()).select_from(child).where(~select(parent.c[columns[0]]).where(same).exists())
