"""Extended Permissions: what a request for unrestricted access to calendars leads to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from calwarden.domain.grant import Connection, Elevation, ElevationRequest, Grant, GrantState
from calwarden.domain.ids import CalendarId
from calwarden.domain.times import Instant
from calwarden.policy.decision import Elevated


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


def plan_elevation(grant: Grant, wanted: Mapping[CalendarId, Level]) -> ElevationPlan:
    """Sort what was asked for, once ``decide`` has allowed it. Source: walkthrough, security 6."""
    lower = frozenset(one for one, level in wanted.items() if level is Level.SANDBOX)
    higher = tuple(one for one, level in wanted.items() if level is Level.UNRESTRICTED)
    if grant.connection is Connection.UNRESTRICTED:
        return ElevationPlan(lower, frozenset(higher), ())
    return ElevationPlan(lower, frozenset(), higher)


def lowered(grant: Grant, calendars: Iterable[CalendarId]) -> Grant:
    """The Grant without its Elevations in these calendars."""
    gone = frozenset(calendars)
    return replace(grant, elevations=frozenset(one for one in grant.elevations if one.calendar_id not in gone))


def raised(grant: Grant, elevations: Iterable[Elevation], now: Instant) -> Grant:
    """The Grant with these Elevations, each in place of the one it had in that calendar.

    Where that has ended at ``now``, or allowed what the new one does not, the generation rises: what was accepted under
    it does not come back to life (ruling 16).
    """
    added = {one.calendar_id: one for one in elevations}
    before = [one for one in grant.elevations if one.calendar_id in added]
    less = any(_is_over(one, now) or not _within(one, added[one.calendar_id]) for one in before)
    kept = lowered(grant, added).elevations
    return replace(grant, elevations=kept | frozenset(added.values()), generation=grant.generation + less)


def _is_over(one: Elevation, now: Instant) -> bool:
    return one.ends is not None and now >= one.ends


def _within(one: Elevation, other: Elevation) -> bool:
    """Whether ``one`` allows nothing that ``other`` does not."""
    longer = other.ends is None or (one.ends is not None and one.ends <= other.ends)
    return longer and one.deletes <= other.deletes


def without_terms(calendars: Iterable[CalendarId]) -> frozenset[Elevation]:
    """Elevations of these calendars as the contract knows them: all of it, with no end."""
    return frozenset(map(Elevation, calendars))


def elevated(grant: Grant, calendar_id: CalendarId, now: Instant) -> Elevated:
    """How far ``grant`` reaches in this calendar at ``now``."""
    for one in grant.elevations:
        if one.calendar_id == calendar_id and not _is_over(one, now):
            return Elevated.FULL if one.deletes else Elevated.CHANGE
    return Elevated.NONE


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
