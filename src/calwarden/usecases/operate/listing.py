"""What there is, for the operator: no content of events, no secrets."""

from collections import Counter
from dataclasses import dataclass

from calwarden.domain.account import Account
from calwarden.domain.ids import AccountId
from calwarden.domain.profile import Calendar, Profile
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class AccountLine:
    account: Account
    profiles: int
    grants: int


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """``calendars`` are the owned ones that are there; ``owed`` is how many writes wait for the Provider."""

    account: Account
    profile: Profile
    calendars: tuple[Calendar, ...]
    owed: int


def list_accounts(kit: Kit) -> list[AccountLine]:
    """Every Account, in the order of their addresses."""
    with kit.store.read() as uow:
        grants = Counter(one.account_id for one in uow.grants.list())
        lines = [
            AccountLine(one, len(uow.profiles.of_account(one.account_id)), grants[one.account_id])
            for one in uow.accounts.list()
        ]
    return sorted(lines, key=lambda line: line.account.email.lower())


def list_profiles(kit: Kit, account_id: AccountId | None = None) -> list[ProfileLine]:
    """Every Profile, of one Account if named."""
    lines = []
    with kit.store.read() as uow:
        for account in uow.accounts.list():
            if account_id not in {None, account.account_id}:
                continue
            for profile in uow.profiles.of_account(account.account_id):
                calendars = uow.calendars.of_profile(account.account_id, profile.profile_id)
                owed = uow.writes.owed(account.account_id, profile.profile_id)
                present = tuple(one for one in calendars if one.owned and not one.deleted)
                lines.append(ProfileLine(account, profile, present, len(owed)))
    return lines
