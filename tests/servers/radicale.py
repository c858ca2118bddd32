"""Radicale, with sharing switched on, as a test starts it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.dav import DavServer, free_port, running

_CONFIG = """
[server]
hosts = 127.0.0.1:{port}
max_connections = 64
{tls}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {folder}/collections
[sharing]
type = files
collection_by_map = true
permit_create_map = true
[web]
type = none
[logging]
level = warning
{rights}"""


@dataclass(frozen=True)
class Radicale(DavServer):
    """``/{user}/{slug}/`` is a calendar of that person."""

    def share(self, owner: str, path: str, user: str, at: str, permissions: str = "r") -> None:
        """Let ``user`` see the calendar at ``path`` as their own ``at``; both sides have agreed to it."""
        mapped = {"PathMapped": path, "PathOrToken": at, "User": user, "Permissions": permissions}
        self._sharing(owner, "create", {**mapped, "Enabled": True, "Hidden": False})
        for action in ("enable", "unhide"):
            self._sharing(user, action, {"PathOrToken": at})

    def _sharing(self, user: str, action: str, what: Mapping[str, object]) -> None:
        self.ask(user, "POST", f"/.sharing/v1/map/{action}", json.dumps(what), Content_Type="application/json")


@contextmanager
def running_radicale(
    folder: Path,
    users: Mapping[str, str],
    *,
    tls: tuple[Path, Path] | None = None,
    ca_pem: str | None = None,
    rights: str | None = None,
) -> Iterator[Radicale]:
    """A server on loopback in an empty folder; with ``tls`` (certificate, key) it speaks https, with ``rights`` (the
    text of such a file) people may do what that says.
    """
    port = free_port()
    files = "" if tls is None else f"ssl = true\ncertificate = {tls[0]}\nkey = {tls[1]}\n"
    (folder / "users").write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
    ruled = ""
    if rights is not None:
        (folder / "rights").write_text(rights)
        ruled = f"[rights]\ntype = from_file\nfile = {folder}/rights\n"
    (folder / "config").write_text(_CONFIG.format(port=port, folder=folder, tls=files, rights=ruled))
    url = f"http://127.0.0.1:{port}" if tls is None else f"https://localhost:{port}"
    with running("radicale", "--config", folder / "config", port=port, log=folder / "radicale.log"):
        yield Radicale(url, users, ca_pem)
