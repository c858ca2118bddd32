"""Free/busy (contract events 7): when, never what."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from calwarden.api.context import Api
from calwarden.api.v1.account import UserInfoBody
from calwarden.api.v1.pages import PagesBody, Shown
from calwarden.api.v1.reading import WINDOW, page_of, window_of
from calwarden.api.v1.times import LocalTime, written
from calwarden.httpkit import Auth, Call, Operation, json_answer
from calwarden.httpkit.shapes import Flag, Stated
from calwarden.policy.decision import Action
from calwarden.policy.view import BusyView
from calwarden.timetable.wiretime import format_instant
from calwarden.usecases.freebusy import AskedBusy, BusyPage, read_busy, read_busy_page

_PAGES = "/v1/free_busy/pages"


class BusyBody(Struct):
    """A period: when, and how busy. Ids with ``include_ids`` where the grant may know them."""

    calendar_id: str
    start: str | LocalTime
    end: str | LocalTime
    free_busy_status: str
    event_uid: str | UnsetType = UNSET
    event_id: str | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET


class FreeBusyBody(Struct):
    """One page of periods."""

    pages: PagesBody
    free_busy: list[BusyBody]
    userinfo: UserInfoBody | UnsetType = UNSET


def busy_body(view: BusyView, shown: Shown) -> BusyBody:
    """``view`` as the wire has it."""
    if shown.localized or view.all_day:
        start, end = written(view.start, localized=shown.localized), written(view.end, localized=shown.localized)
    else:
        start, end = format_instant(view.start_at), format_instant(view.end_at)
    return BusyBody(
        view.calendar_id,
        start,
        end,
        view.status,
        view.event_uid or UNSET,
        view.event_id or UNSET,
        view.deleted or UNSET,
    )


async def _busy(api: Api, call: Call) -> Response:
    said = call.values
    asked = AskedBusy(
        **window_of(call),
        include_free=said.get("include_free", True),
        include_ids=said.get("include_ids", False),
    )
    return await _answer(api, call, await api.read(read_busy, call.bearer, asked))


async def _page(api: Api, call: Call) -> Response:
    return await _answer(api, call, await api.read(read_busy_page, call.bearer, call.path["page"]))


async def _answer(api: Api, call: Call, page: BusyPage) -> Response:
    shown, pages, userinfo = await page_of(api, call, page, _PAGES)
    return json_answer(FreeBusyBody(pages, [busy_body(one, shown) for one in page.periods], userinfo))


OPERATIONS: Final = (
    Operation(
        "readFreeBusy", "GET", "/v1/free_busy", Auth.TOKEN, "When the person is busy; scope read_free_busy",
        _busy, {200: FreeBusyBody},
        {
            **WINDOW,
            "include_geo": Stated(Flag(), "accepted; a place is content, and none is shown"),
            "include_ids": Stated(Flag(), "ids of events, where the grant may know them"),
            "include_free": Stated(Flag(), "periods that are free as well; true"),
        },
        actions=(Action.READ_BUSY,),
    ),
    Operation(
        "readFreeBusyPage", "GET", _PAGES + "/{page}", Auth.TOKEN, "A further page of periods",
        _page, {200: FreeBusyBody},
        actions=(Action.READ_BUSY,),
    ),
)  # fmt: skip
