"""The parts of the documentation that say what the code says: made from the code, compared by a test.

``make docs`` writes them anew, between the marks, into the pages.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import typer

from calwarden.cli import app
from calwarden.cli.doctor import MEANING, Code
from calwarden.policy.decide import RULES, Target, decide
from calwarden.policy.decision import (
    Access,
    Action,
    Allow,
    CalendarFacts,
    Elevated,
    EventClass,
    EventFacts,
    GrantFacts,
    Reason,
    Relation,
)
from calwarden.policy.explain import explain
from calwarden.policy.scopes import CATALOGUE, PROMISES, Ability, ScopeKind
from calwarden.settings import FIELDS
from calwarden.web.words import ALWAYS, SHARED

DOCS = Path(__file__).parents[2] / "docs"

_STATUS = {"unauthenticated": 401, "forbidden": 403, "hidden": 404, "locked": 423, None: 422}
_USER = (ScopeKind.GRANULAR, ScopeKind.COMPOSITE, ScopeKind.LEGACY)
_USER_ABILITIES = (
    Ability.READ_BUSY,
    Ability.READ_EVENTS,
    Ability.WRITE_OWN,
    Ability.DELETE_OWN,
    Ability.RESPOND,
    Ability.CREATE_CALENDAR,
)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def scopes() -> str:
    """Scopes x abilities, for the scopes a person can grant."""
    head = ("scope", "kind", *(one.value for one in _USER_ABILITIES))
    rows = (
        (f"`{row.name}`", row.kind.value, *("yes" if one in row.abilities else "" for one in _USER_ABILITIES))
        for row in CATALOGUE.values()
        if row.kind in _USER
    )
    return _table(head, rows)


def matrix() -> str:
    """Every action under every scope that a person can grant, as ``decide`` has it, in a calendar of their own."""
    names = [row.name for row in CATALOGUE.values() if row.kind in {ScopeKind.GRANULAR, ScopeKind.COMPOSITE}]
    rows = ((f"`{action.value}`", *(_cell(action, name) for name in names)) for action in Action)
    return _table(("action", *(f"`{name}`" for name in names)), rows)


def _cell(action: Action, scope: str) -> str:
    target = RULES[action].target
    theirs = target in {Target.EXTERNAL_EVENT, Target.ANY_EVENT}
    event = EventFacts(EventClass.PERSON if theirs else EventClass.OWN, may_respond=True)
    grant = GrantFacts(scopes=(scope,))

    def allowed(elevated: Elevated) -> bool:
        return isinstance(decide(action, Access(grant, CalendarFacts(Relation.OWNED, elevated), event)), Allow)

    if allowed(Elevated.NONE):
        return "yes"
    return "unrestricted" if allowed(Elevated.FULL) else ""


def sentences() -> str:
    """What the consent page says of each ability."""
    rows = ((f"`{one.ability.value}`", one.will, one.will_not) for one in PROMISES)
    always = ("whatever the scopes", ALWAYS, SHARED)
    return _table(("ability", "granted: it will be able to", "not granted: it will not be able to"), (*rows, always))


def reasons() -> str:
    """Every reason of a refusal."""
    told = {one: explain(one) for one in Reason}
    rows = ((f"`{one.value}`", str(_STATUS[one.refusal]), told[one][0], told[one][1] or "nothing") for one in Reason)
    return _table(("code", "status", "reason", "remedy"), rows)


def settings() -> str:
    """Every setting, by section."""
    parts = []
    for section in dict.fromkeys(field.section for field in FIELDS):
        rows = (
            (f"`{one.variable}`", one.kind.words, one.shown or _shown(one.default), one.doc)
            for one in FIELDS
            if one.section == section
        )
        parts.append(f"### {section}\n\n{_table(('variable', 'value', 'default', 'meaning'), rows)}")
    return "\n\n".join(parts)


def _shown(default: object) -> str:
    return "none" if default in {"", None} else f"`{default}`"


def findings() -> str:
    """Everything the doctor can find."""
    return _table(("code", "what it means"), ((f"`{code.value}`", MEANING[code]) for code in Code))


def commands() -> str:
    """Every command with its options."""
    return "\n\n".join(_commands(app, "calwarden"))


def _commands(group: typer.Typer, prefix: str) -> Iterator[str]:
    top = typer.main.get_command(group)
    for name, command in sorted(getattr(top, "commands", {}).items(), key=_order):
        if hasattr(command, "commands"):
            for inner_name, inner in command.commands.items():
                yield _command(f"{prefix} {name} {inner_name}", inner)
        else:
            yield _command(f"{prefix} {name}", command)


def _order(item: tuple[str, object]) -> int:
    return 1 if hasattr(item[1], "commands") else 0


def _command(name: str, command: object) -> str:
    rows = []
    for one in command.params:  # type: ignore[attr-defined]  # Typer gives no public type for a command
        shown = f"`{', '.join(one.opts)}`"
        if one.param_type_name == "argument":
            shown = f"`{one.metavar or one.name.upper()}`"
        elif not one.is_flag:
            shown = f"`{', '.join(one.opts)} {one.metavar or one.name.upper()}`"
        rows.append((shown, f"{one.help or ''}{' Required.' if one.required else ''}"))
    text = re.sub(r"\s+", " ", command.help or "")  # type: ignore[attr-defined]
    return f"### `{name}`\n\n{text}\n\n{_table(('option', 'meaning'), rows)}"


BLOCKS: dict[str, tuple[str, Callable[[], str]]] = {
    "scopes": ("permissions.md", scopes),
    "sentences": ("permissions.md", sentences),
    "matrix": ("permissions.md", matrix),
    "reasons": ("errors.md", reasons),
    "settings": ("settings.md", settings),
    "commands": ("command-line.md", commands),
    "findings": ("operating.md", findings),
}
"""Each block: the page it is in, and what makes it."""


def pattern(name: str) -> re.Pattern[str]:
    """Where a block stands: between its marks."""
    return re.compile(rf"(<!-- made from the code: {name} -->\n).*?(<!-- end: {name} -->)", flags=re.DOTALL)


def main() -> None:
    """Write every block into its page."""
    for name, (page, make) in BLOCKS.items():
        path, block = DOCS / page, f"\n{make()}\n\n"
        text, count = pattern(name).subn(lambda found, block=block: f"{found[1]}{block}{found[2]}", path.read_text())
        if count != 1:
            raise SystemExit(f"{page} has no single place for {name}")
        path.write_text(text)


if __name__ == "__main__":
    main()
