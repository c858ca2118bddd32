"""How much of a request may come before anybody looks at it, and how long that may take.

The parser keeps a request line and headers until they are complete, and uvicorn has no limit for either: without this
whoever can connect decides how much memory the process takes and how many of its sockets are in use (security 11).
"""

import asyncio
from typing import Any, Final

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from calwarden.api.errors import UNREADABLE

MOST_HEAD: Final = 256 * 1024
"""Bytes of a request that are no body: request line, headers, and how a chunked body is framed."""

MOST_SECONDS: Final = 60.0
"""From the first byte of a request, or from the connection, to the end of its body."""


_BODY: Final = msgspec.json.encode(UNREADABLE)
_UNREADABLE: Final = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"content-type: application/json; charset=utf-8\r\n"
    b"content-length: %d\r\n"
    b"cache-control: no-store\r\n"
    b"x-content-type-options: nosniff\r\n"
    b"connection: close\r\n\r\n%b"
) % (len(_BODY), _BODY)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Past a bound it is closed: nobody who keeps to HTTP comes near."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head = 0
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        if self._head > MOST_HEAD:
            self.transport.close()

    def on_message_begin(self) -> None:
        self._head = 0
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Raises for a request that does not name exactly one host: two readers would take it for two (RFC 9112 3.2).
        The parser makes 400 of it.
        """
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            raise ValueError("a request names one host")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Says it as every other refusal is said; ``msg`` is uvicorn's own sentence."""
        del msg
        self.transport.write(_UNREADABLE)
        self.transport.close()

    def _wait(self) -> None:
        self._stop_waiting()
        self._patience = self.loop.call_later(MOST_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
