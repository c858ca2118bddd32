"""The route table: one row an operation, from which routing, decoding and the OpenAPI document come.

Whatever is not exactly the path of a row, but for one final slash, reaches no handler (security 2.10).
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, Generic, TypeVar

import anyio
import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from calwarden.domain.errors import Invalid
from calwarden.httpkit.answers import protected
from calwarden.httpkit.faults import NoSuchAddress, Unforeseen, WrongVerb
from calwarden.httpkit.requests import Input, Room, bearer_of, merged, read_body, read_query
from calwarden.httpkit.shapes import Fields, Problems, read_fields
from calwarden.usecases.access import Bearer

C = TypeVar("C")

_ID = re.compile(r"[!-~]{1,512}", flags=re.ASCII)
_NO_ID = "-"
_LARGE_AT_ONCE = 2
"""Requests with a large body that are answered at a time, a megabyte and what it becomes each."""
_MISPLACED = re.compile(rb"%2f|%5c|\\|//|;", flags=re.IGNORECASE)


class Auth(StrEnum):
    """How a caller proves itself (contract authorization 0.5)."""

    TOKEN = "token"  # user token in the Authorization header
    CLIENT = "client"  # client credentials in the body
    NONE = "none"


class Place(StrEnum):
    """Where an operation reads what is stated. A body elsewhere is ignored: pycronofy sends one with every GET."""

    QUERY = "query"
    BODY = "body"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, taken apart. ``values`` are the fields of its row, read; ``wrong`` is all that is wrong with what
    was stated, for the use case to raise in its place. ``path`` holds ids that can at least be looked up.
    """

    bearer: Bearer
    path: Mapping[str, str]
    values: Mapping[str, Any] = field(repr=False)
    wrong: Problems
    stated: Input = field(repr=False)
    headers: Headers = field(repr=False)

    @property
    def problem(self) -> Invalid | None:
        """What is wrong as the exception that carries it."""
        return self.wrong.as_invalid()

    def states(self, name: str) -> bool:
        """Whether something was stated under ``name``, usable or not."""
        stated = self.stated.values.get(name)
        return stated is not None and stated != ""


Handler = Callable[[C, Call], Awaitable[Response]]
Explain = Callable[[Exception], Response | None]


@dataclass(frozen=True, slots=True)
class Operation(Generic[C]):
    """One row. ``answers``: the type of the body by status, None for an empty one; ``errors``: further statuses;
    ``actions``: what of the permission model it may come to, by the names that decisions have.
    """

    name: str
    method: str
    path: str
    auth: Auth
    summary: str
    handle: Handler[C]
    answers: Mapping[int, object]
    fields: Fields = field(default_factory=dict)
    place: Place = Place.QUERY
    errors: tuple[int, ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def statuses(self) -> list[int]:
        """Every status it may answer with, a mistake of ours apart."""
        found = {*self.answers, *self.errors}
        if self.auth is not Auth.NONE:
            found |= {429, 503}
        if self.auth is Auth.TOKEN:
            found |= {401, 403}
        if self.fields and self.place is not Place.BODY:
            found.add(400)  # an address may be too long
        if self.auth is Auth.TOKEN and self.fields:
            found.add(422)
        if self.place is not Place.QUERY:
            found |= {413, 415}
        if "{" in self.path:
            found.add(404)
        return sorted(found)


def build_routes(
    context: C, operations: Sequence[Operation[C]], explain: Explain, *, closed: Sequence[str]
) -> list[BaseRoute]:
    """Routes for ``operations``, each handed ``context``. Below the prefixes ``closed`` everything else is 404.

    ``explain`` turns an exception into an answer; None for what nobody foresaw, which is logged and answered 500.
    """
    by_path: dict[str, dict[str, Operation[C]]] = {}
    for one in operations:
        by_path.setdefault(one.path, {})[one.method] = one
    large = anyio.CapacityLimiter(_LARGE_AT_ONCE)
    edges = {path: _Edge(context, methods, explain, large) for path, methods in by_path.items()}
    return [
        *(Route(path, edge) for path, edge in edges.items()),
        *(Route(f"{path}/", edge) for path, edge in edges.items()),
        *(build_nowhere(prefix, explain) for prefix in closed),
    ]


def build_nowhere(prefix: str, explain: Explain) -> BaseRoute:
    """A route for all that begins with ``prefix`` and that no route before it is for: 404."""
    nowhere: ASGIApp = _Edge(None, {}, explain, anyio.CapacityLimiter(1))
    return Route(f"{prefix}{{rest:path}}", nowhere)


class _Edge(Generic[C]):
    """One path: the outermost edge of its operations."""

    def __init__(
        self, context: C, methods: Mapping[str, Operation[C]], explain: Explain, large: anyio.CapacityLimiter
    ) -> None:
        self._context = context
        self._methods = methods
        self._explain = explain
        self._large = large
        self._allowed = {*methods, "HEAD"} if "GET" in methods else set(methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answered(request)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  the outermost edge: nothing of a mistake may leave the server
            response = self._explained(error, request)
        if request.method == "HEAD":
            response.body = b""  # the headers stay those of GET
        await protected(response)(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        if not self._methods or not _is_plain(request.scope):
            raise NoSuchAddress
        operation = self._methods.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            raise WrongVerb(self._allowed)
        async with AsyncExitStack() as held:  # to the end: what a body becomes takes more memory than the body
            call = await _call(operation, request, partial(held.enter_async_context, self._large))
            return await operation.handle(self._context, call)

    def _explained(self, error: Exception, request: Request) -> Response:
        response = self._explain(error)
        if response is not None:
            return response
        names = [one.name for one in self._methods.values() if one.method == request.method]
        structlog.get_logger("calwarden.api").error("request failed", operation=names, exc_info=error)
        return self._explain(Unforeseen()) or Response(b"", 500)


def _is_plain(scope: Scope) -> bool:
    """Whether the path is written as we write it: no encoded slash, no empty or dot segment."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    segments = scope["path"].removesuffix("/").split("/")
    return not _MISPLACED.search(raw) and not {".", ".."} & set(segments)


async def _call(operation: Operation[C], request: Request, room: Room) -> Call:
    stated = Input()
    if operation.place is Place.QUERY:
        stated = read_query(request) if operation.fields else stated
    else:
        stated = await read_body(request, room)
        if operation.place is Place.BOTH:
            stated = merged(read_query(request), stated)
    wrong = Problems()
    if stated.problem is not None:
        wrong.add("base", "errors.invalid_format", stated.problem)
        values = read_fields(operation.fields, {}, Problems())
    else:
        values = read_fields(operation.fields, stated.values, wrong)
    return Call(
        Bearer(bearer_of(request.headers)),
        {name: value if _ID.fullmatch(value) else _NO_ID for name, value in request.path_params.items()},
        values,
        wrong,
        stated,
        request.headers,
    )
