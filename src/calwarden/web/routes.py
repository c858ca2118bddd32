"""Every page's path, and what surrounds each: who is asking, and an error page for what ends early."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from calwarden.domain.errors import CalwardenError, Gone, NotFound
from calwarden.ports.connector import ConnectorFactory
from calwarden.ports.mail import Mailer
from calwarden.ports.store import StoreUnavailable
from calwarden.usecases.develop import Registration
from calwarden.usecases.kit import Kit
from calwarden.usecases.people import SignUp
from calwarden.web import account, connecting, consent, developer, entry, extension, seeing, taking
from calwarden.web.doors import Then
from calwarden.web.faults import fault_page, lost_page, message
from calwarden.web.security import FormRefused, protect
from calwarden.web.site import Site, Wake
from calwarden.web.visit import Handler, SignInNeeded, Visit, begin_visit

PAGES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", account.front),
    ("GET", "/oauth/authorize", consent.start),
    ("GET", "/oauth/consent/{authorization_id}", consent.show),
    ("POST", "/oauth/consent/{authorization_id}", consent.answer),
    ("GET", "/permissions/{secret}", extension.show),
    ("POST", "/permissions/{secret}", extension.answer),
    ("GET", "/sign-in", entry.show_sign_in),
    ("POST", "/sign-in", entry.take_sign_in),
    ("POST", "/sign-out", entry.take_sign_out),
    ("GET", "/sign-up", entry.show_sign_up),
    ("POST", "/sign-up", entry.take_sign_up),
    ("GET", "/verify/{secret}", entry.show_verify),
    ("POST", "/verify/{secret}", entry.take_verify),
    ("GET", "/reset", entry.show_reset_request),
    ("POST", "/reset", entry.take_reset_request),
    ("GET", "/reset/{secret}", entry.show_reset),
    ("POST", "/reset/{secret}", entry.take_reset),
    ("GET", "/connect", connecting.show_connect),
    ("POST", "/connect", connecting.take_connect),
    ("GET", "/relink/{profile_id}", connecting.show_relink),
    ("POST", "/relink/{profile_id}", connecting.take_relink),
    ("GET", "/account", account.show),
    ("POST", "/account/revoke", account.take_revoke),
    ("POST", "/account/lower", account.take_lower),
    ("GET", "/account/access/{application_id}", account.show_narrow),
    ("POST", "/account/access/{application_id}", account.take_narrow),
    ("GET", "/account/sees/{application_id}", seeing.show),
    ("POST", "/account/disconnect", account.take_disconnect),
    ("GET", "/account/activity", account.show_activity),
    ("GET", "/account/activity.json", taking.take_json),
    ("GET", "/account/activity.csv", taking.take_csv),
    ("GET", "/developer", developer.show),
    ("GET", "/developer/new", developer.show_new),
    ("POST", "/developer/new", developer.take_new),
    ("GET", "/developer/{application_id}", developer.show_one),
    ("POST", "/developer/{application_id}", developer.take_changes),
    ("POST", "/developer/{application_id}/secrets", developer.take_secret),
    ("POST", "/developer/{application_id}/withdraw", developer.take_withdrawal),
    ("GET", "/developer/{application_id}/delete", developer.show_delete),
    ("POST", "/developer/{application_id}/delete", developer.take_delete),
    ("GET", "/account/delete", account.show_delete),
    ("POST", "/account/delete", account.take_delete),
)


_ASTRAY = "Check the address for a typing mistake. If a link led here, it is wrong or out of date."


def build_web(
    kit: Kit,
    open_connector: ConnectorFactory,
    mailer: Mailer,
    sign_up: SignUp,
    wake: Wake,
    *,
    mail_in_log: bool = False,
    registration: Registration = Registration.OPERATOR,
) -> list[Route]:
    """The routes of all pages. ``wake`` is called on the event loop once a Profile is connected; ``mail_in_log``: the
    mailer writes to the log, and pages say so; ``registration``: who may register applications.
    """
    site = Site(kit, open_connector, mailer, sign_up, wake, mail_in_log, registration)
    handlers: dict[str, dict[str, Handler]] = {}
    for method, path, handler in PAGES:
        handlers.setdefault(path, {})[method] = handler
    edges = {path: _Edge(site, _page(site, methods), methods) for path, methods in handlers.items()}
    edges[site.styles_path] = _Edge(site, _styles(site), ["GET"])
    lost = _Edge(site, _page(site, {"GET": _nothing_here}), ["GET"])
    return [*(Route(path, edge) for path, edge in edges.items()), _ForBrowsers("/{rest:path}", lost)]


class _ForBrowsers(Route):
    """Whatever a browser asks for, to be shown to a person, and no route before it is for."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in _accepted(scope):
            return Match.NONE, {}
        return super().matches(scope)


def _accepted(scope: Scope) -> str:
    return Headers(scope=scope).get("accept", "")


async def _nothing_here(visit: Visit) -> Response:
    return message(visit, 404, "There is nothing at this address", _ASTRAY, onward=True)


class _Edge:
    """One path, with every method: a route that took some would leave the others to whatever is for all paths."""

    def __init__(
        self, site: Site, endpoint: Callable[[Request], Awaitable[Response]], methods: Collection[str]
    ) -> None:
        self._site = site
        self._endpoint = endpoint
        self._allowed = sorted({*methods, "HEAD"} if "GET" in methods else methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._endpoint(request) if request.method in self._allowed else self._refused()
        except ClientDisconnect:
            return
        if request.method == "HEAD":
            response.body = b""  # the headers stay those of GET
        await response(scope, receive, send)

    def _refused(self) -> Response:
        """Nobody is looked up for it, and no browser gets a cookie with it."""
        headers = {"Allow": ", ".join(self._allowed)}
        text = "this page does not take that method"
        return protect(Response(text, 405, headers, media_type="text/plain"), self._site)


def _page(site: Site, methods: Mapping[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        handler = methods["GET" if request.method == "HEAD" else request.method]
        try:
            visit = await begin_visit(site, request)
        except StoreUnavailable:
            return protect(Response("the server can not reach its database", 503, media_type="text/plain"), site)
        try:
            return await handler(visit)
        except SignInNeeded:
            return visit.go(f"/sign-in{Then().query}")
        except (Gone, NotFound):
            return lost_page(visit)
        except (CalwardenError, FormRefused, StoreUnavailable) as error:
            return fault_page(visit, error)

    return endpoint


def _styles(site: Site) -> Callable[[Request], Awaitable[Response]]:
    async def styles(request: Request) -> Response:
        del request
        response = Response(site.styles, media_type="text/css")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return protect(response, site)

    return styles
