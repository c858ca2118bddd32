"""A Profile is taken out for good, with everything held of it."""

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import NotFound
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.usecases.ending import end_elevations, enter_end
from calwarden.usecases.kit import Kit


def disconnect(kit: Kit, account_id: AccountId, profile_id: ProfileId, actor: Actor) -> None:
    """Delete the Profile, its credentials, calendars, events and owed writes. Raises NotFound.

    Elevations of its calendars end, which narrows the grants that had them; each of these, and each owed write, has its
    end in the ledger (ruling 16). What is at the provider stays.
    """
    with kit.store.write() as uow:
        if uow.profiles.get(account_id, profile_id) is None:
            raise NotFound("no such profile")
        gone = {one.calendar_id for one in uow.calendars.of_profile(account_id, profile_id)}
        end_elevations(uow, account_id, gone, kit.clock(), reason="profile_removed", actor=actor)
        for write in uow.writes.owed(account_id, profile_id):
            enter_end(uow, kit.clock(), write, Outcome.DROPPED, "profile_removed")
        uow.profiles.delete(account_id, profile_id)
        on: dict[str, str] = {"profile_id": profile_id}
        uow.audit.append(AuditEntry(account_id, kit.clock(), actor, "profile.removed", Outcome.ALLOWED, on=on))
