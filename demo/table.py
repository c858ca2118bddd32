"""The permission table, observed: every scope tries every operation, and both the answer and the CalDAV server count.

What is expected stands here a second time, written from the contract alone (authorization 2.3), not from the code.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import httpx

from demo.dav import titled
from demo.icalendar import at, event, resource
from demo.people import Api, Person, grant
from demo.server import Application, Server
from demo.world import HOME, INVITATION, TRIALS, World

COLUMNS = {
    "L": "read_account list_calendars",
    "RFB": "read_free_busy",
    "RE": "read_events",
    "CE": "create_event",
    "DE": "delete_event",
    "CPS": "change_participation_status",
    "CC": "create_calendar",
    "FB": "free_busy",
    "FBW": "free_busy_write",
    "RO": "read_only",
    "WO": "write_only",
    "RW": "read_write",
}
"""The columns of the contract's matrix, and what is asked for in each."""

ALLOWED, REFUSED = "Y", "n"
_PATIENCE = 30.0
_PAUSE = 0.1
_OK, _MULTIPLE, _FORBIDDEN = 200, 300, 403


@dataclass(frozen=True)
class Trial:
    """One column: an application that holds exactly these scopes, and the things it tries them on."""

    column: str
    api: Api
    world: World
    trials: str  # ids of two calendars of jane's
    home: str
    profile: str
    uids: dict[str, str]  # event_uid by title
    kept: dict[str, dict[str, str]] | None = None  # calendars as they were at one moment, instead of as they are

    def named(self, what: str) -> str:
        """The title, and the ``event_id``, of the event this column alone tries ``what`` on."""
        return _named(what, self.column)

    def stored(self, what: str, calendar: str = TRIALS) -> str | None:
        """That event as it is on the CalDAV server."""
        events = self.world.jane.events(calendar) if self.kept is None else self.kept[calendar]
        return titled(events, self.named(what))

    def fields(self, summary: str) -> dict[str, object]:
        day = self.world.day(0, 3)
        return {"summary": summary, "start": f"{day}T12:00:00Z", "end": f"{day}T12:30:00Z", "tzid": "Etc/UTC"}


@dataclass(frozen=True)
class Operation:
    """One row. ``expected`` has a letter for each column; ``says`` are the walkthrough's statements that it shows.

    ``effect``: whether it is done at the CalDAV server. ``elevated``: tried once jane has given Extended Permissions.
    ``lasting``: no later column has the same effect.
    """

    name: str
    expected: str
    says: str
    ask: Callable[[Trial], httpx.Response]
    effect: Callable[[Trial], bool] | None = None
    elevated: bool = False
    lasting: bool = True


@dataclass(frozen=True)
class Cell:
    """What came of one try."""

    operation: Operation
    column: str
    status: int
    done: bool | None = None

    @property
    def expected(self) -> str:
        return self.operation.expected[list(COLUMNS).index(self.column)]

    @property
    def seen(self) -> str:
        """Y or n if answer and effect agree, else what was wrong."""
        if _OK <= self.status < _MULTIPLE and self.done is not False:
            return ALLOWED
        if self.status == _FORBIDDEN and not self.done:
            return REFUSED
        return f"{self.status}{'' if self.done is None else '+' if self.done else '-'}"

    @property
    def right(self) -> bool:
        return self.seen == self.expected


@dataclass
class Table:
    """Everything observed. ``late``: what turned up at the CalDAV server afterwards although it had been refused."""

    cells: list[Cell] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[Cell]:
        return [one for one in self.cells if not one.right]

    def row(self, operation: Operation) -> list[Cell]:
        return [one for one in self.cells if one.operation is operation]


_ALL = "YYYYYYYYYYYY"
_NONE = "nnnnnnnnnnnn"
_BUSY, _DETAILS = "nYYnnnnYYYnY", "nnYnnnnnnYnY"
_WRITES, _DELETES = "nnnYnnnnYnYY", "nnnnYnnnYnYY"
_RESPONDS, _CREATES = "nnnnnYnnnnnn", "nnnnnnYnnnnn"
_ZONE = "Etc/UTC"


def _write_own(trial: Trial) -> httpx.Response:
    title = trial.named("new")
    return trial.api.post(f"/v1/calendars/{trial.trials}/events", event_id=title, **trial.fields(title))


def _update_own(trial: Trial) -> httpx.Response:
    wanted = trial.fields(trial.named("renamed"))
    return trial.api.post(f"/v1/calendars/{trial.trials}/events", event_id=trial.named("own"), **wanted)


def _delete_own(trial: Trial) -> httpx.Response:
    return trial.api.delete(f"/v1/calendars/{trial.trials}/events", event_id=trial.named("spare"))


def _delete_all(trial: Trial) -> httpx.Response:
    return trial.api.delete("/v1/events", calendar_ids=[trial.home])


def _edit(trial: Trial, what: str = "edit") -> httpx.Response:
    uid = trial.uids[trial.named(what)]
    return trial.api.post(f"/v1/calendars/{trial.trials}/events", event_uid=uid, summary=trial.named(f"{what}ed"))


def _delete(trial: Trial, what: str = "delete") -> httpx.Response:
    return trial.api.delete(f"/v1/calendars/{trial.trials}/events", event_uid=trial.uids[trial.named(what)])


def _edit_locked(trial: Trial) -> httpx.Response:
    return _edit(trial, "locked-edit")


def _delete_locked(trial: Trial) -> httpx.Response:
    return _delete(trial, "locked-delete")


def _respond(trial: Trial) -> httpx.Response:
    uid = trial.uids[trial.named("invitation")]
    return trial.api.post(f"/v1/calendars/{trial.trials}/events/{uid}/participation_status", status="accepted")


def _make_calendar(trial: Trial) -> httpx.Response:
    return trial.api.post("/v1/calendars", profile_id=trial.profile, name=trial.named("made"))


def _ask_for_more(trial: Trial) -> httpx.Response:
    wanted = [{"calendar_id": trial.trials, "permission_level": "unrestricted"}]
    return trial.api.post("/v1/permissions", permissions=wanted, redirect_uri=REDIRECT)


def _answered(trial: Trial) -> bool:
    text = trial.stored("invitation") or ""
    return any("PARTSTAT=ACCEPTED" in line and "jane" in line for line in text.replace("\n ", "").split("\n"))


REDIRECT = "https://table.example.org/callback"


def _has_calendar(trial: Trial) -> bool:
    return any(one.name == trial.named("made") for one in trial.world.jane.listing())


def _get(path: str, **query: str) -> Callable[[Trial], httpx.Response]:
    return lambda trial: trial.api.get(path, **query)


def _there(what: str, calendar: str = TRIALS) -> Callable[[Trial], bool]:
    return lambda trial: trial.stored(what, calendar) is not None


def _gone(what: str, calendar: str = TRIALS) -> Callable[[Trial], bool]:
    return lambda trial: trial.stored(what, calendar) is None


OPERATIONS = (
    Operation("GET /v1/userinfo", _ALL, "P36", _get("/v1/userinfo")),
    Operation("GET /v1/account", _ALL, "", _get("/v1/account")),
    Operation("GET /v1/profiles", _ALL, "", _get("/v1/profiles")),
    Operation("GET /v1/calendars", _ALL, "P35 P36", _get("/v1/calendars")),
    Operation("read when jane is busy", _BUSY, "P6 P15 P17", _get("/v1/free_busy", tzid=_ZONE)),
    Operation("  with include_managed", _BUSY, "P20", _get("/v1/free_busy", tzid=_ZONE, include_managed="true")),
    Operation("read External Events", _DETAILS, "P15 P20 P21", _get("/v1/events", tzid=_ZONE)),
    Operation("read own Partner Events", _ALL, "P24", _get("/v1/events", tzid=_ZONE, only_managed="true")),
    Operation("create a Partner Event", _WRITES, "P8 P11 P19 P22", _write_own, _there("new")),
    Operation("update a Partner Event", _WRITES, "P9", _update_own, _there("renamed")),
    Operation("delete a Partner Event", _DELETES, "P10", _delete_own, _gone("spare")),
    Operation("delete Partner Events in bulk", _DELETES, "P10", _delete_all, _gone("bulk", HOME), lasting=False),
    Operation("answer an invitation", _RESPONDS, "", _respond, _answered),
    Operation("create a calendar", _CREATES, "P25", _make_calendar, _has_calendar),
    Operation("edit an External Event", _NONE, "P16 P23 P28", _edit_locked, _there("locked-edited")),
    Operation("delete an External Event", _NONE, "P16 P23 P28", _delete_locked, _gone("locked-delete")),
    Operation("ask for Extended Permissions", _ALL, "P38", _ask_for_more),
    Operation("edit an External Event (E)", _WRITES, "P28 P31", _edit, _there("edited"), elevated=True),
    Operation("delete an External Event (E)", _DELETES, "P28 P31", _delete, _gone("delete"), elevated=True),
)
"""(E): in a calendar for which jane has given Extended Permissions."""

_SEEDS = ("edit", "delete", "locked-edit", "locked-delete", "invitation")


def _named(what: str, column: str) -> str:
    return f"{what}-{column.lower()}-trial"


def seed(world: World) -> None:
    """What the person herself has in the calendar that everything is tried on: a few events for each column."""
    day = world.day(0, 3)
    for column in COLUMNS:
        for title, more in ((_named(one, column), INVITATION if one == "invitation" else ()) for one in _SEEDS):
            text = event(title, title, at(day, "07:00"), at(day, "07:30"), more)
            world.jane.put(f"{TRIALS}{title}.ics", resource(text))


@dataclass(frozen=True)
class Observer:
    """Holds what all columns share. ``lookout``: a token that may read, to learn ``event_uid``s with."""

    server: Server
    world: World
    person: Person
    application: Application
    lookout: Api

    def observe(self, told: Callable[[str], None] = lambda _: None) -> Table:
        """Fill the whole table; ``told`` is called with each column as it is begun."""
        table, trials = Table(), []
        for column in COLUMNS:
            told(column)
            trial = self._begin(column)
            trials.append(trial)
            table.cells += [self._try(trial, one) for one in OPERATIONS if not one.elevated]
            self._elevate(trial)
            table.cells += [self._try(trial, one) for one in OPERATIONS if one.elevated]
        self.server.sync(self.person.email)
        kept = {path: self.world.jane.events(path) for path in (TRIALS, HOME)}
        table.late += [late for trial in trials for late in self._late(table, replace(trial, kept=kept))]
        return table

    def _begin(self, column: str) -> Trial:
        """Give the application events of its own to try things on, then exactly the scopes of the column."""
        found = {one["calendar_name"]: one for one in self.lookout.get("/v1/calendars").json()["calendars"]}
        trials, home = found["Trials"]["calendar_id"], found["Home"]["calendar_id"]
        profile = found["Trials"]["profile_id"]
        first = Trial(column, self._grant("write_only"), self.world, trials, home, profile, self._uids(trials))
        for what, where in (("own", trials), ("spare", trials), ("bulk", home)):
            title = first.named(what)
            path = f"/v1/calendars/{where}/events"
            first.api.post(path, event_id=title, **first.fields(title)).raise_for_status()
        wait_until(lambda: first.stored("spare") is not None and first.stored("bulk", HOME) is not None)
        api = self._grant(COLUMNS[column])
        return Trial(column, api, self.world, trials, home, profile, first.uids)

    def _grant(self, scope: str) -> Api:
        return grant(self.server, self.application, self.person, scope)

    def _uids(self, calendar: str) -> dict[str, str]:
        found = self.lookout.pages("/v1/events", "events", calendar_ids=[calendar], include_managed="true")
        return {one["summary"]: one["event_uid"] for one in found}

    def _elevate(self, trial: Trial) -> None:
        self.person.extend(_ask_for_more(trial).raise_for_status().json()["permissions_request"]["url"])

    def _try(self, trial: Trial, operation: Operation) -> Cell:
        answer = operation.ask(trial)
        cell = Cell(operation, trial.column, answer.status_code)
        if operation.effect is None:
            return cell
        effect = operation.effect
        done = wait_until(lambda: effect(trial)) if answer.is_success else effect(trial)
        return Cell(operation, trial.column, answer.status_code, done)

    def _late(self, table: Table, trial: Trial) -> list[str]:
        """What had been refused and came true all the same."""
        refused = [one.operation for one in table.cells if one.column == trial.column and one.seen == REFUSED]
        return [f"{one.name} ({trial.column})" for one in refused if one.lasting and one.effect and one.effect(trial)]


def wait_until(true: Callable[[], bool]) -> bool:
    """Whether it became true within the time a delivery may take."""
    deadline = time.monotonic() + _PATIENCE
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True
