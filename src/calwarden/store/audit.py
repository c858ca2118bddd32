"""The ledger: one hash chain per Account, over ciphertext, with a signed head (ruling 28, security 10.4)."""

import base64
import hashlib
import hmac
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from calwarden.domain.audit import Actor, AuditEntry, Looked, Outcome
from calwarden.domain.errors import NotFound
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId
from calwarden.domain.times import Instant
from calwarden.ports.store import Record
from calwarden.store import tables as t
from calwarden.store.datakeys import DataKeys
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction
from calwarden.timetable.wiretime import format_instant

_TABLE = "audit_entries"
_HOUR = 3_600
_HEAD = "audit-head"
_EARLIER = 32
"""Bytes of a head from before heads could be checked with a public key: an HMAC, good until the next entry."""

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
_CHAPTER = _OLDEST_FIRST.where(_a.sequence > bindparam("after")).limit(bindparam("most"))
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
    least, most = (func.least, func.greatest) if dialect == "postgresql" else (func.min, func.max)
    held, new = t.read_counters.c, insert.excluded

    def whichever(of: Any, one: Any, other: Any) -> Any:
        return of(func.coalesce(one, other), func.coalesce(other, one))  # SQLite's min is null if either is

    return insert.on_conflict_do_update(
        index_elements=_COUNTER_KEY,
        set_={
            "reads": held.reads + new.reads,
            "events": func.coalesce(held.events, 0) + new.events,
            "first": whichever(least, held.first, new.first),
            "last": whichever(most, held.last, new.last),
        },
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
        looked: Looked,
    ) -> None:
        values = {
            "account_id": account_id,
            "application_id": application_id,
            "calendar_id": calendar_id,
            "level": level,
            "hour": now - now % _HOUR,
            "reads": looked.reads,
            "events": looked.events,
            "first": looked.first,
            "last": looked.last,
        }
        self._tx.change(_COUNT[self._tx.dialect], values)

    def entries(self, account_id: AccountId, limit: int | None = None, skip: int = 0) -> Sequence[AuditEntry]:
        if not self._keys.exists(account_id):
            return []
        statement = _NEWEST if limit is not None else _NEWEST.limit(None)
        values = {"account_id": account_id, "skip": skip, **({} if limit is None else {"most": limit})}
        return [self._entry(row) for row in self._tx.run(statement, values)]

    def chapter(self, account_id: AccountId, after: int, limit: int) -> Sequence[tuple[Record, int, AuditEntry]]:
        if not self._keys.exists(account_id):
            return []
        rows = self._tx.run(_CHAPTER, {"account_id": account_id, "after": after, "most": limit})
        return [(_record(row, entry), int(row.sequence), entry) for row in rows for entry in [self._entry(row)]]

    def head(self, account_id: AccountId) -> Record | None:
        head = self._tx.one(t.audit_heads, account_id=account_id)
        if head is None:
            return None
        return {
            "kind": "head",
            "account_id": account_id,
            "sequence": head.sequence,
            "hash": head.hash,
            "signature": head.signature,
            "public_key": self.public_key(),
        }

    def close_hours(self, now: Instant) -> None:
        with self._tx.across_accounts(Across.HOURS):
            closed = self._tx.run(_CLOSED, {"hour": now - now % _HOUR}).all()
        for row in closed:
            self._tx.drop(t.read_counters, **{name: getattr(row, name) for name in _COUNTER_KEY})
            if self._keys.exists(AccountId(row.account_id)):  # else: a read that ended after its Account was erased
                self.append(_entry_of_counter(row))

    def export(self, account_id: AccountId | None = None) -> Iterable[Record]:
        for chain in self._chains() if account_id is None else [account_id]:
            readable = self._keys.exists(chain)
            for row in self._tx.run(_OLDEST_FIRST, {"account_id": chain}):
                yield _record(row, self._entry(row) if readable else None)
            head = self.head(chain)
            if head is not None:
                yield head

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
        elif not self._is_signed(head):
            yield f"{chain}: the head of the ledger is not signed by this server"
        elif (head.sequence, head.hash) != (expected - 1, previous):
            yield f"{chain}: the ledger ends at entry {expected - 1}, its head names entry {head.sequence}"

    def public_key(self) -> str:
        return self._keys.keyring.public_key(_HEAD).hex()

    def _sign(self, account_id: str, sequence: int, digest: str) -> str:
        return self._keys.keyring.sign(_HEAD, _head_message(account_id, sequence, digest)).hex()

    def _is_signed(self, head: Row[Any]) -> bool:
        try:
            signature = bytes.fromhex(head.signature)
        except ValueError:
            return False
        message = _head_message(head.account_id, head.sequence, head.hash)
        if len(signature) == _EARLIER:
            return hmac.compare_digest(signature, self._keys.keyring.mac(_HEAD, message))
        return self._keys.keyring.has_signed(_HEAD, message, signature)

    def _entry(self, row: Row[Any]) -> AuditEntry:
        return self._keys.open(row.account_id, _TABLE, (str(row.sequence),), row.sealed, AuditEntry)


def _record(row: Row[Any], entry: AuditEntry | None) -> Record:
    """What an export says of one row; ``entry`` None: it can not be read any more."""
    record: Record = {
        "kind": "entry",
        "account_id": row.account_id,
        "sequence": row.sequence,
        "at": row.at,
        "previous": row.previous,
        "hash": row.hash,
        "sealed": base64.b64encode(row.sealed).decode(),
    }
    if entry is not None:
        record["content"] = msgspec.to_builtins(entry)
    return record


def _head_message(account_id: str, sequence: int, digest: str) -> bytes:
    """What the signature of a head is of."""
    return msgspec.json.encode([account_id, sequence, digest])


def _digest(account_id: str, sequence: int, at: int, previous: str, sealed: bytes) -> str:
    header = msgspec.json.encode([account_id, sequence, at, previous])
    return hashlib.sha256(struct.pack(">I", len(header)) + header + sealed).hexdigest()


def _entry_of_counter(row: Row[Any]) -> AuditEntry:
    """One closed hour. A level such as ``refused:scope_missing`` is a refusal with its reason."""
    level, _, reason = row.level.partition(":")
    refused = level == "refused"
    named = {
        "calendar": row.calendar_id,
        "level": level,
        "hour": format_instant(Instant(row.hour)),
        "reads": str(row.reads),
    }
    if not refused and row.events is not None:
        named["events"] = str(row.events)
    if row.first is not None and row.last is not None:
        named |= {"from": format_instant(Instant(row.first)), "to": format_instant(Instant(row.last))}
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
