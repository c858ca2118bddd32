"""A socket, the HTTP server on it, and a clean end on a signal."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette

from calwarden.settings import Settings
from calwarden.wiring.bounded import BoundedProtocol
from calwarden.wiring.memory import hand_memory_back
from calwarden.wiring.server import Server

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """Take the address; port 0 takes a free one. Raises OSError if it can not be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    taken = socket.socket(family, kind, protocol)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError:
        taken.close()
        raise
    return taken


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a server or a worker to its end."""
    hand_memory_back()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def serve(server: Server, taken: socket.socket, settings: Settings, listening: Callable[[], None]) -> None:
    """Answer requests until a signal; ``listening`` is called once that has begun.

    No banner names what serves, or its version (security 11.1). Forwarded addresses count from listed proxies alone.
    """
    await _Listening(configured(server.app, settings), server, listening).serve(sockets=[taken])


def configured(app: Starlette, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves ``app``."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        loop="none",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=settings.stop_timeout,
    )


class _Listening(uvicorn.Server):
    """Says when it listens, stops the worker with the requests, and ends with status 0 on a signal."""

    def __init__(self, config: uvicorn.Config, server: Server, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._worker, self._listening = server.worker, listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._worker is not None:
            self._worker.stop()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with on_signals(lambda sig: self.handle_exit(sig, None)):
            yield


@contextmanager
def on_signals(act: Callable[[int], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM call ``act`` on the event loop."""
    loop = asyncio.get_running_loop()
    for one in _SIGNALS:
        loop.add_signal_handler(one, act, one)
    try:
        yield
    finally:
        for one in _SIGNALS:
            loop.remove_signal_handler(one)
