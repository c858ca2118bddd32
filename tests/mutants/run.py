"""``make mutants``: change the permission core and the guards in every small way, and see a test fail each time.

Each changed version lives in a copy of this folder. What survives must stand in ``survivors.toml`` with a reason, and
what stands there must survive.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from queue import SimpleQueue

from mutants.groups import GROUPS

ROOT = Path(__file__).parents[2]
LISTED = Path(__file__).with_name("survivors.toml")
NO_CHANGE = (
    r"core/ReplaceBinaryOperator_BitOr_(?!BitAnd)",
    r"core/ReplaceComparisonOperator_(Is|IsNot)_(Lt|LtE|Gt|GtE|Eq|NotEq)$",
    r"core/ReplaceComparisonOperator_(Eq|NotEq)_(Is|IsNot|Lt|LtE|Gt|GtE)$",
    r"core/ReplaceBinaryOperator_(Pow|Add|Mul|Sub|BitAnd)_(?!Sub|Add|BitOr)",
)
"""Kinds of changes that are left out: types that do not load, and the same again in other words."""

NO_BEHAVIOUR = {("ReplaceTrueWithFalse", "@dataclass(frozen=True, slots=True)")}
"""That values can not be changed and take little room is asked of whoever writes code, not of what it does."""


@dataclass(frozen=True)
class Mutant:
    """One change, by the line it is in and the kind it is of."""

    module: str
    operator: str
    line: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.operator, self.line


@dataclass(frozen=True)
class Tried:
    killed: int
    survived: tuple[Mutant, ...]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--only", default="", help="files whose name holds one of these words")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    said = parser.parse_args()
    groups = [one for one in GROUPS.items() if not said.only or any(word in one[0] for word in said.only.split())]
    with tempfile.TemporaryDirectory(prefix="calwarden-mutants-") as folder:
        tried = _try_all(Path(folder), groups, said.workers, quiet=said.json)
    return _verdict(tried, {f"src/calwarden/{path}" for path, _ in groups}, as_json=said.json)


def _try_all(folder: Path, groups: Sequence[tuple[str, tuple[str, ...]]], workers: int, *, quiet: bool) -> list[Tried]:
    places: SimpleQueue[Path] = SimpleQueue()
    for number in range(workers):
        places.put(_copy(folder / str(number)))

    def attempt(group: tuple[str, tuple[str, ...]]) -> Tried:
        place = places.get()
        try:
            found = _try(place, *group)
        finally:
            places.put(place)
        if not quiet:
            print(f"  {group[0]:<40} {found.killed:4} killed   {len(found.survived):3} survived", flush=True)
        return found

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(attempt, groups))


def _copy(place: Path) -> Path:
    """What is committed or about to be, as a folder of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.splitlines():
        source, target = ROOT / name, place / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return place


def _try(place: Path, path: str, tests: Sequence[str]) -> Tried:
    module, session = f"src/calwarden/{path}", place / "session.sqlite"
    session.unlink(missing_ok=True)
    named = " ".join(f"tests/{one}.py" for one in tests)
    command = f"{sys.executable} -m pytest -x -q -p no:cacheprovider --hypothesis-profile=swift {named}"
    (place / "mutants.toml").write_text(
        f'[cosmic-ray]\nmodule-path = "{module}"\ntimeout = 300.0\nexcluded-modules = []\n'
        f'test-command = "{command}"\n[cosmic-ray.distributor]\nname = "local"\n'
        f"[cosmic-ray.filters.operators-filter]\nexclude-operators = ['{'|'.join(NO_CHANGE)}']\n",
        encoding="utf-8",
    )
    environ = {**os.environ, "PYTHONPATH": f"{place / 'src'}:{place / 'tests'}", "PYTHONDONTWRITEBYTECODE": "1"}  # noqa: TID251  what it starts runs with all of its own environment
    before = (place / module).read_text(encoding="utf-8")
    for words in (("cosmic_ray.cli", "init", "mutants.toml", session.name),
                  ("cosmic_ray.cli", "baseline", "mutants.toml"),  # the tests hold of what is not changed
                  ("cosmic_ray.tools.filters.operators_filter", session.name, "mutants.toml"),
                  ("cosmic_ray.cli", "exec", "mutants.toml", session.name)):  # fmt: skip
        subprocess.run([sys.executable, "-m", *words], cwd=place, env=environ, check=True, stdout=subprocess.DEVNULL)
    (place / module).write_text(before, encoding="utf-8")
    return _results(session, before.splitlines())


def _results(session: Path, lines: Sequence[str]) -> Tried:
    killed, survived = 0, []
    with sqlite3.connect(session) as database:
        rows = database.execute(
            "SELECT s.module_path, s.operator_name, s.start_pos_row, r.test_outcome, r.worker_outcome"
            " FROM mutation_specs s JOIN work_results r ON r.job_id = s.job_id"
        ).fetchall()
    for module, operator, row, outcome, worker in rows:
        if str(worker).upper().endswith("SKIPPED"):
            continue
        one = Mutant(str(module), str(operator).removeprefix("core/"), lines[row - 1].strip())
        if (one.operator, one.line) in NO_BEHAVIOUR:
            continue
        if str(outcome).upper().endswith("SURVIVED"):
            survived.append(one)
        else:
            killed += 1
    return Tried(killed, tuple(survived))


def _listed(modules: set[str]) -> Iterator[Mutant]:
    for one in tomllib.loads(LISTED.read_text(encoding="utf-8")).get("survivor", []):
        if one["module"] in modules and one["reason"]:
            yield Mutant(one["module"], one["operator"], one["line"])


def _verdict(tried: Sequence[Tried], modules: set[str], *, as_json: bool) -> int:
    survived = {one.key for each in tried for one in each.survived}
    listed = {one.key for one in _listed(modules)}
    told = {
        "killed": sum(one.killed for one in tried),
        "survived and listed": len(survived & listed),
        "survived and not listed": sorted(survived - listed),
        "listed and killed": sorted(listed - survived),
    }
    if as_json:
        print(json.dumps(told))
    else:
        for name, value in told.items():
            print(f"{name}: {value if isinstance(value, int) else len(value)}")
            for mark, one in zip(cycle("-"), value if isinstance(value, list) else [], strict=False):
                print(f"  {mark} {one[0]}: {one[1]}: {one[2]}")
    return 1 if survived - listed or listed - survived else 0


if __name__ == "__main__":
    sys.exit(main())
