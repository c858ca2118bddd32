"""``calwarden serve``, as its operator runs it, and the command line beside it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from demo.processes import free_port, running

PROGRAM = str(Path(sys.executable).with_name("calwarden"))
_COMMAND_TIME = 120.0


def _nobody(words: Sequence[str], answer: str) -> None:
    del words, answer


class CommandFailed(Exception):
    """A command ended with another status than 0; what it said is in the message."""


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application, as its developer knows it."""

    name: str
    redirect_uri: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. ``environ`` is all that its operator has set; ``told`` hears of each command and its answer."""

    url: str
    environ: Mapping[str, str]
    folder: Path
    told: Callable[[Sequence[str], str], None] = _nobody

    @property
    def log(self) -> Path:
        """Everything it has printed."""
        return self.folder / "serve.log"

    def run(self, *words: str, typed: str | None = None) -> Any:
        """The one JSON value that a command answers with. Raises CommandFailed."""
        done = subprocess.run(
            [PROGRAM, *words, "--json"],
            env=dict(self.environ),
            cwd=self.folder,
            input=typed or "",
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIME,
            check=False,
        )
        if done.returncode != 0:
            raise CommandFailed(f"calwarden {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        self.told(words, done.stdout)
        return json.loads(done.stdout)

    def create_account(self, email: str, name: str, zone: str, password: str) -> str:
        """Gives the ``sub``."""
        words = ("--email", email, "--name", name, "--zone", zone, "--password-stdin")
        return str(self.run("account", "create", *words, typed=password)["sub"])

    def create_application(self, name: str, redirect_uri: str, *more: str, owner: str | None = None) -> Application:
        """Register it, with more addresses that answers may go to, for an account to look after."""
        uris = (word for uri in (redirect_uri, *more) for word in ("--redirect-uri", uri))
        owned = ("--owner", owner) if owner else ()
        made = self.run("application", "create", "--name", name, *uris, *owned)
        return Application(name, redirect_uri, made["client_id"], made["client_secret"])

    def connect_calendar(self, account: str, url: str, username: str, password: str) -> str:
        """Connect a calendar account and wait for its first copy; gives the profile's id."""
        words = ("--account", account, "--url", url, "--username", username, "--password-stdin", "--wait")
        return str(self.run("profile", "connect-caldav", *words, typed=password)["profile_id"])

    def sync(self, account: str) -> dict[str, Any]:
        """Have everything of a person's copied, and every owed write delivered."""
        return dict(self.run("profile", "sync", "--account", account, "--wait"))


@contextmanager
def serving(
    folder: Path,
    allow: str,
    settings: Mapping[str, str] | None = None,
    told: Callable[[Sequence[str], str], None] = _nobody,
    port: int | None = None,
) -> Iterator[Server]:
    """A server on a data folder, until the end of the block. ``allow``: the private host:port it may speak to.

    Raises NotStarted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    environ = {
        "CALWARDEN_DATA_DIR": str(folder / "data"),
        "CALWARDEN_PORT": str(port),
        "CALWARDEN_OUTBOUND_ALLOW": allow,
        "PYTHONUTF8": "1",
        **(settings or {}),
    }
    server = Server(f"http://127.0.0.1:{port}", environ, folder, told)
    with running([PROGRAM, "serve"], environ, server.log, lambda: answers(server.url)):
        yield server


def answers(url: str) -> bool:
    """Whether a server answers there: it is past making its database, too."""
    try:
        return httpx.get(f"{url}/.well-known/oauth-authorization-server", trust_env=False).is_success
    except httpx.TransportError:
        return False
