"""What values a setting can take: each kind reads what is stated, and says what to set where it can not."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

_DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")
_SEPARATORS = re.compile(r"[\s,]+")
_HOST_PORT = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+):([0-9]{1,5})", flags=re.ASCII)


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
class Kind:
    """What values a setting takes. ``parse`` raises ValueError with a message that says what to set."""

    words: str
    parse: Callable[[object], Any]


def is_loopback(url: str) -> bool:
    """Whether the host of ``url`` is this very machine."""
    host = urlsplit(url).hostname or ""
    return (
        host in {"localhost", "::1"}
        or host.endswith(".localhost")
        or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
    )


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


def number(low: int, high: int) -> Kind:
    """A whole number, both ends included."""

    def parse(value: object) -> int:
        text = str(value).strip().replace("_", "")
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"set a whole number from {low} to {high}")
        return int(text)

    return Kind(f"{low} to {high}", parse)


def choice(options: type[StrEnum]) -> Kind:
    """One of a closed set, in any case."""
    words = ", ".join(options)

    def parse(value: object) -> StrEnum:
        try:
            return options(str(value).strip().lower())
        except ValueError as error:
            raise ValueError(f"set one of {words}") from error

    return Kind(words, parse)


TEXT = Kind("text", _text)
PATH = Kind("path", _path)
SWITCH = Kind("1 or 0", _switch)
PORT = number(0, 65_535)
DATABASE = Kind("sqlite:///path or postgresql://...", _database)
ORIGIN = Kind("https://host", _public_url)
HOSTS = Kind("host:port, ...", _names)
NETWORKS = Kind("IP addresses or networks", _networks)
