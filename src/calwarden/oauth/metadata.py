"""Authorization Server Metadata (RFC 8414), security 4.12."""

from collections.abc import Iterable

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def metadata(issuer: str, scopes: Iterable[str]) -> dict[str, object]:
    """The document at ``WELL_KNOWN``. ``issuer`` is the configured public URL, ``scopes`` those a person can grant."""
    ways = ["client_secret_post", "client_secret_basic", "none"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/token/revoke",
        "scopes_supported": list(scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_methods_supported": ways,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }
