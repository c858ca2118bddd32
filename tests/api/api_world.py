"""The API as an application meets it: on the store in memory, in this process, with calendars of a person behind it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import httpx
from starlette.applications import Starlette

from calwarden.api import build_api, build_unknown
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.httpkit import RateGate
from calwarden.usecases.kit import Kit
from usecases.write_world import Writing

T = TypeVar("T")
JSON = "application/json; charset=utf-8"


class ApiWorld(Writing):
    """``woken`` holds the profiles the worker was told of; ``on_wake`` is called with each."""

    def __init__(self, **limits: int) -> None:
        super().__init__(**{"requests_per_second": 10_000, "requests_per_minute": 100_000, **limits})
        self.woken: list[tuple[AccountId, ProfileId]] = []
        self.on_wake: Callable[[], object] = lambda: None
        self.kit = replace(self.kit, gate=RateGate(self.kit.limits))
        with self.store.write() as uow:
            uow.profiles.save(replace(self.profile, initial_sync_done=True, synced_at=self.clock()))
            for one in uow.calendars.of_account(self.jane):
                uow.calendars.save(replace(one, synced=True))
        self._runner = asyncio.Runner()
        self.app = self.serve(self.kit)

    def serve(self, kit: Kit) -> Starlette:
        return Starlette(routes=[*build_api(kit, self._wake), build_unknown()])

    def close(self) -> None:
        self._runner.close()
        self.store.close()

    def _wake(self, account_id: AccountId, profile_id: ProfileId) -> None:
        self.woken.append((account_id, profile_id))
        self.on_wake()

    def bearer(self, *scopes: str, **changes: Any) -> dict[str, str]:
        """The header of a live grant."""
        return {"Authorization": f"Bearer {self.token(*scopes, **changes).token}"}

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """One request by an application that may do everything, unless ``headers`` say otherwise."""
        return self.send(self.app, method, path, headers=self.bearer() if headers is None else headers, **more)

    def send(self, app: Starlette, method: str, path: str, **more: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, path, **more)

        return self.run(answer())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def events_path(self, calendar_id: str | None = None) -> str:
        return f"/v1/calendars/{calendar_id or self.work}/events"

    def body(self, **changes: Any) -> dict[str, Any]:
        """An event that can be written."""
        values = {
            "event_id": "one",
            "summary": "Rehearsal",
            "start": "2030-03-18T09:00:00Z",
            "end": "2030-03-18T10:00:00Z",
        }
        return {name: value for name, value in {**values, **changes}.items() if value is not ...}


def keys_of(answer: httpx.Response) -> dict[str, str]:
    """The first key of each field of a 422."""
    assert answer.status_code == 422, (answer.status_code, answer.text)
    return {name: problems[0]["key"] for name, problems in answer.json()["errors"].items()}


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal, whose body has nothing else than ruling 3 says."""
    body = answer.json()
    assert set(body) == {"code", "reason", "remedy"}
    code: str = body["code"]
    return code
