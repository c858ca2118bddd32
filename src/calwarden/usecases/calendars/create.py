"""A new calendar in a person's Profile (contract events 2.2, authorization 6.1; ruling 20)."""

import asyncio
from dataclasses import dataclass
from typing import Final

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Invalid, Refusal, Refused
from calwarden.domain.ids import ResourceId, WriteId, calendar_id_of
from calwarden.domain.profile import Profile
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, Action, Deny, Reason
from calwarden.policy.explain import refuse
from calwarden.policy.view import place_facts, visible_calendars, visible_profiles
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.access import Bearer, Caller, Refusing, Wake, attempt_write
from calwarden.usecases.calendars.entry import CalendarEntry, calendar_entry
from calwarden.usecases.kit import Kit

DUPLICATE: Final = "duplicate_calendar"
"""The reason in the ledger of a creation that the Provider refused because of the name."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25  # seconds
_ENTRIES = 200  # of the ledger, to find out how a creation ended


@dataclass(frozen=True, slots=True)
class NewCalendar:
    profile_id: str
    name: str
    color: str | None
    problem: Invalid | None = None


async def create_calendar(kit: Kit, bearer: Bearer, command: NewCalendar, wake: Wake) -> CalendarEntry:
    """Owe the Provider a calendar at an address we choose, and wait up to ``limits.calendar_wait`` for it.

    It is elevated for this Application alone, and no consent is asked: ``create_calendar`` was consented to (P26). The
    same request again, while the first is still owed, waits for that one. Raises Refused: LOCKED ``calendar_pending``
    if the Provider takes longer (the worker goes on), ``calendar_refused`` if it does not want it,
    ``profile_disconnected``; Invalid for a Profile that is not the Grant's to see, and for a name that is taken there.
    No transaction is open while it waits.
    """
    write = await asyncio.to_thread(_accept, kit, bearer, command)
    wake(write.account_id, write.profile_id)
    clock = asyncio.get_running_loop().time
    until, pause = clock() + kit.limits.calendar_wait, _FIRST_PAUSE
    while True:
        entry = await asyncio.to_thread(_look, kit, write)
        if entry is not None:
            return entry
        left = until - clock()
        if left <= 0:
            raise _pending()
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)


def _accept(kit: Kit, bearer: Bearer, command: NewCalendar) -> PendingWrite:
    def act(uow: UnitOfWork, caller: Caller) -> PendingWrite | Refusing:
        profile = _profile(uow, caller, command.profile_id)
        if profile is not None:
            decision = decide(caller.action, Access(caller.facts, place_facts(caller.grant, profile)))
            if isinstance(decision, Deny):
                return Refusing(caller, decision, {"profile_id": profile.profile_id})
        if command.problem is not None:
            raise command.problem
        if profile is None:
            unknown = Invalid.of("profile_id", "errors.not_recognized", "is not a profile of this account")
            return Refusing(caller, Deny(Reason.NOT_FOUND), {"profile_id": command.profile_id}, unknown)
        if not command.name.strip():
            raise Invalid.of("name", "errors.required", "name must be specified")
        owed = _same(uow, caller, profile, command.name)
        if owed is not None:
            return owed
        _require_new_name(uow, caller, profile, command.name)
        return _owe(kit, uow, caller, profile, command)

    return attempt_write(kit, bearer, Action.CREATE_CALENDAR, act)


def _profile(uow: UnitOfWork, caller: Caller, profile_id: str) -> Profile | None:
    grant = caller.grant
    calendars = uow.calendars.of_account(grant.account_id)
    profiles = visible_profiles(grant, uow.profiles.of_account(grant.account_id), calendars)
    return next((one for one in profiles if one.profile_id == profile_id), None)


def _same(uow: UnitOfWork, caller: Caller, profile: Profile, name: str) -> PendingWrite | None:
    """The creation of a calendar of that name which is owed already."""
    grant = caller.grant
    return next(
        (
            one
            for one in uow.writes.owed(grant.account_id, profile.profile_id)
            if one.kind is WriteKind.CREATE_CALENDAR
            and (one.grant_id, one.generation, one.name) == (grant.grant_id, grant.generation, name)
        ),
        None,
    )


def _require_new_name(uow: UnitOfWork, caller: Caller, profile: Profile, name: str) -> None:
    """Only calendars that the Grant may see count: nobody learns the name of another by trying."""
    calendars = visible_calendars(caller.grant, uow.calendars.of_profile(caller.account_id, profile.profile_id))
    if any(one.name == name and not one.deleted for one in calendars):
        raise _duplicate()


def _duplicate() -> Invalid:
    return Invalid.of("name", "errors.duplicate_calendar_name", "the profile has a calendar of that name already")


def _owe(kit: Kit, uow: UnitOfWork, caller: Caller, profile: Profile, command: NewCalendar) -> PendingWrite:
    """Store the write. The calendar itself is stored by who delivers it: until the Provider has it there is none."""
    now, grant = kit.clock(), caller.grant
    remote_id = kit.naming.calendar_remote_id(profile.provider, profile.url, kit.random.hex24())
    calendar_id = calendar_id_of(profile.profile_id, remote_id)
    on: dict[str, str] = {"profile_id": profile.profile_id, "calendar_id": calendar_id}
    what, application_id = caller.action.value, grant.application_id
    uow.audit.append(AuditEntry(grant.account_id, now, Actor.APPLICATION, what, Outcome.ALLOWED, application_id, on=on))
    return uow.writes.add(
        PendingWrite(
            account_id=grant.account_id,
            write_id=WriteId(kit.random.hex24()),
            profile_id=profile.profile_id,
            calendar_id=calendar_id,
            resource_id=ResourceId(remote_id),
            kind=WriteKind.CREATE_CALENDAR,
            application_id=grant.application_id,
            grant_id=grant.grant_id,
            generation=grant.generation,
            accepted=now,
            name=command.name,
            color=command.color,
            due_at=now,
        )
    )


def _look(kit: Kit, write: PendingWrite) -> CalendarEntry | None:
    """The calendar, or None while it is owed. Raises what became of it otherwise."""
    with kit.store.read() as uow:
        account_id = write.account_id
        grant = uow.grants.get(account_id, write.application_id)
        if grant is None or grant.grant_id != write.grant_id:
            raise refuse(Deny(Reason.TOKEN_INVALID))
        profile = uow.profiles.get(account_id, write.profile_id)
        if profile is not None and not profile.connected:
            raise refuse(Deny(Reason.PROFILE_DISCONNECTED))
        if uow.writes.get(account_id, write.write_id) is not None:
            return None  # also if a sync has seen the calendar already: it is not elevated yet
        calendar = uow.calendars.get(account_id, write.calendar_id)
        if profile is not None and calendar is not None and visible_calendars(grant, [calendar]):
            return calendar_entry(grant, calendar, profile, kit.clock())
        reason = _reason(uow, write)
    raise _duplicate() if reason == DUPLICATE else _refused()


def _reason(uow: UnitOfWork, write: PendingWrite) -> str | None:
    """What the ledger says of a creation that did not come to anything."""
    entries = uow.audit.entries(write.account_id, _ENTRIES)
    ended = (one for one in entries if one.outcome in {Outcome.FAILED, Outcome.DROPPED})
    return next((one.reason for one in ended if one.on.get("calendar_id") == write.calendar_id), None)


def _pending() -> Refused:
    return Refused(
        Refusal.LOCKED,
        "calendar_pending",
        "the calendar service has not made the calendar yet",
        "the calendar will be in the list once it is made; the same request again waits for it",
    )


def _refused() -> Refused:
    return Refused(
        Refusal.LOCKED,
        "calendar_refused",
        "the calendar service did not make the calendar",
        "try again later, or with another name",
    )
