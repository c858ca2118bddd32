"""What was accepted outlives the process; a password that no longer works is said and mended."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acceptance.place import LIMITS, refusal
from demo.people import Api, Person, grant, meet
from demo.processes import free_port, running
from demo.radicale import calendar_server
from demo.server import PROGRAM, Application, Server, answers, serving
from demo.table import wait_until
from demo.world import WORK, World, fill


@dataclass(frozen=True)
class Alone:
    """A server, a calendar server and one person whom no other test meets."""

    folder: Path
    world: World
    server: Server
    jane: Person
    application: Application

    @property
    def passwords(self) -> Path:
        """The calendar server's own list of passwords."""
        return self.folder / "radicale" / "users"

    def booking(self, name: str) -> dict[str, object]:
        day = self.world.day(1, 1)
        times = {"start": f"{day}T20:00:00Z", "end": f"{day}T20:30:00Z", "tzid": "Etc/UTC"}
        return {"event_id": name, "summary": name, "description": "", **times}

    def work(self, api: Api) -> str:
        found = api.get("/v1/calendars").raise_for_status().json()["calendars"]
        return next(str(one["calendar_id"]) for one in found if one["calendar_name"] == "Work")

    def stored(self, name: str) -> bool:
        return self.world.jane.find(WORK, name) is not None


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    folder = tmp_path_factory.mktemp("alone")
    with calendar_server(folder / "radicale") as calendars:
        world = fill(calendars, datetime.fromtimestamp(time.time(), UTC))
        with serving(folder / "calwarden", calendars.address, LIMITS) as server:
            jane = meet(server, "jane", world.jane)
            server.connect_calendar(jane.email, world.jane.url, "jane", world.jane.password)
            yield Alone(folder, world, server, jane, server.create_application("Alpha", "https://alpha.example.org/cb"))


def test_a_write_that_was_accepted_is_delivered_after_the_process_was_killed(alone: Alone) -> None:
    api = grant(alone.server, alone.application, alone.jane, "write_only")
    token = {"Authorization": api.client.headers["Authorization"]}
    port = free_port()
    environ = {**alone.server.environ, "CALWARDEN_PORT": str(port), "CALWARDEN_WORKER": "separate"}
    other = Server(f"http://127.0.0.1:{port}", environ, alone.folder)
    with running([PROGRAM, "serve"], environ, alone.folder / "second.log", lambda: answers(other.url)) as process:
        second = Api.of(other, token["Authorization"].removeprefix("Bearer "))
        where = f"/v1/calendars/{alone.work(second)}/events"
        assert second.client.post(where, json=alone.booking("survivor")).status_code == 202
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert wait_until(lambda: alone.stored("survivor"))
    alone.server.sync(alone.jane.email)
    texts = [text for text in alone.world.jane.events(WORK).values() if "SUMMARY:survivor\n" in text]
    assert len(texts) == 1


def test_a_password_that_no_longer_works_is_said_and_mended(alone: Alone) -> None:
    api = grant(alone.server, alone.application, alone.jane, "read_write")
    work, before = alone.work(api), alone.passwords.read_text(encoding="utf-8")
    where = f"/v1/calendars/{work}/events"
    alone.passwords.write_text(before.replace(alone.world.jane.password, "changed at the service"), encoding="utf-8")
    assert api.post(where, **alone.booking("too-early")).status_code == 202
    profile = api.get("/v1/profiles").json()["profiles"][0]
    assert wait_until(lambda: not api.get("/v1/profiles").json()["profiles"][0]["profile_connected"])
    lost = api.get("/v1/profiles").json()["profiles"][0]
    assert lost["profile_id"] == profile["profile_id"]
    assert refusal(api.post(where, **alone.booking("later"))) == (423, "profile_disconnected")
    periods = api.pages("/v1/free_busy", "free_busy")
    assert {one["free_busy_status"] for one in periods} >= {"unknown"}
    page = alone.jane.visit(lost["profile_relink_url"])
    assert page.title == "Connect jane again"
    wrong = alone.jane.browser.press("Connect again", {"password": "still the wrong one"})
    assert wrong.status == 422
    alone.jane.browser.press("Connect again", {"password": "changed at the service"})
    assert wait_until(lambda: api.get("/v1/profiles").json()["profiles"][0]["profile_connected"])
    assert alone.work(api) == work
    assert api.post(where, **alone.booking("later")).status_code == 202
    alone.world.jane.client.auth = ("jane", "changed at the service")
    assert wait_until(lambda: alone.stored("later"))
    assert wait_until(lambda: alone.stored("too-early"))
    assert "unknown" not in {one["free_busy_status"] for one in api.pages("/v1/free_busy", "free_busy")}
