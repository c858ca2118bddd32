"""``make demo``, run as it is."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_the_demo_finds_everything_as_expected() -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "demo/run.py"], cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert time.monotonic() - began < 120
    assert "\x1b" not in done.stdout
    assert "checks were as expected" in done.stdout
    assert "NOT" not in done.stdout
