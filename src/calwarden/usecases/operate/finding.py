"""Whom the operator means: accounts by ``sub`` or e-mail address, applications by ``client_id``."""

from calwarden.domain.account import Account
from calwarden.domain.application import Application
from calwarden.domain.errors import NotFound
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.usecases.kit import Kit


def find_account(kit: Kit, named: str) -> Account:
    """The Account with this ``sub``, or else this e-mail address. Raises NotFound."""
    with kit.store.read() as uow:
        account = uow.accounts.get(AccountId(named)) or uow.accounts.by_email(named.strip())
    if account is None:
        raise NotFound(f'no account "{named}"')
    return account


def find_application(kit: Kit, named: str) -> Application:
    """The Application with this ``client_id``. Raises NotFound."""
    with kit.store.read() as uow:
        application = uow.applications.get(ApplicationId(named))
    if application is None:
        raise NotFound(f'no application "{named}"')
    return application
