"""Extended Permissions (contract authorization 3.1)."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from calwarden.api.context import Api
from calwarden.httpkit import Auth, Call, Operation, Place, json_answer
from calwarden.httpkit.shapes import Choice, Items, Record, Stated, Text
from calwarden.policy.decision import Action
from calwarden.policy.elevation import Level
from calwarden.usecases.elevation import AskElevation, request_elevation


class PermissionsRequestBody(Struct):
    """Where to send the person, or that all is done."""

    url: str | UnsetType = UNSET
    accepted: bool | UnsetType = UNSET


class PermissionsBody(Struct):
    """The answer to a request for Extended Permissions."""

    permissions_request: PermissionsRequestBody


async def _ask(api: Api, call: Call) -> Response:
    said = call.values
    wanted = tuple(
        (one["calendar_id"], Level(one["permission_level"]))
        for one in said.get("permissions", ())
        if {"calendar_id", "permission_level"} <= one.keys()
    )
    answer = await api.run(request_elevation, call.bearer, AskElevation(wanted, said.get("redirect_uri"), call.problem))
    url = answer.url
    body = PermissionsRequestBody(accepted=True) if url is None else PermissionsRequestBody(url=url)
    return json_answer(PermissionsBody(body))


_PERMISSION: Final = Record(
    {
        "calendar_id": Stated(Text(512), required=True),
        "permission_level": Stated(Choice(tuple(one.value for one in Level)), required=True),
    }
)

OPERATIONS: Final = (
    Operation(
        "requestPermissions", "POST", "/v1/permissions", Auth.TOKEN,
        "Ask the person to let events be changed that the application did not create", _ask,
        {200: PermissionsBody},
        {
            "permissions": Stated(
                Items(_PERMISSION, 500, least=1, or_one=True), "calendars and their levels", required=True
            ),
            "redirect_uri": Stated(Text(4_096), "where the person returns to; a registered one"),
        },
        Place.BODY,
        actions=(Action.REQUEST_ELEVATION, Action.LOWER_ELEVATION),
    ),
)  # fmt: skip
