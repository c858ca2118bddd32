"""A process that lives long hands large blocks back when they are freed."""

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from pathlib import Path
from calwarden.wiring.memory import hand_memory_back
def resident():
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024
if sys.argv[1] == "back":
    assert hand_memory_back()
bytearray(30_000_000)  # freed at once: from here on glibc would take blocks of this size from the heap
held = [bytearray(1_000_000) for _ in range(60)]
kept = [bytearray(3_000) for _ in range(10)]  # the end of the heap is in use
before = resident()
del held
print(before - resident())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other C libraries do as they like")
def test_large_blocks_are_handed_back() -> None:
    def handed_back(word: str) -> float:
        done = subprocess.run([sys.executable, "-c", _PROGRAM, word], capture_output=True, text=True, check=True)
        return float(done.stdout)

    assert handed_back("back") > 50
