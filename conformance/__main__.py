"""``python -m conformance CONFIG.json``"""

import argparse
import json
import sys
from pathlib import Path

from conformance.client import CannotRun
from conformance.config import read_config
from conformance.expected import columns, rows
from conformance.report import written
from conformance.run import run

CONFORMS, DEVIATES, COULD_NOT_RUN = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m conformance",
        description="Does a server of the Cronofy v1 API keep to the permissions that people gave?",
        epilog="exit status: 0 it conforms, 1 it deviates, 2 the kit could not run",
    )
    parser.add_argument("config", type=Path, help="see conformance/README.md")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.add_argument(
        "--only", action="append", default=[], metavar="CHECK", help="a check, or what its name begins with"
    )
    parser.add_argument(
        "--columns", type=lambda text: text.split(","), default=[], help=f"of the matrix: {','.join(columns())}"
    )
    said = parser.parse_args(argv)
    try:
        report = run(read_config(said.config), said.only, said.columns)
    except CannotRun as error:
        sys.stderr.write(f"could not run: {error}\n")
        return COULD_NOT_RUN
    if said.json:
        sys.stdout.write(f"{json.dumps(report.facts(), indent=2)}\n")
    else:
        sys.stdout.write(written(report, tuple(columns()), {one.name: one.expected for one in rows()}))
    return CONFORMS if report.conforms else DEVIATES


if __name__ == "__main__":
    sys.exit(main())
