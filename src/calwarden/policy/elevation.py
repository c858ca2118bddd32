"""Extended Permissions: what a request for unrestricted access to calendars leads to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from calwarden.domain.grant import Connection, ElevationRequest, Grant, GrantState
from calwarden.domain.ids import CalendarId
from calwarden.domain.times import Instant


class Level(StrEnum):
    """The wire's ``permission_level``."""

    SANDBOX = "sandbox"
    UNRESTRICTED = "unrestricted"


@dataclass(frozen=True, slots=True)
class ElevationPlan:
    """``lower`` applies at once (ruling 7); ``raise_now`` too, through Enterprise Connect; ``ask`` needs the page."""

    lower: frozenset[CalendarId]
    raise_now: frozenset[CalendarId]
    ask: tuple[CalendarId, ...]


def plan_elevation(grant: Grant, wanted: Mapping[CalendarId, Level]) -> ElevationPlan | None:
    """Sort what was asked for. None: an account managed without unrestricted_access may not be elevated (403).

    ``wanted`` names calendars already judged to be the Grant's own to see. Source: walkthrough, security 6.
    """
    lower = frozenset(one for one, level in wanted.items() if level is Level.SANDBOX)
    raised = tuple(one for one, level in wanted.items() if level is Level.UNRESTRICTED)
    if grant.connection is Connection.UNRESTRICTED:
        return ElevationPlan(lower, frozenset(raised), ())
    if raised and grant.connection is not Connection.INDIVIDUAL:
        return None
    return ElevationPlan(lower, frozenset(), raised)


def apply_levels(grant: Grant, lower: Iterable[CalendarId], raised: Iterable[CalendarId]) -> Grant:
    """The Grant with some calendars lowered and some raised."""
    return replace(grant, elevated=(grant.elevated - frozenset(lower)) | frozenset(raised))


def may_answer(request: ElevationRequest, grant: Grant | None, now: Instant) -> bool:
    """Whether the request still stands: unanswered, in time, and of the Grant as it is now (security 6.2, 6.3)."""
    return (
        grant is not None
        and not request.answered
        and now < request.expires
        and grant.state is GrantState.ACTIVE
        and (grant.grant_id, grant.generation) == (request.grant_id, request.generation)
        and (grant.ends is None or now < grant.ends)
    )
