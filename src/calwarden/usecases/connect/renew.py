"""A Profile gets Credentials that work again and keeps its ids and those of its calendars."""

from dataclasses import replace

from calwarden.domain.audit import Actor, AuditEntry
from calwarden.domain.audit import Outcome as AuditOutcome
from calwarden.domain.profile import Credentials, Profile
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.connect.look import Found, calendar_of
from calwarden.usecases.connect.outcome import Connected
from calwarden.usecases.kit import Kit


def renew(
    kit: Kit, uow: UnitOfWork, profile: Profile, credentials: Credentials, found: Found, *, actor: Actor
) -> Connected:
    """Store it in this transaction, with a sync due at once. Calendars that are new are added; what became of the
    others is for the sync to find out.
    """
    now = kit.clock()
    renewed = replace(
        profile,
        url=found.discovered.home,
        connected=True,
        disconnected_reason=None,
        failures=0,
        sync_due_at=now,
    )
    uow.profiles.save(renewed)
    uow.profiles.set_credentials(profile.account_id, profile.profile_id, credentials)
    held = {one.calendar_id: one for one in uow.calendars.of_profile(profile.account_id, profile.profile_id)}
    for remote in found.calendars:
        calendar = calendar_of(profile.account_id, profile.profile_id, remote)
        if calendar.calendar_id not in held:
            uow.calendars.add(calendar)
            held[calendar.calendar_id] = calendar
    on: dict[str, str] = {"profile_id": profile.profile_id}
    uow.audit.append(AuditEntry(profile.account_id, now, actor, "profile.relinked", AuditOutcome.ALLOWED, on=on))
    return Connected(renewed, tuple(one for one in held.values() if one.owned and not one.deleted))
