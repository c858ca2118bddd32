"""``make serve``: the world left running, with what to open and to try printed; until Ctrl-C or SIGTERM."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import httpx

from demo.people import PASSWORDS
from demo.processes import NotStarted
from demo.radicale import PASSWORDS as CALENDAR_PASSWORDS
from demo.server import CommandFailed
from demo.standing import NotPossible, Ports, Standing, standing
from demo.world import EMAIL

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK = 2.0

_PANEL = """
  calwarden is running, with two people and an application. Open:

    {booking:<36}an application that asks for access to a calendar
    {account:<36}what people see: their calendars, who has access, what was done
    {developer:<36}what developers see: their applications (marcel looks after Booking)
    {docs:<36}the API

  Sign in as                   with
    {jane:<25}  {jane_password:<36}her calendars are connected
    {marcel:<25}  {marcel_password:<36}his are not: connect them on the way

  The calendar server, for connecting (as "another service") or for a calendar program of yours: {calendars}
    {jane_user:<25}  {jane_dav}
    {marcel_user:<25}  {marcel_dav}

  To try:
    1. Connect jane's calendar to the application. Its week shows when she is busy, and no title. Book, move, cancel.
    2. Press "Try to read the titles anyway": the server refuses, with the reason and what would lift it.
    3. Disconnect, choose "Everything you do", and move the dentist: refused; ask for permission, agree, move it.
    4. Look at what the application did on the account page, and end its access there.
    5. In a private window, connect marcel's. The calendar that jane shares with him is not there.

  Ctrl-C stops everything{after}.
"""


def main() -> int:
    """Gives the exit status: 0 once it was told to stop."""
    parser = argparse.ArgumentParser(prog="make serve", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the world there; else it is thrown away")
    parser.add_argument("--ports", type=int, nargs=3, metavar=("CALWARDEN", "BOOKING", "CALENDARS"))
    said = parser.parse_args()
    for number in _SIGNALS:
        signal.signal(number, _stop)
    try:
        with _folder(said.keep) as folder:
            ports = Ports(*said.ports) if said.ports else Ports()
            with standing(folder, ports, _today(), _say) as world:
                _say(_panel(world, said.keep))
                return _watch(world)
    except (NotPossible, NotStarted, CommandFailed, httpx.HTTPError) as error:
        _say(f"{error}", sys.stderr)
        return 1
    except _Stopped:
        _say("stopped")
        return 0


def _say(text: str, to: TextIO | None = None) -> None:
    to = to or sys.stdout
    to.write(f"  {text}\n")
    to.flush()


class _Stopped(BaseException):
    """Somebody wants it to end."""


def _stop(*_: object) -> None:
    """End as an error does: with everything stopped. Whoever is impatient does not keep it from that."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise _Stopped


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="calwarden-serve-") as made:
            yield Path(made)
        return
    folder = keep.resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotPossible(f'"{keep}" can not be made: {error.strerror}') from error
    yield folder


def _today() -> date:
    """Today where the two people are."""
    return datetime.fromtimestamp(time.time(), ZoneInfo("Europe/Paris")).date()


def _panel(world: Standing, keep: Path | None) -> str:
    server = world.server.url
    return _PANEL.format(
        booking=world.booking,
        account=f"{server}/account",
        developer=f"{server}/developer",
        docs=f"{server}/docs",
        jane=EMAIL["jane"],
        jane_password=PASSWORDS["jane"],
        marcel=EMAIL["marcel"],
        marcel_password=PASSWORDS["marcel"],
        calendars=world.calendars.url,
        jane_user="jane",
        jane_dav=CALENDAR_PASSWORDS["jane"],
        marcel_user="marcel",
        marcel_dav=CALENDAR_PASSWORDS["marcel"],
        after=f"; the world stays in {keep}"
        if keep
        else " and throws this world away (make serve DIR=folder keeps it)",
    )


def _watch(world: Standing) -> int:
    """Until a signal comes, or one of the programs ends by itself: that is an error."""
    while not world.down:
        time.sleep(_LOOK)
    _say(f"{', '.join(world.down)} ended by itself; its log is in {world.server.folder.parent}", sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
