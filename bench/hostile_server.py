"""A CalDAV server with everything hostile in one calendar and an ordinary event beside it: just as much of the protocol
as a sync asks for. A program of its own: ``python -m bench.hostile_server PORT``.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from bench.hostile import calendar, event, resources

HOME, CALENDAR = "/jane/", "/jane/hostile/"
_SPACES: Final = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
_WHO: Final = (
    f"<d:current-user-principal><d:href>{HOME}</d:href></d:current-user-principal>"
    f"<c:calendar-home-set><d:href>{HOME}</d:href></c:calendar-home-set>"
)
_WHAT: Final = (
    "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype><d:displayname>hostile</d:displayname>"
    f"<d:owner><d:href>{HOME}</d:href></d:owner>"
)
_TOKEN: Final = "<d:sync-token>1</d:sync-token>"
BODIES: Final = {
    f"{CALENDAR}{name}.ics": body
    for name, body in [("ordinary", calendar(event(b"RRULE:FREQ=DAILY", uid=b"ordinary"))), *resources()]
}


def _member(href: str, properties: str) -> str:
    found = f"<d:propstat><d:prop>{properties}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{found}</d:response>"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_PROPFIND(self) -> None:
        self._read()
        if self.path in BODIES:
            self._multi(_member(self.path, '<d:getetag>"1"</d:getetag>'))
        else:
            self._multi(_member(HOME, _WHO), _member(CALENDAR, _WHAT))

    def do_REPORT(self) -> None:
        if b"calendar-multiget" in self._read():
            self._answer(501, b"")
        else:
            self._multi(*(_member(one, '<d:getetag>"1"</d:getetag>') for one in BODIES), _TOKEN)

    def do_GET(self) -> None:
        body = BODIES.get(self.path)
        self._answer(404 if body is None else 200, body or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as http.server has it
        del format, args

    def _read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _multi(self, *members: str) -> None:
        self._answer(207, f"<d:multistatus {_SPACES}>{''.join(members)}</d:multistatus>".encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
