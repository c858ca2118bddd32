"""The errors of RFC 6749: 4.1.2.1 (sent by redirect) and 5.2 (answers of the token endpoint, always 400 here)."""

from calwarden.domain.errors import CalwardenError


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
