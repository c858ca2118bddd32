"""One calendar's resources as ``writing`` works on them: every write is conditional (security 12.1)."""

from collections.abc import Awaitable, Callable
from typing import Final

from calwarden.connectors.caldav import resources
from calwarden.connectors.caldav.dav import BUSY, Dav
from calwarden.connectors.caldav.markup import D, propfind
from calwarden.connectors.caldav.paths import is_resource_of
from calwarden.connectors.caldav.quirks import matchable
from calwarden.connectors.caldav.resources import Forbidden
from calwarden.connectors.writing import Reader, Version
from calwarden.domain.ids import ResourceId
from calwarden.net import Answer
from calwarden.ports.connector import CalendarGone, Leaving, PreconditionFailed, ProviderRejected, ProviderUnavailable

_GONE: Final = frozenset({404, 410})
_CALENDAR: Final = ("Content-Type", "text/calendar; charset=utf-8")


class CalendarCollection:
    """The writing side of one calendar."""

    def __init__(self, dav: Dav, calendar: str, reader: Callable[[], Awaitable[Reader]], leaving: Leaving) -> None:
        self._dav = dav
        self._calendar = calendar
        self._reader = reader
        self._leaving = leaving

    async def get(self, resource_id: ResourceId) -> Version | None:
        self._require_inside(resource_id)
        found = await resources.get(self._dav, resource_id)
        if isinstance(found, Forbidden):
            raise ProviderRejected("the calendar service does not give this event out")
        return found

    async def put(self, resource_id: ResourceId, body: bytes, etag: str | None) -> None:
        # SOGo ignores If-None-Match (connectors.md 2.5): that nobody else can have chosen the name is what protects.
        condition = ("If-None-Match", "*") if etag is None else ("If-Match", matchable(etag))
        self._require_inside(resource_id)
        answer = await self._dav.ask(
            "PUT", resource_id, headers=(_CALENDAR, condition), body=body, leaving=self._leaving
        )
        if answer.status in {200, 201, 202, 204}:
            return
        if answer.status == 412 or (answer.status in _GONE and etag is not None):
            raise PreconditionFailed("the event was changed by somebody else")
        if answer.status in {*_GONE, 409} and await self._is_gone():
            raise CalendarGone("the calendar is not there any more")
        raise _refusal(answer)

    async def delete(self, resource_id: ResourceId, etag: str) -> None:
        self._require_inside(resource_id)
        condition = ("If-Match", matchable(etag))
        answer = await self._dav.ask("DELETE", resource_id, headers=(condition,), leaving=self._leaving)
        if answer.status in {200, 202, 204, *_GONE}:
            return
        if answer.status != 412:
            raise _refusal(answer)
        if await self.get(resource_id) is not None:  # If-Match fails for what is not there as well
            raise PreconditionFailed("the event was changed by somebody else")

    async def reader(self) -> Reader:
        return await self._reader()

    async def _is_gone(self) -> bool:
        answer, _ = await self._dav.listing("PROPFIND", self._calendar, propfind(f"{D}resourcetype"), depth=0)
        return answer.status in _GONE

    def _require_inside(self, resource_id: ResourceId) -> None:
        # INVARIANT: a permit for one calendar writes into no other, whatever the resource is called.
        if not is_resource_of(resource_id, self._calendar):
            raise ValueError("the resource is not in the calendar that the permit is for")


def _refusal(answer: Answer) -> ProviderRejected | ProviderUnavailable:
    if answer.status in BUSY or answer.status < 400:
        return ProviderUnavailable("the calendar service did not take the change now")
    return ProviderRejected("the calendar service does not allow this change")
