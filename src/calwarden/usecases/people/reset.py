"""A forgotten password: a link to the address, and a new one."""

from dataclasses import replace
from hashlib import sha256

from calwarden.domain.account import Account
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Gone
from calwarden.domain.ids import AccountId
from calwarden.ports.mail import Mail
from calwarden.usecases.kit import Kit
from calwarden.usecases.people.addresses import acceptable_address
from calwarden.usecases.people.links import Purpose, make_link, peek_link, take_link
from calwarden.usecases.people.passwords import acceptable, hash_password
from calwarden.usecases.people.throttle import count_mail

_LIFE = 3_600


def request_reset(kit: Kit, email: str, remote: str) -> Mail | None:
    """The mail to send, or None if no account has this address: the page must not tell. Raises Invalid, Throttled."""
    address = acceptable_address(email)
    count_mail(kit, address, remote)
    with kit.store.write() as uow:
        account = uow.accounts.by_email(address)
        if account is None:
            return None
        values = {"account_id": account.account_id, "before": _mark(account)}
        secret = make_link(kit, uow, Purpose.RESET, values, min(_LIFE, kit.limits.link_life))
    return Mail(
        account.email,
        "Choose a new password",
        "Somebody, hopefully you, asked for a new password.\n\n"
        f"Choose it here within the hour:\n{kit.public_url}/reset/{secret}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n",
    )


def reset_usable(kit: Kit, secret: str) -> bool:
    """Whether the form is worth showing."""
    with kit.store.read() as uow:
        return peek_link(kit, uow, Purpose.RESET, secret) is not None


def reset_password(kit: Kit, secret: str, password: str) -> AccountId:
    """Set the new password and end every session. Raises Invalid (the link stays usable) or Gone.

    A link made before the last change of the password is void. Runs argon2id: off the event loop.
    """
    if not reset_usable(kit, secret):
        raise Gone("the link is used, expired or never was")
    password_hash = hash_password(acceptable(password), kit.random.token())
    with kit.store.write() as uow:
        subject = take_link(kit, uow, Purpose.RESET, secret)
        account = None if subject is None else uow.accounts.get(AccountId(subject.get("account_id")))
        if subject is None or account is None or _mark(account) != subject.get("before"):
            raise Gone("the link is used, expired or never was")
        uow.accounts.save(replace(account, password_hash=password_hash, email_verified=True))
        uow.sessions.delete_all(account.account_id)
        uow.audit.append(
            AuditEntry(account.account_id, kit.clock(), Actor.ACCOUNT, "password.changed", Outcome.ALLOWED)
        )
    return account.account_id


def _mark(account: Account) -> str:
    return sha256((account.password_hash or "").encode()).hexdigest()[:32]
