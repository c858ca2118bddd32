"""The whole server as one ASGI application: API, pages, and on the embedded default the worker beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import structlog
from starlette.applications import Starlette

from calwarden.api import Lanes, build_api, build_unknown
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.httpkit import RateGate
from calwarden.ports.connector import ConnectorFactory
from calwarden.ports.store import StoreUnavailable
from calwarden.settings import Settings, WorkerMode
from calwarden.usecases.kit import Kit
from calwarden.usecases.people import SignUp
from calwarden.usecases.sync.hop import hop
from calwarden.usecases.tally import GatheringTally
from calwarden.web import build_web
from calwarden.wiring.opening import Opened
from calwarden.wiring.post import Post, make_mailer
from calwarden.wiring.providers import connector_factory
from calwarden.wiring.system import SystemRandom
from calwarden.worker import Worker

_COUNT_EVERY = 1.0  # seconds


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
    tally = GatheringTally()
    kit = replace(held.kit, gate=RateGate(settings.limits), tally=tally)
    factory = open_connector or connector_factory(settings)
    embedded = settings.worker is WorkerMode.EMBEDDED
    worker = make_worker(kit, factory, post) if embedded else None
    wake = _nobody if worker is None else worker.wake
    app = Starlette(
        routes=[
            *build_api(kit, wake, _lanes(settings)),
            *build_web(
                kit,
                factory,
                post.send,
                SignUp(settings.sign_up),
                wake,
                mail_in_log=post.in_log,
                registration=settings.registration,
            ),
            build_unknown(),
        ],
        lifespan=_beside(kit, tally, worker, settings),
    )
    app.router.redirect_slashes = False  # would make an address from the Host header (security 11.4)
    return Server(app, worker)


def _lanes(settings: Settings) -> Lanes:
    """A database elsewhere is waited for without holding up other threads."""
    return Lanes() if settings.database_url.startswith("sqlite") else Lanes(reads=16, writes=16)


def make_worker(kit: Kit, open_connector: ConnectorFactory, post: Post) -> Worker:
    """The worker of this process, under a name of its own."""
    return Worker(kit, open_connector, holder=SystemRandom().token(), mailer=post.send)


def _nobody(account_id: AccountId, profile_id: ProfileId) -> None:
    """Workers of their own look once a second."""
    del account_id, profile_id


def _beside(
    kit: Kit, tally: GatheringTally, worker: Worker | None, settings: Settings
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """What runs as long as requests are answered: counts are stored, and with a worker its work is done."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        counting = asyncio.create_task(_count(kit, tally))
        working = None if worker is None else asyncio.create_task(worker.run(grace=settings.stop_timeout))
        try:
            yield
        finally:
            counting.cancel()
            if worker is not None and working is not None:
                worker.stop()
                await working
            await asyncio.wait([counting])
            await _flush(kit, tally)

    return lifespan


async def _count(kit: Kit, tally: GatheringTally) -> None:
    while True:
        await asyncio.sleep(_COUNT_EVERY)
        await _flush(kit, tally)


async def _flush(kit: Kit, tally: GatheringTally) -> None:
    try:
        await hop(tally.flush, kit.store)
    except StoreUnavailable as error:
        structlog.get_logger("calwarden.server").warning("reads could not be counted yet", cause=str(error))
