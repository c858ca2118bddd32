"""``make schemathesis``: its command line against a real server on a real calendar server, with an account that has
events, for every operation of ``/openapi.json``: no 5xx, no answer that is not documented.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.calendars import this_month
from bench.servers import calwarden, radicale, size_name

_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make schemathesis", description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="for each operation")
    said = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="calwarden-schemathesis-") as folder,
        radicale(Path(folder) / "radicale", [100], this_month()) as (calendars, _),
        calwarden(Path(folder) / "calwarden", calendars) as (ours, _),
    ):
        known = f'[parameters]\n"path.calendar_id" = "{ours.calendars[size_name(100)]}"\n'
        (Path(folder) / "schemathesis.toml").write_text(known, encoding="utf-8")
        words = ("--header", f"Authorization: {ours.token}", "--checks", _CHECKS, "--max-examples", str(said.examples))
        program = str(Path(sys.executable).with_name("schemathesis"))
        done = subprocess.run(  # noqa: S603  our own words
            [program, "run", f"{ours.server.url}/openapi.json", *words, "--phases", "examples,coverage,fuzzing"],
            cwd=folder,
            check=False,
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
