"""What a command says: one JSON object on standard output, or lines for a person; everything else on standard error."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, an array for lists, and nothing else.")]


@dataclass(frozen=True, slots=True)
class Console:
    """``as_json``: the whole answer is one JSON value."""

    as_json: bool = False

    def show(self, answer: Mapping[str, object] | Sequence[object], lines: Iterable[str]) -> None:
        """The answer of the command: ``answer`` for programs, ``lines`` for a person."""
        if self.as_json:
            write(json.dumps(answer, ensure_ascii=False, default=str))
            return
        for line in lines:
            write(_one_line(line))

    def facts(self, answer: Mapping[str, object]) -> None:
        """An answer whose lines are its own members."""
        width = max(map(len, answer), default=0)
        self.show(answer, (f"{name:<{width}}  {_plain(value)}" for name, value in answer.items()))

    def table(self, answer: Sequence[Mapping[str, object]], columns: Sequence[str], nothing: str) -> None:
        """A list; ``columns`` are the members a person is shown, ``nothing`` is said of an empty one."""
        rows = [[_plain(row[column]) for column in columns] for row in answer]
        if not self.as_json and not rows:
            note(nothing)
        widths = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
        heads = [list(columns), *rows] if rows else []
        self.show(answer, ("  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in heads))


def write(text: str) -> None:
    """A line on standard output, at once: a program may be waiting for it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Progress, advice or an error, for a person, who may have typed or been sent part of it."""
    sys.stderr.write(f"{printable(text)}\n")
    sys.stderr.flush()


def _plain(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or "-"
    return _one_line(str(value))


def _one_line(text: str) -> str:
    return printable(text).replace("\n", "?")


def printable(text: str) -> str:
    """What came from outside could speak to the terminal itself: only lines of what is printable go there."""
    return "".join(one if one.isprintable() or one == "\n" else "?" for one in text)
