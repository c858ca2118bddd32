"""Accounts: end users as this server knows them, and how they sign in."""

from dataclasses import dataclass

from calwarden.domain.ids import AccountId, SessionId
from calwarden.domain.times import Instant


@dataclass(frozen=True, slots=True)
class Account:
    account_id: AccountId
    email: str  # as typed; signing in compares it lower-cased
    name: str
    tzid: str
    created: Instant
    email_verified: bool = False
    password_hash: str | None = None  # argon2id; None: cannot sign in with a password

    def __repr__(self) -> str:
        return f"Account({self.account_id})"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. The cookie's value is stored only as a hash; ``csrf`` binds forms to it."""

    session_id: SessionId  # the hash
    account_id: AccountId
    created: Instant
    expires: Instant
    csrf: str
