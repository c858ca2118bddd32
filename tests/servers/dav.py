"""A running CalDAV server, acted on as other people and other programs would."""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

MKCALENDAR = """<?xml version="1.0" encoding="utf-8"?>
<c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>
<d:displayname>{name}</d:displayname>
<c:supported-calendar-component-set>{kinds}</c:supported-calendar-component-set>
</d:prop></d:set></c:mkcalendar>"""


@dataclass(frozen=True)
class DavServer:
    """Where it is, and who has a login there."""

    url: str
    users: Mapping[str, str]
    ca_pem: str | None = None

    @property
    def allowed(self) -> str:
        """The exception that lets it be spoken to."""
        return self.url.partition("://")[2]

    def ask(self, user: str, method: str, path: str, body: str | bytes = b"", **headers: str) -> httpx.Response:
        """One request of a person. Fails if the server does."""
        verify = ssl.create_default_context(cadata=self.ca_pem) if self.ca_pem else False
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx.Client(verify=verify, trust_env=False, auth=(user, self.users[user]), timeout=30) as client:
            answer = client.request(method, f"{self.url}{path}", content=body, headers=named)
        assert answer.status_code < 400, (method, path, answer.status_code, answer.text)
        return answer

    def add_calendar(self, user: str, path: str, name: str, *kinds: str) -> None:
        """A calendar of that person, for events and tasks unless ``kinds`` are stated."""
        listed = "".join(f'<c:comp name="{kind}"/>' for kind in kinds or ("VEVENT", "VTODO"))
        self.ask(user, "MKCALENDAR", path, MKCALENDAR.format(name=name, kinds=listed), Content_Type="application/xml")

    def put(self, user: str, path: str, body: str | bytes) -> None:
        """Store a resource without any condition."""
        self.ask(user, "PUT", path, body, Content_Type="text/calendar")

    def get(self, user: str, path: str) -> str:
        """The text of a resource."""
        return self.ask(user, "GET", path).text

    def delete(self, user: str, path: str) -> None:
        """Delete a resource or a calendar."""
        self.ask(user, "DELETE", path)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def running(module: str, *arguments: str | Path, port: int, log: Path) -> Iterator[None]:
    """A Python program that listens on ``port``, from when it does until the block ends."""
    command = [sys.executable, "-W", "ignore", "-m", module, *map(str, arguments)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=log.parent)
        try:
            _wait(process, port, log)
            yield
        finally:
            _end(process, out)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes], out: IO[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    out.flush()
