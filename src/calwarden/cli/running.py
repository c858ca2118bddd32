"""``calwarden serve``, ``worker`` and ``migrate``."""

import socket
from typing import Annotated

import typer

from calwarden.cli.console import AsJson, Console, note
from calwarden.cli.failures import Failure, answering
from calwarden.cli.session import configured, operating
from calwarden.settings import Settings
from calwarden.store import open_store
from calwarden.wiring.listening import listen, on_signals, run
from calwarden.wiring.listening import serve as answer_requests
from calwarden.wiring.opening import open_keyring, opened
from calwarden.wiring.post import make_mailer
from calwarden.wiring.providers import connector_factory
from calwarden.wiring.server import build_server, make_worker
from calwarden.worker import Worker


def serve(
    host: Annotated[str | None, typer.Option("--host", help="The address to listen on, before the settings'.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="The port to listen on; 0 takes a free one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Serve the API and the pages, and sync and deliver beside it, until a signal. The answer comes once it listens."""
    with answering(as_json) as console:
        wanted = configured(host, port)
        with _taken(wanted) as taken:
            settings = configured(host, taken.getsockname()[1])  # a free port is in the public address too
            with opened(settings) as held:
                run(answer_requests(build_server(held), taken, settings, lambda: _say(console, settings, taken)))


def _taken(settings: Settings) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        where = f"{settings.host}, port {settings.port}"
        raise Failure(
            "address_taken",
            f"can not listen on {where}: {error.strerror}",
            "stop what listens there, or set CALWARDEN_HOST and CALWARDEN_PORT",
        ) from error


def _say(console: Console, settings: Settings, taken: socket.socket) -> None:
    host, port = taken.getsockname()[:2]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    console.facts({"address": address, "public_url": settings.public_url, "worker": settings.worker.value})


def worker(as_json: AsJson = False) -> None:
    """Sync and deliver without serving, until a signal. Any number may run, on one database."""
    with operating(as_json) as at:
        working = make_worker(at.kit, connector_factory(at.settings), make_mailer(at.settings))
        run(_work(working, at.console, at.settings))


async def _work(working: Worker, console: Console, settings: Settings) -> None:
    with on_signals(lambda _: working.stop()):
        console.facts({"worker": settings.worker.value, "database": settings.database_url.partition(":")[0]})
        if settings.worker.value == "embedded":
            note("a server on this database works too; set CALWARDEN_WORKER=separate there if it should not")
        await working.run(grace=settings.stop_timeout)


def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to date. Stop servers of the earlier version first."""
    with answering(as_json) as console:
        settings = configured()
        store = open_store(settings.database_url, open_keyring(settings))
        try:
            before = store.version()
            store.migrate()
            console.facts({"before": before, "version": store.version()})
        finally:
            store.close()
