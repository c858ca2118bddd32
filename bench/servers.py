"""The servers that are measured: each a real process on loopback, with the same calendars in it."""

import base64
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dulwich import porcelain

from bench.calendars import Month, events
from demo.people import grant, meet
from demo.processes import free_port, listens, python, running
from demo.radicale import CalendarServer, calendar_server
from demo.server import PROGRAM, Server, answers

_LIMITS = {
    "CALWARDEN_ALLOW_OPERATOR_GRANTS": "1",
    "CALWARDEN_LIMIT_REQUESTS_PER_SECOND": "1000000",
    "CALWARDEN_LIMIT_REQUESTS_PER_MINUTE": "10000000",
    "CALWARDEN_LIMIT_BUSY_PER_PAGE": "5000",
    "CALWARDEN_LIMIT_EVENTS_PER_PAGE": "100",
    "CALWARDEN_LIMIT_SYNC_INTERVAL": "86400",
    "CALWARDEN_LIMIT_STALE_AFTER": "604800",
}


def size_name(count: int) -> str:
    """The folder of a calendar of so many events."""
    return f"c{count}"


@dataclass(frozen=True)
class Elsewhere:
    """A CalDAV server; ``home``: the folder of jane's calendars, as a path of it."""

    name: str
    port: int
    pid: int
    home: str
    headers: Mapping[str, str]


@contextmanager
def radicale(folder: Path, sizes: Sequence[int], month: Month) -> Iterator[tuple[CalendarServer, Elsewhere]]:
    """Radicale, with its cache of items as it comes, and a calendar of each size."""
    with calendar_server(folder) as calendars:
        jane = calendars.account("jane")
        for count in sizes:
            jane.make_calendar(f"/jane/{size_name(count)}/", size_name(count))
            place = folder / "collections" / "collection-root" / "jane" / size_name(count)
            for name, text in events(count, month):
                (place / name).write_text(text, encoding="utf-8", newline="")
        login = base64.b64encode(f"{jane.name}:{jane.password}".encode()).decode()
        port = int(calendars.address.rpartition(":")[2])
        yield calendars, Elsewhere("Radicale", port, _listener(port), "/jane", {"Authorization": f"Basic {login}"})


@contextmanager
def xandikos(folder: Path, sizes: Sequence[int], month: Month) -> Iterator[Elsewhere]:
    """Xandikos without passwords, and a calendar of each size in a Git repository of its own."""
    port, data = free_port(), folder / "data"
    folder.mkdir(parents=True)
    words = ("serve", "--defaults", "-d", str(data), "--current-user-principal", "/jane/")
    command = python("xandikos", *words, "-l", "127.0.0.1", "-p", str(port), "--no-detect-systemd")
    with running(command, {}, folder / "first.log", lambda: listens(port)):
        pass
    for count in sizes:
        place = data / "jane" / "calendars" / size_name(count)
        place.mkdir()
        porcelain.init(str(place))
        (place / ".xandikos").write_text("[DEFAULT]\ntype = calendar\n\n", encoding="utf-8")
        names = [".xandikos"]
        for name, text in events(count, month):
            (place / name).write_text(text, encoding="utf-8", newline="")
            names.append(name)
        porcelain.add(str(place), [str(place / name) for name in names])
        porcelain.commit(str(place), message=b"calendar", author=b"jane <jane@example.org>")
    with running(command, {}, folder / "xandikos.log", lambda: listens(port)) as process:
        yield Elsewhere("Xandikos", port, process.pid, "/jane/calendars", {})


@contextmanager
def constant(folder: Path, size: int) -> Iterator[tuple[int, int]]:
    """Port and process of an answer that never changes."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("constant.py")), str(port), str(size)]
    with running(command, {}, folder / "constant.log", lambda: listens(port)) as process:
        yield port, process.pid


@dataclass
class Ours:
    """calwarden, with jane connected. ``token`` may read and write everything of hers."""

    server: Server
    port: int
    token: str
    calendars: Mapping[str, str]
    pid: int = 0
    email: str = ""


@contextmanager
def calwarden(folder: Path, calendars: CalendarServer, allow: Sequence[str] = ()) -> Iterator[tuple[Ours, "Stopwatch"]]:
    """A server on a new database whose first sync has been measured; started anew for what is measured next.

    ``allow``: further private addresses that it may speak to.
    """
    port = free_port()
    environ = {
        "CALWARDEN_DATA_DIR": str(folder / "data"),
        "CALWARDEN_PORT": str(port),
        "CALWARDEN_OUTBOUND_ALLOW": ",".join((calendars.address, *allow)),
        "PYTHONUTF8": "1",
        **_LIMITS,
    }
    folder.mkdir(parents=True)
    server = Server(f"http://127.0.0.1:{port}", environ, folder)
    watch = Stopwatch()
    separate = {**environ, "CALWARDEN_WORKER": "separate"}
    with running([PROGRAM, "serve"], separate, server.log, lambda: answers(server.url)):
        jane = meet(server, "jane", calendars.account("jane"))
        server.run("application", "create", "--name", "Idle", "--redirect-uri", "https://idle.example.org/cb")
        with watch.of("connect and first sync"):
            account = jane.calendar
            server.connect_calendar(jane.email, account.url, account.name, account.password)
        with watch.of("sync with nothing changed"):
            server.run("profile", "sync", "--account", jane.email)
        with watch.of("command that does nothing"):
            server.run("application", "list")
        application = server.create_application("Bench", "https://bench.example.org/cb")
        api = grant(server, application, jane, "read_write")
        found = api.get("/v1/calendars").raise_for_status().json()["calendars"]
        named = {one["calendar_name"]: one["calendar_id"] for one in found}
        token = api.client.headers["Authorization"]
    with running([PROGRAM, "serve"], environ, server.log, lambda: answers(server.url)) as process:
        yield Ours(server, port, token, named, process.pid, jane.email), watch


class Stopwatch:
    """CPU and wall-clock seconds of the commands that ran meanwhile, as this process's children."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Commands are waited for before the block ends."""
        import resource  # noqa: PLC0415

        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        yield
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.wall[name] = time.perf_counter() - begun
        self.cpu[name] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _listener(port: int) -> int:
    """The process that listens on a port."""
    wanted = f"0100007F:{port:04X}"
    inodes = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1] == wanted and fields[3] == "0A":
            inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if inodes & {str(one.readlink()) for one in (process / "fd").iterdir()}:
                    return int(process.name)
            except OSError:
                continue
    raise LookupError(port)
