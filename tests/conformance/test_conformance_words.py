"""What the conformance kit says where it can not run, and that it stands on its own."""

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.__main__ import COULD_NOT_RUN, main
from conformance.attempts import READS, WRITES
from conformance.expected import columns, rows

KIT = Path(__file__).parents[2] / "conformance"
APPLICATION = {"client_id": "a", "client_secret": "b", "redirect_uri": "http://127.0.0.1:1/"}
WHOLE: dict[str, Any] = {
    "base_url": "http://127.0.0.1:9",
    "applications": [APPLICATION, APPLICATION],
    "accounts": [{"name": "a", "calendars": ["x", "y"]}, {"name": "b", "calendars": ["z"]}],
    "tokens": {"ready": [{"application": "a", "account": "a", "scopes": "read_write", "access_token": "t"}]},
}


def test_it_imports_the_standard_library_httpx_and_itself_alone() -> None:
    allowed = {*sys.stdlib_module_names, "httpx", "conformance"}
    for path in KIT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {one.partition(".")[0] for one in names} <= allowed, path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "Is the server running at http://127.0.0.1:9?"),
        ({"base_url": None}, 'no "base_url"'),
        ({"applications": [APPLICATION]}, '"applications" must be a list of two objects'),
        ({"accounts": [{"name": "a", "calendars": ["x"]}, {"name": "b"}]}, '"b" must'),
        ({"tokens": {}}, "one of command, ready, interactive"),
        ({"tokens": {"ready": []}}, "no ready token"),
        ({"tokens": {"command": ["false"]}}, "`false` ended with 1"),
        ({"tokens": {"command": ["echo", "no"]}}, "did not print one JSON value"),
        ({"tokens": {"command": ["no-such-program"]}}, "correct the command"),
        ({"tokens": {"command": ["true"]}}, '"access_token"'),
    ],
)
def test_it_says_what_to_do_when_it_can_not_run(
    change: dict[str, Any], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({name: one for name, one in {**WHOLE, **change}.items() if one is not None}))
    assert main([str(path)]) == COULD_NOT_RUN
    said = capsys.readouterr().err
    if "accounts" in change:
        assert "calendars" in said
    else:
        assert says in said


def test_it_can_not_run_without_a_configuration_or_with_an_unknown_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.json"
    assert main([str(path)]) == COULD_NOT_RUN
    assert "can not be read" in capsys.readouterr().err
    path.write_text(json.dumps(WHOLE))
    assert main([str(path), "--columns", "XX"]) == COULD_NOT_RUN
    assert "no such column: XX" in capsys.readouterr().err


def test_every_operation_is_tried_and_expected_in_every_column() -> None:
    assert {row.operation for row in rows()} == {*READS, *WRITES}
    assert all(set(row.expected) == set(columns()) for row in rows())
    assert all(set(row.expected.values()) <= set("Yn-v") for row in rows())


def test_every_check_is_explained() -> None:
    page = (KIT / "README.md").read_text()
    text = "".join(path.read_text() for path in (KIT / "checks").glob("*.py"))
    checks = set(
        re.findall(r'"((?:answers|bulk|calendars|conflicts|elevation|foreign|freebusy|ids|tokens)/\w+)"', text)
    )
    assert len(checks) > 50
    assert [one for one in sorted({*checks, *(row.operation for row in rows())}) if f"`{one}`" not in page] == []
