"""Worlds that are equal in what a Grant may know: calendars at a provider, the worker's passes, and the API itself."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import zip_longest
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import httpx
from anyio import to_thread
from hypothesis import strategies as st
from starlette.applications import Starlette

from calwarden.api import build_api, build_unknown
from calwarden.connectors.memory.provider import ProviderCalendar
from calwarden.httpkit import RateGate
from ics import event
from usecases.sync_world import APP, Syncing, T

FIRST_DAY = date(2030, 3, 18)
ZONES = ("Europe/Paris", "America/New_York", "Asia/Tokyo", "Etc/UTC")
CALENDARS = ("work", "home")
ONE_OF_MANY = re.compile(rb"pages/[\w-]+|evt_[0-9a-f]{24}")
"""Addresses of pages, and uids: random where the Application made the event, and then numbered as they appear."""

LEFT_OUT = frozenset({"date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"})


@dataclass(frozen=True)
class Fact:
    """A visible period, or one at the same time on each of ``days`` days."""

    calendar: str
    day: int
    hour: int
    length: int  # hours; of whole days: days
    status: str  # an iCalendar line, or nothing
    whole: bool
    days: int = 1

    @property
    def single(self) -> list["Fact"]:
        return [replace(self, day=self.day + number, days=1) for number in range(self.days)]


@dataclass(frozen=True)
class Guise:
    """How a Fact comes to be in one world: everything about an event that must not matter."""

    title: str
    notes: str
    guests: int
    zone: str
    private: bool
    as_series: bool
    twice: bool
    renamed: bool
    line: str = ""  # one more


facts = st.lists(
    st.builds(
        Fact,
        calendar=st.sampled_from(CALENDARS),
        day=st.integers(0, 5),
        hour=st.integers(0, 20),
        length=st.integers(1, 3),
        status=st.sampled_from(["", "STATUS:TENTATIVE", "TRANSP:TRANSPARENT"]),
        whole=st.booleans(),
        days=st.sampled_from([1, 1, 3]),
    ),
    max_size=4,
)
guises = st.builds(
    Guise,
    title=st.text("abc<&\u00e9 ", max_size=8),
    notes=st.sampled_from(["", "n" * 900]),
    guests=st.integers(0, 2),
    zone=st.sampled_from(ZONES),
    private=st.booleans(),
    as_series=st.booleans(),
    twice=st.booleans(),
    renamed=st.booleans(),
    line=st.sampled_from(
        [
            "",
            "LOCATION:Room 4",
            "CREATED:20290101T000000Z",
            "LAST-MODIFIED:20300102T000000Z",
            "SEQUENCE:7",
            "ATTENDEE;PARTSTAT=ACCEPTED:mailto:jane@example.org",
            "ATTENDEE;PARTSTAT=DECLINED:mailto:marcel@example.org",
            "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Soon\r\nEND:VALARM",
        ]
    ),
)


class Watched(Syncing):
    """``watch`` gives everything an application can see of one request."""

    def __init__(self) -> None:
        super().__init__(
            busy_per_page=2,
            events_per_page=2,
            requests_per_second=10**6,
            requests_per_minute=10**8,
            calendar_wait=0,
            access_token_life=10**9,
        )
        self.kit = replace(self.kit, gate=RateGate(self.kit.limits))
        app = Starlette(routes=[*build_api(self.kit, lambda *_: None), build_unknown()])
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://testserver")
        self._runner = asyncio.Runner()
        self.places = {"work": self.work, "home": self.home}
        self.held: set[tuple[str, str]] = set()
        self.pages: list[str] = []
        self.guesses: list[str] = ["nonsense"]
        self._seen: dict[bytes, int] = {}
        self._own: set[bytes] = set()

    # What the person does at the provider

    def stand(self, what: Sequence[tuple[Fact, Guise]], hidden: Sequence[Guise]) -> None:
        """From now on, exactly these facts; and events that nobody can know of."""
        wanted: dict[tuple[str, str], bytes] = {}
        for number, (fact, guise) in enumerate(what):
            for name, body in _bodies(fact, guise, number):
                wanted[fact.calendar, name] = body
        for number, guise in enumerate(hidden):
            wanted["work", f"never-{number}-{guise.private}"] = _event(
                f"never{number}", Fact("work", number, 9, 1, "STATUS:CANCELLED", whole=False), guise
            )
        for calendar, name in self.held - wanted.keys():
            self.provider.delete(self.places[calendar].remote_id, name)
        for (calendar, name), body in wanted.items():
            self.provider.put(self.places[calendar].remote_id, name, body)
        self.held = set(wanted)

    def share(self, guise: Guise) -> None:
        """Something happens in the calendar that Marcel shares."""
        self.provider.put(
            self.team.remote_id, "theirs", _event("theirs", Fact("team", 1, 9, 2, "", whole=False), guise)
        )

    def uids(self, *places: str) -> set[str]:
        """As an application that did not make them would know them: every event there, of whoever made it."""
        return {f"evt_external_{one.key}" for place in places for one in self.events(self.places[place])}

    # What the application does

    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer.token}"}

    def id_of(self, calendar: str) -> str:
        found: ProviderCalendar = self.places[calendar]
        return self.calendar_id(found)

    def watch(self, ask: "Ask") -> list[tuple[int, tuple[tuple[str, str], ...], bytes]]:
        """Status, headers and body of a request, and of every page that follows it."""
        path, params, body = (self._filled(one) for one in (ask.path, ask.params, ask.body))
        if ask.stale is not None:
            known = ["/v1/free_busy/pages/none", *self.pages]
            path, params, body = known[-1 - ask.stale % len(known)], {}, None
        answers = []
        while path:
            answer = self._send(ask.method, path, params, body)
            answers.append(self._plain(answer))
            following = next_page(answer)
            path, params, body = following, {}, None
            if following:
                self.pages.append(following)
        return answers

    def _send(self, method: str, path: str, params: Any, body: Any) -> httpx.Response:
        asking = self._client.request(method, path, params=params, json=body, headers=self.header())
        return self.run(asking)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """In one loop for all, and what would go to a thread at once: there is one request at a time."""
        with patch.object(to_thread, "run_sync", _at_once), patch.object(asyncio, "to_thread", _at_once):
            return self._runner.run(work)

    def close(self) -> None:
        self.run(self._client.aclose())
        self._runner.close()
        self.store.close()

    def _filled(self, value: Any) -> Any:
        """``value`` with the names of calendars as their ids."""
        if isinstance(value, str):
            value = value.replace("{profile}", self.profile_id)
            value = re.sub(r"\{uid(\d+)\}", lambda found: self.guesses[int(found[1]) % len(self.guesses)], value)
            return re.sub(r"\{(\w+)\}", lambda found: self.id_of(found[1]), value)
        if isinstance(value, dict):
            return {key: self._filled(one) for key, one in value.items()}
        return [self._filled(one) for one in value] if isinstance(value, list) else value

    def _plain(self, answer: httpx.Response) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        headers = tuple(sorted((name, value) for name, value in answer.headers.items() if name not in LEFT_OUT))
        body = answer.content
        if b"evt_" in body:
            made = (*self.events(self.work, deleted=True), *self.events(self.home, deleted=True))
            self._own |= {f"evt_{one.key}".encode() for one in made if one.created_by == APP}
        return answer.status_code, headers, ONE_OF_MANY.sub(self._number, body)

    def _number(self, found: re.Match[bytes]) -> bytes:
        if found[0].startswith(b"evt_") and found[0] not in self._own:
            return found[0]  # whatever that is, it is not random: it has to be equal
        number = self._seen.setdefault(found[0], len(self._seen))
        return b"%s-%d" % (b"x" * len(found[0]), number)


async def _at_once(act: Callable[..., T], *arguments: object, **_: object) -> T:
    return act(*arguments)


@dataclass(frozen=True)
class Ask:
    """One request. ``{work}`` stands for a calendar's id, ``{uid3}`` for a guess at an event's, ``{profile}`` for the
    Profile's. ``stale``: the page address that so many came after, whosever.
    """

    method: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    stale: int | None = None


def next_page(answer: httpx.Response) -> str:
    """The address of the page after this one, if there is one."""
    if answer.status_code != 200 or not answer.content.startswith(b"{"):
        return ""
    found: str = answer.json().get("pages", {}).get("next_page", "")
    return found.removeprefix(found[: found.index("/v1/")]) if found else ""


def _bodies(fact: Fact, guise: Guise, number: int) -> Iterable[tuple[str, bytes]]:
    """One resource for the whole series, or one for each day; each perhaps twice."""
    parts = [fact] if guise.as_series else fact.single
    for place, part in enumerate(parts):
        for copy in range(1 + guise.twice):
            name = f"f{number}-{place}-{copy}{'-again' if guise.renamed else ''}"
            yield name, _event(name, part, guise)


def _event(uid: str, fact: Fact, guise: Guise) -> bytes:
    day = FIRST_DAY + timedelta(fact.day)
    if fact.whole:
        times = [f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + timedelta(fact.length):%Y%m%d}"]
    else:
        # The same moments in another zone: 2030-03-18 to 31 has no change of clocks but in New York, before it.
        start = datetime(day.year, day.month, day.day, fact.hour, tzinfo=UTC)
        times = [f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{start + timedelta(hours=fact.length):%Y%m%dT%H%M%SZ}"]
        if guise.zone != "Etc/UTC":
            times = [_in_zone(one, guise.zone) for one in times]
    lines = [f"UID:{uid}-{guise.title.encode().hex()}", "DTSTAMP:20300101T000000Z", *times, f"SUMMARY:{guise.title}"]
    lines += [f"RRULE:FREQ=DAILY;COUNT={fact.days}"] if fact.days > 1 else []
    lines += [fact.status] if fact.status else []
    lines += ["CLASS:PRIVATE"] if guise.private else []
    lines += [f"DESCRIPTION:{guise.notes}"] if guise.notes else []
    lines += [f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:guest{one}@example.net" for one in range(guise.guests)]
    lines += [guise.line] if guise.line else []
    lines += ["ORGANIZER:mailto:jane@example.org"] if guise.guests else []
    return event(*lines)


def _in_zone(line: str, zone: str) -> str:
    name, _, value = line.partition(":")
    at = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{name};TZID={zone}:{at:%Y%m%dT%H%M%S}"


WINDOW = {"from": "2030-03-17", "to": "2030-04-02"}
_flag = st.sampled_from(["true", "false"])
_optional = {
    "include_deleted": _flag, "include_managed": _flag, "include_free": _flag, "include_ids": _flag,
    "localized_times": _flag, "only_managed": _flag, "include_moved": _flag,
    "last_modified": st.sampled_from(["2030-03-17T17:46:40Z", "2030-03-17T18:00:00Z", "2031-01-01T00:00:00Z"]),
    "calendar_ids[]": st.sampled_from(["{work}", "{home}", ["{home}", "{work}"], "cal_none"]),
    "to": st.sampled_from(["2030-03-20", "2030-03-19T09:30:00Z", "2030-04-01", "nonsense"]),
    "from": st.sampled_from(["2030-03-18T09:30:00Z", "2030-03-19", "", "2031-13-01"]),
    "tzid": st.sampled_from(["Mars/Olympus", ""]),
}  # fmt: skip
_reads = st.builds(
    lambda path, zone, more: Ask("GET", path, {"tzid": zone, **WINDOW, **more}),
    st.sampled_from(["/v1/free_busy", "/v1/free_busy", "/v1/events"]),
    st.sampled_from(ZONES),
    st.fixed_dictionaries({}, optional=_optional),
)
_plain_reads = st.sampled_from(["/v1/userinfo", "/v1/account", "/v1/profiles", "/v1/calendars", "/v1/nothing"]).map(
    lambda path: Ask("GET", path)
)
_EVENTS = "/v1/calendars/{%s}/events"
_upserts = st.builds(
    lambda place, name, day, hour: Ask(
        "POST", _EVENTS % place, body={
            "event_id": name, "summary": f"own {name}",
            "start": f"2030-03-{18 + day}T{hour:02d}:00:00Z", "end": f"2030-03-{18 + day}T{hour + 1:02d}:00:00Z",
        },
    ),
    st.sampled_from(CALENDARS), st.sampled_from(["one", "two"]), st.integers(0, 5), st.integers(0, 20),
)  # fmt: skip
_uids = st.one_of(
    st.integers(0, 40).map(lambda number: f"{{uid{number}}}"),
    st.integers(0, 40).map(lambda number: f"{{uid{number}}}"),
    st.sampled_from(["evt_external_" + "0" * 24, "evt_external_" + "a1" * 12, "nonsense"]),
)
_places = st.sampled_from(CALENDARS)


def _change(method: str, path: str, **body: Any) -> Ask:
    return Ask(method, path, body=body)


_changes = st.one_of(
    st.builds(
        lambda place, name: _change("DELETE", _EVENTS % place, event_id=name),
        _places,
        st.sampled_from(["one", "two", "three"]),
    ),
    st.builds(lambda place, uid: _change("DELETE", _EVENTS % place, event_uid=uid), _places, _uids),
    st.builds(lambda place, uid: _change("POST", _EVENTS % place, event_uid=uid, summary="x"), _places, _uids),
    st.builds(
        lambda place, uid: _change("POST", f"{_EVENTS % place}/{uid}/participation_status", status="accepted"),
        _places,
        _uids,
    ),
    st.sampled_from(
        [
            _change("DELETE", "/v1/events", calendar_ids=["{work}"]),
            _change("DELETE", "/v1/events", delete_all=True),
            _change("POST", "/v1/permissions", permissions={"calendar_id": "{work}", "permission_level": "sandbox"}),
            _change("POST", "/v1/permissions", permissions=[{"calendar_id": "{home}", "permission_level": "any"}]),
            _change("POST", "/v1/calendars", profile_id="{profile}", name="New"),
            _change("POST", "/v1/profiles/{profile}/revoke"),
            _change("POST", _EVENTS % "work", event_id="one", summary="x", start="tomorrow", end={"time": 1}),
            _change("POST", _EVENTS % "home", event_id="one", event_uid="{uid1}", summary="x"),
            _change("DELETE", _EVENTS % "work"),
            _change("POST", "/v1/permission_checks", checks=[{"action": "event.edit", "event_uid": "{uid1}"}]),
        ]
    ),
)
_ACTIONS = ("busy.read", "events.read", "event.edit", "event.delete", "event.respond")
_checks = st.builds(
    lambda actions, place, uid: _change(
        "POST",
        "/v1/permission_checks",
        checks=[{"action": one, "calendar_id": place, "event_uid": uid} for one in actions],
    ),
    st.lists(st.sampled_from(_ACTIONS), min_size=1, max_size=4),
    st.sampled_from(["{work}", "{home}", "cal_none"]),
    _uids,
)
_stale = st.integers(0, 6).map(lambda number: Ask("GET", "", stale=number))

asks = st.builds(
    lambda reads, others: [one for pair in zip_longest(reads, others) for one in pair if one is not None],
    st.lists(_reads, min_size=2, max_size=4),
    st.lists(st.one_of(_plain_reads, _upserts, _changes, _checks, _stale), max_size=4),
)
"""A trace: reads of times and events, and whatever else an application may try in between."""
