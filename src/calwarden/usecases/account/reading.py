"""Who the Account is and what this Application may do with it (contract authorization 4.1, 4.2)."""

from dataclasses import dataclass

from calwarden.domain.account import Account
from calwarden.domain.grant import Grant
from calwarden.domain.profile import Profile
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, Action, Allow, Deny, GrantStanding, Reason
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.access import Bearer, Caller, Counted, Refusing, attempt_read
from calwarden.usecases.calendars import CalendarEntry
from calwarden.usecases.calendars.entry import calendar_entries
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    profile: Profile
    calendars: tuple[CalendarEntry, ...]


@dataclass(frozen=True, slots=True)
class UserInfo:
    """``ended``: the time the person gave is over; ``profiles`` is empty then, as the lists of it are refused."""

    account: Account
    grant: Grant
    ended: bool
    profiles: tuple[ProfileEntry, ...]


@dataclass(frozen=True, slots=True)
class AccountInfo:
    account: Account
    grant: Grant


def read_userinfo(kit: Kit, bearer: Bearer) -> UserInfo:
    """What an Application may do, visible to it before it tries (walkthrough P36).

    The one answer that a Grant still gives when its end has come (ruling 8). Raises Refused.
    """

    def read(uow: UnitOfWork, caller: Caller) -> Counted[UserInfo] | Refusing:
        account = uow.accounts.get(caller.account_id)
        if account is None:
            return Refusing(caller, Deny(Reason.TOKEN_INVALID))
        listed = isinstance(decide(Action.LIST_CALENDARS, Access(caller.facts)), Allow)
        entries = calendar_entries(uow, caller.grant, caller.now) if listed else {}
        profiles = tuple(ProfileEntry(profile, calendars) for profile, calendars in entries.items())
        ended = caller.facts.standing is GrantStanding.ENDED
        return Counted(UserInfo(account, caller.grant, ended, profiles), caller.grant)

    return attempt_read(kit, bearer, Action.READ_USERINFO, read)


def read_account(kit: Kit, bearer: Bearer) -> AccountInfo:
    """The older, smaller form. Raises Refused."""

    def read(uow: UnitOfWork, caller: Caller) -> Counted[AccountInfo] | Refusing:
        account = uow.accounts.get(caller.account_id)
        if account is None:
            return Refusing(caller, Deny(Reason.TOKEN_INVALID))
        return Counted(AccountInfo(account, caller.grant), caller.grant)

    return attempt_read(kit, bearer, Action.READ_ACCOUNT, read)
