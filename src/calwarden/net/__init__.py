"""The one way out: every request to an address that somebody typed goes through :class:`GuardedClient` (security 8)."""

from calwarden.net.address import is_public
from calwarden.net.auth import Login
from calwarden.net.client import Answer, GuardedClient, Request, Timeouts, tls_context
from calwarden.net.errors import Cause, OutboundError
from calwarden.net.pinned import Resolve, system_resolver
from calwarden.net.redirect import follow
from calwarden.net.rules import OutboundRules
from calwarden.net.url import Url, join, parse_url

__all__ = [
    "Answer",
    "Cause",
    "GuardedClient",
    "Login",
    "OutboundError",
    "OutboundRules",
    "Request",
    "Resolve",
    "Timeouts",
    "Url",
    "follow",
    "is_public",
    "join",
    "parse_url",
    "system_resolver",
    "tls_context",
]
