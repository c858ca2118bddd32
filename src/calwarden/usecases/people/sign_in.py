"""Signing in: the same time and the same words whether the address or the password was wrong."""

from dataclasses import dataclass, field, replace

from calwarden.domain.account import Account
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import CalwardenError, Throttled
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit
from calwarden.usecases.people.passwords import check_password, hash_password, outdated
from calwarden.usecases.people.sessions import SignedIn, open_session
from calwarden.usecases.people.throttle import (
    QUARTER,
    count_sign_in,
    forgive_sign_in,
    remember_device,
    within_device,
)


class SignInFailed(CalwardenError):
    """Wrong address or wrong password: told apart for nobody."""

    code = "sign_in_failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """``remote`` is where it comes from, and ``browser`` the cookie of the browser, both for the rate limit;
    ``previous`` the session cookie that the browser had.
    """

    email: str
    password: str = field(repr=False)
    remote: str
    previous: str | None = field(default=None, repr=False)
    browser: str | None = field(default=None, repr=False)


def sign_in(kit: Kit, attempt: Attempt) -> SignedIn:
    """A new session for the right address and password. Raises SignInFailed or Throttled.

    Runs argon2id: off the event loop.
    """
    email = attempt.email.strip()
    with kit.store.write(durable=False) as uow:
        account = uow.accounts.by_email(email)
        within = _may_try(kit, uow, attempt, account)
    if not within:
        raise Throttled(QUARTER)
    if not check_password(None if account is None else account.password_hash, attempt.password) or account is None:
        raise SignInFailed("wrong e-mail address or password")
    renewed = _renewed_hash(kit, account, attempt.password)
    with kit.store.write() as uow:
        fresh = uow.accounts.get(account.account_id)
        if fresh is None or fresh.password_hash != account.password_hash:
            raise SignInFailed("wrong e-mail address or password")
        if renewed is not None:
            uow.accounts.save(replace(fresh, password_hash=renewed))
        forgive_sign_in(uow, email)
        remember_device(kit, uow, account.account_id, attempt.browser)
        cookie = open_session(kit, uow, account.account_id, attempt.previous)
        uow.audit.append(
            AuditEntry(account.account_id, kit.clock(), Actor.ACCOUNT, "account.signed_in", Outcome.ALLOWED)
        )
    return SignedIn(account.account_id, cookie)


def _may_try(kit: Kit, uow: UnitOfWork, attempt: Attempt, account: Account | None) -> bool:
    """Whether this attempt is within the limits. One from a known browser counts for that browser alone, as long as
    there are not too many of them.
    """
    if account is not None and within_device(kit, uow, account.account_id, attempt.browser):
        return True
    return count_sign_in(kit, uow, attempt.email.strip(), attempt.remote)


def _renewed_hash(kit: Kit, account: Account, password: str) -> str | None:
    if account.password_hash is None or not outdated(account.password_hash):
        return None
    return hash_password(password, kit.random.token())
