"""The ledger: one hash chain per Account, over ciphertext, with a signed head (ruling 28, security 10.4)."""

import base64
import hashlib
import hmac
import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Row, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import NotFound
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId
from calwarden.domain.times import Instant
from calwarden.store import tables as t
from calwarden.store.datakeys import DataKeys
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction

_TABLE = "audit_entries"
_HOUR = 3_600
_a = t.audit_entries.c
_START = "0" * 64
"""The predecessor of an Account's first entry."""

_NEWEST = (
    select(t.audit_entries)
    .where(_a.account_id == bindparam("account_id"))
    .order_by(_a.sequence.desc())
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_OLDEST_FIRST = select(t.audit_entries).where(_a.account_id == bindparam("account_id")).order_by(_a.sequence)
_CHAINS = select(_a.account_id).union(select(t.audit_heads.c.account_id)).order_by("account_id")
_ACCOUNTS_WITHOUT_HEAD = (
    select(t.accounts.c.account_id)
    .where(~select(t.audit_heads.c.account_id).where(t.audit_heads.c.account_id == t.accounts.c.account_id).exists())
    .order_by(t.accounts.c.account_id)
)
_CLOSED = (
    select(t.read_counters)
    .where(t.read_counters.c.hour < bindparam("hour"))
    .order_by(*(t.read_counters.c[name] for name in ("account_id", "hour", "application_id", "calendar_id", "level")))
)


_COUNTER_KEY = tuple(column.name for column in t.read_counters.primary_key)


def _count(dialect: str) -> Any:
    insert = postgresql.insert(t.read_counters) if dialect == "postgresql" else sqlite.insert(t.read_counters)
    return insert.on_conflict_do_update(
        index_elements=_COUNTER_KEY, set_={"reads": t.read_counters.c.reads + insert.excluded.reads}
    )


_COUNT = {dialect: _count(dialect) for dialect in ("sqlite", "postgresql")}


class SqlAudit:
    """Implements ``ports.store.Audit``."""

    def __init__(self, tx: Transaction, keys: DataKeys) -> None:
        self._tx = tx
        self._keys = keys

    def append(self, entry: AuditEntry) -> None:
        account_id = entry.account_id
        self._tx.lock(account_id)
        head = self._tx.one(t.audit_heads, account_id=account_id)
        if head is None:
            raise NotFound("the account is gone")
        sequence = head.sequence + 1
        sealed = self._keys.seal(account_id, _TABLE, (str(sequence),), entry)
        digest = _digest(account_id, sequence, entry.at, head.hash, sealed)
        values = {"account_id": account_id, "sequence": sequence, "at": entry.at, "previous": head.hash}
        if not self._tx.add(t.audit_entries, {**values, "hash": digest, "sealed": sealed}):
            raise RuntimeError("the ledger holds entries beyond its head")
        signed = {"sequence": sequence, "hash": digest, "signature": self._sign(account_id, sequence, digest)}
        self._tx.set(t.audit_heads, signed, account_id=account_id)

    def begin(self, account_id: AccountId) -> None:
        """The empty chain of a new Account: from now on the lack of a head is itself a finding."""
        values = {"account_id": account_id, "sequence": 0, "hash": _START}
        self._tx.add(t.audit_heads, {**values, "signature": self._sign(account_id, 0, _START)})

    def count_read(
        self,
        account_id: AccountId,
        application_id: ApplicationId,
        calendar_id: CalendarId,
        level: str,
        now: Instant,
        *,
        many: int = 1,
    ) -> None:
        values = {
            "account_id": account_id,
            "application_id": application_id,
            "calendar_id": calendar_id,
            "level": level,
            "hour": now - now % _HOUR,
            "reads": many,
        }
        self._tx.change(_COUNT[self._tx.dialect], values)

    def entries(self, account_id: AccountId, limit: int | None = None, skip: int = 0) -> Sequence[AuditEntry]:
        if not self._keys.exists(account_id):
            return []
        statement = _NEWEST if limit is not None else _NEWEST.limit(None)
        values = {"account_id": account_id, "skip": skip, **({} if limit is None else {"most": limit})}
        return [self._entry(row) for row in self._tx.run(statement, values)]

    def close_hours(self, now: Instant) -> None:
        with self._tx.across_accounts(Across.HOURS):
            closed = self._tx.run(_CLOSED, {"hour": now - now % _HOUR}).all()
        for row in closed:
            self._tx.drop(t.read_counters, **{name: getattr(row, name) for name in _COUNTER_KEY})
            if self._keys.exists(AccountId(row.account_id)):  # else: a read that ended after its Account was erased
                self.append(_entry_of_counter(row))

    def export(self, account_id: AccountId | None = None) -> Iterable[dict[str, object]]:
        for chain in self._chains() if account_id is None else [account_id]:
            readable = self._keys.exists(chain)
            for row in self._tx.run(_OLDEST_FIRST, {"account_id": chain}):
                yield self._record(row, readable=readable)
            head = self._tx.one(t.audit_heads, account_id=chain)
            if head is not None:
                yield {
                    "kind": "head",
                    "account_id": chain,
                    "sequence": head.sequence,
                    "hash": head.hash,
                    "signature": head.signature,
                }

    def verify(self) -> Sequence[str]:
        with self._tx.across_accounts(Across.CHAINS):
            headless = self._tx.run(_ACCOUNTS_WITHOUT_HEAD).all()
        problems = [f"{row.account_id}: the ledger has lost its head" for row in headless]
        for chain in self._chains():
            problems += self._verify_chain(chain)
        return problems

    def _chains(self) -> list[AccountId]:
        with self._tx.across_accounts(Across.CHAINS):
            return [AccountId(row.account_id) for row in self._tx.run(_CHAINS).all()]

    def _verify_chain(self, chain: AccountId) -> Iterator[str]:
        expected, previous = 1, _START
        for row in self._tx.run(_OLDEST_FIRST, {"account_id": chain}):
            if row.sequence != expected:
                yield f"{chain}: entries {expected} to {row.sequence - 1} are missing"
            elif row.previous != previous:
                yield f"{chain}: entry {row.sequence} does not follow the one before it"
            if _digest(chain, row.sequence, row.at, row.previous, bytes(row.sealed)) != row.hash:
                yield f"{chain}: entry {row.sequence} was changed"
            expected, previous = row.sequence + 1, row.hash
        head = self._tx.one(t.audit_heads, account_id=chain)
        if head is None:
            yield f"{chain}: the ledger has lost its head"
        elif not hmac.compare_digest(head.signature, self._sign(chain, head.sequence, head.hash)):
            yield f"{chain}: the head of the ledger is not signed by this server"
        elif (head.sequence, head.hash) != (expected - 1, previous):
            yield f"{chain}: the ledger ends at entry {expected - 1}, its head names entry {head.sequence}"

    def _sign(self, account_id: str, sequence: int, digest: str) -> str:
        message = msgspec.json.encode([account_id, sequence, digest])
        return self._keys.keyring.mac("audit-head", message).hex()

    def _entry(self, row: Row[Any]) -> AuditEntry:
        return self._keys.open(row.account_id, _TABLE, (str(row.sequence),), row.sealed, AuditEntry)

    def _record(self, row: Row[Any], *, readable: bool) -> dict[str, object]:
        record: dict[str, object] = {
            "kind": "entry",
            "account_id": row.account_id,
            "sequence": row.sequence,
            "at": row.at,
            "previous": row.previous,
            "hash": row.hash,
            "sealed": base64.b64encode(row.sealed).decode(),
        }
        if readable:
            record["content"] = msgspec.to_builtins(self._entry(row))
        return record


def _digest(account_id: str, sequence: int, at: int, previous: str, sealed: bytes) -> str:
    header = msgspec.json.encode([account_id, sequence, at, previous])
    return hashlib.sha256(struct.pack(">I", len(header)) + header + sealed).hexdigest()


def _entry_of_counter(row: Row[Any]) -> AuditEntry:
    """One closed hour. A level such as ``refused:scope_missing`` is a refusal with its reason."""
    level, _, reason = row.level.partition(":")
    refused = level == "refused"
    hour = datetime.fromtimestamp(row.hour, UTC).strftime("%Y-%m-%dT%H:00:00Z")
    named = {"calendar": row.calendar_id, "level": level, "hour": hour, "reads": str(row.reads)}
    return AuditEntry(
        AccountId(row.account_id),
        Instant(row.hour + _HOUR),
        Actor.APPLICATION,
        "read.refused" if refused else "read",
        Outcome.REFUSED if refused else Outcome.ALLOWED,
        ApplicationId(row.application_id),
        reason or None,
        {key: value for key, value in named.items() if value},
    )
