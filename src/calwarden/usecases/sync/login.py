"""What a Connector for a Profile is opened with."""

from dataclasses import dataclass

from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.profile import Credentials, Profile
from calwarden.ports.connector import Connector, ConnectorFactory
from calwarden.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Login:
    """A Profile as it was when the Connector was opened."""

    profile: Profile
    credentials: Credentials
    tzid: str  # the person's own zone
    email: str | None  # the address they have proven here

    def open(self, open_connector: ConnectorFactory) -> Connector:
        return open_connector(self.credentials, self.profile.url, self.tzid, self.email)


def load_login(uow: UnitOfWork, account_id: AccountId, profile_id: ProfileId) -> Login | None:
    """None if there is no such Profile any more."""
    account, profile = uow.accounts.get(account_id), uow.profiles.get(account_id, profile_id)
    credentials = uow.profiles.credentials(account_id, profile_id)
    if account is None or profile is None or credentials is None:
        return None
    return Login(profile, credentials, account.tzid, account.email if account.email_verified else None)
