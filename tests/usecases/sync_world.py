"""A person with a calendar service in memory, an application with a grant, and a worker's two jobs."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from calwarden.connectors.memory.connector import memory_factory
from calwarden.connectors.memory.provider import MemoryProvider, ProviderCalendar
from calwarden.domain.account import Account
from calwarden.domain.application import Application
from calwarden.domain.audit import Actor, AuditEntry
from calwarden.domain.draft import EventDraft
from calwarden.domain.event import Event, Resource
from calwarden.domain.grant import Grant
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, calendar_id_of
from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import Instant, Zoned
from calwarden.domain.write import PendingWrite
from calwarden.policy.elevation import raised, without_terms
from calwarden.ports.store import UnitOfWork
from calwarden.store import SqlStore, open_memory
from calwarden.timetable.wiretime import parse_instant
from calwarden.usecases.access import Bearer
from calwarden.usecases.authorize import issue_grant
from calwarden.usecases.connect import Connected, Login, connect_calendar
from calwarden.usecases.deliver import DeliverOutcome, deliver_writes
from calwarden.usecases.events import DeleteEvent, UpsertEvent, delete_event, upsert_event
from calwarden.usecases.kit import Kit, Limits
from calwarden.usecases.sync import SyncOutcome, sync_profile
from ics import event
from usecases.auth_world import ISSUER, REDIRECT, Counting, HandClock

T = TypeVar("T")

JANE, MARCEL = AccountId("acc_jane"), AccountId("acc_marcel")
APP, OTHER = ApplicationId("app"), ApplicationId("other")
SCOPES = ("read_write", "create_calendar", "change_participation_status")
DAY = "20300320"


class Killed(Exception):
    """The process ended here."""


class MortalStore:
    """The store of a process that can be killed at any transaction: just before it commits, or just after."""

    def __init__(self, store: SqlStore) -> None:
        self.inner = store
        self.dies_in: int | None = None
        self.after = False
        self.dead = False

    def kill(self, writes: int, *, after: bool) -> None:
        """Die at that write transaction from now, the first being 0."""
        self.dies_in, self.after, self.dead = writes, after, False

    def revive(self) -> None:
        self.dies_in, self.dead = None, False

    def read(self) -> AbstractContextManager[UnitOfWork]:
        self._check()
        return self.inner.read()

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[UnitOfWork]:
        self._check()
        now = self.dies_in == 0
        self.dies_in = None if self.dies_in is None or now else self.dies_in - 1
        with self.inner.write(durable=durable) as uow:
            yield uow
            if now and not self.after:
                self.dead = True
                raise Killed
        if now:
            self.dead = True
            raise Killed

    def close(self) -> None:
        self.inner.close()

    def _check(self) -> None:
        if self.dead:
            raise Killed


class Syncing:
    """Jane has ``work`` and ``home`` at the provider; Marcel shares ``team`` with her."""

    def __init__(self, store: SqlStore | None = None, **limits: int) -> None:
        self.clock = HandClock()
        self.store = MortalStore(store or open_memory())
        self.kit = Kit(self.store, self.clock, Counting(), Limits(**limits), ISSUER)
        self.provider = MemoryProvider()
        self.provider.add_user("jane", "secret", name="jane@dav", addresses=("jane@example.org",))
        self.provider.add_user("marcel", "secret")
        self.work = self.provider.add_calendar("jane", "work", "Work", primary=True)
        self.home = self.provider.add_calendar("jane", "home", "Home")
        self.team = self.provider.add_calendar("marcel", "team", "Team")
        self.provider.share(self.team.remote_id, "jane")
        self.factory = memory_factory(self.provider, self.clock)
        with self.store.write() as uow:
            for app in (APP, OTHER):
                uow.applications.add(Application(app, app, (REDIRECT,), self.clock()))
            uow.accounts.add(
                Account(JANE, "jane@example.org", "Jane Doe", "Europe/Paris", self.clock(), email_verified=True)
            )
        outcome = asyncio.run(
            connect_calendar(self.kit, self.factory, JANE, Login("https://dav.example.org", "jane", "secret"))
        )
        assert isinstance(outcome, Connected), outcome
        self.profile_id = outcome.profile.profile_id
        self.bearer = self.grant_to(APP)

    def grant_to(self, app: ApplicationId, scopes: tuple[str, ...] = SCOPES) -> Bearer:
        return Bearer(issue_grant(self.kit, app, JANE, scopes).access_token)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    # The two jobs.

    def sync(self, holder: str = "worker") -> SyncOutcome:
        return self.run(sync_profile(self.kit, self.factory, JANE, self.profile_id, holder=holder))

    def deliver(self, holder: str = "worker", *, all_owed: bool = False) -> DeliverOutcome:
        return self.run(deliver_writes(self.kit, self.factory, JANE, self.profile_id, holder=holder, all_owed=all_owed))

    # What the application does.

    def upsert(self, event_id: str, summary: str, start: str = f"{DAY}T100000Z", **stated: object) -> None:
        begins = moment(start)
        draft = EventDraft(summary=summary, start=begins, end=Zoned(Instant(begins.at + 3600), "Etc/UTC"), **stated)  # type: ignore[arg-type]
        upsert_event(self.kit, self.bearer, UpsertEvent(self.calendar_id(self.work), event_id, None, draft))

    def edit(self, event_uid: str, summary: str) -> None:
        draft = EventDraft(summary=summary)
        upsert_event(self.kit, self.bearer, UpsertEvent(self.calendar_id(self.work), None, event_uid, draft))

    def delete(self, event_id: str) -> None:
        delete_event(self.kit, self.bearer, DeleteEvent(self.calendar_id(self.work), event_id, None))

    def remove(self, event_uid: str) -> None:
        delete_event(self.kit, self.bearer, DeleteEvent(self.calendar_id(self.work), None, event_uid))

    def elevate(self, calendar: ProviderCalendar) -> None:
        self.change_grant(lambda grant: raised(grant, without_terms([self.calendar_id(calendar)]), self.clock()))

    def change_grant(self, change: Callable[[Grant], Grant]) -> Grant:
        with self.store.write() as uow:
            grant = uow.grants.get(JANE, APP)
            assert grant is not None
            uow.grants.save(change(grant))
        return grant

    # What the person does at the provider.

    def put(self, name: str, summary: str, *lines: str, calendar: ProviderCalendar | None = None) -> None:
        self.provider.put((calendar or self.work).remote_id, name, plain(name, summary, *lines))

    # What there is.

    def calendar_id(self, calendar: ProviderCalendar) -> CalendarId:
        return calendar_id_of(self.profile_id, calendar.remote_id)

    def calendar(self, calendar: ProviderCalendar) -> Calendar:
        with self.store.read() as uow:
            found = uow.calendars.get(JANE, self.calendar_id(calendar))
        assert found is not None
        return found

    def profile(self) -> Profile:
        with self.store.read() as uow:
            found = uow.profiles.get(JANE, self.profile_id)
        assert found is not None
        return found

    def grant(self) -> Grant:
        with self.store.read() as uow:
            found = uow.grants.get(JANE, APP)
        assert found is not None
        return found

    def events(self, calendar: ProviderCalendar | None = None, *, deleted: bool = False) -> list[Event]:
        calendar_id = self.calendar_id(calendar or self.work)
        with self.store.read() as uow:
            found = [
                one
                for resource_id in self._resources(uow, calendar_id, deleted=deleted)
                for one in uow.events.of_resource(JANE, calendar_id, resource_id)
            ]
        return [one for one in found if deleted or not one.deleted]

    def summaries(self, calendar: ProviderCalendar | None = None) -> list[str]:
        return sorted(one.component.details.summary for one in self.events(calendar))

    def resource(self, name: str, calendar: ProviderCalendar | None = None) -> Resource | None:
        place = calendar or self.work
        with self.store.read() as uow:
            return uow.events.resource(JANE, self.calendar_id(place), self.provider.resource_id(place.remote_id, name))

    def owed(self) -> list[PendingWrite]:
        with self.store.read() as uow:
            return list(uow.writes.owed(JANE, self.profile_id))

    def ledger(self) -> list[AuditEntry]:
        with self.store.read() as uow:
            return list(uow.audit.entries(JANE))

    def uid_of(self, summary: str, calendar: ProviderCalendar | None = None) -> str:
        """The event's uid as an application that did not make it knows it."""
        [key] = [one.key for one in self.events(calendar) if one.component.details.summary == summary]
        return f"evt_external_{key}"

    def stored(self, calendar: ProviderCalendar | None = None) -> list[str]:
        """The summaries at the provider."""
        bodies = (body.decode() for _, body in (calendar or self.work).resources.values())
        return sorted(
            line.removeprefix("SUMMARY:") for body in bodies for line in body.split("\r\n") if "SUMMARY" in line
        )

    def _resources(self, uow: UnitOfWork, calendar_id: CalendarId, *, deleted: bool) -> list[str]:
        names = set(uow.events.etags(JANE, calendar_id))
        if deleted:
            place = next(one for one in self.provider.calendars.values() if self.calendar_id(one) == calendar_id)
            names |= set(place.log)
        return sorted(names)


def ended(world: Syncing) -> list[tuple[str, str | None]]:
    """How writes ended by the worker's hand, oldest first."""
    return [(one.outcome.value, one.reason) for one in reversed(world.ledger()) if one.actor is Actor.WORKER]


def moment(text: str) -> Zoned:
    """``YYYYMMDDTHHMMSSZ``."""
    day, clock = text[:8], text[9:15]
    return Zoned(parse_instant(f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"), "Etc/UTC")


def plain(uid: str, summary: str, *lines: str) -> bytes:
    """An event of one hour, unless the lines say otherwise."""
    times = (
        () if any(line.startswith("DTSTART") for line in lines) else (f"DTSTART:{DAY}T090000Z", f"DTEND:{DAY}T100000Z")
    )
    return event(f"UID:{uid}", "DTSTAMP:20300101T000000Z", *times, f"SUMMARY:{summary}", *lines)
