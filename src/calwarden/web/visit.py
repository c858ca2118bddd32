"""One request of a browser: who it is, its form if it sent one, and the page or redirect it gets."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from calwarden.domain.account import Account
from calwarden.domain.errors import Gone
from calwarden.usecases.people import DEVICE_LIFE, SignedIn, Visitor, current_visitor
from calwarden.web.doors import Then, is_id
from calwarden.web.security import (
    FormRefused,
    Refusal,
    browser_token,
    check_origin,
    check_token,
    drop_cookie,
    protect,
    set_cookie,
)
from calwarden.web.site import Site

Form = Mapping[str, str]
_MOST_BYTES = 65_536
_MOST_FIELDS = 600  # a calendar each


class SignInNeeded(Exception):
    """The page is for somebody signed in."""


@dataclass
class Visit:
    """``browser`` is this browser's own random cookie: forms are bound to it before anybody is signed in."""

    site: Site
    request: Request
    visitor: Visitor | None
    browser: str
    known: bool  # the browser sent its cookie

    @property
    def remote(self) -> str:
        """Where the request comes from, for rate limits. The server sets it; headers count only from listed proxies."""
        return self.request.client.host if self.request.client else "unknown"

    @property
    def session(self) -> str | None:
        return self.request.cookies.get(self.site.session_cookie)

    @property
    def me(self) -> Account:
        """The person signed in. Raises SignInNeeded."""
        return self._signed_in.account

    @property
    def _signed_in(self) -> Visitor:
        if self.visitor is None:
            raise SignInNeeded
        return self.visitor

    def path(self, name: str) -> str:
        """A parameter of the path: an id or a secret. Raises Gone for what can be none: it goes into redirects."""
        found = str(self.request.path_params[name])
        if not is_id(found):
            raise Gone("nothing of ours is called that")
        return found

    async def form(self) -> Form:
        """The form of somebody signed in, checked for where it comes from and whose it is."""
        check_origin(self.request, self.site)
        if self.visitor is None and not self.known:
            raise FormRefused(Refusal.COOKIES)
        form = await _read(self.request)
        check_token(form.get("csrf", ""), self._signed_in.csrf)
        return form

    async def open_form(self) -> Form:
        """A form that needs nobody signed in."""
        check_origin(self.request, self.site)
        if not self.known:
            raise FormRefused(Refusal.COOKIES)
        form = await _read(self.request)
        check_token(form.get("csrf", ""), browser_token(self.browser))
        return form

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        target: str | None = None,
        background: BackgroundTask | None = None,
        **values: object,
    ) -> Response:
        """Render a page. ``target``: the redirect address its form may end at."""
        visitor = self.visitor
        text = self.site.environment.get_template(template).render(
            {
                "styles": self.site.styles_path,
                "me": None if visitor is None else visitor.account,
                "csrf": "" if visitor is None else visitor.csrf,
                "open_csrf": browser_token(self.browser),
                "problems": {},
                "values": {},
                "notice": None,
                "mail_in_log": self.site.mail_in_log,
                **values,
            }
        )
        response = HTMLResponse(text, status_code=status, background=background)
        if not self.known:
            set_cookie(response, self.site, self.site.browser_cookie, self.browser)
        return protect(response, self.site, target)

    def go(self, path: str, *, status: int = 303) -> Response:
        """Redirect to one of our own paths, or to an address that a use case gave."""
        response = RedirectResponse(path, status_code=status)
        # The use case wrote the address as it is to be sent; Starlette would escape parts of it again.
        response.headers["location"] = path
        if not self.known:
            set_cookie(response, self.site, self.site.browser_cookie, self.browser)
        return protect(response, self.site)

    def enter(self, signed_in: SignedIn, then: Then) -> Response:
        """Give the browser its new session and send it where the person was going."""
        response = self.go(then.path)
        life = self.site.kit.limits.session_life
        set_cookie(response, self.site, self.site.session_cookie, signed_in.cookie, life)
        set_cookie(response, self.site, self.site.browser_cookie, self.browser, DEVICE_LIFE)
        return response

    def leave(self, path: str) -> Response:
        """Take the session away and go on to ``path``."""
        return self.gone(self.go(path))

    def gone(self, response: Response) -> Response:
        """Take the session away with an answer."""
        drop_cookie(response, self.site, self.site.session_cookie)
        return response


Handler = Callable[[Visit], Awaitable[Response]]


async def begin_visit(site: Site, request: Request) -> Visit:
    """Who is asking. A browser without our cookie gets one with its answer."""
    cookie = request.cookies.get(site.session_cookie)
    visitor = await site.run(current_visitor, cookie) if cookie else None
    browser = request.cookies.get(site.browser_cookie)
    return Visit(site, request, visitor, browser or site.kit.random.token(), browser is not None)


async def _read(request: Request) -> Form:
    """The form's fields. Refuses other content types, repeated fields, and more than any page of ours sends."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormRefused(Refusal.MALFORMED)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise FormRefused(Refusal.TOO_LARGE)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise FormRefused(Refusal.MALFORMED) from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise FormRefused(Refusal.MALFORMED)
    return form
