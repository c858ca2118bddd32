"""The two people in front of their browsers, and what they do on calwarden's pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from demo.browser import Browser, Page
from demo.dav import DavAccount
from demo.server import Application, Server
from demo.world import EMAIL

ALLOW, REFUSE, ALLOW_UNRESTRICTED = "Allow", "Refuse", "Allow unrestricted access"
CONNECT_PAGE = "Connect your calendar"
NAMES = {"jane": "Jane Doe", "marcel": "Marcel Roux"}
PASSWORDS = {name: f"calwarden password of {name}" for name in NAMES}


@dataclass(frozen=True)
class Person:
    """``calendar``: the calendar account they connect."""

    name: str
    email: str
    password: str
    browser: Browser
    calendar: DavAccount

    def visit(self, url: str) -> Page:
        """Go to a page, signing in on the way if it asks for that."""
        page = self.browser.open(url)
        if page.title == "Sign in":
            page = self.browser.press("Sign in", {"email": self.email, "password": self.password})
        return page

    def connect(self) -> Page:
        """Fill in the page that asks for a calendar account."""
        login = {"url": self.calendar.url, "username": self.calendar.name, "password": self.calendar.password}
        return self.browser.press("Connect", {"service": "caldav", **login})

    def consent_page(self, url: str) -> Page:
        """Follow an application's link to the page that asks for consent, connecting a calendar on the way."""
        page = self.visit(url)
        return self.connect() if page.title == CONNECT_PAGE else page

    def allow(self, url: str) -> str:
        """Follow an application's link and agree; gives the code that the application is handed."""
        self.consent_page(url)
        return self.browser.press(ALLOW).answer["code"]

    def extend(self, url: str, button: str = ALLOW_UNRESTRICTED) -> Page:
        """Answer a request for Extended Permissions."""
        self.visit(url)
        return self.browser.press(button)


def meet(
    server: Server, name: str, calendar: DavAccount, seen: Callable[[httpx.Response], None] | None = None
) -> Person:
    """Jane or Marcel with a browser of their own; the operator has made their account."""
    full, password = NAMES[name], PASSWORDS[name]
    server.create_account(EMAIL[name], full, "Europe/Paris", password)
    return Person(full, EMAIL[name], password, Browser(server.url, seen), calendar)


@dataclass(frozen=True)
class Api:
    """An application's plain requests with one access token, where statuses matter more than an SDK's comfort."""

    client: httpx.Client

    @classmethod
    def of(cls, server: Server, token: str) -> "Api":
        headers, none_kept = {"Authorization": f"Bearer {token}"}, httpx.Limits(max_keepalive_connections=0)
        return cls(httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False, limits=none_kept))

    def get(self, path: str, **query: object) -> httpx.Response:
        """``calendar_ids`` and other words of Python are sent under their own names, lists with brackets."""
        pairs = [(f"{k}[]" if isinstance(v, list) else k, v) for k, v in query.items()]
        flat = tuple((k, str(one)) for k, v in pairs for one in (v if isinstance(v, list) else [v]))
        return self.client.get(path, params=flat)

    def pages(self, path: str, member: str, **query: object) -> list[dict[str, Any]]:
        """Everything of a listing; ``member`` is what the answers call it."""
        answer = self.get(path, tzid="Etc/UTC", **query).raise_for_status().json()
        found = list(answer[member])
        while "next_page" in answer["pages"]:
            answer = self.client.get(answer["pages"]["next_page"]).raise_for_status().json()
            found += answer[member]
        return found

    def post(self, path: str, **body: object) -> httpx.Response:
        return self.client.post(path, json={k.rstrip("_"): v for k, v in body.items()})

    def delete(self, path: str, **body: object) -> httpx.Response:
        return self.client.request("DELETE", path, json=body)


def authorize_link(server: Server, application: Application, scope: str, state: str = "s") -> str:
    """Where an application sends a person, put together by hand."""
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uri,
        "scope": scope,
        "state": state,
    }
    return f"{server.url}/oauth/authorize?{urlencode(query)}"


def exchange(server: Server, application: Application, code: str) -> httpx.Response:
    """Turn a code into tokens."""
    said = {
        "grant_type": "authorization_code",
        "client_id": application.client_id,
        "client_secret": application.client_secret,
        "code": code,
        "redirect_uri": application.redirect_uri,
    }
    return httpx.post(f"{server.url}/oauth/token", json=said, timeout=60, trust_env=False)


def grant(server: Server, application: Application, person: Person, scope: str) -> Api:
    """The whole way from a scope to an access token: link, pages, code."""
    code = person.allow(authorize_link(server, application, scope))
    answer = exchange(server, application, code).raise_for_status().json()
    return Api.of(server, answer["access_token"])
