"""Programs that run beside the demo: started on free ports, waited for, and always stopped."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 30.0
"""Seconds a program may take to be ready; machines that build and test are slow."""

_STOPPING = 15.0


class NotStarted(Exception):
    """A program ended, or said nothing, before it was ready. Its last words are in the message."""


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def python(*words: str) -> list[str]:
    """The command that runs a module in this virtual environment."""
    return [sys.executable, "-m", *words]


@contextmanager
def running(
    command: Sequence[str], environ: Mapping[str, str], log: Path, ready: Callable[[], bool]
) -> Iterator["subprocess.Popen[str]"]:
    """Run ``command`` until the end of the block. What it prints goes to ``log``.

    The program is handed ``environ`` and nothing of ours, so that nobody's own settings reach it. Raises NotStarted.
    """
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(command, env=dict(environ), cwd=log.parent, stdout=file, stderr=file, text=True)
    try:
        _await(process, log, ready)
        yield process
    finally:
        _stop(process)


def _await(process: "subprocess.Popen[str]", log: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            state = "is not ready" if process.poll() is None else f"ended with {process.returncode}"
            last = log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
            raise NotStarted(f"{process.args!r} {state}:\n{last}")
        time.sleep(0.05)


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_STOPPING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    """Whether somebody answers on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
