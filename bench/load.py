"""One request again and again over kept connections, with the CPU time of the process that answers.

Only ratios of what was measured in one run mean anything: rounds of all contestants take turns, and the median of the
rounds counts.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Contestant:
    """``request``: its bytes; with ``numbered``, made anew for each. ``processes``: whose CPU time counts."""

    name: str
    port: int
    request: bytes | Callable[[], bytes] = field(repr=False)
    processes: Sequence[int]
    expected: tuple[int, ...] = (200,)


@dataclass
class Measured:
    """Seconds. ``cpu``: a request, of each round; ``latencies``: every request."""

    cpu: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    answer_bytes: int = 0

    @property
    def cpu_s(self) -> float:
        return median(self.cpu)

    @property
    def per_second(self) -> float:
        return median(self.rate)

    def percentile(self, share: float) -> float:
        return percentile(self.latencies, share)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all are below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads, to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_mb(pid: int) -> float:
    """The memory a process holds, shared pages in parts (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(pid)


def compete(contestants: Sequence[Contestant], *, connections: int, seconds: float, rounds: int) -> dict[str, Measured]:
    """Each contestant for about ``seconds`` a round, in turns; the first round warms up and does not count."""
    found = {one.name: Measured() for one in contestants}
    for number in range(rounds + 1):
        for one in contestants:
            _round(one, connections, seconds if number else seconds / 4, found[one.name] if number else Measured())
    return found


def _round(one: Contestant, connections: int, seconds: float, into: Measured) -> None:
    before, begun = sum(map(cpu_seconds, one.processes)), time.perf_counter()
    workers = [_Worker(one, begun + seconds) for _ in range(connections)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    spent = time.perf_counter() - begun
    for worker in workers:
        if worker.failure is not None:
            raise worker.failure
    latencies = [each for worker in workers for each in worker.latencies]
    into.cpu.append((sum(map(cpu_seconds, one.processes)) - before) / len(latencies))
    into.rate.append(len(latencies) / spent)
    into.latencies += latencies
    into.answer_bytes = workers[0].answer_bytes


class _Worker(threading.Thread):
    def __init__(self, one: Contestant, until: float) -> None:
        super().__init__(daemon=True)
        self._one, self._until = one, until
        self.latencies: list[float] = []
        self.answer_bytes = 0
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001  told by the thread that waits
            self.failure = error

    def _work(self) -> None:
        connection: Connection | None = None
        made = self._one.request
        while connection is None or time.perf_counter() < self._until:
            if connection is None:
                connection = Connection(self._one.port)
            request = made if isinstance(made, bytes) else made()
            begun = time.perf_counter()
            status, body, kept = connection.ask(request)
            self.latencies.append(time.perf_counter() - begun)
            if status not in self._one.expected:
                raise AssertionError(f"{self._one.name} answered {status}: {body[:300]!r}")
            self.answer_bytes = len(body)
            if not kept:
                connection.close()
                connection = Connection(self._one.port)
        connection.close()


class Connection:
    """As little HTTP/1.1 as it takes: a client must not cost more than what it measures."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", buffering=1 << 16)

    def ask(self, request: bytes) -> tuple[int, bytes, bool]:
        """Status, body, and whether the connection stays."""
        self._socket.sendall(request)
        head = self._file.readline()
        status, length, kept, chunked = int(head.split()[1]), -1, head.startswith(b"HTTP/1.1"), False
        while (line := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = b"chunked" in value
            elif name == b"connection":
                kept = b"close" not in value
        if chunked:
            return status, self._chunks(), kept
        if length < 0:
            return status, self._file.read(), False
        return status, self._file.read(length), kept

    def _chunks(self) -> bytes:
        found = bytearray()
        while size := int(self._file.readline().split(b";")[0], 16):
            found += self._file.read(size)
            self._file.readline()
        self._file.readline()
        return bytes(found)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def request_bytes(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """An HTTP/1.1 request to loopback."""
    sent = {"Host": "127.0.0.1", **headers, **({"Content-Length": str(len(body))} if body or method != "GET" else {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body
