"""The process that works recurrence rules out for another one: one that is too much ends it, and nothing else.

Reads requests from standard input and answers on standard output until there is no more, so that it never outlives who
started it. ``rules`` has the other end. The kernel ends it when a rule takes over a second of CPU, wherever that is
spent (security 7.6).
"""

import resource
import signal
import struct
import sys
from datetime import datetime
from typing import BinaryIO, Final

import msgspec

from calwarden.timetable.rules import Rule, TooMuch, by_library

MOST_SECONDS: Final = 1.0
MOST_MEMORY: Final = 512 * 1024 * 1024  # bytes of address space, most of which is shared libraries
LENGTH: Final = struct.Struct(">I")


class Asked(msgspec.Struct, array_like=True):
    """One rule, and between which wall times its own are wanted."""

    frequency: str
    interval: int
    count: int | None
    parts: dict[str, str]
    start: datetime
    first: datetime
    last: datetime


class Answered(msgspec.Struct, array_like=True):
    """``walls``; None: it is given up, or makes no sense."""

    walls: list[datetime] | None


def answer(asked: Asked) -> Answered:
    """What the library says."""
    rule = Rule(asked.frequency, asked.interval, asked.count, None, asked.parts)
    try:
        return Answered(by_library(rule, asked.start, asked.first, asked.last))
    except (TooMuch, ValueError, TypeError, KeyError, OverflowError, AttributeError, IndexError, MemoryError):
        return Answered(None)  # what dateutil raises for values it can not make sense of


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Say that it works, then answer until there is nothing more to read."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    decoder, encoder = msgspec.msgpack.Decoder(Asked), msgspec.msgpack.Encoder()
    target.write(LENGTH.pack(0))
    target.flush()
    while length := source.read(LENGTH.size):
        asked = decoder.decode(source.read(LENGTH.unpack(length)[0]))
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)  # SIGPROF, left as it is, ends a process
        said = encoder.encode(answer(asked))
        signal.setitimer(signal.ITIMER_PROF, 0)
        target.write(LENGTH.pack(len(said)) + said)
        target.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
