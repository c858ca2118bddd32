"""The settings: one frozen object, from the environment and an optional TOML file, both handed in by ``wiring``.

Every field is declared once, with its kind, default and meaning; ``docs/settings.md`` is compared with ``FIELDS``.
"""

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from calwarden.domain.errors import CalwardenError
from calwarden.usecases.kit import Limits
from calwarden.usecases.people.sign_up import SignUpMode

PREFIX = "CALWARDEN_"
CONFIG = f"{PREFIX}CONFIG"
"""Names the TOML file; the one variable that is not a setting itself."""

_DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")
_SEPARATORS = re.compile(r"[\s,]+")
_HOST_PORT = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+):([0-9]{1,5})", flags=re.ASCII)
_DAY = 86_400


class WorkerMode(StrEnum):
    EMBEDDED = "embedded"
    SEPARATE = "separate"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class SmtpTls(StrEnum):
    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


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


@dataclass(frozen=True, slots=True)
class Kind:
    """What values a setting takes. ``parse`` raises ValueError with a message that says what to set."""

    words: str
    parse: Callable[[object], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One setting. ``secret``: its value is never repeated in a message."""

    name: str
    kind: Kind
    default: object  # a value as it would be set; None: ``derive`` makes it from the settings before it
    doc: str
    section: str
    derive: Callable[[Mapping[str, Any]], Any] | None = None
    shown: str = ""  # the default in words, where it is derived
    secret: bool = False

    @property
    def variable(self) -> str:
        return f"{PREFIX}{self.name.upper()}"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("set some text")
    return value.strip()


def _path(value: object) -> Path:
    return Path(_text(value)).expanduser()


def _switch(value: object) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    found = words.get(str(value).strip().lower())
    if found is None:
        raise ValueError("set 1 or 0")
    return found


def _names(value: object) -> frozenset[str]:
    entries = value if isinstance(value, list) else _SEPARATORS.split(str(value))
    names = frozenset(str(entry).strip().lower() for entry in entries if str(entry).strip())
    for name in sorted(names):
        found = _HOST_PORT.fullmatch(name)
        if found is None or not 0 < int(found[1]) < 65_536:
            raise ValueError(f'"{name}" is not host:port; set exact pairs such as caldav.lan:5232, with commas between')
    return names


def _networks(value: object) -> tuple[str, ...]:
    entries = value if isinstance(value, list) else _SEPARATORS.split(str(value))
    found = []
    for entry in entries:
        if text := str(entry).strip():
            try:
                found.append(str(ip_network(text, strict=False)))
            except ValueError as error:
                raise ValueError(f'"{text}" is no IP address or network; set some such as 10.0.0.5') from error
    return tuple(sorted(set(found)))


def _database(value: object) -> str:
    text = _text(value)
    if not text.startswith(_DATABASES) or text in _DATABASES:
        raise ValueError("set sqlite:///path/to/file or postgresql://user:password@host/database")
    return text


def _public_url(value: object) -> str:
    text = _text(value).removesuffix("/")
    parts = _split(text)
    if parts is None or parts.scheme not in {"http", "https"} or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError("set scheme, host and port alone, such as https://calendar.example.org")
    if not parts.hostname or "@" in parts.netloc:
        raise ValueError("set an address with a host and without a user name, such as https://calendar.example.org")
    return text.lower()


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  reading it is the check: it raises for what is no port
    except ValueError:
        return None
    return parts


def _number(low: int, high: int) -> Kind:
    def parse(value: object) -> int:
        text = str(value).strip().replace("_", "")
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"set a whole number from {low} to {high}")
        return int(text)

    return Kind(f"{low} to {high}", parse)


def _choice(options: type[StrEnum]) -> Kind:
    words = ", ".join(options)

    def parse(value: object) -> StrEnum:
        try:
            return options(str(value).strip().lower())
        except ValueError as error:
            raise ValueError(f"set one of {words}") from error

    return Kind(words, parse)


_TEXT = Kind("text", _text)
_PATH = Kind("path", _path)
_SWITCH = Kind("1 or 0", _switch)
_PORT = _number(0, 65_535)
_SECTION = "section"


def is_loopback(url: str) -> bool:
    """Whether the host of ``url`` is this very machine."""
    host = urlsplit(url).hostname or ""
    return (
        host in {"localhost", "::1"}
        or host.endswith(".localhost")
        or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
    )


def _own_address(values: Mapping[str, Any]) -> str:
    host = values["host"]
    named = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  compared with, not listened on
    return f"http://[{named}]:{values['port']}" if ":" in named else f"http://{named}:{values['port']}"


def _declare(section: str, kind: Kind, default: object, doc: str, **more: Any) -> Any:
    """One field of ``Settings``; Any, as of ``dataclasses.field``."""
    return dataclasses.field(
        repr=not more.get("secret", False), metadata={"declared": (section, kind, default, doc, more)}
    )


_PLACES, _WEB, _PEOPLE, _MAIL, _OUT, _RUN, _LIMITS = (
    "Where things are",
    "Web",
    "People and applications",
    "Mail",
    "Calendar services",
    "Running",
    "Limits",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Made by :func:`load`; nothing changes it afterwards."""

    data_dir: Path = _declare(
        _PLACES, _PATH, "data", "The folder of the database and the keys, made if it is not there."
    )
    database_url: str = _declare(
        _PLACES,
        Kind("sqlite:///path or postgresql://...", _database),
        None,
        "The database. SQLite needs nothing else; PostgreSQL is for more than one machine.",
        derive=lambda values: f"sqlite:///{values['data_dir'] / 'calwarden.sqlite'}",
        shown="calwarden.sqlite in the data folder",
        secret=True,
    )
    key_file: Path = _declare(
        _PLACES,
        _PATH,
        None,
        "The encryption keys. Back it up apart from the database: neither is of use without the other.",
        derive=lambda values: values["data_dir"] / "keys.json",
        shown="keys.json in the data folder",
    )
    host: str = _declare(_WEB, _TEXT, "127.0.0.1", "The address to listen on.")
    port: int = _declare(_WEB, _PORT, 8000, "The port to listen on; 0 takes a free one.")
    public_url: str = _declare(
        _WEB,
        Kind("https://host", _public_url),
        None,
        "How browsers and applications reach the server: every absolute address is made from it, none from a request."
        " https, but for a loopback address.",
        derive=_own_address,
        shown="http:// with host and port",
    )
    development: bool = _declare(
        _WEB,
        _SWITCH,
        None,
        "Mails are shown in the log if no mail server is set, calendar services may be spoken to without TLS, and the"
        " log says more of errors. Only for a loopback public address.",
        derive=lambda values: values["public_url"].startswith("http://") and is_loopback(values["public_url"]),
        shown="1 for a loopback public address without TLS, else 0",
    )
    trusted_proxies: tuple[str, ...] = _declare(
        _WEB,
        Kind("IP addresses or networks", _networks),
        "",
        "Reverse proxies whose X-Forwarded-For names who is asking. From everybody else it is ignored; addresses of the"
        " server itself are never made from it.",
    )
    sign_up: SignUpMode = _declare(
        _PEOPLE,
        _choice(SignUpMode),
        "open",
        "Who may open an account on the web: everybody, the invited (`calwarden account invite`), or nobody.",
    )
    allow_operator_grants: bool = _declare(
        _PEOPLE,
        _SWITCH,
        "0",
        "Lets `grant issue` and `grant elevate` stand in for a person's consent, for scripts and tests. Each use stands"
        " in that person's ledger as the operator's.",
    )
    smtp_host: str = _declare(
        _MAIL, _TEXT, None, "The mail server. Without one nobody can prove an address or reset a password.",
        derive=lambda _: "", shown="none",
    )  # fmt: skip
    smtp_port: int = _declare(_MAIL, _PORT, 587, "Its port.")
    smtp_tls: SmtpTls = _declare(
        _MAIL,
        _choice(SmtpTls),
        "starttls",
        "implicit (usually port 465), starttls (587), or none for a loopback relay.",
    )
    smtp_from: str = _declare(_MAIL, _TEXT, None, "The address mails come from.", derive=lambda _: "", shown="none")
    smtp_from_name: str = _declare(_MAIL, _TEXT, "calwarden", "The name mails come from.")
    smtp_username: str = _declare(
        _MAIL, _TEXT, None, "To sign in at the mail server.", derive=lambda _: "", shown="none"
    )
    smtp_password_file: Path | None = _declare(
        _MAIL, _PATH, None, "A file that holds the password for it.", derive=lambda _: None, shown="none"
    )
    outbound_allow: frozenset[str] = _declare(
        _OUT,
        Kind("host:port, ...", _names),
        "",
        "Private addresses that may be spoken to all the same, exactly as they stand in a URL, such as"
        " `caldav.lan:5232`. Everything else must be a public address over https.",
    )
    worker: WorkerMode = _declare(
        _RUN,
        _choice(WorkerMode),
        "embedded",
        "embedded: `serve` syncs and delivers too. separate: `calwarden worker` does, in processes of its own.",
    )
    stop_timeout: int = _declare(_RUN, _number(1, 600), 15, "Seconds that requests and jobs get to end on a stop.")
    log_format: LogFormat = _declare(_RUN, _choice(LogFormat), None, "Lines for people, or JSON for programs.",
        derive=lambda values: LogFormat.CONSOLE if values["development"] else LogFormat.JSON,
        shown="console in development, else json")  # fmt: skip
    limits: Limits = dataclasses.field(default_factory=Limits)

    def __repr__(self) -> str:
        return f"Settings(public_url={self.public_url!r})"


_LIMIT_DOCS: Mapping[str, tuple[int, int, str]] = {
    "access_token_life": (60, _DAY, "Seconds an access token lives."),
    "code_life": (10, 600, "Seconds an authorization code lives."),
    "authorization_life": (60, _DAY, "Seconds a person may take to answer a consent page."),
    "elevation_life": (60, 3_600, "Seconds a person may take to answer a request for Extended Permissions."),
    "session_life": (300, 400 * _DAY, "Seconds a browser stays signed in."),
    "link_life": (300, 7 * _DAY, "Seconds a mailed link works."),
    "listing_life": (60, _DAY, "Seconds the pages of one listing can be asked for."),
    "window_back_days": (1, 400, "Days back that a read reaches unless it says otherwise."),
    "window_ahead_days": (1, 400, "Days ahead that a read reaches unless it says otherwise."),
    "window_most_days": (1, 460, "Days that one read may span."),
    "events_per_page": (1, 1_000, "Events on a page of `/v1/events`."),
    "busy_per_page": (1, 5_000, "Periods on a page of `/v1/free_busy`."),
    "sync_interval": (10, _DAY, "Seconds between two looks at a calendar service."),
    "stale_after": (60, 7 * _DAY, "Seconds without a successful sync after which free/busy says `unknown`."),
    "calendar_wait": (0, 60, "Seconds that creating a calendar waits for the calendar service before it answers 423."),
    "calendars_per_elevation": (1, 500, "Calendars in one request for Extended Permissions."),
    "sign_in_attempts": (3, 1_000, "Attempts to sign in, per address and quarter of an hour."),
    "client_failures": (5, 10_000, "Failed client authentications a minute, per application."),
    "requests_per_second": (1, 1_000_000, "Requests a second of one application."),
    "requests_per_minute": (1, 10_000_000, "Requests a minute of one application."),
}


def _declared() -> Iterable[Field]:
    for one in dataclasses.fields(Settings):
        if "declared" in one.metadata:
            section, kind, default, doc, more = one.metadata["declared"]
            yield Field(one.name, kind, default, doc, section, **more)
    for one in dataclasses.fields(Limits):
        low, high, doc = _LIMIT_DOCS.get(one.name, (0, 10**9, ""))  # a test asks for its line
        yield Field(f"limit_{one.name}", _number(low, high), one.default, doc, _LIMITS)


FIELDS: tuple[Field, ...] = tuple(_declared())
"""Every setting, in the order of the documentation."""


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
