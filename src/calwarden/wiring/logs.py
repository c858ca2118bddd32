"""The log: one line an event, on standard error, for people or for programs, without secrets (security 10.3).

Values are always encoded, so that no value can begin a line of its own; what is named like a secret is left out; of an
unexpected error the log has where it happened and its class, and its message in development alone, since messages
repeat what somebody sent.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from calwarden.settings import LogFormat
from calwarden.wiring.system import system_clock

_SECRET = re.compile(r"password|secret|token|authorization|cookie|credential|verifier|\bcode\b", flags=re.IGNORECASE)
_LEFT_OUT = "(left out)"
_QUIET = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "httpx",
    "httpcore",
    "asyncio",
    "alembic",
    "sqlalchemy",
    "aiosmtplib",
)
_DEPTH = 12

Line = MutableMapping[str, Any]


def set_up_logs(log_format: LogFormat, *, development: bool, stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to ``stream`` (standard error)."""
    out = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.contextvars.merge_contextvars,
            without_secrets,
            _failures(development=development),
            _stamp,
            _as_json if log_format is LogFormat.JSON else _as_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.INFO, handlers=[_Bridge()], force=True)
    logging.captureWarnings(capture=True)
    for name in _QUIET:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)


class _Bridge(logging.Handler):
    """What libraries log, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        about: dict[str, Any] = {"exc_info": record.exc_info} if record.exc_info else {}
        log.log(record.levelno, record.getMessage(), library=record.name, **about)


def without_secrets(_: object, __: str, line: Line) -> Line:
    """Leave out every value whose name says that it is secret, at any depth."""
    for name in line:
        line[name] = _LEFT_OUT if _SECRET.search(name) else _cleaned(line[name])
    return line


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _LEFT_OUT if _SECRET.search(str(name)) else _cleaned(held) for name, held in value.items()}
    if isinstance(value, list | tuple) and not _is_exc_info(value):
        return [_cleaned(held) for held in value]
    return value


def _is_exc_info(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and isinstance(value[1], BaseException)


def _failures(*, development: bool) -> structlog.typing.Processor:
    def process(_: object, __: str, line: Line) -> Line:
        found = line.pop("exc_info", None)
        error = sys.exc_info()[1] if found is True else found[1] if _is_exc_info(found) else found
        if isinstance(error, BaseException):
            line["error"] = _chain(error, development=development)
            frames = traceback.extract_tb(error.__traceback__)[-_DEPTH:]
            line["at"] = [f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno}" for frame in frames]
        return line

    return process


def _chain(error: BaseException, *, development: bool) -> str:
    names: list[str] = []
    link: BaseException | None = error
    while link is not None and len(names) < _DEPTH:
        names.append(f"{type(link).__name__}: {link}" if development else type(link).__name__)
        link = link.__cause__ or link.__context__
    return " from ".join(names)


def _stamp(_: object, __: str, line: Line) -> Line:
    line["at_time"] = datetime.fromtimestamp(system_clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return line


def _as_json(_: object, __: str, line: Line) -> str:
    first = {"time": line.pop("at_time"), "level": line.pop("level"), "event": line.pop("event")}
    return json.dumps({**first, **line}, default=str)


def _as_line(_: object, __: str, line: Line) -> str:
    time, level, event = line.pop("at_time"), line.pop("level"), line.pop("event")
    rest = "".join(f" {name}={json.dumps(value, default=str)}" for name, value in line.items())
    said = event if isinstance(event, str) and event.isprintable() else json.dumps(event, default=str)
    return f"{time} {level:<7} {said}{rest}"
