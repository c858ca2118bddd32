"""What protects a page: headers, where a form may come from, tokens that bind it to a browser, cookies.

Security 4.10, 4.16.
"""

from enum import StrEnum
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from calwarden.oauth.redirect import origin
from calwarden.oauth.tokens import same
from calwarden.web.site import Site


class Refusal(StrEnum):
    """Why a form was not taken."""

    COOKIES = "cookies"
    ORIGIN = "origin"
    STALE = "stale"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"


class FormRefused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def protect(response: Response, site: Site, target: str | None = None) -> Response:
    """Set the headers of every page.

    ``target`` is the redirect address a form of this page may end at: Chromium applies form-action to the redirect
    after it, so its origin is named.
    """
    to = f" {origin(target)}" if target else ""
    response.headers.update(
        {
            "Content-Security-Policy": "default-src 'none'; script-src 'none'; style-src 'self'; img-src data:; "
            f"form-action 'self'{to}; frame-ancestors 'none'; base-uri 'none'",
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
    )
    response.headers.setdefault("Cache-Control", "no-store")
    if site.secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def check_origin(request: Request, site: Site) -> None:
    """Whether a form was sent from a page of ours. Raises FormRefused.

    Browsers say ``Origin: null`` for forms of pages with Referrer-Policy: no-referrer, as ours are; then Sec-Fetch-Site
    decides, which they send wherever the connection is trustworthy (https, loopback).
    """
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None and fetch_site != "same-origin":
        raise FormRefused(Refusal.ORIGIN)
    sent = request.headers.get("origin")
    if sent in {None, site.kit.public_url}:
        return
    if sent == "null" and (fetch_site is not None or not site.secure):
        return
    raise FormRefused(Refusal.ORIGIN)


def browser_token(browser: str) -> str:
    """The token of forms that are there before anybody is signed in: who can not read the cookie can not make it."""
    return sha256(f"calwarden form\0{browser}".encode()).hexdigest()


def check_token(sent: str, expected: str) -> None:
    """Raises FormRefused if the form belongs to another session or browser."""
    if not same(sent, expected):
        raise FormRefused(Refusal.STALE)


def set_cookie(response: Response, site: Site, name: str, value: str, max_age: int | None = None) -> None:
    """HttpOnly, SameSite=Lax (people arrive from applications), Secure on https."""
    response.set_cookie(name, value, max_age=max_age, path="/", secure=site.secure, httponly=True, samesite="lax")


def drop_cookie(response: Response, site: Site, name: str) -> None:
    response.delete_cookie(name, path="/", secure=site.secure, httponly=True, samesite="lax")
