"""``make bench``: everything measured in one run, side by side, and printed as ratios. ``QUICK=1`` leaves most out."""

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from bench import barrier, micro
from bench.calendars import Month, this_month
from bench.load import Contestant, Measured, compete, percentile, request_bytes, resident_mb
from bench.servers import Elsewhere, Ours, Stopwatch, calwarden, constant, radicale, size_name, xandikos
from demo.processes import running
from demo.server import PROGRAM, answers

EQUAL = (100, 2_000, 10_000)
"""Events of calendars with the same month in them."""

_REPORT = """<?xml version="1.0" encoding="utf-8"?>
<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">
<C:time-range start="{start}" end="{end}"/></C:free-busy-query>"""


@dataclass
class Run:
    """What is measured is kept by name and printed as it comes. ``aims``: figure, level, and whether it was reached."""

    quick: bool
    folder: Path
    month: Month
    quiet: bool
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return 0.6 if self.quick else 2.0

    @property
    def rounds(self) -> int:
        return 3 if self.quick else 5

    def say(self, text: str = "") -> None:
        if not self.quiet:
            print(text, flush=True)  # noqa: T201

    def note(self, name: str, value: float, text: str) -> None:
        self.figures[name] = value
        self.say(f"  {name:<62} {text}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="calwarden-bench-") as folder:
        run = Run(said.quick, Path(folder), this_month(), said.json)
        run.say(f"calwarden bench: Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}")
        _everything(run)
    if said.json:
        print(json.dumps(run.figures))  # noqa: T201
    return 0


def _everything(run: Run) -> None:
    sizes = EQUAL[:2] if run.quick else EQUAL
    with ExitStack() as stack:
        run.say(f"making calendars of {', '.join(f'{size:,}' for size in sizes)} events ...")
        calendars, theirs = stack.enter_context(radicale(run.folder / "radicale", sizes, run.month))
        others = [theirs, stack.enter_context(xandikos(run.folder / "xandikos", sizes, run.month))]
        ours, watch = stack.enter_context(calwarden(run.folder / "calwarden", calendars))
        _syncs(run, watch, sum(sizes))
        _memory(run, ours, "after start")
        answer = compete([_busy(run, ours, 2_000)], connections=1, seconds=0.2, rounds=1)
        port, pid = stack.enter_context(constant(run.folder, answer["calwarden, 2,000 events"].answer_bytes))
        still = Contestant("constant answer", port, request_bytes("GET", "/", {}), [pid])
        _against_constant(run, ours, still, sizes)
        _against_servers(run, ours, others, sizes)
        _events(run, ours)
        _writes(run, ours, theirs)
        _memory(run, ours, "after load")
        _revocations(run, ours)
        _parts(run, ours)
    _start(run, ours)


# What is asked for


def _busy(run: Run, ours: Ours, size: int) -> Contestant:
    query = {
        "from": f"{run.month.start:%Y-%m-%d}",
        "to": f"{run.month.end:%Y-%m-%d}",
        "tzid": "Etc/UTC",
        "calendar_ids[]": ours.calendars[size_name(size)],
    }
    request = request_bytes("GET", f"/v1/free_busy?{urlencode(query)}", {"Authorization": ours.token})
    return Contestant(f"calwarden, {size:,} events", ours.port, request, [ours.pid])


def _report(run: Run, there: Elsewhere, size: int) -> Contestant:
    body = _REPORT.format(start=f"{run.month.start:%Y%m%dT%H%M%SZ}", end=f"{run.month.end:%Y%m%dT%H%M%SZ}").encode()
    headers = {**there.headers, "Content-Type": "application/xml", "Depth": "1"}
    request = request_bytes("REPORT", f"{there.home}/{size_name(size)}/", headers, body)
    return Contestant(f"{there.name}, {size:,} events", there.port, request, [there.pid])


# Comparisons


def _against_constant(run: Run, ours: Ours, still: Contestant, sizes: Sequence[int]) -> None:
    for connections in (1, 16):
        run.say(f"\nGET /v1/free_busy, 30 days, {connections} connection{'s' * (connections > 1)}")
        found = compete(
            [*(_busy(run, ours, size) for size in sizes), still],
            connections=connections, seconds=run.seconds, rounds=run.rounds,
        )  # fmt: skip
        base, first = found[still.name], found[f"calwarden, {sizes[0]:,} events"]
        for name, one in found.items():
            _line(run, f"{name}, {connections} conn.", one)
        for size in sizes[1:]:
            one = found[f"calwarden, {size:,} events"]
            run.note(f"CPU at {size:,} against 100 events, {connections} conn.", one.cpu_s / first.cpu_s,
                f"{one.cpu_s / first.cpu_s:.2f}")  # fmt: skip
        one = found["calwarden, 2,000 events"]
        run.note(f"requests/s against a constant answer, {connections} conn.", one.per_second / base.per_second,
            f"{one.per_second / base.per_second:.1%}")  # fmt: skip
        run.note(f"CPU against a constant answer, {connections} conn.", one.cpu_s / base.cpu_s,
            f"{one.cpu_s / base.cpu_s:.1f} times")  # fmt: skip


def _against_servers(run: Run, ours: Ours, others: Sequence[Elsewhere], sizes: Sequence[int]) -> None:
    for size, there in itertools.product(sizes[1:], others):
        for connections in (1, 16) if size == sizes[1] and there is others[0] and not run.quick else (1,):
            mine, theirs = _busy(run, ours, size), _report(run, there, size)
            run.say(f"\n{there.name}'s free-busy-query, {size:,} events, {connections} conn.")
            found = compete([mine, theirs], connections=connections, seconds=run.seconds, rounds=2)
            for name, one in found.items():
                _line(run, f"{name} (side by side), {connections} conn.", one)
            a, b = found[mine.name], found[theirs.name]
            for what, ratio in (("CPU", b.cpu_s / a.cpu_s), ("p50", b.percentile(0.5) / a.percentile(0.5))):
                run.note(
                    f"{what}, {there.name} against calwarden, {size:,}, {connections} conn.",
                    ratio,
                    f"{ratio:,.0f} times",
                )


def _events(run: Run, ours: Ours) -> None:
    run.say("\nGET /v1/events, a page of 100")
    query = {"tzid": "Etc/UTC", "calendar_ids[]": ours.calendars[size_name(2_000)]}
    request = request_bytes("GET", f"/v1/events?{urlencode(query)}", {"Authorization": ours.token})
    found = compete(
        [Contestant("a page of 100 events", ours.port, request, [ours.pid])],
        connections=1, seconds=run.seconds, rounds=run.rounds,
    )  # fmt: skip
    _line(run, "a page of 100 events", found["a page of 100 events"])


def _writes(run: Run, ours: Ours, there: Elsewhere) -> None:
    numbers = itertools.count()
    headers = {"Authorization": ours.token, "Content-Type": "application/json"}
    start = f"{run.month.start:%Y-%m-%d}"

    def upsert() -> bytes:
        said = {
            "event_id": f"bench-{next(numbers) % 50}", "summary": f"Bench {next(numbers)}", "description": "",
            "start": f"{start}T10:00:00Z", "end": f"{start}T11:00:00Z",
        }  # fmt: skip
        return request_bytes(
            "POST", f"/v1/calendars/{ours.calendars[size_name(100)]}/events", headers, json.dumps(said).encode()
        )

    def put() -> bytes:
        number = next(numbers) % 50
        text = (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VEVENT\r\n"
            f"UID:put-{number}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{run.month.start:%Y%m%dT100000Z}\r\n"
            f"DTEND:{run.month.start:%Y%m%dT110000Z}\r\nSUMMARY:Bench {next(numbers)}\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        told = {**there.headers, "Content-Type": "text/calendar"}
        return request_bytes("PUT", f"{there.home}/{size_name(100)}/put-{number}.ics", told, text.encode())

    mine = Contestant("upsert until 202", ours.port, upsert, [ours.pid], expected=(202,))
    theirs = Contestant(f"PUT at {there.name}", there.port, put, [there.pid], expected=(201, 204))
    for connections in (1, 16):
        run.say(f"\nWrites, acknowledged when committed (delivery goes on beside it), {connections} conn.")
        found = compete([mine, theirs], connections=connections, seconds=run.seconds, rounds=2)
        for name, one in found.items():
            _line(run, f"{name}, {connections} conn.", one)
        a, b = found[mine.name], found[theirs.name]
        for share in (0.5, 0.99):
            ratio = b.percentile(share) / a.percentile(share)
            run.note(f"p{share * 100:.0f}, PUT against upsert, {connections} conn.", ratio, f"{ratio:.1f} times")


def _revocations(run: Run, ours: Ours) -> None:
    run.say("\nRevocation, with four connections writing; no request sent after its answer may be accepted")
    name = size_name(100)
    stored = run.folder / "radicale" / "collections" / "collection-root" / "jane" / name
    found = barrier.measure(ours, barrier.Aim(ours.calendars[name], stored), 8 if run.quick else 40)
    for what, seconds in (("until its answer", found.answered), ("until the first refusal", found.refused)):
        for share in (0.5, 0.99):
            value = percentile(seconds, share) * 1e3
            run.note(f"revoke, {what}, p{share * 100:.0f}: ms", value, f"{value:.1f} ms")
    run.note("writes accepted before", found.accepted, f"{found.accepted:,}")
    run.note("sent after the answer and accepted", found.overtaken, f"{found.overtaken}")
    run.note(
        "on the wire at the answer, stored at most later: ms", max(found.late) * 1e3, f"{max(found.late) * 1e3:.0f} ms"
    )


def _line(run: Run, name: str, one: Measured) -> None:
    p50, p99 = one.percentile(0.5) * 1e3, one.percentile(0.99) * 1e3
    run.figures[f"{name}: CPU ms"] = one.cpu_s * 1e3
    run.figures[f"{name}: p50 ms"], run.figures[f"{name}: p99 ms"] = p50, p99
    run.say(
        f"  {name:<62} {one.cpu_s * 1e3:9.3f} ms CPU   p50 {p50:9.2f} ms   p99 {p99:9.2f} ms"
        f"   {one.answer_bytes:,} bytes"
    )


# What there is once


def _syncs(run: Run, watch: Stopwatch, events: int) -> None:
    run.say("\nSyncs, from Radicale, as commands; CPU of our process alone")
    idle = watch.cpu["command that does nothing"]
    for name in ("connect and first sync", "sync with nothing changed"):
        cpu = watch.cpu[name] - idle
        run.note(f"{name}, {events:,} events: CPU s", cpu, f"{cpu:.2f} s CPU, {watch.wall[name]:.1f} s in all")
    run.note("first sync, per 10,000 events: CPU s", (watch.cpu["connect and first sync"] - idle) * 10_000 / events,
        f"{(watch.cpu['connect and first sync'] - idle) * 10_000 / events:.1f} s CPU")  # fmt: skip


def _memory(run: Run, ours: Ours, when: str) -> None:
    held = resident_mb(ours.pid)
    run.note(f"memory {when}: MB", held, f"{held:.0f} MB")


def _parts(run: Run, ours: Ours) -> None:
    run.say("\nParts, each by itself in one process")
    found = micro.admission(ours.server.environ, ours.token)
    run.note("empty read transaction: us", found.transaction * 1e6, f"{found.transaction * 1e6:.1f} us")
    share = found.admitted - found.transaction
    run.note("token look-up and permission decision: us", share * 1e6, f"{share * 1e6:.1f} us")
    run.note("permission decision alone: us", found.decision * 1e6, f"{found.decision * 1e6:.2f} us")
    rate = micro.occurrences_per_second()
    run.note("occurrences of series a second", rate, f"{rate:,.0f}")


def _start(run: Run, ours: Ours) -> None:
    run.say("\nStart on an existing database")
    taken = []
    for _ in range(3 if run.quick else 7):
        begun = time.perf_counter()
        with running(
            [PROGRAM, "serve"], ours.server.environ, run.folder / "start.log", lambda: answers(ours.server.url)
        ):
            taken.append(time.perf_counter() - begun)
    run.note("serve, until the first answer: s", median(taken), f"{median(taken):.2f} s")
    imports = []
    for _ in range(3):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import calwarden.cli"], check=True)
        imports.append(time.perf_counter() - begun)
    run.note("of that, importing: s", median(imports), f"{median(imports):.2f} s")


if __name__ == "__main__":
    raise SystemExit(main())
