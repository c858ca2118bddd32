"""Everything a person sees of their own Account: who has access to what, and what was done."""

from collections.abc import Mapping
from dataclasses import dataclass

from calwarden.domain.application import Application
from calwarden.domain.audit import AuditEntry
from calwarden.domain.errors import NotFound
from calwarden.domain.grant import Elevation, Grant, GrantState
from calwarden.domain.ids import AccountId, ApplicationId, ProfileId
from calwarden.domain.profile import Calendar, Profile
from calwarden.policy.decision import Elevated
from calwarden.policy.elevation import elevated
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit
from calwarden.usecases.people.ledger import names_of

_SHOWN = 200
_LOOKED_AT = 5_000
"""So many of the newest lines are read for those of one application: who they are of is sealed like the rest."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A calendar, and what was allowed in it."""

    calendar: Calendar
    elevation: Elevation


@dataclass(frozen=True, slots=True)
class Access:
    """One application's live Grant. ``raised`` are the calendars it has unrestricted access to now."""

    application: Application
    grant: Grant
    raised: tuple[Raised, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    profiles: tuple[Profile, ...]
    calendars: tuple[Calendar, ...]  # owned and there
    accesses: tuple[Access, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """Newest first. ``names`` gives applications by id, those without access any more included; ``calendars``
    calendars. ``more``: there are older lines, which were not looked at.
    """

    entries: tuple[AuditEntry, ...]
    more: bool
    names: Mapping[str, str]
    calendars: Mapping[str, str]


def overview(kit: Kit, account_id: AccountId) -> Overview:
    """What is connected and who has access."""
    with kit.store.read() as uow:
        profiles = tuple(uow.profiles.of_account(account_id))
        owned = tuple(one for one in uow.calendars.of_account(account_id) if one.owned and not one.deleted)
        accesses = []
        for grant in uow.grants.of_account(account_id):
            application = uow.applications.get(grant.application_id)
            if grant.state is GrantState.ACTIVE and application is not None:
                accesses.append(Access(application, grant, _raised(kit, grant, owned)))
    return Overview(profiles, owned, tuple(accesses))


def _raised(kit: Kit, grant: Grant, owned: tuple[Calendar, ...]) -> tuple[Raised, ...]:
    held, now = {one.calendar_id: one for one in grant.elevations}, kit.clock()
    return tuple(
        Raised(one, held[one.calendar_id])
        for one in owned
        if elevated(grant, one.calendar_id, now) is not Elevated.NONE
    )


def activity(kit: Kit, account_id: AccountId, application_id: ApplicationId | None = None) -> Activity:
    """The newest lines of the person's ledger, of one application if named."""
    with kit.store.read() as uow:
        entries, more = _newest(uow, account_id, application_id)
        names = names_of(uow, account_id, entries)
    return Activity(entries, more, names.applications, names.calendars)


def _newest(
    uow: UnitOfWork, account_id: AccountId, application_id: ApplicationId | None
) -> tuple[tuple[AuditEntry, ...], bool]:
    """The lines to show, and whether there are older ones."""
    found: list[AuditEntry] = []
    for skip in range(0, _LOOKED_AT, _SHOWN):
        read = uow.audit.entries(account_id, _SHOWN + 1, skip)  # one beyond: it tells whether there are older ones
        found += [one for one in read[:_SHOWN] if application_id in {None, one.application_id}]
        if len(read) <= _SHOWN:
            return tuple(found[:_SHOWN]), len(found) > _SHOWN
        if len(found) >= _SHOWN:
            break
    return tuple(found[:_SHOWN]), True


def own_profile(kit: Kit, account_id: AccountId, profile_id: ProfileId) -> Profile:
    """One Profile of the person's own. Raises NotFound."""
    with kit.store.read() as uow:
        profile = uow.profiles.get(account_id, profile_id)
    if profile is None:
        raise NotFound("no such profile")
    return profile
