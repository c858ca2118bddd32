"""The end of an owed write, in one durable transaction: it is owed no more, what the Provider has is what is shown, and
the ledger says how it ended.
"""

from dataclasses import dataclass, replace

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.grant import GrantState
from calwarden.domain.profile import Calendar
from calwarden.domain.times import Instant
from calwarden.domain.write import PendingWrite
from calwarden.policy.elevation import raised, without_terms
from calwarden.ports.connector import RemoteCalendar, RemoteResource
from calwarden.ports.store import UnitOfWork
from calwarden.syncplan.unread import ANEW
from calwarden.usecases.connect.look import calendar_of
from calwarden.usecases.ending import enter_end
from calwarden.usecases.kit import Kit
from calwarden.usecases.sync.storing import Place, drop_resource, place_of, store_components, store_remote


@dataclass(frozen=True, slots=True)
class Settled:
    """``remote`` is what the Provider has now, None for nothing; ``calendar`` None: nothing is known or shown of it."""

    write: PendingWrite
    outcome: Outcome
    calendar: Calendar | None = None
    remote: RemoteResource | None = None
    reason: str | None = None


def settle(uow: UnitOfWork, kit: Kit, end: Settled) -> None:
    """End the write. Where a later one to the same event is owed, its intended state stays what is shown, and only the
    version it is based on changes.
    """
    write, calendar = end.write, end.calendar
    uow.writes.done(write.account_id, write.write_id)
    if calendar is not None:
        _show(uow, kit, end, calendar)
    enter_end(uow, kit.clock(), write, end.outcome, end.reason)


def _show(uow: UnitOfWork, kit: Kit, end: Settled, calendar: Calendar) -> None:
    write, remote = end.write, end.remote
    if write.resource_id in uow.writes.owed_resources(write.account_id, write.calendar_id):
        etag = None if remote is None else remote.etag
        uow.events.set_etag(write.account_id, write.calendar_id, write.resource_id, etag)
    elif remote is None:
        drop_resource(uow, calendar, write.resource_id, kit.clock())
    else:
        account = uow.accounts.get(write.account_id)
        place = place_of(kit, calendar, "Etc/UTC" if account is None else account.tzid)
        if remote.flags and end.outcome is not Outcome.DELIVERED:
            _forget_intended(uow, place, write, kit.clock())
        store_remote(uow, place, remote, kit.clock())


def _forget_intended(uow: UnitOfWork, place: Place, write: PendingWrite, now: Instant) -> None:
    """The Provider does not say what is there. What we hold of it never was, and is not shown in its place."""
    held = uow.events.resource(write.account_id, write.calendar_id, write.resource_id)
    if held is not None:
        store_components(uow, place, replace(held, etag=ANEW), (), now)


def settle_calendar(uow: UnitOfWork, kit: Kit, write: PendingWrite, made: RemoteCalendar) -> None:
    """The calendar is there: it is the Application's to write in without another question (contract events 2.2), also
    in a narrowed Grant (ruling 8). That adds no scope (ruling 5).
    """
    uow.writes.done(write.account_id, write.write_id)
    calendar = replace(calendar_of(write.account_id, write.profile_id, made), created_by=write.application_id)
    held = uow.calendars.get(write.account_id, calendar.calendar_id)
    if held is None:
        uow.calendars.add(calendar)
    elif held.created_by is None:
        uow.calendars.save(replace(held, created_by=write.application_id))
    grant = uow.grants.by_id(write.account_id, write.grant_id)
    if grant is not None and grant.state is GrantState.ACTIVE and grant.generation == write.generation:
        higher = raised(grant, without_terms([calendar.calendar_id]), kit.clock())
        allowed = None if grant.calendars is None else grant.calendars | {calendar.calendar_id}
        uow.grants.save(replace(higher, calendars=allowed))
        _enter_elevation(uow, kit, write, calendar)
    profile = uow.profiles.get(write.account_id, write.profile_id)
    if profile is not None:
        uow.profiles.save(replace(profile, sync_due_at=kit.clock()))
    enter_end(uow, kit.clock(), write, Outcome.DELIVERED, None)


def _enter_elevation(uow: UnitOfWork, kit: Kit, write: PendingWrite, calendar: Calendar) -> None:
    uow.audit.append(
        AuditEntry(
            write.account_id,
            kit.clock(),
            Actor.WORKER,
            "elevation.granted",
            Outcome.ALLOWED,
            write.application_id,
            reason="calendar_created",
            on={"calendars": calendar.calendar_id},
        )
    )
