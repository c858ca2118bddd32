"""What a grant may do, asked instead of tried: an extension of ours, which no SDK knows."""

from typing import Any, Final

from msgspec import Struct
from starlette.responses import Response

from calwarden.api.context import Api
from calwarden.domain.errors import Invalid, Problem
from calwarden.httpkit import Auth, Call, Operation, Place, json_answer
from calwarden.httpkit.shapes import Choice, Items, Record, Stated, Text
from calwarden.policy.decision import Action
from calwarden.usecases.checking import Question, Verdict, check_permissions

_MOST: Final = 50
_ACTIONS: Final = tuple(one.value for one in Action if one is not Action.CHECK_PERMISSIONS)


class CheckBody(Struct):
    """One verdict. ``code``, ``reason`` and ``remedy`` are null for a yes."""

    allowed: bool
    code: str | None
    reason: str | None
    remedy: str | None


class ChecksBody(Struct):
    """In the order of the questions."""

    checks: list[CheckBody]


async def _check(api: Api, call: Call) -> Response:
    stated = call.values.get("checks", ())
    questions = tuple(_question(one) for one in stated if "action" in one)
    verdicts = await api.read(check_permissions, call.bearer, questions, call.problem or _ambiguous(stated))
    return json_answer(ChecksBody([_body(one) for one in verdicts]))


def _question(said: dict[str, Any]) -> Question:
    return Question(Action(said["action"]), said.get("calendar_id", ""), said.get("event_id"), said.get("event_uid"))


def _ambiguous(stated: tuple[dict[str, Any], ...]) -> Invalid | None:
    """An event is in a calendar: without one it can not be judged, and must not look as if it had been."""
    wrong = {
        f"checks[{index}].calendar_id": (Problem("errors.required", "required with event_id or event_uid"),)
        for index, one in enumerate(stated)
        if ("event_id" in one or "event_uid" in one) and "calendar_id" not in one
    }
    return Invalid(wrong) if wrong else None


def _body(verdict: Verdict) -> CheckBody:
    code = None if verdict.code is None else verdict.code.value
    return CheckBody(verdict.allowed, code, verdict.sentence, verdict.remedy)


_QUESTION: Final = Record(
    {
        "action": Stated(Choice(_ACTIONS), "what would be attempted", required=True),
        "calendar_id": Stated(Text(512), "in which calendar; without one: as far as scopes go"),
        "event_id": Stated(Text(512), "to which event of the application's own"),
        "event_uid": Stated(Text(512), "to which other event"),
    }
)

OPERATIONS: Final = (
    Operation(
        "checkPermissions", "POST", "/v1/permission_checks", Auth.TOKEN,
        "Ask what this grant may do, without doing it", _check,
        {200: ChecksBody},
        {"checks": Stated(Items(_QUESTION, _MOST, least=1), "the questions", required=True)},
        Place.BODY,
        actions=(Action.CHECK_PERMISSIONS,),
    ),
)  # fmt: skip
