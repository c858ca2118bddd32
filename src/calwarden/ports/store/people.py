"""The repositories of people and applications: who there is, and what proves it."""

from collections.abc import Sequence
from typing import Protocol

from calwarden.domain.account import Account, Session
from calwarden.domain.application import Application, RefusalCount, SecretInfo
from calwarden.domain.ids import (
    AccountId,
    ApplicationId,
    SecretId,
    SessionId,
)
from calwarden.domain.times import Instant


class Accounts(Protocol):
    def add(self, account: Account) -> None:
        """Store a new Account and make its data key. Raises Conflict if the e-mail address is taken."""
        ...

    def get(self, account_id: AccountId) -> Account | None: ...
    def by_email(self, email: str) -> Account | None:
        """Compares lower-cased."""
        ...

    def list(self) -> Sequence[Account]: ...
    def save(self, account: Account) -> None: ...
    def delete(self, account_id: AccountId) -> None:
        """Delete the Account, everything in it and its data key. The audit chain stays, unreadable."""
        ...


class Applications(Protocol):
    def add(self, application: Application) -> None: ...
    def get(self, application_id: ApplicationId) -> Application | None: ...
    def list(self) -> Sequence[Application]: ...
    def of_owner(self, owner: AccountId) -> Sequence[Application]:
        """Oldest first."""
        ...

    def save(self, application: Application) -> None: ...
    def delete(self, application_id: ApplicationId) -> None:
        """Delete it with its secrets, grants and tokens. Events it created stay and become nobody's."""
        ...

    def add_secret(self, application_id: ApplicationId, secret_id: SecretId, secret: str, now: Instant) -> None:
        """Kept encrypted (it signs callbacks) and as a keyed hash for look-up (ruling 27)."""
        ...

    def secrets(self, application_id: ApplicationId) -> Sequence[SecretInfo]: ...
    def signing_secrets(self, application_id: ApplicationId) -> Sequence[str]:
        """The plain secrets, newest first, for signing callbacks alone."""
        ...

    def drop_secret(self, application_id: ApplicationId, secret_id: SecretId) -> None: ...
    def by_secret(self, secret: str) -> Application | None:
        """The Application one of whose active secrets this is; compared by keyed hash, in constant time."""
        ...

    def count_refusal(
        self, application_id: ApplicationId, action: str, reason: str, at: Instant, *, times: int = 1
    ) -> None:
        """Add to what the Application was refused in the hour of ``at``. Nothing if the Application is gone."""
        ...

    def refusals(self, application_id: ApplicationId, since: Instant) -> Sequence[RefusalCount]:
        """What was refused since the hour of ``since``, one line for each action and reason, the latest first."""
        ...

    def forget_refusals(self, before: Instant) -> None:
        """Drop the hours before."""
        ...


class Sessions(Protocol):
    def add(self, session: Session) -> None: ...
    def get(self, session_id: SessionId) -> Session | None: ...
    def delete(self, session_id: SessionId) -> None: ...
    def delete_all(self, account_id: AccountId) -> None: ...
    def purge(self, now: Instant) -> None:
        """Forget expired ones."""
        ...


class OneTimeTokens(Protocol):
    """Short-lived single-use links: e-mail verification, password reset, invitations. Stored hashed."""

    def add(self, token_hash: str, purpose: str, subject: str, expires: Instant) -> None: ...
    def peek(self, token_hash: str, purpose: str, now: Instant) -> str | None: ...
    def take(self, token_hash: str, purpose: str, now: Instant) -> str | None:
        """The subject, once; None if unknown, spent, of another purpose or expired."""
        ...

    def purge(self, now: Instant) -> None:
        """Forget expired ones."""
        ...


class Attempts(Protocol):
    """Counters for rate limits that must survive a restart: sign-in, failed client authentication."""

    def hit(self, bucket: str, window_seconds: int, now: Instant) -> int:
        """Count one attempt; gives the number within the current window, this one included."""
        ...

    def clear(self, bucket: str) -> None: ...
    def purge(self, now: Instant) -> None:
        """Forget windows that are over."""
        ...
