"""Accounts as the operator makes and removes them."""

from dataclasses import dataclass, field

from calwarden.domain.account import Account
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Invalid, NotFound
from calwarden.domain.ids import AccountId
from calwarden.timetable.zones import is_zone
from calwarden.usecases.kit import Kit
from calwarden.usecases.people.addresses import acceptable_address, acceptable_name
from calwarden.usecases.people.passwords import LONGEST, hash_password


@dataclass(frozen=True, slots=True)
class NewAccount:
    email: str
    name: str
    tzid: str
    password: str | None = field(default=None, repr=False)


def create_account(kit: Kit, new: NewAccount) -> Account:
    """An Account whose address the operator vouches for; without a password until a reset.

    Raises Invalid, and Conflict if there is one with this address.
    """
    if not is_zone(new.tzid):
        raise Invalid.of("tzid", "errors.tzid_unrecognized", "not an IANA time zone")
    if new.password is not None and not 0 < len(new.password) <= LONGEST:
        raise Invalid.of("password", "errors.required", f"from 1 to {LONGEST} characters")
    account = Account(
        kit.random.account_id(),
        acceptable_address(new.email),
        acceptable_name(new.name),
        new.tzid,
        kit.clock(),
        email_verified=True,
        password_hash=None if new.password is None else hash_password(new.password, kit.random.token()),
    )
    with kit.store.write() as uow:
        uow.accounts.add(account)
        uow.audit.append(
            AuditEntry(account.account_id, account.created, Actor.OPERATOR, "account.created", Outcome.ALLOWED)
        )
    return account


def remove_account(kit: Kit, account_id: AccountId) -> None:
    """Delete an Account with everything in it, for the operator. Raises NotFound."""
    with kit.store.write() as uow:
        if uow.accounts.get(account_id) is None:
            raise NotFound(f'no account "{account_id}"')
        uow.audit.append(AuditEntry(account_id, kit.clock(), Actor.OPERATOR, "account.deleted", Outcome.ALLOWED))
        uow.accounts.delete(account_id)
