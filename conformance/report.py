"""What was tried, what came of it, and what of that is not as the contract has it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from conformance.client import Answer


class Severity(StrEnum):
    """How bad: somebody got more than was granted; less than was granted; the answer has another form."""

    BREACH = "breach"
    DENIED = "denied"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Deviation:
    """``sent`` and ``came``: the exchange; ``contract``: the section, and what it says."""

    check: str
    severity: Severity
    sent: str
    came: str
    contract: str

    def facts(self) -> dict[str, str]:
        return {
            "check": self.check,
            "severity": self.severity.value,
            "sent": self.sent,
            "came": self.came,
            "contract": self.contract,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked: its name, the section, what that says, and how bad it is to do otherwise."""

    check: str
    contract: str
    severity: Severity = Severity.BREACH


@dataclass
class Report:
    """``cells``: what was observed of the matrix, by row and column. ``only``: prefixes of the checks that are wanted.
    ``left``: what the kit could not clean up.
    """

    only: Sequence[str] = ()
    deviations: list[Deviation] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    cells: dict[str, dict[str, str]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    def wants(self, check: str) -> bool:
        """Whether ``check``, or anything below it, was asked for."""
        return not self.only or any(check.startswith(one) or one.startswith(f"{check}/") for one in self.only)

    def expect(self, rule: Rule, fine: bool, answer: Answer | None = None, came: str = "") -> bool:
        """Enter that ``rule`` was tried, and a deviation unless it is ``fine``. Gives ``fine``."""
        if not self.wants(rule.check):
            return fine
        if rule.check not in self.tried:
            self.tried.append(rule.check)
        if not fine:
            sent = "" if answer is None else answer.sent
            told = "; ".join(one for one in ("" if answer is None else answer.told, came) if one)
            self.deviations.append(Deviation(rule.check, rule.severity, sent, told, rule.contract))
        return fine

    def skip(self, check: str, why: str) -> None:
        """Enter that something could not be tried."""
        if self.wants(check):
            self.skipped[check] = why

    @property
    def conforms(self) -> bool:
        return not self.deviations

    def facts(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "conforms": self.conforms,
            "deviations": [one.facts() for one in self.deviations],
            "matrix": self.cells,
            "tried": self.tried,
            "not_tried": self.skipped,
            "left_behind": self.left,
        }


def written(report: Report, columns: Sequence[str], expected: Mapping[str, Mapping[str, str]]) -> str:
    """Everything, for people."""
    parts = []
    if report.cells:
        parts += [_matrix(report.cells, columns, expected), _LEGEND]
    parts += [f"not tried: {check}: {why}" for check, why in report.skipped.items()]
    parts += [f"left behind: {one}" for one in report.left]
    parts += [_deviation(number, one) for number, one in enumerate(report.deviations, 1)]
    parts.append(_verdict(report))
    return "\n".join(parts) + "\n"


_LEGEND = """
Y done, or shown   n 403, and nothing changed   - answered, and nothing of it shown or done   v 422, and nothing changed
. not tried   anything else: the status, with + if it was done all the same   *: not what the contract says
"""


def _matrix(
    cells: Mapping[str, Mapping[str, str]], columns: Sequence[str], expected: Mapping[str, Mapping[str, str]]
) -> str:
    wide = max(len(row) for row in cells)
    tall = [f"{'':{wide}}  {' '.join(f'{one:>4}' for one in columns)}"]
    for row, seen in cells.items():
        marked = (_marked(seen.get(one), expected[row].get(one)) for one in columns)
        tall.append(f"{row:{wide}}  {' '.join(f'{one:>4}' for one in marked)}".rstrip())
    return "\n".join(tall)


def _marked(seen: str | None, expected: str | None) -> str:
    if seen is None:
        return "."
    return seen if seen == expected else f"{seen}*"


def _deviation(number: int, one: Deviation) -> str:
    lines = [f"{number}. {one.check}  ({one.severity})"]
    lines += [f"   {label:8} {text}" for label, text in _lines(one)]
    return "\n".join(lines)


def _lines(one: Deviation) -> Iterable[tuple[str, str]]:
    if one.sent:
        yield "sent", one.sent
    yield "came", one.came
    yield "contract", one.contract


def _verdict(report: Report) -> str:
    cells = sum(map(len, report.cells.values()))
    tried = f"{len(report.tried)} checks and {cells} cells of the matrix tried"
    if report.conforms:
        return f"conforms: {tried}, nothing deviates"
    worst = sum(one.severity is Severity.BREACH for one in report.deviations)
    return f"deviates: {tried}, {len(report.deviations)} deviations, {worst} of them breaches"
