"""Radicale, a real CalDAV server, with two people and its own way of sharing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.dav import DavAccount
from demo.processes import free_port, listens, python, running

STEWARD = "steward"
"""Who runs the calendar server, and may write where its people may only read."""

PASSWORDS = {name: f"radicale password of {name}" for name in ("jane", "marcel", STEWARD)}

# Sharing "by map" puts a calendar of one account into the home of another. Without a delay wrong passwords are
# answered at once.
_CONFIG = """\
[server]
hosts = 127.0.0.1:{port}
max_connections = 32
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = from_file
file = {folder}/rights
[storage]
filesystem_folder = {folder}/collections
[sharing]
type = csv
collection_by_map = true
permit_create_map = true
[logging]
level = warning
"""

# What "owner_only" allows, and one calendar of jane's that she herself may only read.
_RIGHTS = f"""\
[steward]
user: {STEWARD}
collection: .*
permissions: RrWw
[archive]
user: jane
collection: jane/archive
permissions: r
[root]
user: .+
collection:
permissions: R
[principal]
user: .+
collection: {{user}}
permissions: RW
[calendars]
user: .+
collection: {{user}}/[^/]+
permissions: rw
"""


@dataclass(frozen=True, slots=True)
class CalendarServer:
    """A running Radicale. ``address`` is host:port, as CALWARDEN_OUTBOUND_ALLOW wants it."""

    address: str
    accounts: Mapping[str, DavAccount]

    @property
    def url(self) -> str:
        return f"http://{self.address}/"

    def account(self, name: str) -> DavAccount:
        """The server as one of its people sees it with a program of their own."""
        return self.accounts[name]


@contextmanager
def calendar_server(folder: Path, port: int | None = None) -> Iterator[CalendarServer]:
    """Radicale in ``folder``, with what is in it, until the end of the block. Raises NotStarted."""
    port = port or free_port()
    (folder / "collections").mkdir(parents=True, exist_ok=True)
    (folder / "users").write_text("".join(f"{name}:{word}\n" for name, word in PASSWORDS.items()), encoding="utf-8")
    (folder / "rights").write_text(_RIGHTS, encoding="utf-8")
    config = folder / "config"
    config.write_text(_CONFIG.format(port=port, folder=folder), encoding="utf-8")
    with running(python("radicale", "-C", str(config)), {}, folder / "radicale.log", lambda: listens(port)):
        address = f"127.0.0.1:{port}"
        people = {name: DavAccount.of(f"http://{address}/", name, word) for name, word in PASSWORDS.items()}
        yield CalendarServer(address, people)
        for one in people.values():
            one.client.close()
