"""Resources that are listed and could not be read: when they are asked for again. Pure.

No Provider names them again in an incremental listing, so we do. They are held with a mark in place of an etag: empty
for one that is to be read anew, a blank and a number for one that was asked for so many times. No etag begins with a
blank (RFC 9110 8.8.3).
"""

import hashlib
from typing import Final

from calwarden.domain.ids import ResourceId

ANEW: Final = ""
"""In place of an etag: whatever version the Provider has, it is to be read."""

RAREST: Final = 32
"""A resource that was never given is asked for in every so many turns at last."""

_PATIENCE: Final = 2  # so often it is asked for in every turn
_MOST: Final = 99


def is_unread(etag: str | None) -> bool:
    """Whether this stands for no version at all. None: the Provider does not have it yet."""
    return etag is not None and (etag == ANEW or etag.startswith(" "))


def asked_in_vain(etag: str | None) -> str:
    """The mark of a resource that was held with ``etag`` and was not given."""
    times = int(etag) if etag is not None and etag.startswith(" ") else 0
    return f" {min(times + 1, _MOST)}"


def is_due(resource: ResourceId, etag: str, turn: int) -> bool:
    """Whether it is asked for again in this turn: the more often in vain, the rarer, and not all in the same one."""
    every = 1 if etag == ANEW else min(2 ** max(int(etag) - _PATIENCE, 0), RAREST)
    return (turn + place_of(resource, 0)) % every == 0


def place_of(resource: ResourceId, turn: int) -> int:
    """Where it stands in the queue of a turn: each time somewhere else, so that none waits for ever."""
    return int.from_bytes(hashlib.sha256(f"{turn}\0{resource}".encode()).digest()[:4])
