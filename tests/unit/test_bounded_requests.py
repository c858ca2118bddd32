"""A request may be only so large, and take only so long, before anybody looks at it."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from calwarden.settings import load
from calwarden.wiring import bounded
from calwarden.wiring.listening import configured


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body()) + len(request.url.query)))


@pytest.fixture
def port() -> Iterator[int]:
    app = Starlette(routes=[Route("/", _echo, methods=["GET", "POST"])])
    server = uvicorn.Server(configured(app, load({"CALWARDEN_PORT": "0"})))
    taken = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([taken])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield int(taken.getsockname()[1])
    server.should_exit = True
    thread.join(10)


def ask(port: int, *parts: bytes) -> tuple[bytes, int]:
    """The answer, and how much was sent until the other side had enough."""
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        with suppress(ConnectionError):
            for part in parts:
                raw.sendall(part)
                sent += len(part)
        with suppress(ConnectionError):
            return raw.recv(65_536), sent
    return b"", sent


@pytest.mark.parametrize("text", [b"GET /?" + b"a" * 70_000, b"GET", b"\x16\x03\x01\x02\x00\x01", b"get / HTTP/9"])
def test_what_is_no_request_is_told_so_like_everything_else(port: int, text: bytes) -> None:
    answer, _ = ask(port, text + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json; charset=utf-8" in head
    assert b"server:" not in head.lower()
    assert set(json.loads(body)) == {"code", "reason", "remedy"}


POST = b"POST /?x=1 HTTP/1.1\r\nHost: x\r\n"
SMUGGLED = b"0\r\n\r\nGET /?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
AMBIGUOUS = {
    "a length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + SMUGGLED,
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + SMUGGLED,
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "one length twice": POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": POST + b"Content-Length: 4, 4\r\n\r\nabcd",
    "a signed length": POST + b"Content-Length: +4\r\n\r\nabcd",
    "a negative length": POST + b"Content-Length: -1\r\n\r\nabcd",
    "an endless length": POST + b"Content-Length: 99999999999999999999999\r\n\r\nabcd",
    "another coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + SMUGGLED,
    "chunks that are not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + SMUGGLED,
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + SMUGGLED,
    "a blank before a colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + SMUGGLED,
    "a blank in a name": POST + b"X y: a\r\n\r\n",
    "a folded header": POST + b"X: a\r\n b\r\n\r\n",
    "a header with NUL": POST + b"X: a\0b\r\n\r\n",
    "line feeds alone": b"GET / HTTP/1.1\nHost: x\n\n",
    "chunks after line feeds": POST + b"Transfer-Encoding: chunked\r\n\r\n4\nabcd\n0\n\n",
    "a negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-4\r\nabcd\r\n0\r\n\r\n",
    "an endless chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabcd\r\n0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("text", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_could_be_read_in_two_ways_is_not_read_at_all(port: int, text: bytes) -> None:
    """400 once, and the connection is closed: nothing behind it becomes a request of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(text)
        answer = b""
        with suppress(ConnectionError):
            while more := raw.recv(65_536):
                answer += more
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "upgrade", [b"h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", b"websocket\r\nSec-WebSocket-Key: x"]
)
def test_no_other_protocol_is_gone_over_to(port: int, upgrade: bytes) -> None:
    answer, _ = ask(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


CHUNKS = [b"a" * 65_536] * 160
ENDLESS = {
    "a request line": (b"GET /?", *CHUNKS),
    "one header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", *CHUNKS),
    "many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n", *[b"X: a\r\n" * 10_000] * 160),
    "a trailer": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", *CHUNKS),
    "many trailers": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        *[b"X: a\r\n" * 10_000] * 160,
    ),
}


@pytest.mark.parametrize("parts", ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_cut_off(port: int, parts: tuple[bytes, ...]) -> None:
    answer, sent = ask(port, *parts)
    assert answer == b""
    assert sent < 8 * 1024 * 1024  # what the sockets of this machine hold, not what a process keeps


def test_ordinary_requests_pass_however_they_are_cut(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def length(method: str, target: str, body: Iterator[bytes] | bytes | None = None) -> str:
        connection.request(method, target, body, encode_chunked=isinstance(body, Iterator))
        return connection.getresponse().read().decode()

    for _ in range(20):
        assert length("GET", f"/?{'a' * 60_000}") == "60000"
        assert length("POST", "/", b"a" * 900_000) == "900000"
    assert length("POST", "/", iter([b"a" * 1_024] * 900)) == "921600"
    connection.close()


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"])
def test_who_does_not_come_to_an_end_is_not_waited_for(
    port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "MOST_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(begun)
        assert raw.recv(65_536) == b""
