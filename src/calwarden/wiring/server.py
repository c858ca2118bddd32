"""The whole server as one ASGI application: API, pages, and on the embedded default the worker beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

from starlette.applications import Starlette

from calwarden.api import build_api, build_unknown
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.httpkit import RateGate
from calwarden.ports.connector import ConnectorFactory
from calwarden.settings import Settings, WorkerMode
from calwarden.usecases.kit import Kit
from calwarden.usecases.people import SignUp
from calwarden.web import build_web
from calwarden.wiring.opening import Opened
from calwarden.wiring.post import Post, make_mailer
from calwarden.wiring.providers import connector_factory
from calwarden.wiring.system import SystemRandom
from calwarden.worker import Worker


@dataclass(frozen=True, slots=True)
class Server:
    """``worker`` runs for as long as ``app`` does; None if it is in processes of its own."""

    app: Starlette
    worker: Worker | None = None


def build_server(held: Opened, open_connector: ConnectorFactory | None = None) -> Server:
    """Everything that ``serve`` serves. ``open_connector`` is another way to calendar services than the settings'.

    Raises SettingsError if the password of the mail server can not be read.
    """
    settings, post = held.settings, make_mailer(held.settings)
    kit = replace(held.kit, gate=RateGate(settings.limits))
    factory = open_connector or connector_factory(settings)
    embedded = settings.worker is WorkerMode.EMBEDDED
    worker = make_worker(kit, factory, post) if embedded else None
    wake = _nobody if worker is None else worker.wake
    app = Starlette(
        routes=[
            *build_api(kit, wake),
            *build_web(kit, factory, post.send, SignUp(settings.sign_up), wake, mail_in_log=post.in_log),
            build_unknown(),
        ],
        lifespan=None if worker is None else _beside(worker, settings),
    )
    app.router.redirect_slashes = False  # would make an address from the Host header (security 11.4)
    return Server(app, worker)


def make_worker(kit: Kit, open_connector: ConnectorFactory, post: Post) -> Worker:
    """The worker of this process, under a name of its own."""
    return Worker(kit, open_connector, holder=SystemRandom().token(), mailer=post.send)


def _nobody(account_id: AccountId, profile_id: ProfileId) -> None:
    """Workers of their own look once a second."""
    del account_id, profile_id


def _beside(worker: Worker, settings: Settings) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        running = asyncio.create_task(worker.run(grace=settings.stop_timeout))
        try:
            yield
        finally:
            worker.stop()
            await running

    return lifespan
