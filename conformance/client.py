"""Requests with one token, and all that came of them: what a report has to show."""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx

_LIMITED = 429
_SHOWN = 600
_VOLATILE = ("date", "age", "via", "server-timing", "set-cookie", "connection", "keep-alive")
_VOLATILE_PARTS = ("request-id", "requestid", "ratelimit", "rate-limit", "trace", "correlation", "cf-")


class CannotRun(Exception):
    """The kit can not go on. The message says what to do."""


class NotTried(Exception):
    """One check can not be tried with this configuration. The message says what is missing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``sent``: the request in words, without the token."""

    sent: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", errors="replace")

    @property
    def body(self) -> Any:
        """The JSON value of the body; None if there is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    def member(self, name: str) -> Any:
        """A member of a JSON object; None if the body is anything else."""
        body = self.body
        return body.get(name) if isinstance(body, dict) else None

    @property
    def told(self) -> str:
        """The answer in words."""
        text = " ".join(self.text.split())
        return f"{self.status} {text if len(text) <= _SHOWN else text[:_SHOWN] + '...'}".strip()

    @property
    def essence(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """All that tells two answers apart, but for clocks and counters."""
        kept = ((name.lower(), value) for name, value in self.headers.items())
        return self.status, tuple(sorted(one for one in kept if not _volatile(one[0]))), self.content


def _volatile(name: str) -> bool:
    return name in _VOLATILE or any(part in name for part in _VOLATILE_PARTS)


@cache
def trusted() -> ssl.SSLContext:
    """Every certificate authority there is, read once."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True)
class Wire:
    """The way to one server. Being told to slow down is no answer: the kit waits and asks again."""

    base_url: str
    client: httpx.Client = field(repr=False)

    @classmethod
    def to(cls, base_url: str) -> "Wire":
        limits = httpx.Limits(keepalive_expiry=2.0)
        return cls(base_url.rstrip("/"), httpx.Client(verify=trusted(), timeout=60, trust_env=False, limits=limits))

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        *,
        token: str | None = None,
        who: str = "nobody",
    ) -> Answer:
        """One request. Lists in ``query`` are sent with brackets. Raises CannotRun if the server is not there."""
        url = path if path.startswith(("http://", "https://")) else f"{self.base_url}{path}"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        request = self.client.build_request(method, url, params=_flat(query or {}), json=body, headers=headers)
        said = "" if body is None else f" {json.dumps(body)}"
        sent = f"{method} {request.url.raw_path.decode()}{said} [{who}]"
        for _ in range(60):
            try:
                got = self.client.send(request)
            except httpx.TransportError as error:
                raise CannotRun(f"{sent}: {error!r}. Is the server running at {self.base_url}?") from error
            if got.status_code != _LIMITED:
                return Answer(sent, got.status_code, dict(got.headers), got.content)
            waiting = got.headers.get("retry-after", "")
            time.sleep(min(float(waiting) if waiting.isdigit() else 2.0, 60.0))
        raise CannotRun(
            f"{sent}: the server's rate limit does not let the kit through; raise it for these applications"
        )


def _flat(query: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    pairs = ((f"{k}[]", one) for k, v in query.items() if isinstance(v, list) for one in v)
    return (*((k, str(v)) for k, v in query.items() if not isinstance(v, list)), *((k, str(v)) for k, v in pairs))


@dataclass(frozen=True)
class Api:
    """An application's token for an account; ``who`` names both and the scopes."""

    wire: Wire
    who: str
    token: str = field(repr=False)

    def get(self, path: str, **query: object) -> Answer:
        return self.wire.ask("GET", path, query, token=self.token, who=self.who)

    def post(self, path: str, **body: object) -> Answer:
        return self.wire.ask("POST", path, body=body, token=self.token, who=self.who)

    def delete(self, path: str, **body: object) -> Answer:
        return self.wire.ask("DELETE", path, body=body, token=self.token, who=self.who)

    def pages(self, path: str, member: str, **query: object) -> tuple[Answer, list[dict[str, Any]]]:
        """The first answer, and everything of the listing."""
        first = answer = self.get(path, **query)
        found: list[dict[str, Any]] = []
        while answer.ok:
            found += answer.member(member) or []
            following = (answer.member("pages") or {}).get("next_page")
            if not following:
                break
            answer = self.wire.ask("GET", str(following), token=self.token, who=self.who)
        return first, found
