"""The conformance kit finds nothing on the real server, and finds every fault that is put into one.

Everything is real but the people: Radicale, ``calwarden serve``, consent on its pages, requests on loopback.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from conformance_bench import EMAILS, Bench, bench
from conformance_faults import FAULTS

from conformance.__main__ import CONFORMS, DEVIATES, main
from conformance.client import Wire
from conformance.config import config_of
from conformance.run import run
from conformance.tokens import Tokens
from conformance.world import World, level, listing
from demo.people import ALLOW, ALLOW_UNRESTRICTED
from demo.server import PROGRAM
from servers.dav import free_port


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("conformance")) as made:
        yield made


def test_the_server_conforms(stand: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with stand.server() as good:
        status = main([good.told(tmp_path, "issue"), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["deviations"] == []
    assert status == CONFORMS
    assert sum(map(len, said["matrix"].values())) == 468
    assert set(said["not_tried"]) == {"matrix/channel", "matrix/channel_managed"}
    assert said["left_behind"] == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught_by_the_check_that_is_for_it(
    stand: Bench, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = FAULTS[name]
    columns = ["--columns", ",".join(fault.columns)] if fault.columns else []
    with stand.server(name) as wrong:
        status = main([wrong.told(tmp_path, patience=3), "--json", "--only", fault.only, *columns])
    said = json.loads(capsys.readouterr().out)
    found = {one["check"]: one for one in said["deviations"]}
    assert fault.caught in found
    assert status == DEVIATES
    assert set(found[fault.caught]) == {"check", "severity", "sent", "came", "contract"}


def test_tokens_come_from_the_command_line_from_a_list_or_from_a_person(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand.server() as good:
        base = good.config()
        first, second = stand.applications
        environ = [f"{name}={value}" for name, value in good.server.environ.items()]
        program = ["env", *environ, PROGRAM, "grant", "issue", "--application", "{application}", "--json"]
        tokens = {"command": [*program, "--account", "{account}", "--scope", "{scopes}"]}
        by_command = config_of({**base, "tokens": tokens})
        asking = Tokens(by_command, Wire.to(by_command.base_url))
        granted = asking.grant(by_command.applications[0], by_command.accounts[0], "read_account free_busy")
        assert granted.scope == "read_account free_busy"
        assert granted.api.get("/v1/userinfo").status == 200
        asking.wire.client.close()

        ready = [
            {"application": one.client_id, "account": EMAILS["first"], "scopes": scopes}
            | good.issue(one.client_id, EMAILS["first"], scopes)
            for one, scopes in ((first, "free_busy"), (second, "read_write"))
        ]
        world = World.open(config_of({**base, "tokens": {"ready": ready}}))
        world.person_writes("there")
        world.sync()
        world.seen("there")
        uid = world.uids(world.observer)[world.named("there")]
        existing = {**base, "tokens": {"ready": ready}, "external_events": {"existing": uid}}
        report = run(config_of(existing), ["matrix/free_busy/person", "matrix/respond"], ["FB", "RO"])
        assert report.cells == {"matrix/free_busy/person": {"FB": "Y"}}
        assert {"matrix (RO)", "matrix/respond/person"} <= set(report.skipped)
        assert world.leave() == []
        world.close()

        at = {**base["applications"][0], "redirect_uri": f"http://127.0.0.1:{free_port()}/back"}
        by_hand = {**base, "applications": [at, base["applications"][1]]}
        config = config_of({**by_hand, "tokens": {"interactive": True}, "elevation": {"interactive": True}})

        def told(text: str) -> None:
            """What the person does who reads it."""

            def agree() -> None:
                person = good.person(EMAILS["first"])
                page = person.visit(text.rsplit(maxsplit=1)[-1])
                page = person.browser.press(ALLOW_UNRESTRICTED if "unrestricted" in page.text else ALLOW)
                with httpx.Client(transport=httpx.HTTPTransport(retries=5), trust_env=False) as browser:
                    browser.get(page.url)

            threading.Thread(target=agree).start()

        monkeypatch.setattr("conformance.tokens._say", told)
        asking = Tokens(config, Wire.to(config.base_url))
        granted = asking.grant(config.applications[0], config.accounts[0], "free_busy")
        assert granted.scope == "free_busy"
        asking.elevate(granted, config.accounts[0], world.trials)
        assert level(listing(granted.api), world.trials) == "unrestricted"
        asking.wire.client.close()
