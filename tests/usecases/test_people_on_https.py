"""Cookies and forms where people come over https: security 4.16."""

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette

from calwarden.connectors.memory.connector import memory_factory
from calwarden.connectors.memory.provider import MemoryProvider
from calwarden.ports.mail import Mail
from calwarden.usecases.people import SignUp
from calwarden.web import build_web
from usecases.auth_world import ISSUER, PASSWORD, World


@pytest.fixture
def site() -> Iterator[Starlette]:
    world = World()

    async def drop(mail: Mail) -> None:
        del mail

    factory = memory_factory(MemoryProvider(), world.clock)
    yield Starlette(routes=build_web(world.kit, factory, drop, SignUp(), lambda *_: None))
    world.store.close()


def signed_in(site: Starlette, headers: dict[str, str]) -> httpx.Response:
    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url=ISSUER) as browser:
            page = await browser.get("/sign-in")
            assert "max-age" in page.headers["strict-transport-security"]
            hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
            data = {**hidden, "email": "jane@example.org", "password": PASSWORD}
            answer = await browser.post("/sign-in", data=data, headers=headers)
            if answer.status_code == 303:
                assert (await browser.get("/account")).status_code == 200
            return answer

    return asyncio.run(run())


def test_cookies_are_bound_to_the_host_and_sent_over_https_alone(site: Starlette) -> None:
    session, browser = signed_in(site, {"Origin": ISSUER}).headers.get_list("set-cookie")
    bound = r"=[^;]+; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax; Secure"
    assert re.fullmatch(f"__Host-calwarden_session{bound}", session)
    assert re.fullmatch(f"__Host-calwarden_browser{bound}", browser)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "null"}, 403),
        ({"Origin": ISSUER.replace("https", "http")}, 403),
        ({"Origin": f"{ISSUER}.evil.example"}, 403),
        ({"Origin": ISSUER, "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "Host": "evil.example"}, 403),
    ],
)
def test_a_form_must_come_from_our_own_origin(site: Starlette, headers: dict[str, str], status: int) -> None:
    assert signed_in(site, headers).status_code == status
