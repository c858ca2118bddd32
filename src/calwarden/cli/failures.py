"""How a command fails: a code for programs, what happened, and what to do next.

Exit status 1: an expected failure; 2: the command was not used as documented; 70: a mistake of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from calwarden.cli.console import Console, note
from calwarden.domain.errors import CalwardenError, Conflict, Gone, Invalid, NotFound, Throttled
from calwarden.ports.store import StoreUnavailable
from calwarden.settings import SettingsError
from calwarden.vault import KeyringError
from calwarden.wiring.opening import NotReady

USAGE, MISTAKE = 2, 70
_DOCTOR = '"calwarden doctor" looks at everything'
_LOOKING = (
    ("no account", 'list them with "calwarden account list"'),
    ("no application", 'list them with "calwarden application list"'),
    ("no such profile", 'list them with "calwarden profile list"'),
    ("this application has no access", 'list grants with "calwarden grant list"'),
)


_OPTIONS = {"tzid": "--zone", "password": "--password-stdin"}
"""Options that are not called as their fields are."""


class Failure(CalwardenError):
    """A command can not do what was asked, for a reason that is nobody's mistake of programming."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.code, self.fix = code, fix


@contextmanager
def answering(as_json: bool) -> Iterator[Console]:
    """Run a command; expected errors become its answer and exit status 1."""
    try:
        yield Console(as_json)
    except (CalwardenError, KeyringError, StoreUnavailable) as error:
        code, message, fix = told(error)
        if isinstance(error, SettingsError):
            for complaint in error.complaints:
                note(f"calwarden: {complaint}")
        else:
            say(message, fix)
        if as_json:
            answer(code, message, fix)
        raise typer.Exit(1) from error


def say(message: str, fix: str) -> None:
    """What went wrong, for a person."""
    note(f"calwarden: {message}")
    if fix:
        note(f"  {fix}")


def answer(code: str, message: str, fix: str) -> None:
    """What went wrong, for a program: the command's one JSON object."""
    Console(as_json=True).show({"error": {"code": code, "message": message, "fix": fix}}, ())


def told(error: Exception) -> tuple[str, str, str]:
    """Code, message and fix of an expected error."""
    match error:
        case Failure() | NotReady():
            return error.code, str(error), error.fix
        case SettingsError():
            problems = "; ".join(f"{one.variable} {one.problem}" for one in error.complaints)
            return error.code, problems, "; ".join(dict.fromkeys(one.fix for one in error.complaints))
        case KeyringError():
            message, _, fix = str(error).partition(": ")
            return "key_file", message, fix or _DOCTOR
        case StoreUnavailable():
            return "database_unavailable", str(error), f"see that CALWARDEN_DATABASE_URL is right; {_DOCTOR}"
        case _:
            return _of_use_case(error)


def _of_use_case(error: Exception) -> tuple[str, str, str]:
    message = str(error)
    match error:
        case Invalid():
            said = [
                f"{_option(name)}: {one.description}" for name, problems in error.fields.items() for one in problems
            ]
            return error.code, "; ".join(said), "correct it and try again"
        case NotFound():
            return error.code, message, next((fix for start, fix in _LOOKING if message.startswith(start)), _DOCTOR)
        case Conflict():
            return error.code, message or "it is there already", "use the one that is there, or another name"
        case Throttled():
            return error.code, message, f"wait {error.retry_after} seconds"
        case Gone():
            return error.code, message, "begin anew"
        case CalwardenError():
            return error.code, message, _DOCTOR
    raise error


def _option(field: str) -> str:
    """The option that a field was given by."""
    return _OPTIONS.get(field, f"--{field.replace('_', '-')}")
