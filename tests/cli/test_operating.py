"""What ``docs/operating.md`` and ``deploy/`` tell an operator to do can be done."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from sqlalchemy import create_engine, text

from calwarden.cli import app
from calwarden.settings import load
from calwarden.wiring.opening import GRANT
from cli.conftest import Operator
from contract.postgres import as_role, running_postgres
from docs.generated import DOCS

ROOT = DOCS.parent
DEPLOY = ROOT / "deploy"
GUIDE = (DOCS / "operating.md").read_text()
TEXTS = {"operating.md": GUIDE, **{one.name: one.read_text() for one in sorted(DEPLOY.iterdir())}}
UNITS = sorted(DEPLOY.glob("*.service"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)


def commands(content: str) -> Iterator[list[str]]:
    """Every ``calwarden ...`` that is to be run: in blocks, between backticks, and in units."""
    text_of_lines = (
        "\n".join(re.findall(r"```\w*\n(.*?)```", content, flags=re.DOTALL)) if "```" in content else content
    )
    found = re.findall(r"(?:^|[ /&])calwarden ((?:[a-z]+ ?)[^`\n#&']*)", text_of_lines, flags=re.MULTILINE)
    found += re.findall(r"`(?:[A-Z_]+=\S+ )?calwarden ([^`]+)`", content)
    for one in found:
        words = shlex.split(one.replace("\\%", "%"))
        if words and words[0] in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
            yield words


def problem_with(words: list[str]) -> str | None:
    """Which of the words is no command or option; None if all are."""
    command = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        if not rest or rest[0] not in command.commands:
            return f"no command {rest[:1]}"
        command = command.commands[rest.pop(0)]
    known = {name for one in command.params for name in one.opts} | {"--help"}
    return next((one for one in rest if one.startswith("--") and one not in known), None)


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_that_is_named_exists_with_its_options(name: str) -> None:
    for words in commands(TEXTS[name]):
        assert problem_with(words) is None, words


def test_enough_commands_are_found_to_mean_something() -> None:
    found = {words[0] for content in TEXTS.values() for words in commands(content)}
    assert found >= {"serve", "worker", "backup", "restore", "migrate", "doctor", "keys", "audit"}
    assert problem_with(["backup", "FILE", "--passfrase-file"]) == "--passfrase-file"
    assert problem_with(["bakcup"]) is not None


def test_the_settings_that_are_shipped_can_be_used() -> None:
    stated = tomllib.loads(TEXTS["calwarden.toml"])
    assert load({}, stated).public_url == "https://calendar.example.org"
    also = dict(re.findall(r'^# (\w+) = "(.*)"$', TEXTS["calwarden.toml"], flags=re.MULTILINE))
    assert set(also) == {"database_url", "worker"}
    assert load({}, {**stated, **also}).worker == "separate"


@pytest.mark.parametrize("unit", UNITS, ids=lambda one: one.name)
def test_units_agree_with_the_settings_and_with_each_other(unit: Path) -> None:
    content = unit.read_text()
    settings = load({}, tomllib.loads(TEXTS["calwarden.toml"]))
    assert settings.data_dir == Path("/var/lib") / re.findall(r"^StateDirectory=(.*)", content, flags=re.MULTILINE)[0]
    assert "Environment=CALWARDEN_CONFIG=/etc/calwarden/calwarden.toml\n" in content
    assert content.startswith(f"# /etc/systemd/system/{unit.name}: ")
    waits = re.findall(r"^TimeoutStopSec=(\d+)", content, flags=re.MULTILINE)
    assert all(int(one) > settings.stop_timeout for one in waits)
    assert confinement(content) == confinement(TEXTS["calwarden.service"]) != ""


def confinement(unit: str) -> str:
    found = re.search(r"^NoNewPrivileges=.*?(?=\nRestrictAddress)", unit, flags=re.DOTALL | re.MULTILINE)
    return "" if found is None else found.group()


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_proxies_lead_to_where_the_server_listens(name: str) -> None:
    settings = load({}, tomllib.loads(TEXTS["calwarden.toml"]))
    assert f"{settings.host}:{settings.port}" in TEXTS[name]
    assert f"{settings.host}/32" in settings.trusted_proxies
    assert "calendar.example.org" in TEXTS[name]
    assert "Strict-Transport-Security" not in TEXTS[name]  # calwarden says it


def test_every_file_of_deploy_is_mentioned() -> None:
    for one in DEPLOY.iterdir():
        assert one.name in GUIDE or one.stem.startswith("calwarden-backup"), one.name


def test_the_statements_for_postgresql_make_a_database_that_the_doctor_finds_fit(operator: Operator) -> None:
    made, granted = (one.strip() for one in blocks("sql"))
    with running_postgres() as url:
        elsewhere = as_role(url, "operator").replace("/calwarden?", "/postgres?")
        run(elsewhere, "DROP DATABASE calwarden", "DROP ROLE calwarden", *made.splitlines())
        owner, server = as_role(url, "calwarden_owner"), as_role(url, "calwarden")
        run(owner, granted)
        operator.environ["CALWARDEN_DATABASE_URL"] = owner
        assert operator.json("migrate")["before"] is None
        operator.environ["CALWARDEN_DATABASE_URL"] = server
        operator.account()
        found = [one for one in operator.json("doctor")["findings"] if one["check"] in {"database", "tenancy"}]
    assert [one["status"] for one in found] == ["ok", "ok"]


def run(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_the_grant_that_is_told_elsewhere_is_the_one_in_the_guide() -> None:
    assert GRANT.replace("the role of the server", "calwarden") in GUIDE
