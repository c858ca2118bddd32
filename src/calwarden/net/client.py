"""The guarded client: one request out, one answer back, within bounds. On httpcore, which parses no addresses, reads no
environment and follows nothing by itself.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpcore

from calwarden.net.auth import Login
from calwarden.net.errors import Cause, OutboundError
from calwarden.net.pinned import PinnedBackend, Resolve
from calwarden.net.rules import OutboundRules
from calwarden.net.url import Url

CALLBACK_BYTES: Final = 64 * 1024
"""As much as is read of an answer, unless the caller says otherwise (security 8.4)."""

_ATTEMPTS: Final = 3  # a nonce may have to be fetched, and may be stale
_IDLE_SECONDS: Final = 5
_CONNECTIONS: Final = 4
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})  # change nothing, by IANA's registry

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, for each reading or writing, and for everything until the answer is complete."""

    connect: float = 5
    step: float = 10
    whole: float = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be sent. Host, length and credentials are added by the client.

    ``leaving`` is asked whenever a connection stands and the request's first byte is next: opening one takes as long as
    the other side takes. What it raises comes out of ``send`` as it is; then nothing was sent.
    """

    method: str
    url: Url
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)
    leaving: Callable[[], Awaitable[None]] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from ``url``; header names in lower case. The body is for programs: it is shown to nobody."""

    url: Url
    status: int
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next(self.every(name), None)

    def every(self, name: str) -> Iterator[str]:
        """All headers of that name."""
        return (value for held, value in self.headers if held == name)


def tls_context(ca_pem: str | None = None) -> ssl.SSLContext:
    """Trusts the system's authorities and, if given, one of the person's own. Raises ValueError for what is no PEM.

    There is no way to switch verification off.
    """
    context = ssl.create_default_context()
    if ca_pem is not None:
        try:
            context.load_verify_locations(cadata=ca_pem)
        except ssl.SSLError as error:
            raise ValueError("not a certificate in PEM form") from error
    return context


class GuardedClient:
    """Speaks to the addresses that ``rules`` let pass, and to nothing else (security 8).

    Redirects are answers like others: whoever follows one sends a new request, which is judged anew. Connections are
    kept for a few seconds and belong to one origin each. ``close`` when done.

    What changes something goes out once, on a connection of its own: on a kept one that breaks, nobody could say
    whether it took effect (RFC 9110 9.2.2). SOGo 5.8 closes after every answer, and mostly does not say so.
    """

    def __init__(
        self,
        rules: OutboundRules,
        *,
        tls: ssl.SSLContext,
        resolve: Resolve,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._rules = rules
        self._timeouts = timeouts or Timeouts()

        def pool(kept: int) -> httpcore.AsyncConnectionPool:
            return httpcore.AsyncConnectionPool(
                ssl_context=tls,
                max_connections=_CONNECTIONS,
                max_keepalive_connections=kept,
                keepalive_expiry=_IDLE_SECONDS,
                network_backend=PinnedBackend(rules, resolve),
            )

        self._pool, self._unkept = pool(_CONNECTIONS), pool(0)

    async def send(
        self,
        request: Request,
        *,
        login: Login | None = None,
        most_bytes: int = CALLBACK_BYTES,
        timeouts: Timeouts | None = None,
    ) -> Answer:
        """Send it, signing in if that is asked for and ``login`` belongs there. Raises OutboundError."""
        limits = timeouts or self._timeouts
        self._rules.check(request.url)
        try:
            async with asyncio.timeout(limits.whole):
                return await self._signed_in(request, login, most_bytes, limits)
        except TimeoutError as error:
            raise OutboundError(Cause.NO_ANSWER) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            raise OutboundError(_cause_of(error)) from error

    async def close(self) -> None:
        """Close what is open."""
        await self._pool.aclose()
        await self._unkept.aclose()

    async def _signed_in(self, request: Request, login: Login | None, most_bytes: int, limits: Timeouts) -> Answer:
        for _ in range(_ATTEMPTS):
            credentials = None if login is None else login.authorization(request.method, request.url)
            answer = await self._delivered(request, credentials, most_bytes, limits)
            if login is None:
                return answer
            if answer.status != 401:
                login.welcomed(request.url, answer.header("authentication-info"))
                return answer
            if not login.challenged(request.url, answer.every("www-authenticate")):
                return answer
        return answer

    async def _delivered(self, request: Request, credentials: str | None, most_bytes: int, limits: Timeouts) -> Answer:
        """Once, or twice if it changes nothing and the connection broke: kept ones may be closed on us at any time."""
        if request.method not in _SAFE:
            return await self._once(self._unkept, request, credentials, most_bytes, limits)
        try:
            return await self._once(self._pool, request, credentials, most_bytes, limits)
        except (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError):
            return await self._once(self._unkept, request, credentials, most_bytes, limits)

    async def _once(
        self,
        pool: httpcore.AsyncConnectionPool,
        request: Request,
        credentials: str | None,
        most_bytes: int,
        limits: Timeouts,
    ) -> Answer:
        url = request.url
        target = httpcore.URL(
            scheme=url.scheme.encode(), host=url.host.encode(), port=url.port, target=url.target.encode()
        )
        timeout = {"connect": limits.connect, "read": limits.step, "write": limits.step, "pool": limits.whole}
        extensions: dict[str, Any] = {"timeout": timeout}
        if request.leaving is not None:
            extensions["trace"] = _asking(request.leaving)
        async with pool.stream(
            request.method,
            target,
            headers=_headers(request, credentials),
            content=request.body,
            extensions=extensions,
        ) as response:
            headers = tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers
            )
            answer = Answer(url, response.status, headers)
            _refuse(answer, most_bytes)
            body = bytearray()
            async for part in response.aiter_stream():
                body += part
                if len(body) > most_bytes:
                    raise OutboundError(Cause.TOO_LARGE)
        return Answer(url, answer.status, headers, bytes(body))


def _asking(leaving: Callable[[], Awaitable[None]]) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """Let httpcore's account of what it does ask before the first byte of a request."""

    async def trace(event: str, about: Mapping[str, Any]) -> None:
        del about
        # INVARIANT: nothing is read, waited for or computed between this question and the request.
        if event == "http11.send_request_headers.started":
            await leaving()

    return trace


def _headers(request: Request, credentials: str | None) -> list[tuple[bytes, bytes]]:
    host = str(request.url).removeprefix(f"{request.url.scheme}://").partition("/")[0]
    found = [("Host", host), ("User-Agent", "calwarden"), ("Accept", "*/*")]
    found += [("Accept-Encoding", "identity"), *request.headers]  # nothing is ever unpacked
    if request.body or request.method in {"POST", "PUT"}:
        found.append(("Content-Length", str(len(request.body))))
    if credentials is not None:
        found.append(("Authorization", credentials))
    return [(name.encode("ascii"), _sent(name, value)) for name, value in found]


def _sent(name: str, value: str) -> bytes:
    """Header text was read as latin-1 and goes back as the same bytes; names of people are UTF-8 (RFC 7616 4)."""
    try:
        return value.encode("utf-8" if name == "Authorization" else "latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")


def _refuse(answer: Answer, most_bytes: int) -> None:
    """Raise OutboundError for an answer that is not worth reading."""
    if (answer.header("content-encoding") or "identity").strip().lower() != "identity":
        raise OutboundError(Cause.NO_ANSWER)
    stated = answer.header("content-length") or ""
    if stated.isdecimal() and int(stated[:20]) > most_bytes:
        raise OutboundError(Cause.TOO_LARGE)


def _cause_of(error: BaseException) -> Cause:
    """Only a certificate is told apart: its address was judged before, and the person can do something about it."""
    held: BaseException | None = error
    while held is not None:
        if isinstance(held, ssl.SSLCertVerificationError):
            return Cause.CERTIFICATE
        held = held.__cause__ or held.__context__
    return Cause.NO_ANSWER
