"""The command line as an operator meets it, on a data folder of its own."""

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from calwarden.cli import app

PASSWORD = "a password of jane\n"


@dataclass
class Operator:
    """Runs commands. ``environ`` is what the operator has set."""

    environ: dict[str, str]

    def run(self, *words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, list(words), input=typed, env=self.environ)

    def json(self, *words: str, typed: str | None = None) -> Any:
        """The one JSON value of a command that succeeds."""
        result = self.run(*words, "--json", typed=typed)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, *words: str, typed: str | None = None) -> dict[str, str]:
        """The error of a command that fails as expected; people are told the same."""
        result = self.run(*words, "--json", typed=typed)
        assert result.exit_code == 1, result.output
        error = json.loads(result.stdout)["error"]
        assert set(error) == {"code", "message", "fix"}
        assert error["fix"]
        assert result.stderr.startswith("calwarden: ")
        return dict(error)

    def account(self, email: str = "jane@example.org") -> str:
        words = ("--email", email, "--name", "Jane Doe", "--zone", "Europe/Paris", "--password-stdin")
        return str(self.json("account", "create", *words, typed=PASSWORD)["sub"])

    def application(self, *more: str) -> dict[str, str]:
        return dict(
            self.json("application", "create", "--name", "Demo", "--redirect-uri", "https://a.example/cb", *more)
        )


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator({"CALWARDEN_DATA_DIR": str(tmp_path / "data"), "CALWARDEN_ALLOW_OPERATOR_GRANTS": "1"})


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Commands set the log of their process up; here the process goes on."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    sys.stderr.flush()
