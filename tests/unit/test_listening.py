"""Who is asking: forwarded addresses count from listed proxies alone (security 11.4)."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from calwarden.settings import load
from calwarden.wiring.listening import configured


async def _who(request: Request) -> JSONResponse:
    assert request.client is not None
    return JSONResponse([request.client.host, request.headers["host"]])


def seen(proxies: str, come_from: str, *forwarded: str) -> str:
    """Whom the server takes for the one who asks."""
    settings = load({"CALWARDEN_TRUSTED_PROXIES": proxies} if proxies else {})
    config = configured(Starlette(routes=[Route("/", _who)]), settings)
    config.load()

    async def ask() -> list[str]:
        transport = httpx.ASGITransport(config.loaded_app, client=(come_from, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            headers = [("X-Forwarded-For", one) for one in forwarded]
            headers += [("X-Forwarded-Host", "evil.example"), ("Forwarded", "for=203.0.113.9;host=evil.example")]
            return list((await client.get("/", headers=headers)).json())

    who, host = asyncio.run(ask())
    assert host == "here"
    return who


@pytest.mark.parametrize(
    ("proxies", "come_from", "forwarded", "who"),
    [
        ("", "127.0.0.1", ["203.0.113.1"], "127.0.0.1"),  # none is named: nobody is believed
        ("127.0.0.1", "127.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", "127.0.0.2", ["203.0.113.1"], "127.0.0.2"),  # another one
        ("127.0.0.1", "127.0.0.1", [], "127.0.0.1"),
        ("10.0.0.0/8", "10.1.2.3", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.0/8", "11.1.2.3", ["203.0.113.1"], "11.1.2.3"),
        ("::1", "::1", ["2001:db8::1"], "2001:db8::1"),
        # What the one who asks says of himself stands further left than what a proxy has seen.
        ("127.0.0.1", "127.0.0.1", ["198.51.100.7, 203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", "127.0.0.1", ["198.51.100.7", "203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", "127.0.0.1", ["127.0.0.1, 203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1 10.0.0.0/8", "127.0.0.1", ["198.51.100.7, 203.0.113.1, 10.9.9.9"], "203.0.113.1"),
    ],
)
def test_forwarded_addresses_count_from_listed_proxies_alone(
    proxies: str, come_from: str, forwarded: list[str], who: str
) -> None:
    assert seen(proxies, come_from, *forwarded) == who
