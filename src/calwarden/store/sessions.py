"""What people's sign-in needs: sessions, one-time links, counters of attempts."""

from typing import Any

from sqlalchemy import bindparam, case, delete
from sqlalchemy.dialects import postgresql, sqlite

from calwarden.domain.account import Session
from calwarden.domain.errors import Conflict
from calwarden.domain.ids import AccountId, SessionId
from calwarden.domain.times import Instant
from calwarden.store import tables as t
from calwarden.store.datakeys import SERVER, DataKeys
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction

_EXPIRED_SESSIONS = delete(t.sessions).where(t.sessions.c.expires <= bindparam("now"))
_EXPIRED_LINKS = delete(t.one_time_tokens).where(t.one_time_tokens.c.expires <= bindparam("now"))
_OLD_ATTEMPTS = delete(t.attempts).where(t.attempts.c.window_start + t.attempts.c.window_seconds <= bindparam("now"))


class SqlSessions:
    """Implements ``ports.store.Sessions``."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, session: Session) -> None:
        values = {
            "session_id": session.session_id,
            "account_id": session.account_id,
            "created": session.created,
            "expires": session.expires,
            "csrf": session.csrf,
        }
        if not self._tx.add(t.sessions, values):
            raise Conflict("there is such a session already")

    def get(self, session_id: SessionId) -> Session | None:
        self._tx.enter(t.sessions, session_id=session_id)
        row = self._tx.one(t.sessions, session_id=session_id)
        if row is None:
            return None
        return Session(session_id, AccountId(row.account_id), Instant(row.created), Instant(row.expires), row.csrf)

    def delete(self, session_id: SessionId) -> None:
        self._tx.enter(t.sessions, session_id=session_id)
        self._tx.drop(t.sessions, session_id=session_id)

    def delete_all(self, account_id: AccountId) -> None:
        self._tx.drop(t.sessions, account_id=account_id)

    def purge(self, now: Instant) -> None:
        with self._tx.across_accounts(Across.EXPIRED):
            self._tx.change(_EXPIRED_SESSIONS, {"now": now})


_TABLE = "one_time_tokens"
_TAKE = (
    delete(t.one_time_tokens)
    .where(
        t.one_time_tokens.c.token_hash == bindparam("token_hash"),
        t.one_time_tokens.c.purpose == bindparam("purpose"),
        t.one_time_tokens.c.expires > bindparam("now"),
    )
    .returning(t.one_time_tokens.c.sealed)
)


class SqlOneTimeTokens:
    """Implements ``ports.store.OneTimeTokens``. The subject may be an address: sealed with the server's key."""

    def __init__(self, tx: Transaction, keys: DataKeys) -> None:
        self._tx = tx
        self._keys = keys

    def add(self, token_hash: str, purpose: str, subject: str, expires: Instant) -> None:
        if not self._keys.exists(SERVER):
            self._keys.make(SERVER)
        sealed = self._keys.seal(SERVER, _TABLE, (token_hash,), subject)
        values = {"token_hash": token_hash, "purpose": purpose, "expires": expires, "sealed": sealed}
        if not self._tx.add(t.one_time_tokens, values):
            raise Conflict("there is such a link already")

    def peek(self, token_hash: str, purpose: str, now: Instant) -> str | None:
        row = self._tx.one(t.one_time_tokens, token_hash=token_hash, purpose=purpose)
        if row is None or row.expires <= now:
            return None
        return self._subject(token_hash, row.sealed)

    def take(self, token_hash: str, purpose: str, now: Instant) -> str | None:
        taken = self._tx.change_returning(_TAKE, {"token_hash": token_hash, "purpose": purpose, "now": now})
        return None if taken is None else self._subject(token_hash, taken.sealed)

    def purge(self, now: Instant) -> None:
        self._tx.change(_EXPIRED_LINKS, {"now": now})

    def _subject(self, token_hash: str, sealed: bytes) -> str:
        return self._keys.open(SERVER, _TABLE, (token_hash,), sealed, str)


def _hit(dialect: str) -> Any:
    """One statement: start a new window, or count within the current one."""
    insert = postgresql.insert(t.attempts) if dialect == "postgresql" else sqlite.insert(t.attempts)
    new, held = insert.excluded, t.attempts.c
    # A clock that was set back starts a new window too: nobody stays locked out until it has caught up.
    over = (held.window_start + held.window_seconds <= new.window_start) | (held.window_start > new.window_start)
    return insert.on_conflict_do_update(
        index_elements=["bucket"],
        set_={
            "window_start": case((over, new.window_start), else_=held.window_start),
            "window_seconds": new.window_seconds,
            "hits": case((over, 1), else_=held.hits + 1),
        },
    ).returning(t.attempts.c.hits)


_HIT = {dialect: _hit(dialect) for dialect in ("sqlite", "postgresql")}


class SqlAttempts:
    """Implements ``ports.store.Attempts``."""

    def __init__(self, tx: Transaction, keys: DataKeys) -> None:
        self._tx = tx
        self._keys = keys

    def hit(self, bucket: str, window_seconds: int, now: Instant) -> int:
        values = {"bucket": self._name(bucket), "window_start": now, "window_seconds": window_seconds, "hits": 1}
        row = self._tx.change_returning(_HIT[self._tx.dialect], values)
        return 0 if row is None else int(row.hits)

    def clear(self, bucket: str) -> None:
        self._tx.drop(t.attempts, bucket=self._name(bucket))

    def purge(self, now: Instant) -> None:
        self._tx.change(_OLD_ATTEMPTS, {"now": now})

    def _name(self, bucket: str) -> str:
        return self._keys.keyring.keyed_hash("attempts", bucket)
