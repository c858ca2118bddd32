"""Starts servers that are wrong in one thing each: ``calwarden serve``, with one fault of ``conformance_faults``.

Reads a line of JSON for each from its standard input, and starts it as a child of its own, so that everything is
imported once. Ends all of them when the input ends. By hand, ``conformance_launcher.py FAULT`` serves in the
foreground.
"""

import json
import os
import signal
import sys
from typing import Any

from conformance_faults import FAULTS

from calwarden.cli import main


def serve(fault: str) -> None:
    """The ordinary command, once the fault is in."""
    if fault:
        FAULTS[fault].seed()
    sys.argv = ["calwarden", "serve"]
    main()


def child(said: dict[str, Any]) -> None:
    log = os.open(str(said["log"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(0)
    os.environ.clear()  # noqa: TID251  it is a program of its own
    os.environ.update(said["environ"])  # noqa: TID251  likewise
    try:
        serve(str(said["fault"]))
    finally:
        sys.stdout.flush()
        os._exit(0)


def launch() -> None:
    children = []
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
        children.append(pid)
        print(pid, flush=True)
    for pid in children:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
    for pid in children:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1])
    else:
        launch()
