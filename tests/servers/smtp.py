"""A mail server on loopback that speaks just enough SMTP to be signed in at (RFC 5321, RFC 4954)."""

import socketserver
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager


class _Session(socketserver.StreamRequestHandler):
    server: "Smtp"

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().decode().strip():
            self.server.got.append(line)
            word = line[:4].upper()
            if word == "EHLO":
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
            elif word == "AUTH":
                self.wfile.write(b"235 welcome\r\n" if line.split()[-1] == self.server.secret else b"535 no\r\n")
            else:
                self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 fine\r\n")


class Smtp(socketserver.ThreadingTCPServer):
    """``got``: every line it was told."""

    def __init__(self, username: str, password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.secret = b64encode(f"\0{username}\0{password}".encode()).decode()
        self.got: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def running_smtp(username: str, password: str) -> Iterator[Smtp]:
    """Lets in this user alone."""
    with Smtp(username, password) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
