"""``calwarden backup`` and ``restore``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from calwarden.cli.console import AsJson, note
from calwarden.cli.failures import answering
from calwarden.cli.secret import PassphraseFromFile, PassphraseFromStdin, read_passphrase
from calwarden.cli.session import Sure, configured, confirm, moment, operating
from calwarden.wiring.backup import Back, back_up
from calwarden.wiring.backup import restore as put_back

_EVERY = 5  # seconds


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, for you alone.")],
    passphrase_file: PassphraseFromFile = None,
    passphrase_stdin: PassphraseFromStdin = False,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave the key file out; it is needed to restore.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write everything the server keeps to one encrypted file. Works while the server runs.

    The same file restores to SQLite and PostgreSQL. Sign-ins, links and requests that nobody has answered are left out.
    """
    with operating(as_json) as at:
        passphrase = read_passphrase(stdin=passphrase_stdin, file=passphrase_file, new=True)
        made = back_up(at.held, file, passphrase, Reporter(), with_keys=not without_keys)
        facts = {"made": moment(made.made), "rows": made.rows, "bytes": made.size, "keys": not without_keys}
        at.console.facts({"file": str(file), **facts})
        keys = "" if not without_keys else "the key file, apart from it, and "
        note(f"Keep {keys}the passphrase where this machine can not lose them: without them the file opens for nobody.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What calwarden backup wrote.")],
    passphrase_file: PassphraseFromFile = None,
    passphrase_stdin: PassphraseFromStdin = False,
    keep_access: Annotated[
        bool,
        typer.Option(
            "--keep-access",
            help="Leave applications the access they had when the backup was made, revoked since then or not."
            " For a move, right after the old server was stopped.",
        ),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up all that is in the database now. Stop the servers first.")
    ] = False,
    sure: Sure = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup into an empty database, all of it or nothing, and bring it up to date.

    The access of applications ends, unless --keep-access: the backup does not know what was revoked after it was made.
    """
    with answering(as_json) as console:
        settings = configured()
        passphrase = read_passphrase(stdin=passphrase_stdin, file=passphrase_file, new=False)
        if replace:
            confirm(console, "Give up all that is in the database now, for what is in the backup?", sure=sure)
        back = put_back(settings, file, passphrase, Reporter(), replace=replace, keep_access=keep_access)
        console.facts({
            "file": str(file),
            "made": moment(back.made),
            "schema": back.schema,
            "rows": back.rows,
            "keys": back.keys,
            "accounts": back.restored.accounts,
            "access_ended": back.restored.ended,
            "access_kept": back.restored.kept,
            "ledger_problems": list(back.restored.problems),
        })  # fmt: skip
        _warn(back)


def _warn(back: Back) -> None:
    """What an operator has to know of what the backup can not know."""
    when = moment(back.made)
    if back.restored.kept:
        note(f"What was revoked, narrowed or lowered after {when} is good again: {back.restored.kept} grants are live.")
    elif back.restored.ended:
        note(f"{back.restored.ended} grants have ended: applications ask these people again.")
    note(
        f"Accounts and applications deleted, and passwords changed, after {when} are as they were before: see to them."
    )
    if back.restored.problems:
        note('The ledger in the backup is not whole: "calwarden audit verify" says where.')


class Reporter:
    """Says now and then how far a long run has got."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, done: str, rows: int) -> None:
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            note(f"{rows} rows {done}")
