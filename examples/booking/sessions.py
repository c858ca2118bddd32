"""Who is looking: a cookie that only names a session, and forms that only our own pages can send.

Tokens stay in this process and never reach a browser. A real application keeps sessions in its database.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "booking_session"
_MANY = 1000


def token() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class Session:
    """``sdk``: pycronofy with the person's tokens, once they have agreed. ``message``: to be shown once."""

    csrf: str = field(default_factory=token)
    state: str = ""
    scope: str = ""
    sdk: Any = None
    name: str = ""
    zone: str = "Etc/UTC"
    message: str = ""
    back_to: str = "/week"


@dataclass
class Visit:
    """One request of one browser. ``form``: what it sends, checked to come from a page of ours."""

    request: Request
    session: Session
    key: str
    form: Mapping[str, str]

    def renew(self) -> None:
        """Another key for the same session: from here on it is worth more, and nobody may have planted the old one."""
        _sessions.pop(self.key, None)
        self.key = token()
        _sessions[self.key] = self.session

    def end(self, message: str) -> None:
        """Forget everything about this browser but a last word."""
        self.session = Session(message=message)
        self.renew()


_sessions: dict[str, Session] = {}


def handled(work: Callable[[Visit], Response], *, secure: bool) -> Callable[[Request], Awaitable[Response]]:
    """``work`` as an endpoint, in a thread of its own, since pycronofy waits for its answers."""

    async def endpoint(request: Request) -> Response:
        visit = await _visit(request)
        answer = await run_in_threadpool(work, visit)
        answer.set_cookie(COOKIE, visit.key, httponly=True, samesite="lax", secure=secure)
        return answer

    return endpoint


async def _visit(request: Request) -> Visit:
    key = request.cookies.get(COOKIE, "")
    if key not in _sessions:
        key = token()
        _sessions[key] = Session()
        if len(_sessions) > _MANY:
            _sessions.pop(next(iter(_sessions)))
    session, form = _sessions[key], {}
    if request.method == "POST":
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        if not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
            raise HTTPException(403, "this form is not from a page of ours, or from an old one: go back and reload")
    return Visit(request, session, key, form)
