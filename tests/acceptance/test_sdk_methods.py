"""Every public method of the two SDKs is told of in ``docs/compatibility.md``, and what is offered there is run."""

import inspect
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pycronofy import Client

from acceptance.test_node import MODULES

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs/compatibility.md").read_text(encoding="utf-8")
_METHODS = """
const Cronofy = require("cronofy");
const names = Object.getOwnPropertyNames(Cronofy.prototype).filter((name) => name !== "constructor" && name[0] !== "_");
console.log(JSON.stringify(names));
"""


def told(heading: str) -> dict[str, str]:
    """What the table below a heading says of each method."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, flags=re.MULTILINE)
    return {name: said for names, said in rows for name in re.findall(r"`(\w+)`", names)}


def of_python() -> set[str]:
    return {name for name, _ in inspect.getmembers(Client, callable) if not name.startswith("_")}


def of_node() -> set[str]:
    node = shutil.which("node")
    assert node is not None, "make test-deps installs it"
    done = subprocess.run(
        [node, "-e", _METHODS], env={"NODE_PATH": str(MODULES)}, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("heading", "methods", "tests"),
    [
        ("pycronofy, method by method", of_python, "test_pycronofy.py"),
        ("The Node SDK, method by method", of_node, "test_node.py"),
    ],
)
def test_every_method_is_told_of_and_what_is_offered_is_run(heading: str, methods: object, tests: str) -> None:
    assert callable(methods)
    said, there = told(heading), methods()
    assert set(said) == there
    source = (HERE / tests).read_text(encoding="utf-8")
    offered = {name for name, word in said.items() if word != "not yet"}
    assert offered
    assert {name for name in offered if not re.search(rf"\.{name}\(|\"{name}\"", source)} == set()
