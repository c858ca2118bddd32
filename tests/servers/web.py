"""Web servers on loopback that do exactly as a test says: answer bytes, one thread a connection."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Answering = Callable[["Got"], bytes]


@dataclass
class Got:
    """One request as it came in; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: socket.socket

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")


@dataclass
class Web:
    port: int
    got: list[Got] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        """Without TLS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def allowed(self) -> str:
        """The exception that lets it be spoken to."""
        return f"127.0.0.1:{self.port}"


def response(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer; underscores in header names stand for hyphens."""
    lines = [f"HTTP/1.1 {status} x", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if "content_length" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_request(connection: socket.socket, buffer: bytearray) -> Got | None:
    """The next request of a connection; None at its end."""
    while b"\r\n\r\n" not in buffer:
        part = connection.recv(65_536)
        if not part:
            return None
        buffer += part
    head, _, rest = bytes(buffer).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    while len(rest) < length:
        rest += connection.recv(65_536)
    buffer[:] = rest[length:]
    return Got(method, target, headers, rest[:length], connection)


class _Server:
    def __init__(self, answering: Answering, tls: ssl.SSLContext | None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.web = Web(self.listener.getsockname()[1])
        self.open: list[socket.socket] = []
        self.threads: list[threading.Thread] = []
        self._answering, self._tls = answering, tls

    def start(self, job: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=job, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self) -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                connection, _ = self.listener.accept()
                self.web.connections += 1
                self.open.append(connection)
                self.start(self.talk, connection)

    def talk(self, plain: socket.socket) -> None:
        connection = plain
        with suppress(OSError):  # the client went away, which is what some tests are about
            if self._tls is not None:
                connection = self._tls.wrap_socket(plain, server_side=True)
                self.open.append(connection)
            buffer = bytearray()
            while (got := read_request(connection, buffer)) is not None:
                self.web.got.append(got)
                answer = self._answering(got)
                if not answer:
                    break
                connection.sendall(answer)
        connection.close()

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self.threads:
            thread.join(5)


@contextmanager
def serving(answering: Answering, *, tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    """Answer each request with what ``answering`` returns; b"" closes the connection."""
    server = _Server(answering, tls)
    server.start(server.accept)
    try:
        yield server.web
    finally:
        server.stop()
