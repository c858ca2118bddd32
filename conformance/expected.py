"""The expected matrix: ``expected.toml``, read."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One operation on one class of events. ``expected`` has a letter for each column."""

    operation: str
    event_class: str
    elevated: bool
    expected: dict[str, str]
    contract: str

    @property
    def name(self) -> str:
        """As reports call it."""
        about = "" if self.event_class == "none" else f"/{self.event_class}"
        return f"matrix/{self.operation}{about}{'/elevated' if self.elevated else ''}"


@cache
def columns() -> dict[str, str]:
    """What is granted in each column."""
    return dict(_read()["columns"])


@cache
def rows() -> tuple[Row, ...]:
    return tuple(
        Row(
            one["operation"],
            one["class"],
            one.get("elevated", False),
            dict(zip(columns(), one["expected"], strict=True)),
            one["contract"],
        )
        for one in _read()["row"]
    )


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("expected.toml").read_text(encoding="utf-8"))
