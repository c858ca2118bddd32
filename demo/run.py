"""``make demo``: the story, then the permission table it has observed. Exit status 0 if all was as expected."""

import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

# Run as a file, Python looks for modules beside it, where "radicale" would be ours. The folder above is meant.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from demo.main import main  # noqa: E402  see above


def _stop(number: int, _: object) -> None:
    """End as an error does: with everything stopped and removed."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="calwarden-demo-") as folder:
        status = main(Path(folder), datetime.fromtimestamp(time.time(), UTC))
    raise SystemExit(status)
