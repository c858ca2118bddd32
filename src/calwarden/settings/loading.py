"""Settings from what is stated: everything that is wrong is found and said at once."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from calwarden.domain.errors import CalwardenError
from calwarden.settings.declaration import FIELDS, PREFIX, Field, Settings
from calwarden.settings.kinds import is_loopback
from calwarden.usecases.kit import Limits

CONFIG = f"{PREFIX}CONFIG"
"""Names the TOML file; the one variable that is not a setting itself."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with the settings: which variable, what, and what to do about it."""

    variable: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.variable} {self.problem}: {self.fix}"


class SettingsError(CalwardenError):
    """The server can not run with these settings; ``complaints`` names everything that is wrong."""

    code = "bad_settings"

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("; ".join(map(str, self.complaints)))


def load(environ: Mapping[str, str], file: Mapping[str, object] | None = None) -> Settings:
    """The settings that ``environ`` and a parsed TOML ``file`` state; the environment wins.

    Raises SettingsError with everything that is wrong: unknown names, unusable values, and values at odds.
    """
    complaints = [*_unknown_variables(environ), *_unknown_keys(file or {})]
    values: dict[str, Any] = {}
    for field in FIELDS:
        try:
            values[field.name] = _value(field, environ, file or {}, values)
        except _Unusable as unusable:
            complaints.append(unusable.complaint)
            values[field.name] = field.kind.parse(field.default) if field.default is not None else None
    complaints = complaints or list(_at_odds(values))
    if complaints:
        raise SettingsError(complaints)
    limits = {name.removeprefix("limit_"): values.pop(name) for name in list(values) if name.startswith("limit_")}
    return Settings(**values, limits=Limits(**limits))


class _Unusable(Exception):
    def __init__(self, complaint: Complaint) -> None:
        super().__init__()
        self.complaint = complaint


def _value(field: Field, environ: Mapping[str, str], file: Mapping[str, object], before: Mapping[str, Any]) -> Any:
    stated: object = environ.get(field.variable) or file.get(field.name)
    if stated is None:
        return field.kind.parse(field.default) if field.derive is None else _derived(field, before)
    try:
        return field.kind.parse(stated)
    except ValueError as error:
        said = "can not be used" if field.secret else f'is "{stated}"'
        raise _Unusable(Complaint(field.variable, said, str(error))) from error


def _derived(field: Field, before: Mapping[str, Any]) -> Any:
    try:
        return field.derive(before) if field.derive is not None else None
    except (TypeError, AttributeError):  # made from a setting that is reported already
        return None


def _unknown_variables(environ: Mapping[str, str]) -> Iterable[Complaint]:
    known = [field.variable for field in FIELDS] + [CONFIG]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            yield Complaint(name, "is not a setting", _did_you_mean(name, known))


def _unknown_keys(file: Mapping[str, object]) -> Iterable[Complaint]:
    known = [field.name for field in FIELDS]
    for name in sorted(file):
        if name not in known:
            yield Complaint(f'"{name}" in the settings file', "is not a setting", _did_you_mean(name, known))


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    ends = {one.removeprefix(PREFIX): one for one in known}
    close = difflib.get_close_matches(name.removeprefix(PREFIX), ends, n=1)
    return f"did you mean {ends[close[0]]}?" if close else "remove it; docs/settings.md lists them all"


def _at_odds(values: Mapping[str, Any]) -> Iterable[Complaint]:
    public_url = values["public_url"]
    if public_url.startswith("http://") and not is_loopback(public_url):
        yield Complaint(
            f"{PREFIX}PUBLIC_URL", f'is "{public_url}"', "set an https:// address; http is for loopback addresses alone"
        )
    elif values["development"] and not is_loopback(public_url):
        yield Complaint(
            f"{PREFIX}DEVELOPMENT", "is 1 on a public server", "set it to 0; it is for loopback addresses alone"
        )
    if values["smtp_host"] and not values["smtp_from"]:
        yield Complaint(f"{PREFIX}SMTP_FROM", "is missing", "set the address mails come from")
    if bool(values["smtp_username"]) != bool(values["smtp_password_file"]):
        yield Complaint(f"{PREFIX}SMTP_USERNAME", "and SMTP_PASSWORD_FILE go together", "set both, or neither")
