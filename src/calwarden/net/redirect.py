"""Following redirects, one judged hop at a time, for protocols in which that is the custom (RFC 6764 5)."""

from collections.abc import Awaitable, Callable
from typing import Final

from calwarden.net.client import Answer
from calwarden.net.errors import Cause, OutboundError
from calwarden.net.url import Url, join

MOST_HOPS: Final = 5

_REDIRECTS = frozenset({301, 302, 307, 308})


async def follow(send: Callable[[Url], Awaitable[Answer]], url: Url, *, most_hops: int = MOST_HOPS) -> Answer:
    """Ask ``url`` and wherever it leads; the answer names the address one ended up at.

    ``send`` goes through the guarded client, which judges every hop afresh and keeps credentials from other origins.
    Only for requests that change nothing. Raises OutboundError for a redirect to nowhere, or too many.
    """
    for _ in range(most_hops + 1):
        answer = await send(url)
        if answer.status not in _REDIRECTS:
            return answer
        try:
            url = join(answer.url, answer.header("location") or "")
        except ValueError as error:
            raise OutboundError(Cause.NO_ANSWER) from error
    raise OutboundError(Cause.NO_ANSWER)
