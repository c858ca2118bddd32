"""The same stage for every connector: Jane, Marcel, a calendar, and other programs that change what is in it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Protocol, TypeVar

from calwarden.connectors.caldav import Surroundings, caldav_factory
from calwarden.connectors.memory import MemoryProvider, memory_factory
from calwarden.domain.draft import EventDraft
from calwarden.domain.ids import CalendarId, ResourceId
from calwarden.domain.profile import Credentials
from calwarden.net import OutboundRules
from calwarden.policy.decision import NOT_ASKED, Action, CalendarFacts, GrantFacts, Permit, Relation, allow
from calwarden.ports.connector import Connector, ConnectorFactory, EventTarget, RemoteChanges, RemoteResource
from ics import NOW, event, zoned
from servers.dav import DavServer
from servers.front import Front
from servers.radicale import Radicale

JANE, MARCEL = "jane@example.org", "marcel@example.org"
PASSWORDS = {JANE: "jane's secret", MARCEL: "marcel's secret"}
CALENDAR = CalendarId("cal_a_b")

MEETING = EventDraft(
    summary="Meeting", start=zoned("2031-07-03T08:00:00Z"), end=zoned("2031-07-03T09:00:00Z"), description="at ten"
)

_Found = TypeVar("_Found")
_numbers = count(1)


def permit(action: Action, calendar: CalendarId = CALENDAR) -> Permit:
    """As decide() would mint it."""
    return allow(action, GrantFacts(), CalendarFacts(Relation.OWNED, calendar_id=calendar), NOT_ASKED).permit


class Stage(Protocol):
    """Jane's calendar ``calendar`` is empty at first. Names are those of resources in it, without ``.ics``."""

    calendar: str
    factory: ConnectorFactory

    def login(self, user: str = JANE, password: str | None = None) -> Credentials: ...
    def put(self, name: str, body: bytes) -> None: ...
    def text(self, name: str) -> str: ...
    def delete(self, name: str) -> None: ...
    def drop(self) -> None: ...
    def make_again(self) -> None:
        """Drop the calendar, and make an empty one of the same name at the same address."""
        ...

    def share(self, *, writable: bool) -> str:
        """With Marcel; where he sees it."""
        ...

    def race(self, method: str, act: Callable[[], object]) -> None:
        """Before the next ``put`` or ``delete`` takes effect."""
        ...

    def lose(self, method: str) -> None:
        """Let the next ``put`` or ``delete`` take effect and its answer get lost."""
        ...


@dataclass
class MemoryStage:
    provider: MemoryProvider
    calendar: str
    factory: ConnectorFactory

    def login(self, user: str = JANE, password: str | None = None) -> Credentials:
        return Credentials("memory:", user, password or PASSWORDS[user])

    def put(self, name: str, body: bytes) -> None:
        self.provider.put(self.calendar, f"{name}.ics", body)

    def text(self, name: str) -> str:
        return self.provider.body(self.calendar, f"{name}.ics").decode()

    def delete(self, name: str) -> None:
        self.provider.delete(self.calendar, f"{name}.ics")

    def drop(self) -> None:
        self.provider.drop_calendar(self.calendar)

    def make_again(self) -> None:
        self.drop()
        self.provider.add_calendar(JANE, "work", "Work", primary=True)

    def share(self, *, writable: bool) -> str:
        self.provider.share(self.calendar, MARCEL)
        self.provider.calendars[self.calendar].readonly = not writable
        return self.calendar

    def race(self, method: str, act: Callable[[], object]) -> None:
        self.provider.before(method, act)

    def lose(self, method: str) -> None:
        self.provider.lose_answer(method)


def memory_stage() -> MemoryStage:
    provider = MemoryProvider()
    for user, password in PASSWORDS.items():
        provider.add_user(user, password, addresses=(user,))
    provider.add_calendar(MARCEL, "own", "Marcel's own")
    calendar = provider.add_calendar(JANE, "work", "Work", primary=True)
    return MemoryStage(provider, calendar.remote_id, memory_factory(provider, lambda: NOW))


@dataclass
class DavStage:
    server: DavServer
    front: Front
    calendar: str
    factory: ConnectorFactory

    def login(self, user: str = JANE, password: str | None = None) -> Credentials:
        return Credentials(self.front.web.url, user, password or PASSWORDS[user])

    def put(self, name: str, body: bytes) -> None:
        self.server.put(JANE, f"{self.calendar}{name}.ics", body)

    def text(self, name: str) -> str:
        return self.server.get(JANE, f"{self.calendar}{name}.ics").replace("\r\n", "\n").replace("\n", "\r\n")

    def delete(self, name: str) -> None:
        self.server.delete(JANE, f"{self.calendar}{name}.ics")

    def drop(self) -> None:
        self.server.delete(JANE, self.calendar)

    def make_again(self) -> None:
        self.drop()
        self.server.add_calendar(JANE, self.calendar.replace(" ", "%20"), "Work")

    def share(self, *, writable: bool) -> str:
        assert isinstance(self.server, Radicale)
        at = f"/{MARCEL}/shared{next(_numbers)}/"
        self.server.share(JANE, self.calendar, MARCEL, at, "rw" if writable else "r")
        return at

    def race(self, method: str, act: Callable[[], object]) -> None:
        self.front.before(method.upper(), act)

    def lose(self, method: str) -> None:
        self.front.lose(method.upper())


def dav_factory(*allow: str) -> ConnectorFactory:
    """Connectors that may speak to exactly these."""
    return caldav_factory(Surroundings(OutboundRules.of(allow), lambda: NOW, lambda: secrets.token_hex(8)))


def dav_stage(server: DavServer, front: Front, home: str) -> DavStage:
    number = next(_numbers)
    calendar = f"{home}work {number}+/"  # a blank and a plus: hrefs are compared decoded
    server.add_calendar(JANE, calendar.replace(" ", "%20"), f"Work {number}")
    return DavStage(server, front, calendar, dav_factory(front.web.allowed))


def run(stage: Stage, act: Callable[[Connector], Awaitable[_Found]], credentials: Credentials | None = None) -> _Found:
    """One pass of a connector."""

    async def once() -> _Found:
        connector = stage.factory(credentials or stage.login())
        try:
            return await act(connector)
        finally:
            await connector.close()

    return asyncio.run(once())


def target(stage: Stage, name: str, etag: str | None = None, uid: str | None = None) -> EventTarget:
    """Where a write to the resource ``name`` goes."""
    return EventTarget(CALENDAR, stage.calendar, ResourceId(f"{stage.calendar}{name}.ics"), uid or name, etag)


def held(stage: Stage, name: str) -> RemoteResource:
    """What the connector reads of one resource."""
    resource = ResourceId(f"{stage.calendar}{name}.ics")
    (found,) = run(stage, lambda connector: connector.fetch(stage.calendar, [resource]))
    return found


def plain(name: str, summary: str = "Plain", *more: str) -> bytes:
    return event(
        f"UID:{name}",
        "DTSTAMP:20310101T000000Z",
        "DTSTART:20310703T080000Z",
        "DTEND:20310703T090000Z",
        f"SUMMARY:{summary}",
        *more,
    )


def series(name: str) -> bytes:
    return plain(name, "Daily", "RRULE:FREQ=DAILY;COUNT=5")


def changes(stage: Stage, cursor: str | None = None, *, full: bool = False) -> RemoteChanges:
    return run(stage, lambda connector: connector.changes(stage.calendar, cursor, full=full))


def upsert(stage: Stage, name: str, draft: EventDraft, etag: str | None = None) -> RemoteResource:
    allowed = permit(Action.WRITE_OWN_EVENT)
    return run(stage, lambda connector: connector.upsert_event(allowed, target(stage, name, etag), draft))


def edit(stage: Stage, name: str, draft: EventDraft, etag: str | None, occurrence: str = "") -> RemoteResource:
    when, allowed = (zoned(occurrence) if occurrence else None), permit(Action.EDIT_EVENT)
    return run(stage, lambda connector: connector.edit_event(allowed, target(stage, name, etag), draft, when))


def delete(
    stage: Stage, name: str, etag: str | None, occurrence: str = "", *, action: Action = Action.DELETE_EVENT
) -> RemoteResource | None:
    when, allowed = (zoned(occurrence) if occurrence else None), permit(action)
    return run(stage, lambda connector: connector.delete_event(allowed, target(stage, name, etag), when))


def names(stage: Stage, resources: object) -> set[str]:
    assert isinstance(resources, dict | frozenset | set)
    return {str(one).removeprefix(stage.calendar).removesuffix(".ics") for one in resources}
