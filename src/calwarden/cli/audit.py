"""``calwarden audit``."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from calwarden.cli.console import AsJson, write
from calwarden.cli.failures import Failure
from calwarden.cli.secret import read_text
from calwarden.cli.session import operating
from calwarden.usecases.operate import compare_with_export, find_account

group = typer.Typer(no_args_is_help=True, help="The ledger: who attempted what, and what became of it.")

Record = Mapping[str, object]


@group.command("export")
def export(
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help="Only this account's.")] = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="A new file, for you alone.")] = None,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Leave out what entries say; they can be verified all the same.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the ledger, oldest first: a JSON object a line. With --json one array, unless it goes to a file."""
    with operating(as_json) as at:
        chosen = None if account is None else find_account(at.kit, account).account_id
        with at.kit.store.read() as uow:
            records = (
                {k: v for k, v in one.items() if not sealed or k != "content"} for one in uow.audit.export(chosen)
            )
            if output is not None:
                at.console.facts({"file": str(output), "lines": _save(output, records)})
            elif as_json:
                for part in _array(records):
                    write(part)
            else:
                for one in records:
                    write(json.dumps(one))


@group.command("key")
def key(as_json: AsJson = False) -> None:
    """Print the public key that the heads of the ledger are signed for: with it anybody can check an export."""
    with operating(as_json) as at:
        with at.kit.store.read() as uow:
            found = uow.audit.public_key()
        at.console.facts({"algorithm": "Ed25519", "public_key": found})


@group.command("verify")
def verify(
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="FILE", help="An earlier export: shows what was cut off the end."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look for changed, missing and reordered entries. Exit status 1 if there are any."""
    with operating(as_json) as at:
        problems = compare_with_export(at.kit, [] if against is None else _records(against))
        told = problems or ["every chain is whole"]
        at.console.show({"ok": not problems, "problems": problems}, told)
    if problems:
        raise typer.Exit(1)


def _array(records: Iterable[Record]) -> Iterator[str]:
    """One JSON array, written as it is read."""
    held = "["
    for record in records:
        yield held + json.dumps(record)
        held = ","
    yield "]" if held == "," else "[]"


def _records(path: Path) -> list[Record]:
    text = read_text(path)
    try:
        found = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines()]
    except ValueError as error:
        raise Failure("no_export", f'"{path}" is no export of the ledger', "name a file of audit export") from error
    return [one for one in found if isinstance(one, dict)]


def _save(path: Path, records: Iterable[Record]) -> int:
    """Write a new file that nobody else may read; gives how many lines it has."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            return sum(1 for one in records if file.write(f"{json.dumps(one)}\n"))
    except OSError as error:
        raise Failure(
            "file_not_written", f'"{path}" can not be written: {error.strerror}', "name a new file"
        ) from error
