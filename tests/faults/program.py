"""``calwarden`` as it is, but killed when it comes to a named place: ``FAULT=place:nth time``.

The places are found by wrapping what is public there: the ASGI application, the store's transactions, the outbound
client, two steps of use cases. calwarden itself knows nothing of this.
"""

import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette

import calwarden.usecases.deliver.deliver as delivering
import calwarden.usecases.sync.lease as leases
import calwarden.usecases.sync.profile as profiles
from calwarden.domain.times import Instant
from calwarden.net import Answer, GuardedClient, Request
from calwarden.ports.store import UnitOfWork
from calwarden.store.sqlstore import SqlStore
from calwarden.store.writes import SqlPendingWrites
from calwarden.usecases.sync import passing
from faults.places import DEFECT, PLACES

_changes = frozenset({"PUT", "DELETE", "MKCALENDAR"})
_FAULT = os.environ.get("FAULT", "")  # noqa: TID251  no setting of calwarden
_IS_DEFECT = os.environ.get("DEFECT") == DEFECT  # noqa: TID251  likewise
_label = threading.local()
_seen = dict.fromkeys(PLACES, 0)
_lock = threading.Lock()


def come_to(place: str) -> None:
    """Die here, if this is the place and the time."""
    wanted, _, nth = _FAULT.partition(":")
    with _lock:
        _seen[place] += 1
        if place == wanted and _seen[place] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)


def _wrap_requests() -> None:
    serve = Starlette.__call__

    async def call(self: Starlette, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/") or scope["method"] == "GET":
            await serve(self, scope, receive, send)
            return
        come_to("request")
        if _IS_DEFECT:  # says yes, and does nothing of it
            await send({"type": "http.response.start", "status": 202, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                come_to("answer.before")
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                come_to("answer.after")

        await serve(self, scope, receive, sending)

    Starlette.__call__ = call  # type: ignore[method-assign]


def _wrap_transactions() -> None:
    write = SqlStore.write

    @contextmanager
    def writing(self: SqlStore, *, durable: bool = True) -> Iterator[UnitOfWork]:
        _label.name = None
        with write(self, durable=durable) as uow:
            yield uow
            name = _label.name
            if name is not None:
                come_to(f"{name}.before")
        if name is not None:
            come_to(f"{name}.after")

    SqlStore.write = writing  # type: ignore[assignment,method-assign]


def _wrap_steps() -> None:
    add, settle, settle_calendar = SqlPendingWrites.add, delivering.settle, delivering.settle_calendar
    store_page = passing._store_page

    def labelled(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            _label.name = name
            return work(*given, **named)

        return step

    def page(uow: UnitOfWork, **named: Any) -> int:
        _label.name = "cursor" if named["page"].last else "page"
        return store_page(uow, **named)

    SqlPendingWrites.add = labelled("accept", add)  # type: ignore[method-assign]
    delivering.settle = labelled("settle", settle)
    delivering.settle_calendar = labelled("settle", settle_calendar)
    passing._store_page = page


def _wrap_client() -> None:
    send = GuardedClient.send

    def between(leaving: Callable[[], Awaitable[None]] | None) -> Callable[[], Awaitable[None]]:
        async def left() -> None:
            if leaving is not None:
                await leaving()
            come_to("send.leaving")

        return left

    async def sending(self: GuardedClient, request: Request, **named: Any) -> Answer:
        if request.method not in _changes:
            return await send(self, request, **named)
        come_to("send.before")
        answer = await send(self, replace(request, leaving=between(request.leaving)), **named)
        come_to("send.after")
        return answer

    GuardedClient.send = sending  # type: ignore[method-assign]


def _hurry() -> None:
    """The dead keep the living from their work for two seconds, and two looks are one apart: rounds
    are short. Pages are short too, for there to be several.
    """
    leases.LEASE_SECONDS = 2  # type: ignore[misc]
    leases._KEEP_EVERY = 0.5
    passing.BATCH = 2  # type: ignore[misc]
    profiles.next_sync = lambda kit: Instant(kit.clock() + 1)


def main() -> None:
    for wrap in (_wrap_requests, _wrap_transactions, _wrap_steps, _wrap_client, _hurry):
        wrap()
    from calwarden.cli import main as calwarden

    sys.exit(calwarden())


if __name__ == "__main__":
    main()
