"""The Profiles one Application reaches, and one fewer of them (contract authorization 4.3, 1.5)."""

from dataclasses import dataclass, replace

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.grant import Grant
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.profile import Profile
from calwarden.policy.decision import Action, Deny, Reason
from calwarden.policy.elevation import lowered
from calwarden.policy.view import visible_profiles
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.access import Bearer, Caller, Counted, Refusing, attempt_read, attempt_write
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class ProfileList:
    account_id: AccountId
    profiles: tuple[Profile, ...]


def list_profiles(kit: Kit, bearer: Bearer) -> ProfileList:
    """Those that were not taken out of the Grant. Raises Refused."""

    def read(uow: UnitOfWork, caller: Caller) -> Counted[ProfileList]:
        return Counted(ProfileList(caller.account_id, _profiles(uow, caller.grant)), caller.grant)

    return attempt_read(kit, bearer, Action.LIST_PROFILES, read)


def revoke_profile(kit: Kit, bearer: Bearer, profile_id: str) -> None:
    """Take a Profile out of this Application's Grant; the person and other Applications keep it.

    It narrows the Grant (ruling 16): the generation rises, so that owed writes of the old one are dropped, requests
    for Extended Permissions are void and elevations of the Profile's calendars end. Raises Refused: HIDDEN for what is
    unknown, foreign or taken out already.
    """

    def take_out(uow: UnitOfWork, caller: Caller) -> Refusing | None:
        grant, on = caller.grant, {"profile_id": profile_id}
        found = next((one for one in _profiles(uow, grant) if one.profile_id == profile_id), None)
        if found is None:
            return Refusing(caller, Deny(Reason.NOT_FOUND), on)
        uow.grants.save(_without(uow, grant, found.profile_id))
        uow.elevation_requests.delete_of_grant(grant.account_id, grant.grant_id)
        uow.audit.append(
            AuditEntry(
                grant.account_id,
                kit.clock(),
                Actor.APPLICATION,
                caller.action.value,
                Outcome.ALLOWED,
                grant.application_id,
                on=on,
            )
        )
        return None

    attempt_write(kit, bearer, Action.REVOKE_PROFILE, take_out)


def _profiles(uow: UnitOfWork, grant: Grant) -> tuple[Profile, ...]:
    calendars = uow.calendars.of_account(grant.account_id)
    return tuple(visible_profiles(grant, uow.profiles.of_account(grant.account_id), calendars))


def _without(uow: UnitOfWork, grant: Grant, profile_id: ProfileId) -> Grant:
    gone = {one.calendar_id for one in uow.calendars.of_profile(grant.account_id, profile_id)}
    return replace(
        lowered(grant, gone),
        hidden_profiles=grant.hidden_profiles | {profile_id},
        generation=grant.generation + 1,
    )
