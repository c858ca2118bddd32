"""Answers: bytes with an exact content type, and the headers every one of them has (security 11.1)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

JSON = "application/json; charset=utf-8"


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``value``, a msgspec Struct or plain data, as JSON."""
    return Response(msgspec.json.encode(value), status, headers, media_type=JSON)


def empty_answer(status: int) -> Response:
    """No body, and so no content type."""
    return Response(b"", status)


def protected(response: Response) -> Response:
    """``response`` with what keeps it out of caches and from being taken for something else."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
