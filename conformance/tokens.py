"""How an application comes by a token, and by Extended Permissions: by a command, from a list, or from a person."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from conformance.client import Answer, Api, CannotRun, NotTried, Wire
from conformance.commands import run
from conformance.config import Account, Application, Config


@dataclass(frozen=True)
class Granted:
    """``scope``: what the answer that carried the tokens said; None if whoever got them does not say."""

    api: Api
    application: Application
    refresh_token: str | None = field(default=None, repr=False)
    scope: str | None = None


@dataclass(frozen=True)
class Tokens:
    """One way for all of them."""

    config: Config
    wire: Wire

    def grant(self, application: Application, account: Account, scopes: str) -> Granted:
        """Let ``account`` grant exactly ``scopes``. Raises NotTried, CannotRun."""
        way = self.config.tokens
        if "command" in way:
            said = run(way["command"], application=application.client_id, account=account.name, scopes=scopes)
        elif "ready" in way:
            said = _ready(way["ready"], application, account, scopes)
        else:
            said = self._interactive(application, account, scopes)
        if not isinstance(said, Mapping) or "access_token" not in said:
            raise CannotRun('whatever gives tokens must give an object with "access_token"')
        api = Api(self.wire, f"{application.letter} on {account.name}: {scopes}", str(said["access_token"]))
        refresh, scope = said.get("refresh_token"), said.get("scope")
        return Granted(api, application, refresh and str(refresh), None if scope is None else str(scope))

    def elevate(self, granted: Granted, account: Account, calendar_id: str) -> None:
        """Let the person agree to Extended Permissions. Raises NotTried, CannotRun."""
        way, application = self.config.elevation, granted.application
        if not way:
            raise NotTried('"elevation" is not configured')
        values = {"application": application.client_id, "account": account.name, "calendar_id": calendar_id}
        if "command" in way and not any("{url}" in str(word) for word in way["command"]):
            run(way["command"], **values)
            return
        asked = ask_elevation(granted.api, application, calendar_id)
        url = (asked.member("permissions_request") or {}).get("url")
        if not url:
            raise CannotRun(f"{asked.sent} was answered {asked.told}: there is no address to send the person to")
        if "command" in way:
            run(way["command"], url=str(url), **values)
        else:
            _say(f"As {account.name}, open and agree: {url}")
            _redirected(application.redirect_uri)

    def client_call(self, application: Application, path: str, **form: str) -> Answer:
        """A request by which an application proves itself in the body."""
        body = {"client_id": application.client_id, "client_secret": application.client_secret, **form}
        answer = self.wire.ask("POST", path, body=body, who=application.letter)
        said = " ".join(sorted(form))
        return Answer(f"POST {path} with {said} [{application.letter}]", answer.status, answer.headers, answer.content)

    def _interactive(self, application: Application, account: Account, scopes: str) -> Any:
        state = token_hex(8)
        query = {
            "response_type": "code",
            "client_id": application.client_id,
            "redirect_uri": application.redirect_uri,
            "scope": scopes,
            "state": state,
        }
        host = str(self.config.tokens.get("app_url", self.wire.base_url)).rstrip("/")
        _say(f"As {account.name}, open and agree: {host}/oauth/authorize?{urlencode(query)}")
        came = _redirected(application.redirect_uri)
        if came.get("state") != state or "code" not in came:
            raise CannotRun(f"{application.redirect_uri} was called without a code: {came.get('error', 'no error')}")
        answer = self.client_call(
            application,
            "/oauth/token",
            grant_type="authorization_code",
            code=came["code"],
            redirect_uri=application.redirect_uri,
        )
        if not answer.ok:
            raise CannotRun(f"{answer.sent} was answered {answer.told}")
        return answer.body


def ask_elevation(api: Api, application: Application, *calendar_ids: str, level: str = "unrestricted") -> Answer:
    """``POST /v1/permissions``."""
    wanted = [{"calendar_id": one, "permission_level": level} for one in calendar_ids]
    return api.post("/v1/permissions", permissions=wanted, redirect_uri=application.redirect_uri)


def _ready(held: Any, application: Application, account: Account, scopes: str) -> Any:
    wanted = (application.client_id, account.name, frozenset(scopes.split()))
    for one in held:
        if (one["application"], one["account"], frozenset(str(one["scopes"]).split())) == wanted:
            return one
    raise NotTried(f'no ready token of "{application.client_id}" for "{account.name}" with "{scopes}"')


def _redirected(redirect_uri: str) -> dict[str, str]:
    """Wait for one call of an address on loopback; gives its parameters."""
    parts = urlsplit(redirect_uri)
    if parts.scheme != "http" or parts.hostname not in {"127.0.0.1", "localhost"} or parts.port is None:
        raise CannotRun(f'"{redirect_uri}" must be http://127.0.0.1:PORT/... to be waited for')
    came: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = urlsplit(self.path)
            if at.path == (parts.path or "/"):
                came.append(dict(parse_qsl(at.query)))
            self.send_response(200 if came else 404)
            self.end_headers()
            self.wfile.write(b"You can go back to the terminal.\n" if came else b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", parts.port), Handler) as server:
        while not came:
            server.handle_request()
    return came[0]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
