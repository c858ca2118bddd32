"""Recurrence rules worked out in a process apart (security 7.6): started for the first one, replaced when one was too
much for it.
"""

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Final

import msgspec
import structlog

from calwarden.timetable.rules import Rule, TooMuch, by_library
from calwarden.wiring.rules_child import LENGTH, Answered, Asked

PATIENCE: Final = 10.0
"""Seconds that a process is waited for: its own deadline is of CPU, and it may get little of that."""


COMMAND: Final = (sys.executable, "-I", "-m", "calwarden.wiring.rules_child")


class RulesApart:
    """A ``RuleLibrary``, for any number of threads; one rule at a time. ``command`` is what is started."""

    def __init__(self, command: Sequence[str] = COMMAND, *, patience: float = PATIENCE) -> None:
        self._command = command
        self._patience = patience
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._decoder = msgspec.msgpack.Decoder(Answered)

    def __call__(self, rule: Rule, start: datetime, first: datetime, last: datetime) -> Sequence[datetime]:
        """See ``RuleLibrary``. A rule at which the process ends is too much."""
        asked = Asked(rule.frequency, rule.interval, rule.count, rule.parts, start, first, last)
        with self._lock:
            child = self._running()
            if child is None:
                return by_library(rule, start, first, last)  # which has bounds of its own
            said = self._answer(child, msgspec.msgpack.encode(asked))
        if said is None:
            structlog.get_logger("calwarden.rules").warning("a recurrence rule took too much and was given up")
            raise TooMuch
        if said.walls is None:
            raise TooMuch
        return said.walls

    @property
    def process(self) -> int | None:
        """Which process it is at the moment."""
        return None if self._child is None else self._child.pid

    def close(self) -> None:
        """End the process; the next rule would start another."""
        with self._lock:
            self._end()

    def _running(self) -> "subprocess.Popen[bytes] | None":
        """The process; None if there can be none here."""
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        try:
            # Nothing of our surroundings goes along: it needs none, and some of it is secret.
            self._child = subprocess.Popen(  # noqa: S603  our own words
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,  # a signal from the terminal is not for it
                bufsize=0,
            )
            assert self._child.stdout is not None
            _read(self._child.stdout, LENGTH.size, time.monotonic() + self._patience)
        except OSError as error:
            self._end()
            structlog.get_logger("calwarden.rules").error("no process for recurrence rules", cause=str(error))
        return self._child

    def _answer(self, child: "subprocess.Popen[bytes]", request: bytes) -> Answered | None:
        """None if the process has none; then it is ended."""
        answered = False
        try:
            said = self._ask(child, request)
            answered = True
        except (OSError, msgspec.MsgspecError):
            return None
        finally:
            # INVARIANT: no answer is left in the pipe, whatever happens: the next rule would be told it.
            if not answered:
                self._end()
        return said

    def _ask(self, child: "subprocess.Popen[bytes]", request: bytes) -> Answered:
        """Raises OSError if there is no answer, or none in time."""
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(LENGTH.pack(len(request)) + request)
        until = time.monotonic() + self._patience
        (length,) = LENGTH.unpack(_read(child.stdout, LENGTH.size, until))
        return self._decoder.decode(_read(child.stdout, length, until))

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()


def _read(source: IO[bytes], count: int, until: float) -> bytes:
    waiting = select.poll()  # takes descriptors of any number, which select does not
    waiting.register(source, select.POLLIN)
    got = b""
    while len(got) < count:
        ready = waiting.poll(max(0.0, until - time.monotonic()) * 1_000)
        more = os.read(source.fileno(), count - len(got)) if ready else b""
        if not more:
            raise OSError("no answer")
        got += more
    return got
