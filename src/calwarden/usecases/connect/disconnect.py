"""A Profile is taken out for good, with everything held of it."""

from dataclasses import replace

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import NotFound
from calwarden.domain.grant import GrantState
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.policy.elevation import lowered
from calwarden.usecases.kit import Kit


def disconnect(kit: Kit, account_id: AccountId, profile_id: ProfileId, actor: Actor) -> None:
    """Delete the Profile, its credentials, calendars, events and owed writes. Raises NotFound.

    Elevations of its calendars end, which narrows the grants that had them (ruling 16). What is at the provider stays.
    """
    with kit.store.write() as uow:
        if uow.profiles.get(account_id, profile_id) is None:
            raise NotFound("no such profile")
        gone = {one.calendar_id for one in uow.calendars.of_profile(account_id, profile_id)}
        for grant in uow.grants.of_account(account_id):
            if grant.state is GrantState.ACTIVE and grant.elevated & gone:
                uow.grants.save(replace(lowered(grant, gone), generation=grant.generation + 1))
        uow.profiles.delete(account_id, profile_id)
        on: dict[str, str] = {"profile_id": profile_id}
        uow.audit.append(AuditEntry(account_id, kit.clock(), actor, "profile.removed", Outcome.ALLOWED, on=on))
