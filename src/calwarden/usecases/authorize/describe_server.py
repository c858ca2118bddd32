"""What this authorization server says of itself."""

from calwarden.oauth import metadata as rfc8414
from calwarden.policy.scopes import CATALOGUE, ScopeKind


def metadata(public_url: str) -> dict[str, object]:
    """Authorization Server Metadata (RFC 8414) for the configured public URL."""
    return rfc8414.metadata(public_url, (row.name for row in CATALOGUE.values() if row.kind is not ScopeKind.SERVICE))
