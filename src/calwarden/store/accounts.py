"""Accounts, and what goes with them when they are deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from calwarden.domain.account import Account
from calwarden.domain.errors import Conflict
from calwarden.domain.ids import AccountId
from calwarden.domain.times import Instant
from calwarden.store import tables as t
from calwarden.store.audit import SqlAudit
from calwarden.store.datakeys import DataKeys
from calwarden.store.lifetimes import OUTLIVES_ACCOUNT
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class _Person:
    email: str
    name: str
    tzid: str
    password_hash: str | None = None


class SqlAccounts:
    """Implements ``ports.store.Accounts``."""

    def __init__(self, tx: Transaction, keys: DataKeys, audit: SqlAudit) -> None:
        self._tx = tx
        self._keys = keys
        self._audit = audit

    def add(self, account: Account) -> None:
        self._tx.lock(account.account_id)
        if self._by_email(account.email) is not None:
            raise Conflict("there is an account with this e-mail address already")
        self._keys.make(account.account_id)
        if not self._tx.add(t.accounts, {**self._values(account), "write_sequence": 0}):
            raise Conflict("there is an account with this e-mail address already")
        self._audit.begin(account.account_id)

    def get(self, account_id: AccountId) -> Account | None:
        row = self._tx.one(t.accounts, account_id=account_id)
        return None if row is None else self._account(row)

    def by_email(self, email: str) -> Account | None:
        row = self._by_email(email)
        return None if row is None else self._account(row)

    def list(self) -> Sequence[Account]:
        with self._tx.across_accounts(Across.OPERATOR):
            rows = self._tx.all(t.accounts, ("created", "account_id"))
        return [self._account(row) for row in rows]

    def save(self, account: Account) -> None:
        held = self._by_email(account.email)
        if held is not None and held.account_id != account.account_id:
            raise Conflict("there is an account with this e-mail address already")
        self._tx.save(t.accounts, self._values(account), "the account")

    def delete(self, account_id: AccountId) -> None:
        self._tx.lock(account_id)
        for table in t.metadata.tables.values():
            if "account_id" in table.c and table.name not in OUTLIVES_ACCOUNT:
                self._tx.drop(table, account_id=account_id)
        self._tx.set(t.applications, {"owner": None}, owner=account_id)
        self._keys.destroy(account_id)

    def _by_email(self, email: str) -> Row[Any] | None:
        email_hash = self._email_hash(email)
        self._tx.enter(t.accounts, email_hash=email_hash)
        return self._tx.one(t.accounts, email_hash=email_hash)

    def _email_hash(self, email: str) -> str:
        return self._keys.keyring.keyed_hash("email", email.lower())

    def _values(self, account: Account) -> dict[str, Any]:
        person = _Person(account.email, account.name, account.tzid, account.password_hash)
        return {
            "account_id": account.account_id,
            "email_hash": self._email_hash(account.email),
            "created": account.created,
            "email_verified": account.email_verified,
            "sealed": self._keys.seal(account.account_id, "accounts", (), person),
        }

    def _account(self, row: Row[Any]) -> Account:
        account_id = AccountId(row.account_id)
        person = self._keys.open(account_id, "accounts", (), row.sealed, _Person)
        return Account(
            account_id,
            person.email,
            person.name,
            person.tzid,
            Instant(row.created),
            row.email_verified,
            person.password_hash,
        )
