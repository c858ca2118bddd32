"""The whole matrix, observed: every scope tries every operation on every class of events, and both the answer and what
became of the events count.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from conformance.attempts import BULK, EFFECTLESS, READS, SEEN, TARGETED, WRITES, Attempt, Trial, role, shown
from conformance.client import Answer, NotTried
from conformance.expected import Row, columns, rows
from conformance.report import Report, Rule, Severity
from conformance.tokens import Granted
from conformance.world import Slot, Snapshot, World

_ORDER = ("L", "RFB", "RE", "CE", "CPS", "CC", "FB", "RO", "DE", "WO", "FBW", "RW")
"""Those that delete in bulk come last: what they delete is what the others must not."""
_FORBIDDEN, _INVALID = 403, 422
_MISSING = (404, 405, 501)


@dataclass(frozen=True)
class Tried:
    """One cell of a write, on its way to a letter."""

    row: Row
    column: str
    attempt: Attempt
    before: Snapshot

    @property
    def expected(self) -> str:
        return self.row.expected[self.column]

    @property
    def effect(self) -> bool:
        """Whether there is something to see."""
        missing = self.attempt.target is not None and self.attempt.target not in self.before.events
        return self.row.operation not in EFFECTLESS and not missing

    def letter(self, now: Snapshot) -> str:
        """What the answer and the state of things come to."""
        status, ok = self.attempt.answer.status, self.attempt.answer.ok
        done = not self.effect or self.attempt.done(now if ok else replace(now, strict=False))
        if ok:
            return "Y" if done else "-"
        kept = {_FORBIDDEN: "n", _INVALID: "v"}.get(status, str(status))
        return f"{status}+" if self.effect and (done or self._changed(now)) else kept

    def _changed(self, now: Snapshot) -> bool:
        target = self.attempt.target
        return target is not None and now.print_of(target) != self.before.print_of(target)


@dataclass
class Matrix:
    """``chosen``: the columns to try."""

    world: World
    report: Report
    chosen: Sequence[str]
    wanted: list[Row] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)

    def run(self) -> None:
        """Fill the report."""
        self.wanted = [one for one in rows() if self.report.wants(one.name)]
        if not self.wanted:
            return
        self._leave_out()
        order = [one for one in _ORDER if one in self.chosen]
        self.report.cells = {one.name: {} for one in self.wanted}
        uids = self._prepare(order)
        for column in order:
            try:
                granted = self.world.grant(columns()[column])
            except NotTried as error:
                self.report.skipped[f"matrix ({column})"] = str(error)
                continue
            self._column(Trial(column, granted, self.world, uids))
        self._late()

    def _leave_out(self) -> None:
        """Rows that can not be tried with this configuration."""
        world = self.world
        if world.existing is not None:
            why = "an event that is there already is not changed: external_events has only that"
            self._without(
                why,
                lambda row: row.event_class == "person" and row.operation in WRITES and "Y" in row.expected.values(),
            )
        elif world.desk is None:
            self._without("no way to write External Events is configured", lambda row: row.event_class == "person")
        if not world.config.elevation:
            self._without('"elevation" is not configured', lambda row: row.elevated)
        if world.config.callback_url is None:
            self._without('no "callback_url" is configured', lambda row: row.operation.startswith("channel"))
        elif any(row.operation.startswith("channel") for row in self.wanted):
            probe = world.observer.api.get("/v1/channels")
            if probe.status in _MISSING:
                self._without("the server offers no channels", lambda row: row.operation.startswith("channel"))

    def _without(self, why: str, which: Callable[[Row], bool]) -> None:
        for row in filter(which, self.wanted):
            self.report.skip(row.name, why)
        self.wanted = [row for row in self.wanted if not which(row)]

    def _prepare(self, order: Sequence[str]) -> dict[str, str]:
        """Everything that is tried on, before the first column; gives uids as A is told them."""
        world = self.world
        targets = any(row.operation in TARGETED or row.operation == "bulk_delete" for row in self.wanted)
        needed = targets or any(row.event_class == "own" and row.operation in READS for row in self.wanted)
        setup = world.grant("read_write") if needed else world.observer
        roles = self._seen(setup)
        for row in self.wanted:
            if row.operation in TARGETED:
                mine = list(dict.fromkeys(role(row, column) for column in order))
                roles += mine
                self._make(setup, row, mine)
            elif row.operation == "bulk_delete":
                roles.append(BULK)
                world.made(setup, world.spare, [BULK])
        world.sync()
        world.seen(*roles)
        return world.uids(setup, *roles) if targets else {}

    def _seen(self, setup: Granted) -> list[str]:
        """The events that reads are about, one of each class."""
        roles = []
        for event_class, hour in SEEN.items():
            rows_of = [row for row in self.wanted if row.event_class == event_class and row.operation in READS]
            if rows_of:
                roles.append(f"{event_class}-seen")
                self._make(setup, rows_of[0], roles[-1:], self.world.slot(hour))
        return roles

    def _make(self, setup: Granted, row: Row, roles: Sequence[str], slot: Slot | None = None) -> None:
        world = self.world
        if row.event_class == "person":
            world.person_writes(*roles, kind="invitation" if row.operation == "respond" else "event", slot=slot)
        else:
            world.made(setup if row.event_class == "own" else world.observer, world.trials, roles, slot)

    def _column(self, trial: Trial) -> None:
        self._reads(trial)
        plain = [row for row in self.wanted if row.operation in WRITES and not row.elevated]
        if plain:
            self._writes(trial, plain)
        elevated = [row for row in self.wanted if row.elevated]
        if elevated:
            self.world.tokens.elevate(trial.granted, self.world.first, self.world.trials)
            self._writes(trial, elevated)

    def _reads(self, trial: Trial) -> None:
        answers: dict[str, tuple[Answer, list[dict[str, object]]]] = {}
        for row in self.wanted:
            if row.operation not in READS:
                continue
            if row.operation not in answers:
                path, member, query = READS[row.operation]
                within = self.world.window if member else {}
                answers[row.operation] = trial.granted.api.pages(path, member, **query, **within)
            answer, items = answers[row.operation]
            letter = {_FORBIDDEN: "n", _INVALID: "v"}.get(answer.status, str(answer.status))
            if answer.ok:
                letter = "Y" if shown(self.world, row, items) else "-"
            self._enter(row, trial.column, letter, answer)

    def _writes(self, trial: Trial, wanted: Iterable[Row]) -> None:
        before = self.world.observe()
        tried = []
        for row in wanted:
            at = self.world.observe() if row.operation == "bulk_delete" else before
            tried.append(Tried(row, trial.column, WRITES[row.operation](trial, row), at))
        awaited = [one for one in tried if one.attempt.answer.ok and one.expected == "Y" and one.effect]
        now = self.world.wait(lambda now: all(one.attempt.done(now) for one in awaited))
        for one in tried:
            self._enter(one.row, one.column, one.letter(now), one.attempt.answer)
        self.tried += tried

    def _enter(self, row: Row, column: str, letter: str, answer: Answer) -> None:
        self.report.cells[row.name][column] = letter
        expected = row.expected[column]
        came = f"{_words(letter)}, where the matrix has: {_words(expected)}"
        rule = Rule(f"{row.name}/{column}", row.contract, _severity(expected, letter))
        self.report.expect(rule, letter == expected, answer, came)

    def _late(self) -> None:
        """What had been refused and came true all the same, of rows that were right until then."""
        now, cells = self.world.observe(), self.report.cells
        for row in self.wanted:
            if row.operation == "bulk_delete" or any(
                seen != row.expected[one] for one, seen in cells[row.name].items()
            ):
                continue
            kept = [one for one in self.tried if one.row is row and one.effect and one.expected != "Y"]
            late = [one for one in kept if one.letter(now) != one.expected]
            for one in late:
                self._enter(row, one.column, one.letter(now), one.attempt.answer)


def _severity(expected: str, letter: str) -> Severity:
    if letter.endswith("+") or (letter in "Y-" and expected in "nv") or (letter == "Y" and expected == "-"):
        return Severity.BREACH
    return Severity.DENIED if expected == "Y" else Severity.FORM


def _words(letter: str) -> str:
    said = {
        "Y": "answered, and done or shown",
        "n": "403, and nothing changed",
        "-": "answered, and nothing of it done or shown",
        "v": "422, and nothing changed",
    }
    return said.get(letter) or (f"{letter[:-1]}, and changed all the same" if letter.endswith("+") else letter)
