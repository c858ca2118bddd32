"""Leaving: one's own Account and everything in it."""

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import NotFound, Throttled
from calwarden.domain.ids import AccountId
from calwarden.usecases.kit import Kit
from calwarden.usecases.people.passwords import check_password
from calwarden.usecases.people.sign_in import SignInFailed
from calwarden.usecases.people.throttle import QUARTER, count_sign_in


def delete_own_account(kit: Kit, account_id: AccountId, password: str, remote: str) -> None:
    """Delete the Account, its Profiles, events, grants, tokens and sessions, and the key of all of it.

    Events at the providers stay where they are. The password is asked again: raises SignInFailed if it is wrong,
    Throttled if it was tried too often, NotFound if the Account is gone.
    """
    with kit.store.write(durable=False) as uow:
        account = uow.accounts.get(account_id)
        if account is None:
            raise NotFound("the account is gone")
        within = count_sign_in(kit, uow, account.email, remote)
    if not within:
        raise Throttled(QUARTER)
    if not check_password(account.password_hash, password):
        raise SignInFailed("wrong password")
    with kit.store.write() as uow:
        uow.audit.append(AuditEntry(account_id, kit.clock(), Actor.ACCOUNT, "account.deleted", Outcome.ALLOWED))
        uow.accounts.delete(account_id)
