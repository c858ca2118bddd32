"""A running server on a real CalDAV server, two people, two applications, and what tests do with them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from calwarden.usecases.operate import find_account, list_profiles, sync_now
from calwarden.wiring.opening import opened
from calwarden.wiring.providers import connector_factory
from calwarden.wiring.system import read_settings
from demo.icalendar import at, event, resource
from demo.people import Api, Person, authorize_link, exchange, grant
from demo.server import Application, Server
from demo.table import wait_until
from demo.world import HOME, NAMES, TRIALS, WORK, World

LIMITS = {
    "CALWARDEN_ALLOW_OPERATOR_GRANTS": "1",
    "CALWARDEN_LIMIT_REQUESTS_PER_SECOND": "10000",
    "CALWARDEN_LIMIT_REQUESTS_PER_MINUTE": "100000",
    "CALWARDEN_LIMIT_EVENTS_PER_PAGE": "20",
    "CALWARDEN_LIMIT_BUSY_PER_PAGE": "20",
}
"""Tests ask faster than applications do, and pages are to be many."""

POOL = {WORK: 40, HOME: 10}
"""Events of jane's own for tests to try things on, each used once."""


@dataclass(frozen=True)
class Theirs:
    """An External Event: what the API and the CalDAV server call it, and what it was like."""

    calendar_id: str
    uid: str
    title: str
    path: str
    text: str


@dataclass
class Place:
    """``a``, ``b``: the two applications. ``lookout``: a token that reads everything of jane's, to look ids up."""

    server: Server
    world: World
    jane: Person
    marcel: Person
    a: Application
    b: Application
    lookout: Api
    sentinel: Api
    taken: dict[str, int] = field(default_factory=dict)
    _names: Any = field(default_factory=count)

    # What applications get

    def grant(self, scope: str, application: Application | None = None, person: Person | None = None) -> Api:
        """Jane (or another) agrees on the pages; gives the application's token."""
        return grant(self.server, application or self.a, person or self.jane, scope)

    def tokens(self, scope: str, application: Application | None = None) -> dict[str, Any]:
        """The whole answer of the token endpoint."""
        chosen = application or self.a
        code = self.jane.allow(authorize_link(self.server, chosen, scope))
        return dict(exchange(self.server, chosen, code).raise_for_status().json())

    def ask(self, api: Api, *calendar_ids: str, level: str = "unrestricted") -> httpx.Response:
        """POST /v1/permissions."""
        wanted = [{"calendar_id": one, "permission_level": level} for one in calendar_ids]
        return api.post("/v1/permissions", permissions=wanted, redirect_uri=self.a.redirect_uri)

    def elevate(self, api: Api, *calendar_ids: str) -> None:
        """Extended Permissions asked for and given."""
        asked = self.ask(api, *calendar_ids).raise_for_status().json()
        self.jane.extend(asked["permissions_request"]["url"])

    # What there is

    def calendar(self, path: str) -> str:
        """The id of one of jane's calendars."""
        found = self.lookout.get("/v1/calendars").raise_for_status().json()["calendars"]
        return next(str(one["calendar_id"]) for one in found if one["calendar_name"] == NAMES[path])

    def read(self, api: Api, **query: object) -> list[dict[str, Any]]:
        """Every event of GET /v1/events, all pages."""
        return api.pages("/v1/events", "events", **query)

    def titled(self, title: str) -> dict[str, Any]:
        """The one event of jane's with this title, as an application that may read everything sees it."""
        [found] = [one for one in self.read(self.lookout) if one["summary"] == title]
        return found

    def theirs(self, path: str = WORK) -> Theirs:
        """The next event of jane's own."""
        number = self.taken[path] = self.taken.get(path, 0) + 1
        title = pool_title(path, number)
        found = self.titled(title)
        href = f"{path}{title}.ics"
        text = self.world.jane.get(href)
        assert text is not None
        return Theirs(found["calendar_id"], found["event_uid"], title, href, text)

    def named(self, what: str = "booking") -> str:
        """A title, and ``event_id``, that nobody has used."""
        return f"{what}-{next(self._names)}"

    # What happens

    def fields(self, title: str, day: int = 1, week: int = 1) -> dict[str, Any]:
        """An event's fields; the time is far from everything else unless told otherwise."""
        date = self.world.day(day, week)
        return {
            "summary": title,
            "description": "",
            "start": f"{date}T20:00:00Z",
            "end": f"{date}T20:30:00Z",
            "tzid": "Etc/UTC",
        }

    def upsert(self, api: Api, calendar_id: str, event_id: str, title: str | None = None) -> httpx.Response:
        return api.post(f"/v1/calendars/{calendar_id}/events", event_id=event_id, **self.fields(title or event_id))

    def book(self, api: Api, path: str = WORK) -> str:
        """A Partner Event of this application, waited for at the CalDAV server; gives its id, which is its title."""
        name = self.named()
        assert self.upsert(api, self.calendar(path), name).status_code == 202
        assert self.eventually(lambda: self.world.jane.find(path, name) is not None)
        return name

    def edit(self, api: Api, of: Theirs, title: str) -> httpx.Response:
        return api.post(f"/v1/calendars/{of.calendar_id}/events", event_uid=of.uid, summary=title)

    def delete(self, api: Api, of: Theirs) -> httpx.Response:
        return api.delete(f"/v1/calendars/{of.calendar_id}/events", event_uid=of.uid)

    def eventually(self, true: Callable[[], bool]) -> bool:
        return wait_until(true)

    def unchanged(self, of: Theirs) -> bool:
        """Whether the CalDAV server has the event as it was, once everything owed to it has been delivered."""
        self.settle()
        return self.world.jane.get(of.path) == of.text

    def settle(self) -> None:
        """Wait until jane's calendar service is owed nothing. A mark is written first, so that there is something."""
        mark = self.named("mark")
        assert self.upsert(self.sentinel, self.calendar(TRIALS), mark).status_code == 202
        with opened(read_settings(self.server.environ)) as held:
            account = find_account(held.kit, self.jane.email).account_id
            assert self.eventually(lambda: not any(one.owed for one in list_profiles(held.kit, account)))
        assert self.world.jane.find(TRIALS, mark) is not None

    def sync(self, person: Person | None = None) -> None:
        """What ``calwarden profile sync --wait`` does, without starting another Python each time."""
        settings = read_settings(self.server.environ)
        with opened(settings) as held:
            account = find_account(held.kit, (person or self.jane).email).account_id
            for line in list_profiles(held.kit, account):
                which = (account, line.profile.profile_id)
                done = asyncio.run(sync_now(held.kit, connector_factory(settings), *which, holder="tests"))
                assert done.complete


def seed(world: World) -> None:
    """Write the pool."""
    for path, size in POOL.items():
        for number in range(1, size + 1):
            title = pool_title(path, number)
            day = world.day(number % 7, 2)
            text = event(title, title, at(day, "06:00"), at(day, "06:15"), ("LOCATION:Hall B",))
            world.jane.put(f"{path}{title}.ics", resource(text))


def pool_title(path: str, number: int) -> str:
    return f"own-{path.split('/')[2]}-{number}"


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which says why and what would help, and nothing else."""
    body = answer.json()
    assert set(body) == {"code", "reason", "remedy"}
    return answer.status_code, body["code"]
