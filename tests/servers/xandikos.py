"""Xandikos over TLS, which it wants for passwords, with one person in it."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from servers.dav import DavServer, free_port, running


@contextmanager
def running_xandikos(folder: Path, user: str, password: str) -> Iterator[DavServer]:
    """A server on loopback; its certificate is its own authority. Calendars are in ``/{user}/calendars/``."""
    port = free_port()
    users: Mapping[str, str] = {user: password}
    hashed = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()
    (folder / "users").write_text(f"{user}:{{SHA}}{hashed}\n")
    arguments = ["serve", "--defaults", "-d", folder / "data", "--current-user-principal", f"/{user}/"]
    arguments += ["-l", "localhost", "-p", str(port), "--no-detect-systemd"]
    arguments += ["--autocert", "--state-dir", folder / "state", "--htpasswd", folder / "users"]
    with running("xandikos", *arguments, port=port, log=folder / "xandikos.log"):
        (certificate,) = [
            one for one in (folder / "state").rglob("*") if one.is_file() and "BEGIN CERTIFICATE" in one.read_text()
        ]
        yield DavServer(f"https://localhost:{port}", users, certificate.read_text())
