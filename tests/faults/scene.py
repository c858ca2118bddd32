"""A real calendar server, a server to be killed, and clients: what happens in one run."""

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from acceptance.place import LIMITS
from demo.icalendar import event, resource
from demo.people import Api, grant, meet
from demo.processes import free_port, python
from demo.radicale import CalendarServer, calendar_server
from demo.server import Server, answers, serving
from faults.clients import Client
from faults.record import Seen, Told, Verdict, judge, listed, parsed, start, title

ROOT = Path(__file__).parents[2]
WORK = "/jane/work/"
CLIENTS = 3
_THEIRS_EACH = 2
_FOREIGN = 5
_READY = 40.0
_SETTLES = 20.0  # seconds without any progress
_SETTINGS = {**LIMITS, "CALWARDEN_LIMIT_SYNC_INTERVAL": "10"}


class NotReached(Exception):
    """The server never came to the place at which it was to be killed."""


@dataclass
class Tally:
    """What a run has seen. ``reached``: how often a server died at each named place."""

    kills: int = 0
    reached: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    at_service: Verdict | None = None
    at_api: Verdict | None = None
    odd: list[str] = field(default_factory=list)


class Scene:
    """``environ``: the settings of the server; it is always started anew on the same port and database."""

    def __init__(
        self,
        folder: Path,
        calendars: CalendarServer,
        server: Server,
        clients: Sequence[Client],
        reader: Api,
        programs: Sequence[str],
    ) -> None:
        self._folder, self._calendars, self._server = folder, calendars, server
        self._clients, self._reader, self._programs = clients, reader, programs
        self.tally = Tally(reached={})
        self._foreign = 0

    # One fault

    def kill_at_random(self, chance: random.Random) -> None:
        """SIGKILL some moment after the start, with clients writing; now and then before it listens."""
        early = chance.random() < 0.1
        with self._programs_running(wait=not early) as processes:
            self._everybody(Client.go)
            self._change_something()
            time.sleep(chance.uniform(0.0, 1.5))
            for process in processes:
                process.send_signal(signal.SIGKILL)
            for process in processes:
                process.wait()
        self._everybody(Client.pause)
        self.tally.kills += len(processes)

    def kill_at(self, place: str, nth: int = 1, seconds: float = 25.0) -> None:
        """Let the server die where it is named, with clients writing. Raises NotReached."""
        with self._programs_running({"FAULT": f"{place}:{nth}"}, wait=False) as processes:
            self._everybody(Client.go)
            deadline = time.monotonic() + seconds
            while all(process.poll() is None for process in processes):
                if time.monotonic() > deadline:
                    raise NotReached(f"{place} was not reached in {seconds:.0f} s")
                self._change_something()
                time.sleep(0.1)
            ended = [process.poll() for process in processes if process.poll() is not None]
        self._everybody(Client.pause)
        if set(ended) != {-signal.SIGKILL}:
            raise NotReached(f"before {place} the server ended with {ended}: {self._last_words()}")
        self.tally.kills += 1
        self.tally.reached[place] = self.tally.reached.get(place, 0) + 1

    def write_for(self, seconds: float, more: Mapping[str, str] | None = None) -> None:
        """Clients write, and nothing happens to the server; a defect may be put into it."""
        with self._programs_running(more):
            self._everybody(Client.go)
            time.sleep(seconds)
            self._everybody(Client.pause)

    # The end

    def settle(self) -> Tally:
        """Start the server once more, leave it alone until the calendar is as it is to be, then compare: the calendar
        server's own listing, and what the API says after a look at all of it.
        """
        told = self.told
        with self._programs_running():
            verdict, deadline = judge(told, self._at_service()), time.monotonic() + _SETTLES
            while verdict and time.monotonic() < deadline:
                time.sleep(0.2)
                before, verdict = verdict, judge(told, self._at_service())
                if verdict != before:
                    deadline = time.monotonic() + _SETTLES
            time.sleep(1.5)  # whatever still wants to be sent would be
            self.tally.at_service = judge(told, self._at_service()) or verdict
            self._server.run("profile", "sync", "--account", "jane@example.org")
            self.tally.at_api = judge(told, self._at_api())
        self.tally.acknowledged = sum(one.acknowledged for one in self._clients)
        self.tally.odd = [said for client in self._clients for said in client.odd]
        return self.tally

    @property
    def told(self) -> dict[str, Told]:
        return {name: one for client in self._clients for name, one in client.told.items()}

    def put(self, name: str, text: str) -> None:
        """Something of somebody else's into the calendar."""
        self._calendars.account("jane").put(f"{WORK}{name}.ics", text)

    def _at_service(self) -> list[Seen]:
        texts = self._calendars.account("jane").events(WORK).values()
        return [seen for seen in map(listed, texts) if seen is not None]

    def _at_api(self) -> list[Seen]:
        days = {"from": f"{start(0):%Y-%m-%d}", "to": f"{start(0) + timedelta(days=60):%Y-%m-%d}"}
        found = self._reader.pages("/v1/events", "events", include_managed="true", **days)
        named = (parsed(one["summary"]) for one in found if " v" in (one["summary"] or ""))
        return [Seen(name, version, whole=True) for name, version in named]

    # Programs

    def _everybody(self, act: Callable[[Client], None]) -> None:
        for client in self._clients:
            act(client)

    def _change_something(self) -> None:
        """What makes the next sync find something."""
        self._foreign += 1
        begins = start(self._foreign)
        times = (f":{begins:%Y%m%dT%H%M%SZ}", f":{begins + timedelta(hours=1):%Y%m%dT%H%M%SZ}")
        for number in range(_FOREIGN):
            self.put(f"other-{number}", resource(event(f"other-{number}", f"Other, {self._foreign}", *times)))

    @contextmanager
    def _programs_running(
        self, more: Mapping[str, str] | None = None, *, wait: bool = True
    ) -> Iterator[list["subprocess.Popen[str]"]]:
        environ = {**self._server.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}", **(more or {})}
        with (self._folder / "faults.log").open("a", encoding="utf-8") as log:
            processes = [
                subprocess.Popen(
                    python("faults.program", name), env=environ, cwd=self._folder, stdout=log, stderr=log, text=True
                )
                for name in self._programs
            ]
        try:
            deadline = time.monotonic() + _READY
            while wait and not answers(self._server.url):
                if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
                    raise NotReached(f"the server did not come up: {self._last_words()}")
                time.sleep(0.03)
            yield processes
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(30)

    def _last_words(self) -> str:
        return (self._folder / "faults.log").read_text(encoding="utf-8")[-1500:]


@contextmanager
def scene(
    folder: Path, seed: int, settings: Mapping[str, str] | None = None, *, separate: bool = False
) -> Iterator[Scene]:
    """Jane with a calendar at a Radicale of its own, an application that may do everything with it, and its clients.

    ``separate``: the worker is a process of its own, and is killed like the server.
    """
    with calendar_server(folder / "radicale") as calendars:
        jane = calendars.account("jane")
        jane.make_calendar(WORK, "Work")
        theirs = [[f"their-{c}-{n}" for n in range(_THEIRS_EACH)] for c in range(CLIENTS)]
        for number, name in enumerate(name for names in theirs for name in names):
            begins = start(100 + number)
            times = (f":{begins:%Y%m%dT%H%M%SZ}", f":{begins + timedelta(hours=1):%Y%m%dT%H%M%SZ}")
            jane.put(f"{WORK}{name}.ics", resource(event(name, title(name, 0), *times, ("X-KEPT:yes",))))
        modes = {"CALWARDEN_WORKER": "separate"} if separate else {}
        port = free_port()
        with serving(folder / "calwarden", calendars.address, {**_SETTINGS, **(settings or {})}, port=port) as server:
            person = meet(server, "jane", jane)
            server.connect_calendar(person.email, jane.url, jane.name, jane.password)
            application = server.create_application("Faults", "https://faults.example.org/cb")
            api = grant(server, application, person, "read_write")
            calendar_id = str(api.get("/v1/calendars").json()["calendars"][0]["calendar_id"])
            wanted = [{"calendar_id": calendar_id, "permission_level": "unrestricted"}]
            asked = api.post("/v1/permissions", permissions=wanted, redirect_uri=application.redirect_uri)
            person.extend(asked.raise_for_status().json()["permissions_request"]["url"])
            uids = {one["summary"].rpartition(" v")[0]: one["event_uid"] for one in api.pages("/v1/events", "events")}
        server = Server(server.url, {**server.environ, **modes}, server.folder)
        token = api.client.headers["Authorization"].removeprefix("Bearer ")
        clients = [
            Client(n, server.url, token, calendar_id, {name: uids[name] for name in names}, seed)
            for n, names in enumerate(theirs)
        ]
        for client in clients:
            client.start()
        programs = ("serve", "worker") if separate else ("serve",)
        try:
            yield Scene(server.folder, calendars, server, clients, api, programs)
        finally:
            for client in clients:
                client.end()
