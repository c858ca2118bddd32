"""The log says what happened, and nothing that must not be said (security 10.3)."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from calwarden.settings import LogFormat
from calwarden.wiring.logs import set_up_logs

MARKER = "planted-marker-7f3a"


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level


def logged(log_format: LogFormat = LogFormat.JSON, *, development: bool = False) -> io.StringIO:
    stream = io.StringIO()
    set_up_logs(log_format, development=development, stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_its_time_level_event_and_values() -> None:
    stream = logged()
    structlog.get_logger("calwarden").info("synced", profile="pro_1", pages=3)
    [line] = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "event": "synced", "profile": "pro_1", "pages": 3}


@pytest.mark.parametrize(
    "name",
    ["password", "client_secret", "access_token", "refresh_token", "code", "Authorization", "cookie", "credentials"],
)
@pytest.mark.parametrize("log_format", list(LogFormat))
def test_what_is_named_like_a_secret_is_left_out_at_any_depth(name: str, log_format: LogFormat) -> None:
    stream = logged(log_format)
    log = structlog.get_logger("calwarden")
    log.warning("seen", **{name: MARKER})
    log.warning("seen", request={"headers": [{name: MARKER}]})
    assert MARKER not in stream.getvalue()
    assert stream.getvalue().count("(left out)") == 2


def test_no_value_begins_a_line_of_its_own() -> None:
    for log_format in LogFormat:
        stream = logged(log_format)
        structlog.get_logger("calwarden").info("a\nforged line", name="b\r\n2026 error forged \x1b[2J \u2028")
        assert len(stream.getvalue().splitlines()) == 1
        assert "\x1b" not in stream.getvalue()


def fail() -> None:
    try:
        int(f"title {MARKER}")
    except ValueError as cause:
        raise KeyError(MARKER) from cause


def test_an_error_shows_where_and_which_but_not_what_it_said() -> None:
    stream = logged()
    try:
        fail()
    except KeyError:
        structlog.get_logger("calwarden").exception("failed")
        logging.getLogger("uvicorn.error").exception("failed too")
    assert MARKER not in stream.getvalue()
    first, second = lines(stream)
    assert first["error"] == second["error"] == "KeyError from ValueError"
    assert "test_logs.py" in first["at"][-1]


def test_a_developer_reads_what_an_error_said() -> None:
    stream = logged(development=True)
    structlog.get_logger("calwarden").error("failed", exc_info=ValueError("the reason"))
    assert lines(stream)[0]["error"] == "ValueError: the reason"


def test_libraries_speak_in_our_form_and_only_when_something_is_wrong() -> None:
    stream = logged()
    logging.getLogger("httpx").info('HTTP Request: GET https://x/?token="%s"', MARKER)
    logging.getLogger("httpx").warning("slow %s", "answer")
    assert lines(stream)[0]["event"] == "slow answer"
    assert len(lines(stream)) == 1
