"""The mailed link is opened: the address is proven, and the Account comes into being."""

from calwarden.domain.account import Account
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Gone, Throttled
from calwarden.usecases.kit import Kit
from calwarden.usecases.people.links import Purpose, peek_link, take_link
from calwarden.usecases.people.passwords import check_password
from calwarden.usecases.people.sessions import SignedIn, open_session
from calwarden.usecases.people.sign_in import SignInFailed
from calwarden.usecases.people.throttle import QUARTER, count_sign_in

_SPENT = "the link is used, expired or never was"


def peek_sign_up(kit: Kit, secret: str) -> str | None:
    """The address a link would confirm; None if it can not be used. Opening the page uses nothing up."""
    with kit.store.read() as uow:
        subject = peek_link(kit, uow, Purpose.SIGN_UP, secret)
    return None if subject is None else subject.get("email")


def verify_sign_up(kit: Kit, secret: str, password: str, remote: str, previous: str | None = None) -> SignedIn:
    """Make the Account and sign its owner in.

    The password of the sign-up is asked: who reads the mail is not always who filled in the form, and a stranger's
    form must not become the reader's account. Raises Gone, SignInFailed, Throttled; Conflict if the address got an
    account meanwhile.
    """
    with kit.store.write(durable=False) as uow:
        subject = peek_link(kit, uow, Purpose.SIGN_UP, secret)
        if subject is None:
            raise Gone(_SPENT)
        within = count_sign_in(kit, uow, subject.get("email"), remote)
    if not within:
        raise Throttled(QUARTER)
    if not check_password(subject.get("password_hash"), password):
        raise SignInFailed("wrong password")
    account = Account(
        kit.random.account_id(),
        subject.get("email"),
        subject.get("name"),
        subject.get("tzid"),
        kit.clock(),
        email_verified=True,
        password_hash=subject.get("password_hash"),
    )
    with kit.store.write() as uow:
        if take_link(kit, uow, Purpose.SIGN_UP, secret) is None:
            raise Gone(_SPENT)
        if subject.get("invitation") and take_link(kit, uow, Purpose.INVITATION, subject.get("invitation")) is None:
            raise Gone("the invitation is used or expired")
        uow.accounts.add(account)
        cookie = open_session(kit, uow, account.account_id, previous)
        uow.audit.append(
            AuditEntry(account.account_id, account.created, Actor.ACCOUNT, "account.created", Outcome.ALLOWED)
        )
    then = {key.removeprefix("then_"): value for key, value in subject.values.items() if key.startswith("then_")}
    return SignedIn(account.account_id, cookie, then)
