"""Servers for the kit to be run against: one Radicale, and for each server two people with calendars of their own."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from calwarden.domain.audit import Actor
from calwarden.usecases.authorize import issue_grant
from calwarden.usecases.connect import Login, NotConnected, connect_calendar
from calwarden.usecases.develop import NewApplication, create_application
from calwarden.usecases.kit import Kit
from calwarden.usecases.operate import find_account, find_application, list_profiles, sync_now
from calwarden.usecases.people import NewAccount, create_account
from calwarden.wiring.opening import opened
from calwarden.wiring.providers import connector_factory
from calwarden.wiring.system import read_settings
from demo.browser import Browser
from demo.people import ALLOW, ALLOW_UNRESTRICTED, Person, authorize_link, exchange
from demo.server import Application, Server, answers
from servers.dav import free_port, running
from servers.radicale import Radicale

HERE = Path(__file__).parent
REDIRECT = "http://127.0.0.1:7999/back"
PASSWORD = "a password of the bench"
STEWARD, PAIRS = "steward", 40
EMAILS = {"first": "first@example.org", "second": "second@example.org"}

_CONFIG = """
[server]
hosts = 127.0.0.1:{port}
max_connections = 64
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
type = files
collection_by_map = true
permit_create_map = true
[web]
type = none
[logging]
level = warning
"""

_RIGHTS = f"""
[steward]
user: {STEWARD}
collection: .*
permissions: RrWw
[archive]
user: .+
collection: {{user}}/archive
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


@contextmanager
def running_calendars(folder: Path) -> Iterator[Radicale]:
    """A Radicale with many people, each of whom may only read their own archive."""
    port = free_port()
    people = [STEWARD, *(f"{which}{number}" for number in range(PAIRS) for which in EMAILS)]
    (folder / "users").write_text("".join(f"{name}:{PASSWORD}\n" for name in people))
    (folder / "rights").write_text(_RIGHTS)
    (folder / "config").write_text(_CONFIG.format(port=port, folder=folder))
    with running("radicale", "--config", folder / "config", port=port, log=folder / "radicale.log"):
        yield Radicale(f"http://127.0.0.1:{port}", dict.fromkeys(people, PASSWORD))


@dataclass
class Standing:
    """One server. ``asker``: where its people are asked for what they grant."""

    server: Server
    people: dict[str, Person]
    applications: dict[str, Application]
    calendars: Radicale
    number: int
    kit: Kit
    asker: str = ""

    def grant(self, application: str, account: str, scopes: str) -> dict[str, Any]:
        """The person agrees on the server's own page."""
        app = self.applications[application]
        code = self.people[account].allow(authorize_link(self.server, app, scopes))
        return dict(exchange(self.server, app, code).raise_for_status().json())

    def issue(self, application: str, account: str, scopes: str) -> dict[str, Any]:
        """What ``calwarden grant issue`` does, without starting another Python each time."""
        app, person = find_application(self.kit, application), find_account(self.kit, account)
        made = issue_grant(self.kit, app.application_id, person.account_id, tuple(scopes.split()))
        return {"access_token": made.access_token, "refresh_token": made.refresh_token, "scope": made.scope}

    def elevate(self, account: str, url: str) -> dict[str, Any]:
        """The person agrees on the server's own page."""
        self.people[account].extend(url, ALLOW_UNRESTRICTED)
        return {}

    def sync(self, account: str) -> dict[str, Any]:
        """What ``calwarden profile sync --wait`` does."""
        sync(self.server, account)
        return {}

    def config(self, way: str = "grant", **more: object) -> dict[str, Any]:
        """What the kit is told. ``way``: ``grant`` or ``issue``."""
        program = [sys.executable, "-I", "-S", str(HERE / "conformance_asker.py"), self.asker]
        first = f"first{self.number}"
        stated = [
            {"client_id": one.client_id, "client_secret": one.client_secret, "redirect_uri": one.redirect_uri}
            for one in self.applications.values()
        ]
        return {
            "base_url": self.server.url,
            "applications": stated,
            "accounts": [
                {
                    "name": EMAILS["first"],
                    "calendars": ["Trials", "Spare"],
                    "shared_in": "Team of the second",
                    "read_only": "Archive",
                },
                {"name": EMAILS["second"], "calendars": ["Plain"]},
            ],
            "tokens": {"command": [*program, way, "application={application}", "account={account}", "scopes={scopes}"]},
            "elevation": {"command": [*program, "elevate", "account={account}", "url={url}"]},
            "external_events": {
                "caldav": {"url": f"{self.calendars.url}/{first}/trials/", "username": first, "password": PASSWORD}
            },
            "sync": [*program, "sync", "account={account}"],
            "patience": 15,
            **more,
        }


@dataclass
class Bench:
    """``base``: a data folder with the accounts and applications that every server begins with."""

    folder: Path
    calendars: Radicale
    base: Path
    applications: list[Application]
    launcher: "subprocess.Popen[str]"
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def server(self, fault: str = "") -> Iterator[Standing]:
        """A server with this fault, until the end of the block."""
        number, port = next(self._numbers), free_port()
        folder = self.folder / f"{number}-{fault or 'good'}"
        shutil.copytree(self.base, folder)
        environ = environ_of(folder, port, self.calendars)
        server = Server(f"http://127.0.0.1:{port}", environ, folder)
        self._connect(server, number)
        self._start(server, fault)
        browsers = {email: Browser(server.url) for email in EMAILS.values()}
        people = {email: Person(email, email, PASSWORD, one, None) for email, one in browsers.items()}  # type: ignore[arg-type]
        applications = {one.client_id: one for one in self.applications}
        with opened(read_settings(environ)) as held:
            standing = Standing(server, people, applications, self.calendars, number, held.kit)
            with asking(standing) as standing.asker:
                yield standing

    def _start(self, server: Server, fault: str) -> None:
        said = {"fault": fault, "environ": dict(server.environ), "log": str(server.log)}
        assert self.launcher.stdin is not None
        assert self.launcher.stdout is not None
        self.launcher.stdin.write(f"{json.dumps(said)}\n")
        self.launcher.stdin.flush()
        self.launcher.stdout.readline()
        deadline = time.monotonic() + 60
        while not answers(server.url):
            assert time.monotonic() < deadline, server.log.read_text()[-2000:]
            time.sleep(0.05)

    def _connect(self, server: Server, number: int) -> None:
        """Both people have calendars; the second one shares one with the first."""
        first, second = f"first{number}", f"second{number}"
        named = {f"/{first}/trials/": "Trials", f"/{first}/spare/": "Spare", f"/{first}/archive/": "Archive"}
        named |= {f"/{second}/plain/": "Plain", f"/{second}/team/": "Team of the second"}
        for path, name in named.items():
            self.calendars.add_calendar(STEWARD if name == "Archive" else path.split("/")[1], path, name)
        self.calendars.share(second, f"/{second}/team/", first, f"/{first}/team/")
        settings = read_settings(server.environ)
        with opened(settings) as held:
            for which, email in EMAILS.items():
                account = find_account(held.kit, email).account_id
                login = Login(self.calendars.url, f"{which}{number}", PASSWORD, None)
                connecting = connect_calendar(held.kit, connector_factory(settings), account, login, Actor.OPERATOR)
                outcome = asyncio.run(connecting)
                assert not isinstance(outcome, NotConnected), outcome
        for email in EMAILS.values():
            sync(server, email)


def sync(server: Server, email: str) -> None:
    settings = read_settings(server.environ)
    with opened(settings) as held:
        account = find_account(held.kit, email).account_id
        for line in list_profiles(held.kit, account):
            which = (account, line.profile.profile_id)
            done = asyncio.run(sync_now(held.kit, connector_factory(settings), *which, holder="bench"))
            assert done.complete


def environ_of(folder: Path, port: int, calendars: Radicale) -> dict[str, str]:
    return {
        "CALWARDEN_DATA_DIR": str(folder / "data"),
        "CALWARDEN_PORT": str(port),
        "CALWARDEN_OUTBOUND_ALLOW": calendars.allowed,
        "CALWARDEN_ALLOW_OPERATOR_GRANTS": "1",
        "CALWARDEN_LIMIT_REQUESTS_PER_SECOND": "10000",
        "CALWARDEN_LIMIT_REQUESTS_PER_MINUTE": "100000",
        "PYTHONUTF8": "1",
        "PATH": os.environ["PATH"],  # noqa: TID251  programs of ours
    }


@contextmanager
def asking(standing: Standing) -> Iterator[str]:
    """The address at which the kit's commands find the people of this server."""
    ways: dict[str, Callable[..., dict[str, Any]]] = {
        "grant": standing.grant,
        "issue": standing.issue,
        "elevate": standing.elevate,
        "sync": standing.sync,
    }
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
            try:
                with lock:
                    status, body = 200, json.dumps(ways[self.path[1:]](**said))
            except Exception as error:  # noqa: BLE001  the kit is told, and ends with it
                status, body = 500, repr(error)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Everything that servers share."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "radicale").mkdir()
    with running_calendars(folder / "radicale") as calendars:
        base = folder / "base"
        base.mkdir()
        applications = []
        with opened(read_settings(environ_of(base, 1, calendars))) as held:
            for email in EMAILS.values():
                create_account(held.kit, NewAccount(email, email.partition("@")[0], "Europe/Paris", PASSWORD))
            for name in ("Alpha", "Beta"):
                made = create_application(held.kit, NewApplication(name, (REDIRECT,), False, None))
                assert made.secret is not None
                applications.append(Application(name, REDIRECT, made.application.application_id, made.secret))
        environ = {**os.environ, "PYTHONPATH": str(HERE)}  # noqa: TID251  a program of ours
        command = [sys.executable, str(HERE / "conformance_launcher.py")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as run:
            try:
                yield Bench(folder, calendars, base, applications, run)
            finally:
                assert run.stdin is not None
                run.stdin.close()
                run.wait(60)


__all__ = ["ALLOW", "Bench", "Standing", "bench"]
