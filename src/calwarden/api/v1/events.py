"""Writing events (contract events 4, 5)."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from calwarden.api.context import Api
from calwarden.api.v1.account import EMBED, UserInfoBody, embedded
from calwarden.api.v1.draft import DRAFT, draft_of, unzoned
from calwarden.httpkit import Auth, Call, Operation, Place, empty_answer, json_answer
from calwarden.httpkit.shapes import Choice, Flag, Items, Stated, Text
from calwarden.policy.decision import Action
from calwarden.usecases.access import Accepted
from calwarden.usecases.events import (
    DeleteEvent,
    DeleteEvents,
    Respond,
    UpsertEvent,
    delete_event,
    delete_events,
    respond,
    upsert_event,
)

_PATH = "/v1/calendars/{calendar_id}/events"
_WHOLE = ("summary", "start", "end")  # what every write of an own event states (contract events 4.1)

CALENDAR_IDS: Final = Items(Text(100), 500, least=1, as_field=True, key="errors.invalid_calendar_ids")
"""Ids of calendars; whatever is wrong with one is said of the whole."""


class AcceptedBody(Struct):
    """The body of an accepted write, with ``include_userinfo`` alone."""

    userinfo: UserInfoBody


def _ids(call: Call) -> tuple[str | None, str | None]:
    """``event_id`` and ``event_uid``: what is stated decides which is meant, usable or not (ruling 4)."""
    if call.states("event_id"):
        return call.values.get("event_id"), None
    if call.states("event_uid"):
        return None, call.values.get("event_uid", "")
    if call.stated.problem is None:
        call.wrong.add("event_id", "errors.required", "event_id or event_uid must be specified")
    return None, None


async def _upsert(api: Api, call: Call) -> Response:
    event_id, event_uid = _ids(call)
    if event_id is not None:
        for name in _WHOLE:
            if not call.states(name):
                call.wrong.add(name, "errors.required", "required")
    draft = draft_of(call.values, call.wrong)
    calendar_id, without_zone = call.path["calendar_id"], unzoned(call.values)
    command = UpsertEvent(calendar_id, event_id, event_uid, draft, call.problem, without_zone)
    userinfo = await embedded(api, call)
    return _accepted(api, await api.run(upsert_event, call.bearer, command), userinfo)


async def _delete(api: Api, call: Call) -> Response:
    event_id, event_uid = _ids(call)
    command = DeleteEvent(call.path["calendar_id"], event_id, event_uid, call.problem)
    userinfo = await embedded(api, call)
    return _accepted(api, await api.run(delete_event, call.bearer, command), userinfo)


async def _delete_many(api: Api, call: Call) -> Response:
    all_of_them, named = call.states("delete_all"), call.states("calendar_ids")
    if call.stated.problem is None and all_of_them is named:
        call.wrong.add("base", "errors.invalid_format", "state either delete_all or calendar_ids")
    if call.values.get("delete_all") is False:
        call.wrong.add("delete_all", "errors.not_recognized", "must be true, or absent")
    calendar_ids = call.values.get("calendar_ids", ())
    command = DeleteEvents(None if all_of_them and not named else calendar_ids, call.problem)
    userinfo = await embedded(api, call)
    return _accepted(api, await api.run(delete_events, call.bearer, command), userinfo)


async def _respond(api: Api, call: Call) -> Response:
    path = call.path
    command = Respond(path["calendar_id"], path["event_uid"], call.values.get("status", ""), call.problem)
    userinfo = await embedded(api, call)
    return _accepted(api, await api.run(respond, call.bearer, command), userinfo)


def _accepted(api: Api, accepted: Accepted, userinfo: UserInfoBody | UnsetType) -> Response:
    api.woken(accepted)
    return empty_answer(202) if userinfo is UNSET else json_answer(AcceptedBody(userinfo), 202)


_IDS: Final = {
    "event_id": Stated(Text(512), "the application's own id; wins over event_uid"),
    "event_uid": Stated(Text(512), "the server's id, of an event that the application did not create"),
    "include_userinfo": EMBED,
}

OPERATIONS: Final = (
    Operation(
        "upsertEvent", "POST", _PATH, Auth.TOKEN,
        "Create or change an event: one's own by event_id, another in an unrestricted calendar by event_uid",
        _upsert, {202: None}, {**_IDS, **DRAFT}, Place.BODY, (423,),
        actions=(Action.WRITE_OWN_EVENT, Action.EDIT_EVENT),
    ),
    Operation(
        "deleteEvent", "DELETE", _PATH, Auth.TOKEN, "Delete an event, named in the same way",
        _delete, {202: None}, _IDS, Place.BOTH, (423,),
        actions=(Action.DELETE_OWN_EVENT, Action.DELETE_EVENT),
    ),
    Operation(
        "deleteEvents", "DELETE", "/v1/events", Auth.TOKEN, "Delete every event the application created",
        _delete_many, {202: None},
        {
            "delete_all": Stated(Flag(), "in every calendar"),
            "calendar_ids": Stated(CALENDAR_IDS, "in these calendars"),
            "include_userinfo": EMBED,
        },
        Place.BOTH, (423,),
        actions=(Action.DELETE_OWN_EVENTS,),
    ),
    Operation(
        "changeParticipationStatus", "POST", _PATH + "/{event_uid}/participation_status", Auth.TOKEN,
        "Answer an invitation for the person; scope change_participation_status",
        _respond, {202: None},
        {
            "status": Stated(Choice(("accepted", "tentative", "declined")), required=True),
            "include_userinfo": EMBED,
        },
        Place.BODY, (423,),
        actions=(Action.RESPOND,),
    ),
)  # fmt: skip
