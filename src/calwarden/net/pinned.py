"""Connections to exactly the addresses that were checked (security 8.2): what stands between a name and a socket."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpcore

from calwarden.net.errors import Cause, OutboundError
from calwarden.net.rules import OutboundRules
from calwarden.net.url import Url

MOST_ADDRESSES: Final = 4

_RESOLVING: Final = 8  # look-ups at a time

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a host, as text; raises OSError or UnicodeError if it has none."""


def system_resolver() -> Resolve:
    """Asks the operating system, in threads of its own.

    A look-up cannot be broken off. In the threads that everything else runs in, a handful of names with a name server
    that never answers would stop the whole process.
    """
    threads = ThreadPoolExecutor(_RESOLVING, "resolve")

    def look_up(host: str, port: int) -> Sequence[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(one[4][0]) for one in found))

    async def resolve(host: str, port: int) -> Sequence[str]:
        return await asyncio.get_running_loop().run_in_executor(threads, look_up, host, port)

    return resolve


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Resolves once for each connection, refuses unless every address may be spoken to, and connects to one of those.

    The name is not looked up again, so that a second answer of the resolver cannot lead elsewhere. TLS still asks for
    the name.
    """

    def __init__(self, rules: OutboundRules, resolve: Resolve) -> None:
        self._rules = rules
        self._resolve = resolve
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del local_address, socket_options
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            raise OutboundError(Cause.NO_ANSWER) from error
        # INVARIANT: all addresses are judged, and none but those is connected to.
        self._rules.check_addresses(Url("https", host, port), addresses)
        chosen = addresses[:MOST_ADDRESSES]
        patience = None if timeout is None else timeout / len(chosen)
        for address in chosen[:-1]:
            try:
                return await self._sockets.connect_tcp(address, port, timeout=patience)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._sockets.connect_tcp(chosen[-1], port, timeout=patience)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
