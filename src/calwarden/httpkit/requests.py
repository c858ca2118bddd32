"""Requests taken apart: bodies within limits, JSON or a form alike, and whom the Authorization header names.

Security 7.1, ruling 18, contract authorization 0.4 and 0.5. What can not be read is no exception: the Input says so,
and the use case says it to the caller in its place in the order of answers (ruling 2).
"""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from starlette.datastructures import Headers
from starlette.requests import Request

from calwarden.httpkit.faults import BodyTooLarge, MediaUnsupported
from calwarden.httpkit.forms import FormError, parse_form
from calwarden.httpkit.jsontext import JsonError, parse_json

MOST_BODY = 1_000_000
SMALL = 65_536
"""Bytes of a body that is read as it comes; a larger one waits for room."""

Room = Callable[[], Awaitable[object]]
"""Waits until there is room for a large body. Whoever gave it takes it back."""

_CODINGS = frozenset({"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"})
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii"})
_CREDENTIALS = re.compile(r"([A-Za-z]+) +([!-~]+) *", flags=re.ASCII)


@dataclass(frozen=True, slots=True)
class Input:
    """What a request states, by name. ``problem``: it could not be read; then nothing is stated.

    ``repeated`` names what was stated more than once.
    """

    values: Mapping[str, object] = field(default_factory=dict, repr=False)
    repeated: frozenset[str] = frozenset()
    problem: str | None = None


def read_query(request: Request) -> Input:
    """What the query states."""
    return _read_form(request.scope.get("query_string", b""))


async def read_body(request: Request, room: Room) -> Input:
    """What the body states. Absent, ``{}`` and ``[]`` (PHP) state nothing.

    Raises BodyTooLarge, for chunked bodies too, and MediaUnsupported.
    """
    body = await _received(request, room)
    if not body.strip():
        return Input()
    _check_coding(request.headers)
    media, charset = _media_type(request.headers.get("content-type", ""))
    if media == "application/x-www-form-urlencoded":
        return _read_form(body)
    if media != "application/json" or charset not in _CHARSETS:
        raise MediaUnsupported(media)
    return _read_json(body)


def merged(query: Input, body: Input) -> Input:
    """Both as one: some SDKs state in the query what others state in the body (contract events 4.6)."""
    problem = query.problem or body.problem
    if problem is None and any(query.values[name] != body.values[name] for name in query.values.keys() & body.values):
        problem = "query and body state different things"
    if problem is not None:
        return Input(problem=problem)
    return Input({**query.values, **body.values}, query.repeated | body.repeated)


async def _received(request: Request, room: Room) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and (len(declared) > 12 or int(declared) > MOST_BODY):
        raise BodyTooLarge
    received, large = bytearray(), False
    async for chunk in request.stream():
        received += chunk
        if len(received) > MOST_BODY:
            raise BodyTooLarge
        if not large and len(received) > SMALL:
            large = True
            await room()
    return bytes(received)


def _check_coding(headers: Headers) -> None:
    """A single real coding is refused. A list with q-values is what the C# client sends by mistake."""
    stated = ",".join(headers.getlist("content-encoding")).strip().lower()
    if stated in _CODINGS:
        raise MediaUnsupported(stated)


def _media_type(header: str) -> tuple[str, str]:
    media, *parameters = header.split(";")
    named = dict(part.strip().lower().partition("=")[::2] for part in parameters)
    return media.strip().lower(), named.get("charset", "").strip('"')


def _read_json(body: bytes) -> Input:
    try:
        value = parse_json(body)
    except JsonError as error:
        return Input(problem=f"the body {error}")
    if value == []:
        return Input()
    if not isinstance(value, dict):
        return Input(problem="the body must be an object")
    return Input(value)


def _read_form(text: bytes) -> Input:
    try:
        form = parse_form(text.decode("utf-8"))
    except UnicodeDecodeError:
        return Input(problem="the form must be UTF-8")
    except FormError as error:
        return Input(problem=f"the form {error}")
    return Input(form.values, form.repeated)


def bearer_of(headers: Headers) -> str | None:
    """The token of ``Authorization: Bearer``; None if there is none, or more than one header."""
    scheme, value = _authorization(headers)
    return value if scheme == "bearer" else None


def basic_of(headers: Headers) -> tuple[str, str] | None:
    """Name and password of ``Authorization: Basic`` in the form of RFC 6749 2.3.1; None if it is anything else."""
    scheme, value = _authorization(headers)
    if scheme != "basic" or value is None:
        return None
    try:
        name, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (unquote_plus(name), unquote_plus(password)) if colon else None


def _authorization(headers: Headers) -> tuple[str, str | None]:
    stated = headers.getlist("authorization")
    found = _CREDENTIALS.fullmatch(stated[0]) if len(stated) == 1 else None
    return ("", None) if found is None else (found[1].lower(), found[2])
