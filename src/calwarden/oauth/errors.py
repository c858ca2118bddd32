"""The errors of RFC 6749: 4.1.2.1 (sent by redirect) and 5.2 (answers of the token endpoint, always 400 here)."""

from collections.abc import Mapping

from calwarden.domain.errors import CalwardenError

REDIRECT_MISMATCH = "redirect_uri_mismatch"
"""No word of the RFC: the address is not registered, so that nothing is sent to it."""

_EXPLAINED: Mapping[str, tuple[str, str]] = {
    REDIRECT_MISMATCH: (
        "the redirect_uri is not one of the registered addresses",
        "register the very address that the application sends, or have it send one that is registered",
    ),
    "invalid_request": (
        "a parameter is missing, repeated or malformed",
        "read error_description in the answer, which names it",
    ),
    "invalid_client": (
        "the client_secret is not one of the active secrets",
        "check which secret the application has, or add another and use that",
    ),
    "invalid_grant": (
        "the code or refresh token is unknown, used, expired, revoked or another application's",
        "redeem a code once, within its minute, with the same redirect_uri; if a refresh fails, ask the person again",
    ),
    "unsupported_grant_type": (
        "the grant_type is none that is offered",
        "use authorization_code or refresh_token",
    ),
    "unsupported_response_type": ("the response_type is none that is offered", "use code"),
    "invalid_scope": (
        "the scope is empty, unknown, or not a person's to grant",
        "use the scopes of the documentation, with blanks between them",
    ),
}


def explain_error(code: str) -> tuple[str, str]:
    """Sentence and remedy for an error word, for the developers of an application."""
    return _EXPLAINED.get(code, ("the request was refused", "read error_description in the answer"))


class OAuthError(CalwardenError):
    """``code`` is the RFC's error word; ``description`` is for developers and repeats nothing secret."""

    code = "server_error"

    def __init__(self, description: str = "") -> None:
        super().__init__(description or self.code)
        self.description = description


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed."""

    code = "invalid_request"


class InvalidClient(OAuthError):
    """Unknown application or wrong secret: told apart for nobody."""

    code = "invalid_client"


class InvalidGrant(OAuthError):
    """The code or refresh token is unknown, used, expired, revoked or somebody else's."""

    code = "invalid_grant"


class UnsupportedGrantType(OAuthError):
    code = "unsupported_grant_type"


class UnsupportedResponseType(OAuthError):
    code = "unsupported_response_type"


class InvalidScope(OAuthError):
    code = "invalid_scope"


class AccessDenied(OAuthError):
    """The person said no."""

    code = "access_denied"
