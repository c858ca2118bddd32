"""What every operation of the API is handed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

from calwarden.usecases.access import Accepted, Wake
from calwarden.usecases.kit import Kit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lanes:
    """How many reads and how many writes may run at a time; the others wait in turn.

    Python runs one thread at a time: on a database in this very process, more of them only get in each other's way, and
    its one writer is waited for better here than by looking again and again (docs/performance.md).
    """

    reads: int = 2
    writes: int = 2


@dataclass(frozen=True, slots=True)
class Api:
    """The use cases' kit, and how the worker is told that a Profile has something to do."""

    kit: Kit
    wake: Wake
    lanes: Lanes = Lanes()
    _reads: anyio.CapacityLimiter = field(init=False, repr=False)
    _writes: anyio.CapacityLimiter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reads", anyio.CapacityLimiter(self.lanes.reads))
        object.__setattr__(self, "_writes", anyio.CapacityLimiter(self.lanes.writes))

    async def read(self, function: Callable[..., T], *arguments: object) -> T:
        """A synchronous use case that changes nothing, in one hop to a thread (ruling 24)."""
        return await anyio.to_thread.run_sync(function, self.kit, *arguments, limiter=self._reads)

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Any other synchronous use case, likewise."""
        return await anyio.to_thread.run_sync(function, self.kit, *arguments, limiter=self._writes)

    def woken(self, accepted: Accepted) -> None:
        """Wake the worker for what was accepted: after the commit, on the event loop."""
        for account_id, profile_id in sorted(accepted.profiles):
            self.wake(account_id, profile_id)
