"""``make demo``, run as it is."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def programs_in(folder: Path) -> list[str]:
    """What still runs with something of ``folder`` on its command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if str(folder) in words:
            found.append(words)
    return found


@pytest.mark.timeout(300)
def test_the_demo_finds_everything_as_expected_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "demo/run.py"],
        cwd=ROOT,
        env={"TMPDIR": str(tmp_path), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "checks were as expected" in done.stdout
    assert "NOT" not in done.stdout
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert programs_in(tmp_path) == []
