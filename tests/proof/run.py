"""``make proof``: run what shows each claim of ``docs/permission-model.md``, leaving nothing out, and count.

The same tests stand in the suite, with less of everything. Ends with 1 if a claim does not hold.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

CLAIMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("every decision equals the independent table", (
        "tests/property/test_policy_enumeration.py", "tests/property/test_truth_table.py",
        "tests/unit/test_policy_matrix.py")),
    ("the laws hold over the whole space", ("tests/property/test_policy_laws.py",)),
    ("what a grant may not know makes no difference", (
        "tests/property/test_two_worlds.py", "tests/usecases/test_read_noninterference.py")),
    ("in whatever order: what the reference model says", ("tests/property/test_permission_machine.py",)),
    ("a check says what the attempt would be told", (
        "tests/usecases/test_permission_checks.py", "tests/api/test_asking_what_may_be.py")),
    ("a person sees what the application gets", ("tests/api/test_what_is_seen.py",)),
    ("every route gives every refusal", ("tests/api/test_every_route.py",)),
    ("every statement names whose rows it is about", (
        "tests/api/test_every_statement.py", "tests/contract/test_store_tenancy.py")),
    ("what was withdrawn is not done", (
        "tests/usecases/test_deliver.py", "tests/usecases/test_deliver_withdrawn.py",
        "tests/usecases/test_refresh_and_revoke.py", "tests/usecases/test_terms.py",
        "tests/usecases/test_request_elevation.py")),
    ("the ledger shows every change to it", (
        "tests/contract/test_store_audit.py", "tests/browser/test_ledger_taken.py")),
)  # fmt: skip
"""A claim, and the tests that show it."""


@dataclass(frozen=True)
class Shown:
    """How one claim came out. ``cases``: inputs that were counted one by one, where a test does so."""

    claim: str
    tests: int
    failed: int
    cases: int
    seconds: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="make proof", description=__doc__)
    parser.add_argument("--only", default="", help="claims whose words hold this")
    parser.add_argument("--without-mutants", action="store_true", help="leave the changed versions of the core out")
    parser.add_argument("--workers", default="2")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    said = parser.parse_args()
    if not any(said.only in claim for claim, _ in CLAIMS):
        parser.error(f"no claim holds the words {said.only!r}")
    shown = []
    for claim, tests in CLAIMS:
        if said.only in claim:
            shown.append(_show(claim, tests, said.workers))
            if not said.json:
                _tell(shown[-1])
    mutants = 0 if said.without_mutants or said.only else _mutants(quiet=said.json)
    if said.json:
        print(json.dumps({"claims": [asdict(one) for one in shown], "mutants": mutants == 0}))
    else:
        failed = sum(one.failed for one in shown)
        total = sum(one.tests for one in shown), sum(one.cases for one in shown)
        print(f"\n{len(shown)} claims, {total[0]:,} tests, {total[1]:,} counted cases, {failed} failed")
    return 1 if mutants or any(one.failed for one in shown) else 0


def _show(claim: str, tests: tuple[str, ...], workers: str) -> Shown:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="calwarden-proof-") as folder:
        report = Path(folder) / "report.xml"
        words = ["-q", "-n", workers, "--hypothesis-profile=proof", "--timeout=0", f"--junit-xml={report}", *tests]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words], cwd=ROOT, check=False, capture_output=True, text=True
        )
        if not report.exists():
            raise SystemExit(f"pytest did not run:\n{done.stdout}{done.stderr}")
        suite = ET.parse(report).getroot().find("testsuite")
    assert suite is not None
    failed = int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
    failed = failed or int(done.returncode != 0 or suite.get("tests", "0") == "0")  # nothing that ran shows nothing
    if failed:
        print(done.stdout[-8_000:], file=sys.stderr)
    counted = [int(one.get("value", "0")) for one in suite.iter("property") if one.get("name") == "cases"]
    return Shown(claim, int(suite.get("tests", "0")), failed, sum(counted), round(time.monotonic() - begun, 1))


def _tell(one: Shown) -> None:
    counted = f", {one.cases:,} cases" if one.cases else ""
    verdict = f"{one.failed} FAILED" if one.failed else "holds"
    print(f"{one.claim:<48} {verdict:<8} {one.tests:,} tests{counted}, {one.seconds:.0f} s", flush=True)


def _mutants(*, quiet: bool) -> int:
    if not quiet:
        print("\nthe core and its guards, changed in every small way:", flush=True)
    words = [sys.executable, "-m", "mutants.run"]
    return subprocess.run(words, cwd=ROOT, check=False, stdout=sys.stderr if quiet else None).returncode


if __name__ == "__main__":
    sys.exit(main())
