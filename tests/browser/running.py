"""The pages on a loopback port, as a browser meets them; mails are kept instead of sent."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from calwarden.api import build_unknown
from calwarden.domain.application import Application
from calwarden.domain.grant import ElevationRequest
from calwarden.domain.ids import AccountId, CalendarId, ElevationRequestId, ProfileId
from calwarden.domain.times import Instant
from calwarden.oauth.tokens import hash_token
from calwarden.ports.connector import ConnectorFactory
from calwarden.ports.mail import Mail
from calwarden.usecases.develop import Registration
from calwarden.usecases.kit import Kit
from calwarden.usecases.people import SignUp
from calwarden.web import build_web
from usecases.auth_world import World


@dataclass
class Pages:
    """A world and the address its pages are served at. ``app_url`` is the application's own origin."""

    world: World
    url: str
    app_url: str
    mails: list[Mail] = field(default_factory=list)
    woken: list[tuple[AccountId, ProfileId]] = field(default_factory=list)

    def link(self) -> str:
        """The link in the newest mail."""
        deadline = time.monotonic() + 5
        while not self.mails and time.monotonic() < deadline:
            time.sleep(0.02)
        found = re.search(r"http\S+", self.mails[-1].text)
        assert found is not None
        return found.group()

    def authorize(self, **changes: str) -> str:
        """Where an application sends a person."""
        return f"{self.url}/oauth/authorize?{self.world.query(redirect_uri=self.app_url + '/cb', **changes)}"

    def ask_for(self, calendars: list[CalendarId]) -> str:
        """What POST /v1/permissions does; gives the page's address."""
        world = self.world
        with world.store.write() as uow:
            grant = uow.grants.get(world.jane, world.app.application_id)
            assert grant is not None
            now = world.clock()
            secret = world.kit.random.token()
            uow.elevation_requests.add(
                ElevationRequest(
                    ElevationRequestId(hash_token(secret)), world.jane, world.app.application_id, grant.grant_id,
                    grant.generation, tuple(calendars), f"{self.app_url}/cb?step=2", now, Instant(now + 3600),
                )
            )  # fmt: skip
        return f"{self.url}/permissions/{secret}"


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serve ``app`` on a free loopback port; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def pages(
    world: World,
    open_connector: ConnectorFactory,
    sign_up: SignUp | None = None,
    registration: Registration = Registration.EVERYONE,
) -> Iterator[Pages]:
    """Serve the pages of ``world``, and an application for people to be sent back to."""

    async def back(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"the application got: {request.url.query}")

    app = Starlette()
    with serving(app) as url, serving(Starlette(routes=[Route("/cb", back)])) as app_url:
        kit = Kit(world.store, world.clock, world.kit.random, world.kit.limits, url)
        world.kit = kit
        held = Pages(world, url, app_url)

        async def keep(mail: Mail) -> None:
            held.mails.append(mail)

        with world.store.write() as uow:
            old = world.app
            redirects = (*old.redirect_uris, f"{app_url}/cb", f"{app_url}/cb?step=2")
            world.app = Application(old.application_id, old.name, redirects, old.created)
            uow.applications.save(world.app)
        app.router.redirect_slashes = False  # like the whole server: nothing but the pages is anywhere
        app.router.routes.extend(
            build_web(
                kit,
                open_connector,
                keep,
                sign_up or SignUp(),
                lambda *who: held.woken.append(who),
                mail_in_log=True,
                registration=registration,
            )
        )
        app.router.routes.append(build_unknown())
        yield held
