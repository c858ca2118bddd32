"""Pending Writes: the queue of what is owed to Providers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, bindparam, func, or_, select, update

from calwarden.domain.errors import Conflict, NotFound
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, GrantId, ProfileId, ResourceId, WriteId
from calwarden.domain.times import EventTime, Instant
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.store import tables as t
from calwarden.store.datakeys import DataKeys
from calwarden.store.drafts import freeze, thaw
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class _Body:
    uid: str = ""
    draft: dict[str, Any] | None = None
    occurrence: EventTime | None = None
    answer: str | None = None
    name: str | None = None
    color: str | None = None


_NEXT = (
    update(t.accounts)
    .where(t.accounts.c.account_id == bindparam("key_account_id"))
    .values(write_sequence=t.accounts.c.write_sequence + 1)
    .returning(t.accounts.c.write_sequence)
)
_write, _earlier = t.pending_writes.alias("w"), t.pending_writes.alias("e")
_FIRST_OF_ITS_RESOURCE = ~(
    select(_earlier.c.sequence)
    .where(
        _earlier.c.account_id == _write.c.account_id,
        _earlier.c.calendar_id == _write.c.calendar_id,
        _earlier.c.resource_id == _write.c.resource_id,
        _earlier.c.sequence < _write.c.sequence,
    )
    .exists()
)
_DUE = (
    select(_write.c.account_id, _write.c.profile_id)
    .join_from(
        _write,
        t.profiles,
        (t.profiles.c.account_id == _write.c.account_id) & (t.profiles.c.profile_id == _write.c.profile_id),
    )
    .where(
        _write.c.due_at <= bindparam("now"),
        t.profiles.c.connected.is_(True),
        _FIRST_OF_ITS_RESOURCE,
        or_(t.profiles.c.lease_holder.is_(None), t.profiles.c.lease_until <= bindparam("now")),
    )
    .group_by(_write.c.account_id, _write.c.profile_id)
    .order_by(func.min(_write.c.due_at), _write.c.account_id, _write.c.profile_id)
    .limit(bindparam("most"))
)


class SqlPendingWrites:
    """Implements ``ports.store.PendingWrites``."""

    def __init__(self, tx: Transaction, keys: DataKeys) -> None:
        self._tx = tx
        self._keys = keys

    def add(self, write: PendingWrite) -> PendingWrite:
        taken = self._tx.change_returning(_NEXT, {"key_account_id": write.account_id})
        if taken is None:
            raise NotFound("the account is gone")
        numbered = replace(write, sequence=int(taken.write_sequence))
        if not self._tx.add(t.pending_writes, self._values(numbered)):
            raise Conflict("there is such a write already")
        return numbered

    def get(self, account_id: AccountId, write_id: WriteId) -> PendingWrite | None:
        row = self._tx.one(t.pending_writes, account_id=account_id, write_id=write_id)
        return None if row is None else self._pending(row)

    def save(self, write: PendingWrite) -> None:
        self._tx.save(t.pending_writes, self._values(write), "the write")

    def done(self, account_id: AccountId, write_id: WriteId) -> None:
        self._tx.drop(t.pending_writes, account_id=account_id, write_id=write_id)

    def owed(self, account_id: AccountId, profile_id: ProfileId) -> Sequence[PendingWrite]:
        rows = self._tx.all(t.pending_writes, ("sequence",), account_id=account_id, profile_id=profile_id)
        return [self._pending(row) for row in rows]

    def owed_resources(self, account_id: AccountId, calendar_id: CalendarId) -> frozenset[ResourceId]:
        rows = self._tx.all(t.pending_writes, account_id=account_id, calendar_id=calendar_id)
        return frozenset(ResourceId(row.resource_id) for row in rows)

    def due(self, now: Instant, limit: int) -> Sequence[tuple[AccountId, ProfileId]]:
        with self._tx.across_accounts(Across.DUE):
            rows = self._tx.run(_DUE, {"now": now, "most": limit}).all()
        return [(AccountId(row.account_id), ProfileId(row.profile_id)) for row in rows]

    def _values(self, write: PendingWrite) -> dict[str, Any]:
        draft = None if write.draft is None else freeze(write.draft)
        body = _Body(write.uid, draft, write.occurrence, write.answer, write.name, write.color)
        return {
            "account_id": write.account_id,
            "write_id": write.write_id,
            "sequence": write.sequence,
            "profile_id": write.profile_id,
            "calendar_id": write.calendar_id,
            "resource_id": write.resource_id,
            "kind": write.kind.value,
            "application_id": write.application_id,
            "grant_id": write.grant_id,
            "generation": write.generation,
            "accepted": write.accepted,
            "attempts": write.attempts,
            "due_at": write.due_at,
            "sealed": self._keys.seal(write.account_id, "pending_writes", (write.write_id,), body),
        }

    def _pending(self, row: Row[Any]) -> PendingWrite:
        body = self._keys.open(row.account_id, "pending_writes", (row.write_id,), row.sealed, _Body)
        return PendingWrite(
            AccountId(row.account_id),
            WriteId(row.write_id),
            ProfileId(row.profile_id),
            CalendarId(row.calendar_id),
            ResourceId(row.resource_id),
            WriteKind(row.kind),
            ApplicationId(row.application_id),
            GrantId(row.grant_id),
            row.generation,
            Instant(row.accepted),
            row.sequence,
            body.uid,
            None if body.draft is None else thaw(body.draft),
            body.occurrence,
            body.answer,
            body.name,
            body.color,
            row.attempts,
            Instant(row.due_at),
        )
