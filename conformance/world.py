"""What the kit has made on the server for this run, how it looks at it, and how it takes it away again."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from secrets import randbelow, token_hex
from typing import Any

from conformance.calendars import Desk, Wanted, desk_of, wire
from conformance.client import Answer, Api, CannotRun, NotTried, Wire
from conformance.commands import run
from conformance.config import Account, Application, Config
from conformance.tokens import Granted, Tokens

ZONE = "Etc/UTC"
_PAUSE = 0.15
_AHEAD = 30
_IGNORED = ("updated", "options")

Slot = tuple[datetime, datetime]


@dataclass(frozen=True)
class Snapshot:
    """The two calendars as application B reads them, by title, and the first one's text at the calendar service.

    ``strict``: what is done is done both here and there. What was refused must be done in neither.
    """

    events: Mapping[str, Mapping[str, Any]]
    stored: str | None
    first: str
    strict: bool = True

    def there(self, title: str) -> bool:
        here, stored = title in self.events, self._stored(title)
        return (here and stored is not False) if self.strict else (here or stored is True)

    def gone(self, title: str) -> bool:
        here, stored = title in self.events, self._stored(title)
        return not (here or stored) if self.strict else not here or stored is False

    def print_of(self, title: str) -> Mapping[str, Any] | None:
        """What an event is like, apart from bookkeeping."""
        found = self.events.get(title)
        return None if found is None else {k: v for k, v in found.items() if k not in _IGNORED}

    def _stored(self, title: str) -> bool | None:
        """None if nobody can look."""
        elsewhere = title in self.events and self.events[title]["calendar_id"] != self.first
        return None if self.stored is None or elsewhere else f"\nSUMMARY:{title}\n" in self.stored


@dataclass
class World:
    """``trials`` and ``spare``: the calendars that everything is tried in. ``observer``: B's token, which reads and
    writes throughout.
    """

    config: Config
    tokens: Tokens
    desk: Desk | None
    run: str = field(default_factory=lambda: token_hex(3))
    minute: int = field(default_factory=lambda: randbelow(50))
    base: datetime = field(default_factory=lambda: _midnight() + timedelta(days=_AHEAD))
    observer: Granted = field(init=False)
    existing: tuple[str, Slot] | None = None
    trials: str = ""
    spare: str = ""
    written: list[tuple[Application, str, str]] = field(default_factory=list)
    put: dict[str, Wanted] = field(default_factory=dict)
    calendars: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, config: Config) -> "World":
        """Get B's token and find the calendars. Raises CannotRun."""
        if "interactive" not in config.tokens and not config.tokens:
            raise CannotRun('"tokens" is not configured')
        world = cls(config, Tokens(config, Wire.to(config.base_url)), desk_of(config))
        try:
            world.observer = world.tokens.grant(world.b, world.first, "read_write")
        except NotTried as error:
            raise CannotRun(f"the kit always needs this one: {error}") from error
        listed = listing(world.observer.api)
        world.trials, world.spare = (found(listed, one) for one in world.first.calendars[:2])
        if "existing" in config.external_events:
            world._adopt(str(config.external_events["existing"]))
        return world

    def _adopt(self, event_uid: str) -> None:
        """Take an event that is there for every one of the person's. Raises CannotRun."""
        query: dict[str, object] = {"tzid": ZONE, "calendar_ids": [self.trials]}
        _, events = self.observer.api.pages("/v1/events", "events", **query)
        for one in events:
            if one.get("event_uid") == event_uid and "T" in str(one.get("start")):
                start, end = (datetime.fromisoformat(str(one[name])) for name in ("start", "end"))
                self.existing = (str(one["summary"]), (start, end))
                self.base = start.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
                return
        raise CannotRun(f'"{event_uid}" is no timed event that B sees in "{self.first.calendars[0]}"')

    @property
    def a(self) -> Application:
        return self.config.applications[0]

    @property
    def b(self) -> Application:
        return self.config.applications[1]

    @property
    def first(self) -> Account:
        return self.config.accounts[0]

    @property
    def second(self) -> Account:
        return self.config.accounts[1]

    @property
    def window(self) -> dict[str, object]:
        """The query of a read of all that is tried, and of little else."""
        after = self.base + timedelta(days=4)
        within = {"from": f"{self.base:%Y-%m-%d}", "to": f"{after:%Y-%m-%d}", "tzid": ZONE}
        return {**within, "calendar_ids": [self.trials, self.spare]}

    def grant(self, scopes: str, application: Application | None = None, account: Account | None = None) -> Granted:
        """A token of A on the first account, or as said."""
        return self.tokens.grant(application or self.a, account or self.first, scopes)

    def named(self, role: str) -> str:
        """The title of what plays this role in this run."""
        if self.existing is not None and role.startswith("person-"):
            return self.existing[0]
        return f"kit{self.run}-{role}"

    def slot(self, hour: int, day: int = 0) -> Slot:
        """Half an hour that is hardly anybody else's."""
        start = self.base + timedelta(days=day, hours=hour, minutes=self.minute)
        return start, start + timedelta(minutes=31)

    def slot_of(self, event_class: str, hour: int) -> Slot:
        """The time of the event of a class that reads are about."""
        return self.existing[1] if self.existing is not None and event_class == "person" else self.slot(hour)

    # Making

    def upsert(self, granted: Granted, calendar_id: str, role: str, slot: Slot | None = None) -> Answer:
        """A Partner Event; its ``event_id`` is its role and the application, its title is told by the role alone."""
        return self.write(granted, calendar_id, self.event_id(granted.application, role), self.named(role), slot)

    def write(self, granted: Granted, calendar_id: str, event_id: str, title: str, slot: Slot | None = None) -> Answer:
        """The same with everything stated."""
        self.written.append((granted.application, calendar_id, event_id))
        path = f"/v1/calendars/{calendar_id}/events"
        return granted.api.post(path, event_id=event_id, **self.fields(title, slot))

    def fields(self, title: str, slot: Slot | None = None) -> dict[str, object]:
        """The fields of an event; the time is the same for all that do not care."""
        start, end = slot or self.slot(12, 2)
        return {"summary": title, "description": "", "start": wire(start), "end": wire(end), "tzid": ZONE}

    def event_id(self, application: Application, role: str) -> str:
        return f"id-{self.run}-{application.letter}-{role}"

    def made(self, granted: Granted, calendar_id: str, roles: Iterable[str], slot: Slot | None = None) -> None:
        """Partner Events that have to be there before anything is tried. Raises CannotRun."""
        for role in roles:
            answer = self.upsert(granted, calendar_id, role, slot)
            if not answer.ok:
                raise CannotRun(f"{answer.sent} was answered {answer.told}: nothing can be tried without it")

    def person_writes(self, *roles: str, kind: str = "event", slot: Slot | None = None) -> None:
        """Events of the person's own in the first calendar; :meth:`seen` waits for them. Raises NotTried."""
        if self.existing is not None and all(role.startswith("person-") for role in roles):
            return
        if self.desk is None:
            raise NotTried('"external_events" has no way to write events of the person\'s own')
        for role in roles:
            start, end = slot or self.slot(12, 2)
            wanted = Wanted(f"kit-{self.run}-{role}", self.named(role), start, end, kind)
            self.put[role] = wanted
            self.desk.put(self.trials, wanted)

    def person_rewrites(self, role: str, title: str, place: str) -> None:
        """The person changes an event of theirs, but not its time."""
        if self.desk is not None:
            self.put[role] = replace(self.put[role], title=title, place=place)
            self.desk.put(self.trials, self.put[role])

    def sync(self) -> None:
        """Have the server look at the calendar service now, if there is a command for it."""
        if self.config.sync:
            run(self.config.sync, account=self.first.name)

    def seen(self, *roles: str) -> Snapshot:
        """Wait until B sees all of these, and the calendar service has them. Raises CannotRun."""
        titles = [self.named(role) for role in roles]
        snapshot = self.wait(lambda now: all(map(now.there, titles)))
        missing = [one for one in titles if not snapshot.there(one)]
        if missing:
            raise CannotRun(
                f"the server does not show or store {', '.join(missing[:3])} after {self.config.patience:.0f} s; raise"
                ' "patience", or give a "sync" command'
            )
        return snapshot

    # Looking

    def observe(self) -> Snapshot:
        answer, events = self.observer.api.pages("/v1/events", "events", include_managed="true", **self.window)
        if not answer.ok:
            raise CannotRun(f"{answer.sent} was answered {answer.told}: the kit can not look at what happens")
        stored = None if self.desk is None else self.desk.text()
        return Snapshot({str(one["summary"]): one for one in events}, stored, self.trials)

    def wait(self, true: Callable[[Snapshot], bool], patience: float | None = None) -> Snapshot:
        """The first state of things of which this is true, else the last one."""
        deadline = time.monotonic() + (self.config.patience if patience is None else patience)
        while True:
            now = self.observe()
            if true(now) or time.monotonic() > deadline:
                return now
            time.sleep(_PAUSE)

    def uids(self, granted: Granted, *roles: str) -> dict[str, str]:
        """``event_uid`` by title, as this application is told it; those of ``roles`` are waited for."""
        query, deadline = {"include_managed": "true", **self.window}, time.monotonic() + self.config.patience
        while True:
            _, events = granted.api.pages("/v1/events", "events", **query)
            found = {str(one["summary"]): str(one["event_uid"]) for one in events}
            if {self.named(one) for one in roles} <= set(found) or time.monotonic() > deadline:
                return found
            time.sleep(_PAUSE)

    # Leaving

    def close(self) -> None:
        """Nothing more is asked."""
        self.tokens.wire.client.close()
        if self.desk is not None:
            self.desk.close()

    def leave(self) -> list[str]:
        """Delete all that was made; gives what could not be."""
        left: list[str] = []
        for application in (self.a, self.b):
            mine = [(calendar, event_id) for by, calendar, event_id in self.written if by is application]
            if mine:
                left += self._delete(application, dict.fromkeys(mine))
        if self.desk is not None:
            for wanted in self.put.values():
                with suppress(CannotRun):
                    self.desk.remove(wanted.uid)
        elif self.put:
            left += [one.title for one in self.put.values()]
        removed = {one for one in self.calendars if self.desk is not None and self.desk.remove_calendar(one)}
        return left + [f'the calendar "{one}"' for one in self.calendars if one not in removed]

    def _delete(self, application: Application, mine: Iterable[tuple[str, str]]) -> list[str]:
        try:
            granted = self.observer if application is self.b else self.grant("write_only")
        except NotTried:
            return [f"{event_id} of {application.letter}" for _, event_id in mine]
        answers = [
            (event_id, granted.api.delete(f"/v1/calendars/{calendar_id}/events", event_id=event_id))
            for calendar_id, event_id in mine
        ]
        return [f"{event_id} of {application.letter}" for event_id, one in answers if not one.ok]


def listing(api: Api) -> list[dict[str, Any]]:
    """``GET /v1/calendars``. Raises CannotRun."""
    answer = api.get("/v1/calendars")
    calendars = answer.member("calendars")
    if not answer.ok or not isinstance(calendars, list):
        raise CannotRun(f"{answer.sent} was answered {answer.told}: the kit can not list calendars")
    return [one for one in calendars if isinstance(one, dict)]


def found(listed: Iterable[Mapping[str, Any]], name: str) -> str:
    """The id of the calendar with this name or id. Raises CannotRun."""
    names: dict[str, str] = {}
    for one in listed:
        names |= {str(one[member]): str(one["calendar_id"]) for member in ("calendar_name", "calendar_id")}
    if name not in names:
        raise CannotRun(f'the server lists no calendar "{name}"; make one for the kit, or correct "calendars"')
    return names[name]


def level(listed: Iterable[Mapping[str, Any]], calendar_id: str) -> str | None:
    """``permission_level`` of a calendar."""
    return next((str(one["permission_level"]) for one in listed if one["calendar_id"] == calendar_id), None)


def _midnight() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
