"""Sessions: who sits at this browser. The cookie's random value is never stored (security 4.16)."""

from dataclasses import dataclass, field

from calwarden.domain.account import Account, Session
from calwarden.domain.ids import AccountId, SessionId
from calwarden.domain.times import Instant
from calwarden.oauth.tokens import hash_token
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: ``cookie`` goes to the browser once. ``then`` names where the person was going."""

    account_id: AccountId
    cookie: str = field(repr=False)
    then: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person behind a session. ``csrf`` binds forms to it."""

    account: Account
    csrf: str = field(repr=False)


def open_session(kit: Kit, uow: UnitOfWork, account_id: AccountId, previous: str | None) -> str:
    """A new session in this transaction, in place of the ``previous`` one of this browser; gives the cookie's value."""
    if previous:
        uow.sessions.delete(SessionId(hash_token(previous)))
    now = kit.clock()
    cookie = kit.random.token()
    uow.sessions.add(
        Session(
            SessionId(hash_token(cookie)),
            account_id,
            now,
            Instant(now + kit.limits.session_life),
            kit.random.token(),
        )
    )
    return cookie


def current_visitor(kit: Kit, cookie: str | None) -> Visitor | None:
    """Who the session cookie stands for; None if it is unknown, expired or signed out."""
    if not cookie:
        return None
    with kit.store.read() as uow:
        session = uow.sessions.get(SessionId(hash_token(cookie)))
        if session is None or session.expires <= kit.clock():
            return None
        account = uow.accounts.get(session.account_id)
    return None if account is None else Visitor(account, session.csrf)


def sign_out(kit: Kit, cookie: str | None) -> None:
    """End the session on the server, so that a kept copy of the cookie is worth nothing."""
    if cookie:
        with kit.store.write() as uow:
            uow.sessions.delete(SessionId(hash_token(cookie)))
