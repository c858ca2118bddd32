"""Secrets come by standard input or from a file, and are never echoed or taken from the command line."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from calwarden.cli.failures import Failure

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
FromFile = Annotated[
    Path | None, typer.Option("--password-file", metavar="FILE", help="Read the password from this file.")
]
PassphraseFromStdin = Annotated[
    bool, typer.Option("--passphrase-stdin", help="Read the passphrase from standard input.")
]
PassphraseFromFile = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help="Read the passphrase from this file.")
]
_SHORTEST = 12  # characters: whoever has the file can try passphrases as fast as they like


def read_password(*, stdin: bool, file: Path | None, optional: bool = False) -> str | None:
    """The password, without the line break at its end; on a terminal it is asked for without echo.

    None if neither was stated and it is ``optional``.
    """
    if stdin and file is not None:
        raise typer.BadParameter("use --password-stdin or --password-file, not both")
    if file is not None:
        return _checked(read_text(file))
    if stdin:
        return _checked(getpass.getpass("Password: ", sys.stderr) if sys.stdin.isatty() else sys.stdin.read())
    if optional:
        return None
    raise typer.BadParameter("state --password-stdin or --password-file")


def read_passphrase(*, stdin: bool, file: Path | None, new: bool) -> str:
    """The passphrase of a backup, without the line break at its end; asked for at a terminal unless stated otherwise,
    a ``new`` one twice. Raises Failure for a new one that is short, or not the same twice.
    """
    if stdin and file is not None:
        raise typer.BadParameter("use --passphrase-stdin or --passphrase-file, not both")
    if file is not None:
        text = read_text(file)
    elif stdin:
        text = sys.stdin.read()
    elif sys.stdin.isatty():
        text = getpass.getpass("Passphrase: ", sys.stderr)
        if new and getpass.getpass("Once more: ", sys.stderr) != text:
            raise Failure("no_passphrase", "the two passphrases are not the same", "begin anew")
    else:
        raise typer.BadParameter("state --passphrase-file or --passphrase-stdin")
    passphrase = text.removesuffix("\n").removesuffix("\r")
    if new and len(passphrase) < _SHORTEST:
        raise Failure("no_passphrase", f"the passphrase has less than {_SHORTEST} characters", "take a longer one")
    return passphrase


def read_text(path: Path) -> str:
    """The text of a file the operator names. Raises Failure."""
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise Failure("file_unreadable", f'"{path}" can not be read: {why}', "correct the path") from error


def _checked(text: str) -> str:
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        raise Failure("no_password", "the password is empty", "send it on standard input, or name a file that holds it")
    return password
