"""One hop to a thread for a transaction (ruling 24), which no cancellation leaves behind."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


async def hop(function: Callable[..., _T], *arguments: object) -> _T:
    """Run ``function`` in a thread, to its end also if the caller is cancelled meanwhile: no transaction outlives the
    job that began it.
    """
    running = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # looked at: the cancellation is what the caller hears of
        raise
