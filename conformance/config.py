"""What the kit is told: which server, which applications and people, and how to get at tokens and events."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.client import CannotRun

_README = "conformance/README.md shows a whole file"
_CALENDARS = 2


@dataclass(frozen=True, slots=True)
class Application:
    """``letter``: A is the one on trial, B the other one, which also looks on."""

    letter: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """``name``: what the commands call the person. ``calendars``: names or ids of those that everything is tried in."""

    name: str
    email: str
    calendars: tuple[str, ...]
    shared_in: str | None = None
    read_only: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """``patience``: seconds that something accepted may take to be done."""

    base_url: str
    applications: tuple[Application, Application]
    accounts: tuple[Account, Account]
    tokens: Mapping[str, Any]
    elevation: Mapping[str, Any]
    external_events: Mapping[str, Any]
    sync: tuple[str, ...] = ()
    patience: float = 30.0
    callback_url: str | None = None


def read_config(path: Path) -> Config:
    """Raises CannotRun."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotRun(f"{path} can not be read as JSON: {error}; {_README}") from error
    return config_of(said)


def config_of(said: Any) -> Config:
    """Raises CannotRun."""
    if not isinstance(said, dict):
        raise CannotRun(f"the configuration must be an object; {_README}")
    applications = [_application(letter, one) for letter, one in zip("AB", _pair(said, "applications"), strict=True)]
    first, second = _pair(said, "accounts")
    callback = said.get("callback_url")
    return Config(
        str(_need(said, "base_url", "the configuration")),
        (applications[0], applications[1]),
        (_account(first, _CALENDARS), _account(second, 1)),
        _section(said, "tokens", ("command", "ready", "interactive")),
        _section(said, "elevation", ("command", "interactive")) if "elevation" in said else {},
        _section(said, "external_events", ("command", "caldav", "existing")) if "external_events" in said else {},
        _words(said.get("sync", []), "sync"),
        float(said.get("patience", 30.0)),
        None if callback is None else str(callback),
    )


def _need(said: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in said:
        raise CannotRun(f'{where} has no "{name}"; {_README}')
    return said[name]


def _pair(said: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = _need(said, name, "the configuration")
    if not isinstance(found, list) or len(found) != 2 or not all(isinstance(one, dict) for one in found):
        raise CannotRun(f'"{name}" must be a list of two objects; {_README}')
    return found


def _application(letter: str, said: Mapping[str, Any]) -> Application:
    values = [str(_need(said, name, "an application")) for name in ("client_id", "client_secret", "redirect_uri")]
    return Application(letter, *values)


def _account(said: Mapping[str, Any], least: int) -> Account:
    name, calendars = (
        str(_need(said, "name", "an account")),
        _words(_need(said, "calendars", "an account"), "calendars"),
    )
    if len(calendars) < least:
        raise CannotRun(f'"calendars" of "{name}" must name at least {least} calendars that the kit may write in')
    shared, fixed = said.get("shared_in"), said.get("read_only")
    return Account(
        name,
        str(said.get("email", name)),
        calendars,
        None if shared is None else str(shared),
        None if fixed is None else str(fixed),
    )


def _section(said: Mapping[str, Any], name: str, ways: Sequence[str]) -> Mapping[str, Any]:
    found = _need(said, name, "the configuration")
    if not isinstance(found, dict) or len([one for one in ways if one in found]) != 1:
        raise CannotRun(f'"{name}" must be an object with one of {", ".join(ways)}; {_README}')
    return found


def _words(said: Any, name: str) -> tuple[str, ...]:
    if not isinstance(said, list):
        raise CannotRun(f'"{name}" must be a list of words; {_README}')
    return tuple(map(str, said))
