"""The one status table: what becomes of every error that reaches the edge of the API (``docs/errors.md``).

A refusal has the body of ruling 3 and names no object; 422 has the contract's ``errors``; the token endpoints answer as
RFC 6749 5.2 says. Whatever is not in the table is a mistake of ours, and nothing of it leaves the server.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct
from starlette.responses import Response

from calwarden.domain.errors import Gone, Invalid, NotFound, Refusal, Refused, Throttled
from calwarden.httpkit import json_answer
from calwarden.httpkit.faults import BodyTooLarge, MediaUnsupported, NoSuchAddress, Unforeseen, WrongVerb
from calwarden.httpkit.openapi import Faults
from calwarden.oauth.errors import OAuthError
from calwarden.policy.decision import Reason
from calwarden.policy.explain import explain as explain_reason
from calwarden.ports.store import StoreUnavailable

REALM = "calendar"
_RETRY_STORE = "5"
_RETRY_LOCKED = "10"  # where time helps, which it does not where a person has to sign in again


class RefusalBody(Struct):
    """Why not, and what would lift it; null if nothing would."""

    code: str
    reason: str
    remedy: str | None


class FieldProblem(Struct):
    """One thing wrong with one field."""

    key: str
    description: str


class ProblemsBody(Struct):
    """What is wrong with the input, by field."""

    errors: dict[str, list[FieldProblem]]


class OAuthBody(Struct, omit_defaults=True):
    """RFC 6749 5.2."""

    error: str
    error_description: str = ""


UNREADABLE: Final = RefusalBody(
    "unreadable_request",
    "the request is not HTTP as it should be, or its address is over 64 KB",
    "send less in the query, or look at what is between the client and the server",
)
"""What answers a request that can not even be taken for one: nothing that this package is asked."""

FAULTS: Final[Faults] = {
    400: (UNREADABLE.reason, RefusalBody),
    401: ("the access token is missing, unknown, expired or revoked", RefusalBody),
    403: ("the grant does not cover this", RefusalBody),
    404: ("no such thing within this grant", RefusalBody),
    405: ("the address is there, the method is not", RefusalBody),
    413: ("the body is over the limit", RefusalBody),
    415: ("the body is compressed, or neither JSON nor a form", RefusalBody),
    422: ("the input can not be used; nothing was done", ProblemsBody),
    423: ("the calendar service does not take this now", RefusalBody),
    429: ("too many requests: Retry-After says when to come back", RefusalBody),
    503: ("the database does not answer; nothing was stored", RefusalBody),
}
"""What every status other than success means."""

CLIENT_FAULTS: Final[Faults] = {400: ("an error of RFC 6749 5.2", OAuthBody)}
"""The same where a client proves itself in the body."""

_STATUS: Final[Mapping[Refusal, int]] = {
    Refusal.UNAUTHENTICATED: 401,
    Refusal.FORBIDDEN: 403,
    Refusal.HIDDEN: 404,
    Refusal.LOCKED: 423,
}

_NOT_FOUND: Final = (Reason.NOT_FOUND.value, *explain_reason(Reason.NOT_FOUND))  # as where a decision says so

FIXED: Final[Mapping[type[Exception], tuple[int, str, str, str | None]]] = {
    NotFound: (404, *_NOT_FOUND),
    Gone: (404, *_NOT_FOUND),
    NoSuchAddress: (404, "no_such_address", "there is nothing at this address", "see /docs for what there is"),
    WrongVerb: (405, "method_not_allowed", "the address does not take this method", "use one that Allow names"),
    BodyTooLarge: (413, "body_too_large", "the body is over 1 MB", "send less at once"),
    MediaUnsupported: (
        415,
        "media_unsupported",
        "the body is compressed, or neither JSON nor a form",
        "send application/json in UTF-8, or application/x-www-form-urlencoded, as it is",
    ),
    Throttled: (429, "throttled", "too many requests", "wait as long as Retry-After says"),
    Unforeseen: (500, "internal_error", "the server made a mistake", "try again; the operator finds it in the log"),
    StoreUnavailable: (503, "unavailable", "the server can not reach its database", "nothing was stored; try again"),
}
"""What comes with one status, code and sentence, whatever the cause."""


def explain(error: Exception) -> Response | None:
    """The answer to ``error``; None for what is not expected to happen."""
    for kind, answer in _ANSWERS.items():
        if isinstance(error, kind):
            return answer(error)
    fixed = next((row for kind, row in FIXED.items() if isinstance(error, kind)), None)
    if fixed is None:
        return None
    status, code, reason, remedy = fixed
    return json_answer(RefusalBody(code, reason, remedy), status, _headers_of(error))


def _headers_of(error: Exception) -> dict[str, str]:
    if isinstance(error, WrongVerb):
        return {"Allow": error.allowed}
    if isinstance(error, Throttled):
        return {"Retry-After": str(max(1, error.retry_after))}
    return {"Retry-After": _RETRY_STORE} if isinstance(error, StoreUnavailable) else {}


def _refused(error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers: dict[str, str] = {}
    if error.kind is Refusal.UNAUTHENTICATED:
        word = "invalid_request" if error.reason_code == Reason.TOKEN_MISSING else "invalid_token"
        headers["WWW-Authenticate"] = f'Bearer realm="{REALM}", error="{word}"'
    elif error.scope is not None:
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{error.scope}"'  # RFC 6750 3
    elif error.kind is Refusal.LOCKED and error.reason_code != Reason.PROFILE_DISCONNECTED:
        headers["Retry-After"] = _RETRY_LOCKED
    return json_answer(RefusalBody(error.reason_code, error.reason, error.remedy), _STATUS[error.kind], headers)


def _invalid(error: Exception) -> Response:
    assert isinstance(error, Invalid)
    errors = {
        name: [FieldProblem(one.key, one.description) for one in problems] for name, problems in error.fields.items()
    }
    return json_answer(ProblemsBody(errors), 422)


def _oauth(error: Exception) -> Response:
    assert isinstance(error, OAuthError)
    return json_answer(OAuthBody(error.code, error.description), 400, {"Pragma": "no-cache"})


_ANSWERS: Final[Mapping[type[Exception], Callable[[Exception], Response]]] = {
    Refused: _refused,
    Invalid: _invalid,
    OAuthError: _oauth,
}
