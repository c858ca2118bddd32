"""Why not, and what would lift it: a sentence and a remedy for every reason (ruling 3)."""

from calwarden.domain.errors import Invalid, Refused
from calwarden.policy.decision import Deny, Reason

_TEXTS: dict[Reason, tuple[str, str | None]] = {
    Reason.TOKEN_MISSING: (
        "the request carries no access token",
        "send the header Authorization: Bearer followed by an access token",
    ),
    Reason.TOKEN_INVALID: (
        "the access token is unknown, expired or revoked",
        "refresh the token; if that fails, ask the person to authorize again",
    ),
    Reason.GRANT_ENDED: (
        "the time for which the person granted access is over",
        "ask the person to authorize again",
    ),
    Reason.SCOPE_MISSING: (
        "the grant does not include the scope this operation needs",
        "send the person through /oauth/authorize again with the scope added",
    ),
    Reason.BEYOND_DELEGATION: ("what was delegated to the application is reading, and nothing lifts that", None),
    Reason.ELEVATION_NOT_OFFERED: (
        "the account came through a service account without unrestricted access",
        "ask the administrator for service_account/accounts/unrestricted_access",
    ),
    Reason.NOT_FOUND: ("there is no such thing within this grant", None),
    Reason.ACCESS_MODE: (
        "the person connected this calendar service for less than that",
        "ask the person to take the calendar service out and to connect it again with full access",
    ),
    Reason.CALENDAR_READONLY: ("the calendar is read-only at its provider, whatever the permission", None),
    Reason.CALENDAR_NOT_ELEVATED: (
        "events that the application did not create can be changed only in a calendar with unrestricted permission",
        "ask for it with POST /v1/permissions and send the person to the url in the answer",
    ),
    Reason.ELEVATION_WITHOUT_DELETE: (
        "the person lets the application change events in this calendar that it did not create, not delete them",
        "ask for it with POST /v1/permissions and send the person to the url in the answer",
    ),
    Reason.PROFILE_DISCONNECTED: (
        "the provider refuses the stored credentials",
        "send the person to the profile_relink_url given by /v1/profiles",
    ),
    Reason.EVENT_NOT_EXTERNAL: (
        "event_uid is not that of an external event",
        "use event_id for events that the application created, and for others the event_uid that was read",
    ),
    Reason.EVENT_NOT_CHANGEABLE: ("the person could not do this to the event either, as its options say", None),
    Reason.NO_RULE: ("no rule allows this operation", None),
}


def explain(reason: Reason) -> tuple[str, str | None]:
    """Sentence and remedy for ``reason``, no remedy if nothing the Application could do or ask for would lift it.

    They name no object, so every cause of one reason reads the same.
    """
    return _TEXTS[reason]


def told(denied: Deny) -> tuple[str, str | None]:
    """Sentence and remedy for this very refusal: a missing scope is named, as it stands in no object."""
    sentence, remedy = explain(denied.reason)
    return (sentence, f"{remedy}: {' or '.join(denied.scopes)}") if denied.scopes else (sentence, remedy)


def refuse(denied: Deny) -> Refused | Invalid:
    """The exception that carries a Deny to the edge."""
    sentence, remedy = told(denied)
    kind = denied.reason.refusal
    if kind is None:
        text = sentence if remedy is None else f"{sentence}: {remedy}"
        return Invalid.of("event_uid", "errors.must_be_external_event_uid", text)
    scope = " ".join(denied.scopes) or None
    return Refused(kind, denied.reason.value, sentence, remedy, scope)
