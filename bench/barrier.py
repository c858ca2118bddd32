"""How soon a revocation holds with writes in flight: until its answer, and until the first refusal.

What is claimed is no time but an order: no request sent after the answer is accepted, and no write leaves for the
calendar server any more that had not left by then (security 5.1).
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from bench.load import Connection, request_bytes
from bench.servers import Ours
from demo.server import Application

_WRITERS = 4
_BEFORE, _AFTER = 0.25, 0.5
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Barrier:
    """Seconds since the revocation was sent; ``overtaken``: requests sent after its answer and accepted all the same;
    ``late``: seconds after the answer at which the calendar server still stored something, 0 if it did not.
    """

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    overtaken: int = 0
    accepted: int = 0


@dataclass
class _Round:
    """What the writers of one round saw: when each request was sent, when it was answered, and how."""

    until: float = 0.0
    seen: list[tuple[float, float, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Aim:
    """What is written to. ``stored``: the folder in which the calendar server keeps that calendar."""

    calendar_id: str
    stored: Path


def measure(ours: Ours, aim: Aim, rounds: int) -> Barrier:
    """So many revocations, each of a grant of its own."""
    found = Barrier()
    application = ours.server.create_application("Barrier", "https://barrier.example.org/cb")
    words = ("--application", application.client_id, "--account", ours.email, "--scope", "free_busy_write")
    for _ in range(rounds):
        token = ours.server.run("grant", "issue", *words)["access_token"]
        _one_round(ours, application, str(token), aim, found)
    return found


def _one_round(ours: Ours, application: Application, token: str, aim: Aim, into: Barrier) -> None:
    seen = _Round(until=time.perf_counter() + 60)
    writes = _writes(token, aim.calendar_id)
    writers = [threading.Thread(target=_write, args=(ours.port, writes, seen), daemon=True) for _ in range(_WRITERS)]
    for one in writers:
        one.start()
    time.sleep(_BEFORE)
    body = {"client_id": application.client_id, "client_secret": application.client_secret, "token": token}
    connection = Connection(ours.port)
    sent = time.perf_counter()
    status, answer, _ = connection.ask(request_bytes("POST", "/oauth/token/revoke", _FORM, urlencode(body).encode()))
    answered, clock = time.perf_counter(), time.time()
    assert status == 200, answer
    connection.close()
    time.sleep(_AFTER)
    seen.until = 0
    for one in writers:
        one.join()
    into.answered.append(answered - sent)
    into.refused.append(min(end for _, end, status in seen.seen if status == 401) - sent)
    into.accepted += sum(status == 202 for _, _, status in seen.seen)
    into.overtaken += sum(status == 202 and begun > answered for begun, _, status in seen.seen)
    # Others' writes may still be on their way into the same calendar.
    changes = [one.stat().st_mtime for one in aim.stored.glob("*.ics") if b"SUMMARY:Barrier" in one.read_bytes()]
    into.late.append(max(0.0, max(changes, default=0.0) - clock))


def _writes(token: str, calendar_id: str) -> Callable[[], bytes]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def made() -> Iterator[bytes]:
        number = 0
        while True:
            number += 1
            said = {
                "event_id": f"barrier-{number % 50}", "summary": f"Barrier {number}", "description": "",
                "start": "2030-01-01T10:00:00Z", "end": "2030-01-01T11:00:00Z",
            }  # fmt: skip
            yield request_bytes("POST", f"/v1/calendars/{calendar_id}/events", headers, json.dumps(said).encode())

    one, lock = made(), threading.Lock()

    def following() -> bytes:
        with lock:
            return next(one)

    return following


def _write(port: int, writes: Callable[[], bytes], into: _Round) -> None:
    connection = Connection(port)
    while time.perf_counter() < into.until:
        request = writes()
        begun = time.perf_counter()
        status, _, kept = connection.ask(request)
        into.seen.append((begun, time.perf_counter(), status))
        if not kept:
            connection.close()
            connection = Connection(port)
    connection.close()
