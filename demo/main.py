"""Start everything, tell the story, observe the table, and say how it went."""

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import requests
from pycronofy.exceptions import PyCronofyException

from demo.browser import Browser, NotThere
from demo.people import grant, meet
from demo.radicale import calendar_server
from demo.server import CommandFailed, serving
from demo.stage import NotAsExpected, Stage
from demo.story import STORY, the_calendars
from demo.table import COLUMNS, OPERATIONS, REDIRECT, REFUSED, Cell, Observer, Table, seed
from demo.telling import Narrator
from demo.world import fill

_LIMITS = {"CALWARDEN_LIMIT_REQUESTS_PER_SECOND": "1000", "CALWARDEN_LIMIT_REQUESTS_PER_MINUTE": "10000"}
"""The table asks faster than applications do."""

_ENDS = (
    CommandFailed,
    NotAsExpected,
    NotThere,
    PyCronofyException,
    httpx.HTTPError,
    requests.RequestException,
    LookupError,  # an answer without what the story needs of it
)
_LAST = 20


def main(folder: Path, now: datetime) -> int:
    """Run the demo in an empty folder; gives the exit status."""
    narrator, began = Narrator(), time.monotonic()
    narrator.row(narrator.paint("calwarden: what an application may do with a calendar, and what it may not", "1"))
    narrator.say("Starting a CalDAV server with two people's calendars ...")
    with calendar_server(folder / "radicale") as calendars:
        world = fill(calendars, now)
        seed(world)
        the_calendars(narrator, world)
        narrator.chapter("An operator runs calwarden, on an empty folder")
        with serving(folder / "calwarden", calendars.address, _LIMITS, narrator.command) as server:
            narrator.say(f"It listens at {server.url}, with SQLite and the worker in one process.")
            jane = meet(server, "jane", world.jane, narrator.answered)
            marcel = meet(server, "marcel", world.marcel, narrator.answered)
            booking = server.create_application("Booking", "https://booking.example.org/callback")
            _tell(Stage(narrator, world, server, jane, marcel, booking))
    narrator.row("")
    took = f"{time.monotonic() - began:.0f} seconds"
    if narrator.failures:
        narrator.row(
            narrator.paint(f"NOT as expected, {len(narrator.failures)} of {narrator.checks} ({took}):", "1;31")
        )
        for failure in narrator.failures:
            narrator.row(f"  - {failure}")
        return 1
    narrator.row(narrator.paint(f"All {narrator.checks} checks were as expected ({took}).", "1;32"))
    return 0


def _tell(stage: Stage) -> None:
    """The story, then the table. What ends it early is one more thing that was not as expected."""
    try:
        for step in STORY:
            step(stage)
        _show(stage.narrator, _observe(stage))
    except _ENDS as error:
        stage.narrator.expect(False, f"the demo goes on ({type(error).__name__}: {error})")  # noqa: FBT003  it does not
        stage.narrator.row("   The last words of the server:")
        for line in stage.server.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST:]:
            stage.narrator.row(f"      {line}")


def _observe(stage: Stage) -> Table:
    """Jane tries every scope on an application made for that; another one looks up what there is."""
    tell = stage.narrator
    tell.chapter("Every scope tries every operation; answers and the CalDAV server are compared with the contract")
    application = stage.server.create_application("Table", REDIRECT)
    lookout = stage.server.create_application("Lookout", REDIRECT)
    jane = replace(stage.jane, browser=Browser(stage.server.url))  # nobody is told of each of her pages
    api = grant(stage.server, lookout, jane, "read_only")
    return Observer(stage.server, stage.world, jane, application, api).observe(lambda one: tell.say(COLUMNS[one]))


def _show(tell: Narrator, table: Table) -> None:
    """Print the table and hold it against what is expected."""
    width = max(len(one.name) for one in OPERATIONS)
    tell.row("")
    tell.row(f"   {'':<{width}} {''.join(f'{column:>5}' for column in COLUMNS)}")
    for operation in OPERATIONS:
        cells = "".join(_painted(tell, cell) for cell in table.row(operation))
        tell.row(f"   {operation.name:<{width}} {cells}   {tell.paint(operation.says, '2')}".rstrip())
    tell.row("")
    for column, scope in COLUMNS.items():
        tell.row(f"   {column:<5}{scope}")
    tell.say("Y: answered, and done at the CalDAV server where it is about that. n: 403, and nothing changed there.")
    tell.say("P1 is the whole table; the other numbers are those of the walkthrough's statements that a row shows.")
    tell.say(
        "(E): in a calendar for which jane has given Extended Permissions; above it, in one for which she has not."
    )
    for cell in table.wrong:
        where = f"{cell.operation.name} with {COLUMNS[cell.column]}"
        tell.expect(False, f"{where}: {cell.seen} instead of {cell.expected}")  # noqa: FBT003  it is wrong
    for late in table.late:
        tell.expect(False, f"refused, and done all the same: {late}")  # noqa: FBT003  it is wrong
    refused = sum(cell.seen == REFUSED for cell in table.cells)
    tell.expect(not table.wrong and not table.late, f"{len(table.cells)} cells as expected, {refused} of them refusals")


def _painted(tell: Narrator, cell: Cell) -> str:
    style = "1;31" if not cell.right else "2" if cell.seen == REFUSED else "32"
    return tell.paint(f"{cell.seen:>5}", style)
