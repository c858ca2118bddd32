"""What only a real server shows: bodies that nobody reads, connections that go on, paths as they were sent."""

import http.client
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from api.api_world import ApiWorld
from browser.running import serving


@pytest.fixture
def address(world: ApiWorld) -> Iterator[tuple[str, int]]:
    with serving(world.app) as url:
        parts = urlsplit(url)
        yield str(parts.hostname), int(parts.port or 0)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, bytes]:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_a_get_with_a_body_leaves_the_connection_as_it_was(world: ApiWorld, address: tuple[str, int]) -> None:
    """pycronofy sends ``{}`` with every GET, on one connection."""
    connection = http.client.HTTPConnection(*address, timeout=10)
    headers = {**world.bearer(), "Content-Type": "application/json; charset=utf-8"}
    for body in (b"{}", b"{}", b" " * 300_000, b"{}"):
        status, sent = ask(connection, "GET", "/v1/account", headers, body)
        assert (status, json.loads(sent)["sub"]) == (200, world.jane)
    assert ask(connection, "HEAD", "/v1/account", headers) == (200, b"")
    assert ask(connection, "POST", world.events_path(), headers, json.dumps(world.body()).encode()) == (202, b"")
    connection.close()


def test_an_endless_body_is_cut_off_with_413(world: ApiWorld, address: tuple[str, int]) -> None:
    token = world.bearer()["Authorization"]
    with socket.create_connection(address, timeout=10) as raw:
        raw.sendall(
            f"POST {world.events_path()} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        raw.settimeout(0.05)
        answer = b""
        for _ in range(200):
            try:
                raw.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
                answer = raw.recv(4096)
            except TimeoutError:
                continue
            break
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_declared_length_over_the_limit_is_not_waited_for(world: ApiWorld, address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=10) as raw:
        raw.sendall(
            b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999999\r\n\r\n"
        )
        assert raw.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_few_large_bodies_are_held_at_a_time_and_small_ones_pass_them_by(
    world: ApiWorld, address: tuple[str, int]
) -> None:
    """Each takes a megabyte and more, and nobody has shown a token yet."""
    token, path = world.bearer()["Authorization"], world.events_path()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n"
    large = json.dumps(world.body()).encode() + b" " * 200_000

    def begin(body: bytes) -> socket.socket:
        raw = socket.create_connection(address, timeout=10)
        raw.sendall(f"{head}Content-Length: {len(large)}\r\n\r\n".encode() + body)
        return raw

    slow = [begin(large[:-1]) for _ in range(2)]
    waiting = begin(large)
    waiting.settimeout(0.5)
    with pytest.raises(TimeoutError):
        waiting.recv(4096)
    connection = http.client.HTTPConnection(*address, timeout=10)
    headers = {"Authorization": token, "Content-Type": "application/json"}
    assert ask(connection, "POST", path, headers, json.dumps(world.body()).encode())[0] == 202
    connection.close()
    slow[0].close()
    waiting.settimeout(10)
    assert waiting.recv(4096).startswith(b"HTTP/1.1 202 ")
    slow[1].sendall(large[-1:])
    assert slow[1].recv(4096).startswith(b"HTTP/1.1 202 ")
    for one in (waiting, slow[1]):
        one.close()


def test_paths_reach_us_as_they_were_sent(world: ApiWorld, address: tuple[str, int]) -> None:
    headers = world.bearer()
    for path in ("//v1/account", "/v1/x/../account", "/v1%2Faccount", "/v1/%2e/account", "/v1/./account"):
        connection = http.client.HTTPConnection(*address, timeout=10)
        assert ask(connection, "GET", path, headers)[0] == 404, path
        connection.close()
