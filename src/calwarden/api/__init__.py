"""The wire contract: ``/v1``, the token endpoints, and what describes them.

Wire names (``event_uid``, ``permission_level``) live here alone. Every operation is a row of the route table; handlers
read what is stated, call one use case and render what policy's views show.
"""

from starlette.routing import BaseRoute

from calwarden.api import oauth
from calwarden.api.about import about
from calwarden.api.context import Api, Lanes
from calwarden.api.errors import explain
from calwarden.api.v1 import account, calendars, events, free_busy, permission_checks, permissions, profiles, reading
from calwarden.httpkit import Operation, build_nowhere, build_routes
from calwarden.usecases.access import Wake
from calwarden.usecases.kit import Kit

__all__ = ["OPERATIONS", "Lanes", "build_api", "build_unknown"]

OPERATIONS: tuple[Operation[Api], ...] = (
    *oauth.OPERATIONS,
    *account.OPERATIONS,
    *profiles.OPERATIONS,
    *calendars.OPERATIONS,
    *events.OPERATIONS,
    *reading.OPERATIONS,
    *free_busy.OPERATIONS,
    *permissions.OPERATIONS,
    *permission_checks.OPERATIONS,
)
"""The route table, in the order of the documentation."""

_CLOSED = ("/v1/", "/oauth/token/")
"""Below these, what is no operation is 404 in our form."""


def build_api(kit: Kit, wake: Wake, lanes: Lanes = Lanes()) -> list[BaseRoute]:  # noqa: B008  a value that never changes
    """The routes of the API. ``wake`` is called on the event loop for each Profile that has a write to deliver."""
    rows = (*OPERATIONS, *about(OPERATIONS, kit.public_url))
    return build_routes(Api(kit, wake, lanes), rows, explain, closed=_CLOSED)


def build_unknown() -> BaseRoute:
    """The last route of a server: whatever nothing else is for is 404, and is redirected nowhere."""
    return build_nowhere("/", explain)
