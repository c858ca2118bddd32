"""Commands of whoever runs the kit: a list of words with placeholders, run without a shell."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from conformance.client import CannotRun

_TIME = 180.0


def filled(template: Sequence[str], **values: str) -> list[str]:
    """The words with ``{name}`` replaced; anything else in braces stays."""
    words = [str(one) for one in template]
    for name, value in values.items():
        words = [word.replace("{" + name + "}", value) for word in words]
    return words


def run(template: Sequence[str], **values: str) -> Any:
    """The JSON value that the command prints, None if it prints nothing. Raises CannotRun."""
    words = filled(template, **values)
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_TIME, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRun(f"{words[0]}: {error}; correct the command in the configuration") from error
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip()[-500:]
        raise CannotRun(f"`{' '.join(words)}` ended with {done.returncode}: {last}")
    if not done.stdout.strip():
        return None
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise CannotRun(f"`{' '.join(words)}` did not print one JSON value") from error
