"""What every operation of the API is handed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from calwarden.usecases.access import Accepted, Wake
from calwarden.usecases.kit import Kit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Api:
    """The use cases' kit, and how the worker is told that a Profile has something to do."""

    kit: Kit
    wake: Wake

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """A synchronous use case, in one hop to a thread (ruling 24)."""
        return await run_in_threadpool(function, self.kit, *arguments)

    def woken(self, accepted: Accepted) -> None:
        """Wake the worker for what was accepted: after the commit, on the event loop."""
        for account_id, profile_id in sorted(accepted.profiles):
            self.wake(account_id, profile_id)
