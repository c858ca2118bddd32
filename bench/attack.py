"""``make attack``: requests made to cost as much as they can, eight at a time, and what they do to an honest one beside
them and to the memory of the server. Ends with status 1 if an answer takes over two seconds or is none of the expected,
or if the server ever holds 300 MB.
"""

import argparse
import itertools
import json
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.calendars import Month, this_month
from bench.hostile_server import BODIES
from bench.load import Connection, request_bytes
from bench.servers import Ours, calwarden, radicale, size_name
from demo.people import PASSWORDS
from demo.processes import free_port, listens, running
from demo.world import EMAIL

EVENTS = 10_000
AT_ONCE = 8
MOST_SECONDS, MOST_MB = 2.0, 300.0
_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_MEGABYTE = 1_000_000
_LONGEST_SYNC = 120


@dataclass(frozen=True)
class Attack:
    """``make`` gives the bytes of each request; ``expected``: the statuses that are right."""

    name: str
    make: Callable[[], bytes] = field(repr=False)
    expected: tuple[int, ...]


@dataclass
class Felt:
    """What came of one attack. Seconds; ``honest``: of the requests beside it."""

    name: str
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    honest: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def worst(self) -> float:
        return max(self.latencies, default=0.0)

    @property
    def worst_honest(self) -> float:
        return max(self.honest, default=0.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="for each attack")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    said = parser.parse_args()
    month = this_month()
    with (
        tempfile.TemporaryDirectory(prefix="calwarden-attack-") as folder,
        radicale(Path(folder) / "radicale", [EVENTS], month) as (calendars, _),
        _strangers(Path(folder)) as port,
        calwarden(Path(folder) / "calwarden", calendars, [f"127.0.0.1:{port}"]) as (ours, _),
    ):
        trials = [partial(_under, attack) for attack in attacks(ours, month)]
        trials += [partial(_beside, idle) for idle in (_half_open, _never_read)]
        trials.append(partial(_synced, port))
        felt = []
        for trial in trials:
            _forget_peak(ours.pid)
            felt.append(trial(ours, month, said.seconds))
            felt[-1].peak_mb = _peak_mb(ours.pid)
            _tell(felt[-1], quiet=said.json)
    return _verdict(felt, as_json=said.json)


# The attacks


def attacks(ours: Ours, month: Month) -> Iterator[Attack]:
    """Everything that is one request."""
    yield from _reads(ours, month)
    yield from _writes(ours, month)
    yield from _bodies(ours)
    yield from _doors(ours)


def _reads(ours: Ours, month: Month) -> Iterator[Attack]:
    proof = {"Authorization": ours.token}
    wide = {"from": f"{month.start.year}-01-01", "to": f"{month.start.year + 1}-01-30", "tzid": "America/St_Johns"}
    more = {"include_deleted": "true", "include_moved": "true", "include_managed": "true", "localized_times": "true"}
    for path in ("/v1/events", "/v1/free_busy"):
        kept = {name: value for name, value in more.items() if path == "/v1/events" or name != "include_moved"}
        request = request_bytes("GET", f"{path}?{urlencode({**wide, **kept})}", proof)
        yield Attack(f"GET {path} over 395 days of {EVENTS:,} events", lambda request=request: request, (200,))
    ids = urlencode([("calendar_ids[]", f"cal_none_{number}") for number in range(500)])
    request = request_bytes("GET", f"/v1/free_busy?tzid=Etc/UTC&{ids}", proof)
    yield Attack("GET /v1/free_busy with 500 calendars that are not there", lambda: request, (422,))
    numbers = itertools.count()
    yield Attack(
        "GET /v1/events/pages/ of somebody else's",
        lambda: request_bytes("GET", f"/v1/events/pages/{next(numbers):064x}", proof),
        (404,),
    )


def _writes(ours: Ours, month: Month) -> Iterator[Attack]:
    proof = {"Authorization": ours.token, **_JSON}
    path = f"/v1/calendars/{ours.calendars[size_name(EVENTS)]}/events"
    numbers = itertools.count()
    start, end = f"{month.start:%Y-%m-%dT%H:%M:%SZ}", f"{month.end:%Y-%m-%dT%H:%M:%SZ}"
    guests = [{"email": f"guest{one}@example.org", "display_name": "G" * 200} for one in range(200)]
    full = {
        "summary": "S" * 1_024,
        "description": "é\n" * 4_096,
        "start": start,
        "end": end,
        "attendees": {"invite": guests},
        "reminders": [{"minutes": one} for one in range(5)],
        "url": "https://example.org/" + "u" * 2_000,
    }
    rules = [{"frequency": "daily", "count": 730}]
    short = {"summary": "Often", "start": start, "end": start, "recurrence": {"rules": rules}}
    for name, body in (("the longest event there can be", full), ("an event of 730 days", short)):
        yield Attack(
            f"POST an event: {name}",
            lambda body=body: request_bytes("POST", path, proof, _event(next(numbers), body)),
            (202,),
        )


def _event(number: int, body: dict[str, Any]) -> bytes:
    return json.dumps({"event_id": f"attack-{number}", **body}).encode()


def _bodies(ours: Ours) -> Iterator[Attack]:
    path = f"/v1/calendars/{ours.calendars[size_name(EVENTS)]}/events"
    nested = b"[" * 39 + b"1" + b"]" * 39
    texts = {
        "a megabyte of names": b'{"a":1' + b"".join(b',"%d":1' % one for one in range(90_000)) + b"}",
        "a megabyte of lists": b'{"attendees":{"invite":[' + b"{}," * 300_000 + b"{}]}}",
        "a megabyte nested to the limit": b'{"x":[' + (nested + b",") * 12_000 + b"1]}",
        "a megabyte of one text": b'{"summary":"' + b"x" * (_MEGABYTE - 100) + b'"}',
        "a megabyte of escapes": b'{"summary":"' + b"\\u00e9" * 160_000 + b'"}',
        "a megabyte that never closes": b'{"summary":"' + b'\\"' * 490_000,
        "a megabyte of numbers": b'{"x":[' + b"1.5e3," * 160_000 + b"1]}",
    }
    for name, text in texts.items():
        assert len(text) <= _MEGABYTE, name
        request = request_bytes("POST", path, {"Authorization": ours.token, **_JSON}, text)
        yield Attack(f"POST {name}", lambda request=request: request, (422,))
    form = b"&".join(b"a%d=%s" % (one, b"x" * 4_900) for one in range(200))
    request = request_bytes("POST", path, {"Authorization": ours.token, **_FORM}, form)
    yield Attack("POST a form of a megabyte", lambda: request, (422,))
    pairs = request_bytes("POST", path, {"Authorization": ours.token, **_FORM}, b"&".join([b"a[]=1"] * 160_000))
    yield Attack("POST a form of 160,000 pairs", lambda: pairs, (422,))
    over = request_bytes("POST", path, {"Authorization": ours.token, **_JSON}, b" " * (_MEGABYTE + 1))
    yield Attack("POST a byte over a megabyte", lambda: over, (413,))


def _doors(ours: Ours) -> Iterator[Attack]:
    wrong = json.dumps({"client_id": "nobody", "client_secret": "x" * 2_000, "grant_type": "refresh_token"}).encode()
    yield Attack(
        "POST /oauth/token with wrong secrets", lambda: request_bytes("POST", "/oauth/token", _JSON, wrong), (400, 429)
    )
    many = urlencode([("state", "s" * 4_000), *((f"p{one}", "x" * 400) for one in range(90))])
    yield Attack(
        "GET /oauth/authorize with long parameters",
        lambda: request_bytes("GET", f"/oauth/authorize?{many}", {}),
        (400,),
    )
    yield Attack("POST /sign-in with wrong passwords", _SignIn(ours), (403, 422, 429))


class _SignIn:
    """A browser with its cookie and the token of its form: each attempt costs the server a password hash."""

    def __init__(self, ours: Ours) -> None:
        self._cookie, self._csrf = _form_of(ours.port)

    def __call__(self) -> bytes:
        values = {
            "csrf": self._csrf,
            "door": "account",
            "id": "",
            "email": EMAIL["jane"],
            "password": PASSWORDS["jane"][:-1],
        }
        return request_bytes("POST", "/sign-in", {**_FORM, "Cookie": self._cookie}, urlencode(values).encode())


def _form_of(port: int) -> tuple[str, str]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        raw.sendall(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        page = b"".join(iter(lambda: raw.recv(65_536), b"")).decode()
    cookie = page.partition("set-cookie: ")[2].partition(";")[0]
    return cookie, page.partition('name="csrf" value="')[2].partition('"')[0]


# Connections that are no requests


@contextmanager
def _half_open(port: int) -> Iterator[str]:
    """500 connections that never come to the end of a request."""
    held = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(500)]
    for number, one in enumerate(held):
        one.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"[: 20 + number % 60])
    yield "500 connections that never finish a request"
    for one in held:
        one.close()


@contextmanager
def _never_read(port: int) -> Iterator[str]:
    """100 connections that ask without end and read nothing."""
    held = []
    for _ in range(100):
        one = socket.create_connection(("127.0.0.1", port), timeout=30)
        one.setblocking(False)  # noqa: FBT003  its only parameter
        request = request_bytes("GET", "/openapi.json", {}) * 200
        with suppress(BlockingIOError):
            one.send(request)
        held.append(one)
    yield "100 connections that ask 200 times and never read"
    for one in held:
        one.close()


# A calendar of somebody who means harm


@contextmanager
def _strangers(folder: Path) -> Iterator[int]:
    """Port of a calendar server full of it."""
    port = free_port()
    command = [sys.executable, "-m", "bench.hostile_server", str(port)]
    surroundings = {"PYTHONPATH": str(Path(__file__).parents[1])}
    with running(command, surroundings, folder / "hostile.log", lambda: listens(port)):
        yield port


def _synced(port: int, ours: Ours, month: Month, seconds: float) -> Felt:
    """Such a calendar is connected, and read by the worker of the server."""
    del seconds
    words = ("--account", EMAIL["jane"], "--url", f"http://127.0.0.1:{port}/jane/", "--username", "jane")
    made = ours.server.run("profile", "connect-caldav", *words, "--password-stdin", typed="password")
    felt = Felt(f"a sync of {len(BODIES)} hostile resources")
    until = time.perf_counter() + _LONGEST_SYNC
    while time.perf_counter() < until:
        _be_honest(felt, ours, month, min(until, time.perf_counter() + 1))
        profiles = {one["profile_id"]: one for one in ours.server.run("profile", "list")}
        if profiles[made["profile_id"]]["synced_at"] is not None:
            return felt
    felt.failures.append(f"not done after {_LONGEST_SYNC} s")
    return felt


# Measuring


def _under(attack: Attack, ours: Ours, month: Month, seconds: float) -> Felt:
    felt, until = Felt(attack.name), time.perf_counter() + seconds
    lock = threading.Lock()

    def run() -> None:
        connection: Connection | None = None
        while time.perf_counter() < until:
            try:
                connection = connection or Connection(ours.port)
                request = attack.make()
                begun = time.perf_counter()
                status, _, kept = connection.ask(request)
            except (OSError, IndexError) as error:
                with lock:
                    felt.failures.append(f"{type(error).__name__}")
                connection = None
                continue
            with lock:
                felt.latencies.append(time.perf_counter() - begun)
                felt.statuses[status] += 1
            if not kept:
                connection.close()
                connection = None

    threads = [threading.Thread(target=run, daemon=True) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    _be_honest(felt, ours, month, until)
    for thread in threads:
        thread.join(60)
    if wrong := {status: times for status, times in felt.statuses.items() if status not in attack.expected}:
        felt.failures.append(f"answered {wrong}, expected {attack.expected}")
    return felt


def _beside(idle: Callable[[int], Any], ours: Ours, month: Month, seconds: float) -> Felt:
    with idle(ours.port) as name:
        felt = Felt(name)
        _be_honest(felt, ours, month, time.perf_counter() + seconds)
    return felt


def _be_honest(felt: Felt, ours: Ours, month: Month, until: float) -> None:
    """What a booking page asks for, again and again, while the attack goes on."""
    query = {"from": f"{month.start:%Y-%m-%d}", "to": f"{month.end:%Y-%m-%d}", "tzid": "Etc/UTC"}
    request = request_bytes("GET", f"/v1/free_busy?{urlencode(query)}", {"Authorization": ours.token})
    connection = Connection(ours.port)
    while time.perf_counter() < until:
        begun = time.perf_counter()
        status, _, _ = connection.ask(request)
        felt.honest.append(time.perf_counter() - begun)
        if status != 200:
            felt.failures.append(f"an honest request was answered {status}")
            return
        time.sleep(0.02)
    connection.close()


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _peak_mb(pid: int) -> float:
    """The most memory the process has held since."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1_024


def _tell(felt: Felt, *, quiet: bool) -> None:
    if quiet:
        return
    many = f"{sum(felt.statuses.values()):>6,} answers, slowest {felt.worst:5.2f} s" if felt.statuses else " " * 31
    print(f"  {felt.name:<58}{many}   beside it {felt.worst_honest:5.2f} s {felt.peak_mb:5.0f} MB", flush=True)  # noqa: T201
    for failure in felt.failures[:3]:
        print(f"      {failure}", flush=True)  # noqa: T201


def _verdict(felt: Sequence[Felt], *, as_json: bool) -> int:
    peak = max(one.peak_mb for one in felt)
    slowest = max(max(one.worst, one.worst_honest) for one in felt)
    failures = [f"{one.name}: {failure}" for one in felt for failure in one.failures]
    held = slowest <= MOST_SECONDS and peak < MOST_MB and not failures
    if as_json:
        facts = {"slowest_seconds": slowest, "peak_mb": peak, "failures": failures, "held": held}
        print(json.dumps(facts))  # noqa: T201
    else:
        print(f"\n  slowest answer {slowest:.2f} s (at most {MOST_SECONDS:.0f}), ", end="")  # noqa: T201
        print(f"most memory {peak:.0f} MB (under {MOST_MB:.0f}), {len(failures)} unexpected")  # noqa: T201
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
