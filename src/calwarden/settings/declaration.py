"""Every setting, declared once: its kind, its default, and its line in the documentation."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calwarden.settings.kinds import (
    DATABASE,
    HOSTS,
    NETWORKS,
    ORIGIN,
    PATH,
    PORT,
    SWITCH,
    TEXT,
    Kind,
    LogFormat,
    SmtpTls,
    WorkerMode,
    choice,
    is_loopback,
    number,
)
from calwarden.usecases.develop import Registration
from calwarden.usecases.kit import Limits
from calwarden.usecases.people.sign_up import SignUpMode

PREFIX = "CALWARDEN_"
_DAY = 86_400


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
    """Made by :func:`calwarden.settings.load`; nothing changes it afterwards."""

    data_dir: Path = _declare(
        _PLACES, PATH, "data", "The folder of the database and the keys, made if it is not there."
    )
    database_url: str = _declare(
        _PLACES,
        DATABASE,
        None,
        "The database. SQLite needs nothing else; PostgreSQL is for more than one machine.",
        derive=lambda values: f"sqlite:///{values['data_dir'] / 'calwarden.sqlite'}",
        shown="calwarden.sqlite in the data folder",
        secret=True,
    )
    key_file: Path = _declare(
        _PLACES,
        PATH,
        None,
        "The encryption keys. Back it up apart from the database: neither is of use without the other.",
        derive=lambda values: values["data_dir"] / "keys.json",
        shown="keys.json in the data folder",
    )
    host: str = _declare(_WEB, TEXT, "127.0.0.1", "The address to listen on.")
    port: int = _declare(_WEB, PORT, 8000, "The port to listen on; 0 takes a free one.")
    public_url: str = _declare(
        _WEB,
        ORIGIN,
        None,
        "How browsers and applications reach the server: every absolute address is made from it, none from a request."
        " https, but for a loopback address.",
        derive=_own_address,
        shown="http:// with host and port",
    )
    development: bool = _declare(
        _WEB,
        SWITCH,
        None,
        "Mails are shown in the log if no mail server is set, calendar services may be spoken to without TLS, and the"
        " log says more of errors. Only for a loopback public address.",
        derive=lambda values: values["public_url"].startswith("http://") and is_loopback(values["public_url"]),
        shown="1 for a loopback public address without TLS, else 0",
    )
    trusted_proxies: tuple[str, ...] = _declare(
        _WEB,
        NETWORKS,
        "",
        "Reverse proxies whose X-Forwarded-For names who is asking. From everybody else it is ignored; addresses of the"
        " server itself are never made from it.",
    )
    sign_up: SignUpMode = _declare(
        _PEOPLE,
        choice(SignUpMode),
        "open",
        "Who may open an account on the web: everybody, the invited (`calwarden account invite`), or nobody.",
    )
    registration: Registration = _declare(
        _PEOPLE,
        choice(Registration),
        "operator",
        "Who may register applications: operator, by `calwarden application create`, which can also give one to an"
        " account to look after; or everyone with an account here, on the page `/developer`.",
    )
    allow_operator_grants: bool = _declare(
        _PEOPLE,
        SWITCH,
        "0",
        "Lets `grant issue` and `grant elevate` stand in for a person's consent, for scripts and tests. Each use stands"
        " in that person's ledger as the operator's.",
    )
    smtp_host: str = _declare(
        _MAIL, TEXT, None, "The mail server. Without one nobody can prove an address or reset a password.",
        derive=lambda _: "", shown="none",
    )  # fmt: skip
    smtp_port: int = _declare(_MAIL, PORT, 587, "Its port.")
    smtp_tls: SmtpTls = _declare(
        _MAIL,
        choice(SmtpTls),
        "starttls",
        "implicit (usually port 465), starttls (587), or none for a loopback relay.",
    )
    smtp_from: str = _declare(_MAIL, TEXT, None, "The address mails come from.", derive=lambda _: "", shown="none")
    smtp_from_name: str = _declare(_MAIL, TEXT, "calwarden", "The name mails come from.")
    smtp_username: str = _declare(
        _MAIL, TEXT, None, "To sign in at the mail server.", derive=lambda _: "", shown="none"
    )
    smtp_password_file: Path | None = _declare(
        _MAIL, PATH, None, "A file that holds the password for it.", derive=lambda _: None, shown="none"
    )
    outbound_allow: frozenset[str] = _declare(
        _OUT,
        HOSTS,
        "",
        "Private addresses that may be spoken to all the same, exactly as they stand in a URL, such as"
        " `caldav.lan:5232`. Everything else must be a public address over https.",
    )
    worker: WorkerMode = _declare(
        _RUN,
        choice(WorkerMode),
        "embedded",
        "embedded: `serve` syncs and delivers too. separate: `calwarden worker` does, in processes of its own.",
    )
    stop_timeout: int = _declare(_RUN, number(1, 600), 15, "Seconds that requests and jobs get to end on a stop.")
    log_format: LogFormat = _declare(_RUN, choice(LogFormat), None, "Lines for people, or JSON for programs.",
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
    "link_life": (
        300,
        7 * _DAY,
        "Seconds the link to finish signing up works; to choose a new password at most an hour.",
    ),
    "listing_life": (60, _DAY, "Seconds the pages of one listing can be asked for."),
    "window_back_days": (1, 400, "Days back that a read reaches unless it says otherwise."),
    "window_ahead_days": (1, 400, "Days ahead that a read reaches unless it says otherwise."),
    "window_most_days": (1, 460, "Days that one read may span."),
    "events_per_page": (1, 1_000, "Events on a page of `/v1/events`."),
    "busy_per_page": (1, 5_000, "Periods on a page of `/v1/free_busy`."),
    "sync_interval": (10, _DAY, "Seconds between two looks at a calendar service."),
    "stale_after": (
        60,
        7 * _DAY,
        "Seconds without a successful sync after which free/busy says `unknown`; more than lie between two looks.",
    ),
    "calendar_wait": (0, 60, "Seconds that creating a calendar waits for the calendar service before it answers 423."),
    "calendars_per_elevation": (1, 500, "Calendars in one request for Extended Permissions."),
    "sign_in_attempts": (3, 1_000, "Attempts to sign in, per address and quarter of an hour."),
    "client_failures": (5, 10_000, "Failed client authentications a minute, per application."),
    "requests_per_second": (1, 1_000_000, "Requests a second of one application."),
    "requests_per_minute": (1, 10_000_000, "Requests a minute of one application."),
    "applications_per_account": (1, 1_000, "Applications that one account may register on the web."),
    "secrets_per_application": (2, 50, "Secrets of one application that are active at once."),
}


def _declared() -> Iterable[Field]:
    for one in dataclasses.fields(Settings):
        if "declared" in one.metadata:
            section, kind, default, doc, more = one.metadata["declared"]
            yield Field(one.name, kind, default, doc, section, **more)
    for one in dataclasses.fields(Limits):
        low, high, doc = _LIMIT_DOCS.get(one.name, (0, 10**9, ""))  # a test asks for its line
        yield Field(f"limit_{one.name}", number(low, high), one.default, doc, _LIMITS)


FIELDS: tuple[Field, ...] = tuple(_declared())
"""Every setting, in the order of the documentation."""
