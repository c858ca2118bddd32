"""The server and its command line as an operator runs them: real processes, a real CalDAV server."""

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.conftest import Operator
from servers.dav import free_port, running
from servers.radicale import Radicale, running_radicale
from usecases.sync_world import plain

PROGRAM = str(Path(sys.executable).with_name("calwarden"))
WORK = "/jane/work/"
TOMORROW = date.fromtimestamp(time.time() + 86_400)  # noqa: DTZ012  within the window that is read anyway


@dataclass
class Process:
    """A server or a worker that runs; ``said`` is the one JSON object it has printed."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.said["public_url"])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


@dataclass
class Machine:
    """The operator's machine. ``environ`` is what they have set."""

    environ: dict[str, str]
    folder: Path

    @property
    def operator(self) -> Operator:
        """Commands run in this process: it is the server that has to be one of its own."""
        return Operator(self.environ)

    def json(self, *words: str, typed: str = "") -> Any:
        return self.operator.json(*words, typed=typed)

    def refused(self, *words: str, typed: str = "") -> dict[str, str]:
        return self.operator.refused(*words, typed=typed)

    @contextmanager
    def running(self, *words: str, **more: str) -> Iterator[Process]:
        with (self.folder / f"{words[0]}.log").open("a") as log:
            process = subprocess.Popen(
                [PROGRAM, *words, "--json"], env={**self.environ, **more}, stdout=subprocess.PIPE, stderr=log, text=True
            )
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line, (self.folder / f"{words[0]}.log").read_text()
                yield Process(process, json.loads(line))
            finally:
                process.kill()
                process.wait(30)
                assert process.stdout is not None
                process.stdout.close()

    def serving(self, **more: str) -> Any:
        return self.running("serve", "--port", "0", **more)

    def account(self) -> str:
        return self.operator.account()

    def connect(self, url: str, *more: str) -> tuple[str, ...]:
        return ("profile", "connect-caldav", "--account", "jane@example.org", "--url", url, "--username", "jane",
                "--password-stdin", *more)  # fmt: skip

    def token(self, scope: str = "read_write") -> str:
        made = self.operator.application()
        who = ("--application", made["client_id"], "--account", "jane@example.org")
        return str(self.json("grant", "issue", *who, "--scope", scope)["access_token"])


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with running_radicale(tmp_path_factory.mktemp("radicale"), {"jane": "secret"}) as server:
        yield server


@pytest.fixture
def machine(radicale: Radicale, tmp_path: Path) -> Iterator[Machine]:
    radicale.add_calendar("jane", WORK, "Work")
    environ = {
        "PATH": os.defpath,
        "CALWARDEN_DATA_DIR": str(tmp_path / "data"),
        "CALWARDEN_ALLOW_OPERATOR_GRANTS": "1",
        "CALWARDEN_OUTBOUND_ALLOW": radicale.allowed,
    }
    yield Machine(environ, tmp_path)
    radicale.delete("jane", WORK)


def ask(url: str, method: str, path: str, token: str, **body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.request(method, f"{url}{path}", headers=headers, json=body or None, timeout=30, trust_env=False)


def titles(url: str, token: str) -> list[str]:
    answer = ask(url, "GET", "/v1/events?tzid=Etc/UTC&include_managed=true", token)
    assert answer.status_code == 200, answer.text
    return sorted(one["summary"] for one in answer.json()["events"])


def booking(summary: str) -> dict[str, str]:
    start, end = f"{TOMORROW}T10:00:00Z", f"{TOMORROW}T11:00:00Z"
    return {"event_id": "one", "summary": summary, "description": "", "start": start, "end": end}


def lunch() -> bytes:
    return plain("a", "Lunch", f"DTSTART:{TOMORROW:%Y%m%d}T090000Z", f"DTEND:{TOMORROW:%Y%m%d}T100000Z")


def at_provider(radicale: Radicale) -> list[str]:
    listed = radicale.ask("jane", "PROPFIND", WORK, Depth="1").text
    names = re.findall(r"<href>(/jane/work/[^<]+\.ics)</href>", listed)
    bodies = [radicale.get("jane", name) for name in names]
    return sorted(line.removeprefix("SUMMARY:") for body in bodies for line in body.splitlines() if "SUMMARY" in line)


def test_an_empty_folder_is_enough_to_serve_and_the_free_port_is_in_the_public_address(machine: Machine) -> None:
    with machine.serving() as server:
        assert set(server.said) == {"address", "public_url", "worker"}
        assert server.said["worker"] == "embedded"
        assert server.url == f"http://{server.said['address']}"
        metadata = httpx.get(f"{server.url}/.well-known/oauth-authorization-server", trust_env=False)
        assert metadata.json()["issuer"] == server.url
        assert "server" not in metadata.headers
        assert httpx.get(f"{server.url}/v1/account/", trust_env=False, follow_redirects=False).status_code in {401, 404}
        assert server.process.poll() is None
        assert server.stop() == 0


def test_a_second_signal_is_not_needed_while_a_person_is_looking(machine: Machine) -> None:
    with machine.serving(CALWARDEN_STOP_TIMEOUT="2") as server, httpx.Client(trust_env=False) as browser:
        browser.get(f"{server.url}/sign-in")  # and keeps the connection
        begun = time.monotonic()
        assert server.stop(signal.SIGINT) == 0
        assert time.monotonic() - begun < 8


def test_an_address_that_is_taken_is_said(machine: Machine) -> None:
    with machine.serving() as server:
        port = server.said["address"].rpartition(":")[2]
        error = machine.refused("serve", "--port", port)
        assert error["code"] == "address_taken"
        assert port in error["message"]


def test_a_calendar_is_connected_and_copied_without_any_server(machine: Machine, radicale: Radicale) -> None:
    machine.account()
    radicale.put("jane", f"{WORK}a.ics", lunch())
    made = machine.json(*machine.connect(radicale.url, "--wait"), typed="secret\n")
    assert set(made) == {"profile_id", "calendars"}
    [calendar] = made["calendars"]
    assert set(calendar) == {"calendar_id", "calendar_name", "calendar_readonly", "calendar_primary"}
    assert (calendar["calendar_name"], calendar["calendar_readonly"]) == ("Work", False)
    [profile] = machine.json("profile", "list")
    assert (profile["profile_id"], profile["connected"], profile["owed"]) == (made["profile_id"], True, 0)
    assert profile["synced_at"] is not None
    named = ("--account", "jane@example.org", "--profile", made["profile_id"])
    assert machine.refused("profile", "disconnect", *named)["code"] == "not_confirmed"
    gone = machine.json("profile", "disconnect", *named, "--yes")
    assert gone == {"profile_id": made["profile_id"], "disconnected": True}
    assert machine.json("profile", "list") == []
    assert machine.refused("profile", "disconnect", *named, "--yes")["code"] == "not_found"


def test_what_can_not_be_connected_says_why_and_what_to_do(machine: Machine, radicale: Radicale) -> None:
    machine.account()
    assert machine.refused(*machine.connect(radicale.url), typed="wrong\n")["code"] == "wrong_password"
    nobody = f"http://127.0.0.1:{free_port()}"
    refused = machine.refused(*machine.connect(nobody), typed="secret\n")
    assert refused["code"] == "address_refused"
    assert "CALWARDEN_OUTBOUND_ALLOW" in refused["fix"]
    machine.environ["CALWARDEN_OUTBOUND_ALLOW"] = nobody.removeprefix("http://")
    assert machine.refused(*machine.connect(nobody), typed="secret\n")["code"] == "unreachable"
    assert machine.refused(*machine.connect("ftp://x"), typed="secret\n")["code"] == "bad_address"
    assert "secret" not in machine.operator.run(*machine.connect("ftp://x"), typed="secret\n").output


def test_both_directions_are_done_when_sync_returns_beside_a_server(machine: Machine, radicale: Radicale) -> None:
    with machine.serving() as server:
        sub = machine.account()
        made = machine.json(*machine.connect(radicale.url, "--wait"), typed="secret\n")
        token, path = machine.token(), f"/v1/calendars/{made['calendars'][0]['calendar_id']}/events"
        radicale.put("jane", f"{WORK}a.ics", lunch())
        assert ask(server.url, "POST", path, token, **booking("Booked")).status_code == 202
        assert titles(server.url, token) == ["Booked"]
        answer = machine.json("profile", "sync", "--account", sub, "--wait")
        assert set(answer) == {"sub", "profiles"}
        [profile] = answer["profiles"]
        assert set(profile) == {"profile_id", "connected", "synced_at", "owed"}
        assert profile["owed"] == 0
        assert at_provider(radicale) == titles(server.url, token) == ["Booked", "Lunch"]


def test_a_sync_that_is_only_asked_for_is_done_by_the_server(machine: Machine, radicale: Radicale) -> None:
    with machine.serving() as server:
        machine.account()
        machine.json(*machine.connect(radicale.url, "--wait"), typed="secret\n")
        token = machine.token()
        radicale.put("jane", f"{WORK}a.ics", lunch())
        machine.json("profile", "sync", "--account", "jane@example.org")
        _until(lambda: titles(server.url, token) == ["Lunch"])


def test_a_provider_that_can_not_be_reached_any_more_is_said_by_the_sync(machine: Machine, radicale: Radicale) -> None:
    machine.account()
    machine.json(*machine.connect(radicale.url, "--wait"), typed="secret\n")
    machine.environ["CALWARDEN_OUTBOUND_ALLOW"] = "127.0.0.1:1"
    error = machine.refused("profile", "sync", "--account", "jane@example.org", "--wait")
    assert error["code"] == "sync_failed"
    assert error["fix"]


def test_a_password_that_is_refused_is_said_by_the_sync_with_what_helps(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    sync = ("profile", "sync", "--account", "jane@example.org", "--wait")
    with running_radicale(folder, {"jane": "secret"}) as own:
        own.add_calendar("jane", WORK, "Work")
        machine.environ["CALWARDEN_OUTBOUND_ALLOW"] = own.allowed
        machine.account()
        made = machine.json(*machine.connect(own.url, "--wait"), typed="secret\n")
        (folder / "users").write_text("jane:another\n")
        for _ in range(2):
            ended = machine.operator.run(*sync, "--json")
            error = json.loads(ended.stdout)["error"]
            assert (ended.exit_code, error["code"]) == (1, "sync_disconnected")
            assert error["message"] == "the calendar service refuses the user name or password"
            assert '"calwarden profile connect-caldav"' in error["fix"]
            assert f"http://127.0.0.1:8000/relink/{made['profile_id']}" in error["fix"]
        machine.json(*machine.connect(own.url), typed="another\n")
        [profile] = machine.json(*sync)["profiles"]
        assert (profile["profile_id"], profile["connected"]) == (made["profile_id"], True)


def test_what_was_acknowledged_survives_a_killed_server_and_an_absent_provider(
    machine: Machine, tmp_path: Path
) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    with running_radicale(folder, {"jane": "secret"}) as other:
        other.add_calendar("jane", WORK, "Work")
        machine.environ["CALWARDEN_OUTBOUND_ALLOW"] = other.allowed
        machine.account()
        made = machine.json(*machine.connect(other.url, "--wait"), typed="secret\n")
    port = other.url.rpartition(":")[2]
    token, path = machine.token(), f"/v1/calendars/{made['calendars'][0]['calendar_id']}/events"
    with machine.serving() as server:
        for number in range(5):
            answer = ask(server.url, "POST", path, token, **{**booking(f"Booked {number}"), "event_id": f"e{number}"})
            assert answer.status_code == 202
        server.stop(signal.SIGKILL)
    with (
        running("radicale", "--config", folder / "config", port=int(port), log=folder / "radicale.log"),
        machine.serving(),
    ):
        machine.json("profile", "sync", "--account", "jane@example.org", "--wait")
        assert at_provider(other) == [f"Booked {number}" for number in range(5)]


def test_a_worker_of_its_own_does_what_the_server_leaves_to_it(machine: Machine, radicale: Radicale) -> None:
    machine.environ["CALWARDEN_WORKER"] = "separate"
    machine.account()
    made = machine.json(*machine.connect(radicale.url, "--wait"), typed="secret\n")
    token, path = machine.token(), f"/v1/calendars/{made['calendars'][0]['calendar_id']}/events"
    with machine.serving() as server:
        assert server.said["worker"] == "separate"
        assert ask(server.url, "POST", path, token, **booking("Booked")).status_code == 202
        time.sleep(1.5)
        assert at_provider(radicale) == []
        with machine.running("worker") as worker:
            assert worker.said["worker"] == "separate"
            _until(lambda: at_provider(radicale) == ["Booked"])
            assert worker.stop() == 0


def _until(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("worker", ["embedded", "separate"])
def test_reads_are_counted_at_the_latest_when_the_server_stops(machine: Machine, worker: str) -> None:
    machine.account()
    headers = {"Authorization": f"Bearer {machine.token('write_only')}"}
    with machine.serving(CALWARDEN_WORKER=worker) as server:
        for _ in range(3):
            where = f"{server.url}/v1/free_busy?tzid=Etc/UTC"
            assert httpx.get(where, headers=headers, trust_env=False).status_code == 403
        assert server.stop() == 0
    database = Path(machine.environ["CALWARDEN_DATA_DIR"]) / "calwarden.sqlite"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT level, reads FROM read_counters").fetchall() == [("refused:scope_missing", 3)]
