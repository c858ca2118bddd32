"""The demo's world left running: a calendar server, calwarden, and an application, for a person to click through."""

import json
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path

from demo.people import meet
from demo.processes import free_port, listens, running
from demo.radicale import CalendarServer, calendar_server
from demo.server import Application, Server, serving
from demo.weeks import furnish, write_week
from demo.world import EMAIL

BOOKING = Path(__file__).parent.parent / "examples" / "booking" / "booking.py"
_WEEKS = 3


class NotPossible(Exception):
    """The world can not be there; the message says why and what to do."""


_SETTINGS = {"CALWARDEN_REGISTRATION": "everyone"}


@dataclass(frozen=True)
class Ports:
    """Where the three programs listen, on loopback."""

    calwarden: int = 8000
    booking: int = 9000
    radicale: int = 5232


@dataclass
class Kept:
    """What a world has to know of itself to come up again."""

    ports: Ports
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    weeks: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path) -> "Kept":
        said = json.loads(file.read_text(encoding="utf-8"))
        return cls(**{**said, "ports": Ports(**said["ports"])})

    def write(self, file: Path) -> None:
        """The whole of it or nothing: a world must not be lost with the machine."""
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(asdict(self)), encoding="utf-8")
        new.replace(file)

    @property
    def made(self) -> bool:
        """Whether everything is there; else whoever made it was interrupted."""
        return bool(self.client_id)


@dataclass(frozen=True)
class Standing:
    """A running world. ``booking``: the address of the application."""

    calendars: CalendarServer
    server: Server
    booking: str
    ports: Ports

    @property
    def down(self) -> tuple[str, ...]:
        """Which of the programs do not answer any more."""
        return tuple(name for name, port in asdict(self.ports).items() if not listens(port))


def is_free(port: int) -> bool:
    """Whether a program could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def standing(folder: Path, wanted: Ports, today: date, tell: Callable[[str], None]) -> Iterator[Standing]:
    """The world in ``folder``, a new one or the one that is there, until the end of the block.

    Ports that are taken are replaced by free ones in a new world. One that is there stays at its own: its calendars
    are connected, and its application is registered, by address. Raises NotPossible, NotStarted.
    """
    file = folder / "world.json"
    kept = _find(folder, file, wanted, tell)
    ports, home = kept.ports, f"http://127.0.0.1:{kept.ports.booking}"
    tell("starting a calendar server (Radicale) ...")
    with calendar_server(folder / "radicale", ports.radicale) as calendars:
        _write_calendars(calendars, kept, today)
        tell("starting calwarden ...")
        with serving(folder / "calwarden", calendars.address, _SETTINGS, port=ports.calwarden) as server:
            if not kept.made:
                booking = _settle(server, calendars, home, tell)
                kept.client_id, kept.client_secret = booking.client_id, booking.client_secret
            kept.write(file)
            tell("starting the application ...")
            with _application(folder, server, kept, home):
                yield Standing(calendars, server, home, ports)


def _find(folder: Path, file: Path, wanted: Ports, tell: Callable[[str], None]) -> Kept:
    """What is known of the world in ``folder``, or of the one to be made there."""
    if not file.exists():
        if any(folder.iterdir()):
            raise NotPossible(
                f'"{folder}" is not empty and holds no world of ours: name an empty folder, or one to be made'
            )
        kept = Kept(_choose(wanted, tell))
        kept.write(file)
        return kept
    kept = _own(Kept.read(file))
    if not kept.made:
        tell("making anew what was interrupted ...")
        for part in ("radicale", "calwarden"):
            shutil.rmtree(folder / part, ignore_errors=True)
    return kept


def _choose(wanted: Ports, tell: Callable[[str], None]) -> Ports:
    chosen = {}
    for name, port in asdict(wanted).items():
        chosen[name] = port if is_free(port) else free_port()
        if chosen[name] != port:
            tell(f"port {port} is taken: {name} listens on {chosen[name]} instead")
    return Ports(**chosen)


def _own(kept: Kept) -> Kept:
    for name, port in asdict(kept.ports).items():
        if not is_free(port):
            raise NotPossible(
                f"port {port} is taken, and {name} of this world has to be there: stop what listens on it "
                "(another make serve?), or begin a new world in another folder"
            )
    return kept


def _write_calendars(calendars: CalendarServer, kept: Kept, today: date) -> None:
    """Weeks that were written once are not written again: they are the people's own by now."""
    monday = today - timedelta(days=today.weekday())
    if not kept.weeks:
        furnish(calendars, monday)
    for week in (monday + timedelta(weeks=number) for number in range(_WEEKS)):
        if f"{week}" not in kept.weeks:
            write_week(calendars, week)
            kept.weeks.append(f"{week}")


def _settle(server: Server, calendars: CalendarServer, home: str, tell: Callable[[str], None]) -> Application:
    """Two accounts, one of them with its calendars connected, and the application."""
    tell("making accounts for jane and marcel ...")
    for name in ("jane", "marcel"):
        person = meet(server, name, calendars.account(name))
        if name == "jane":
            tell("connecting jane's calendars ...")
            account = person.calendar
            server.connect_calendar(person.email, account.url, account.name, account.password)
    tell("registering the application ...")
    return server.create_application("Booking", f"{home}/callback", f"{home}/permission", owner=EMAIL["marcel"])


@contextmanager
def _application(folder: Path, server: Server, kept: Kept, home: str) -> Iterator[None]:
    environ = {
        "CALWARDEN_URL": server.url,
        "BOOKING_URL": home,
        "BOOKING_CLIENT_ID": kept.client_id,
        "BOOKING_CLIENT_SECRET": kept.client_secret,
        "PYTHONUTF8": "1",
    }
    log, port = folder / "booking.log", kept.ports.booking
    with running([sys.executable, str(BOOKING)], environ, log, lambda: listens(port)):
        yield
