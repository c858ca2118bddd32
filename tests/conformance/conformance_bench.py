"""Servers for the kit to be run against: one Radicale, and for each server two people with calendars of their own."""

import asyncio
import json
import os
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from calwarden.domain.audit import Actor
from calwarden.ports.connector import ConnectorFactory
from calwarden.usecases.authorize import issue_grant
from calwarden.usecases.connect import Login, NotConnected, connect_calendar
from calwarden.usecases.develop import NewApplication, create_application
from calwarden.usecases.operate import find_account, find_application, list_profiles, sync_now
from calwarden.usecases.people import NewAccount, create_account
from calwarden.wiring.opening import Opened, opened
from calwarden.wiring.providers import connector_factory
from calwarden.wiring.system import read_settings
from demo.browser import Browser
from demo.people import ALLOW_UNRESTRICTED, Person, authorize_link
from demo.server import Application, Server
from servers.dav import free_port
from servers.radicale import Radicale, running_radicale

HERE = Path(__file__).parent
REDIRECT = "http://127.0.0.1:7999/back"
PASSWORD = "a password of the bench"
NONE_KEPT = httpx.Limits(max_keepalive_connections=0)
NO_PROGRAM: Any = None  # the people use their calendar programs without the bench
STEWARD, PAIRS = "steward", 40
EMAILS = {"first": "first@example.org", "second": "second@example.org"}

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
    people = [STEWARD, *(f"{which}{number}" for number in range(PAIRS) for which in EMAILS)]
    with running_radicale(folder, dict.fromkeys(people, PASSWORD), rights=_RIGHTS) as calendars:
        yield calendars


@dataclass
class Standing:
    """One server. ``asker``: where its people are asked for what they grant."""

    server: Server
    applications: dict[str, Application]
    calendars: Radicale
    number: int
    held: Opened
    plain: httpx.Client
    asker: str = ""
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, email: str) -> Person:
        """With a browser of their own, in which they are signed in from the first page on."""
        if email not in self.people:
            self.people[email] = Person(email, email, PASSWORD, Browser(self.server.url), NO_PROGRAM)
        return self.people[email]

    def grant(self, application: str, account: str, scopes: str) -> dict[str, Any]:
        """The person agrees on the server's own page."""
        app = self.applications[application]
        said = {
            "grant_type": "authorization_code",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "code": self.person(account).allow(authorize_link(self.server, app, scopes)),
            "redirect_uri": app.redirect_uri,
        }
        answer = self.plain.post(f"{self.server.url}/oauth/token", json=said)
        return dict(answer.raise_for_status().json())

    def issue(self, application: str, account: str, scopes: str) -> dict[str, Any]:
        """What ``calwarden grant issue`` does, without starting another Python each time."""
        app, person = find_application(self.held.kit, application), find_account(self.held.kit, account)
        made = issue_grant(self.held.kit, app.application_id, person.account_id, tuple(scopes.split()))
        return {"access_token": made.access_token, "refresh_token": made.refresh_token, "scope": made.scope}

    def elevate(self, account: str, url: str) -> dict[str, Any]:
        """The person agrees on the server's own page."""
        self.person(account).extend(url, ALLOW_UNRESTRICTED)
        return {}

    def sync(self, account: str) -> dict[str, Any]:
        """What ``calwarden profile sync --wait`` does."""
        sync(self.held, account)
        return {}

    def told(self, folder: Path, way: str = "grant", **more: object) -> str:
        """The same in a file."""
        path = folder / "conformance.json"
        path.write_text(json.dumps(self.config(way, **more)))
        return str(path)

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
    plain: httpx.Client
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def server(self, fault: str = "") -> Iterator[Standing]:
        """A server with this fault, until the end of the block."""
        number, port = next(self._numbers), free_port()
        folder = self.folder / f"{number}-{fault or 'good'}"
        shutil.copytree(self.base, folder)
        environ = environ_of(folder, port, self.calendars)
        server = Server(f"http://127.0.0.1:{port}", environ, folder)
        applications = {one.client_id: one for one in self.applications}
        with opened(read_settings(environ)) as held:
            self._connect(held, number)
            self._start(server, fault)
            standing = Standing(server, applications, self.calendars, number, held, self.plain)
            with asking(standing) as standing.asker:
                yield standing
            for one in standing.people.values():
                one.browser._client.close()

    def _start(self, server: Server, fault: str) -> None:
        said = {"fault": fault, "environ": dict(server.environ), "log": str(server.log)}
        assert self.launcher.stdin is not None
        assert self.launcher.stdout is not None
        self.launcher.stdin.write(f"{json.dumps(said)}\n")
        self.launcher.stdin.flush()
        self.launcher.stdout.readline()
        deadline = time.monotonic() + 60
        while not self._answers(server.url):
            assert time.monotonic() < deadline, server.log.read_text()[-2000:]
            time.sleep(0.05)

    def _answers(self, url: str) -> bool:
        try:
            return self.plain.get(f"{url}/.well-known/oauth-authorization-server").is_success
        except httpx.TransportError:
            return False

    def _connect(self, held: Opened, number: int) -> None:
        """Both people have calendars; the second one shares one with the first."""
        first, second = f"first{number}", f"second{number}"
        named = {f"/{first}/trials/": "Trials", f"/{first}/spare/": "Spare", f"/{first}/archive/": "Archive"}
        named |= {f"/{second}/plain/": "Plain", f"/{second}/team/": "Team of the second"}
        for path, name in named.items():
            self.calendars.add_calendar(STEWARD if name == "Archive" else path.split("/")[1], path, name)
        self.calendars.share(second, f"/{second}/team/", first, f"/{first}/team/")
        for which, email in EMAILS.items():
            account = find_account(held.kit, email).account_id
            login = Login(self.calendars.url, f"{which}{number}", PASSWORD, None)
            connecting = connect_calendar(held.kit, factory_of(held), account, login, Actor.OPERATOR)
            outcome = asyncio.run(connecting)
            assert not isinstance(outcome, NotConnected), outcome
            sync(held, email)


@cache
def factory_of(held: Opened) -> ConnectorFactory:
    """One for all syncs: each reads every certificate authority there is."""
    return connector_factory(held.settings)


def sync(held: Opened, email: str) -> None:
    account = find_account(held.kit, email).account_id
    for line in list_profiles(held.kit, account):
        which = (account, line.profile.profile_id)
        done = asyncio.run(sync_now(held.kit, factory_of(held), *which, holder="bench"))
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

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            what, *pairs = self.rfile.readline().decode().rstrip("\n").split("\t")
            said = dict(pair.split("=", 1) for pair in pairs)
            try:
                with lock:
                    answer = json.dumps(ways[what](**said))
            except Exception as error:  # noqa: BLE001  the kit is told, and ends with it
                answer = repr(error)
            self.wfile.write(answer.encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield str(server.server_address[1])
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
                with httpx.Client(verify=False, trust_env=False, timeout=60, limits=NONE_KEPT) as plain:
                    yield Bench(folder, calendars, base, applications, run, plain)
            finally:
                assert run.stdin is not None
                run.stdin.close()
                run.wait(60)
