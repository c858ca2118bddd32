"""A calendar as lists show it: with the Profile it belongs to and how far one Grant's writing reaches in it."""

from dataclasses import dataclass

from calwarden.domain.grant import Grant
from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import Instant
from calwarden.policy.decision import Elevated
from calwarden.policy.elevation import Level, elevated
from calwarden.policy.view import visible_calendars, visible_profiles
from calwarden.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One line of a list (contract events 2.1). ``level`` is of the asking Application alone."""

    calendar: Calendar
    profile: Profile
    level: Level


def calendar_entry(grant: Grant, calendar: Calendar, profile: Profile, now: Instant) -> CalendarEntry:
    """The line of a calendar that ``grant`` may see at ``now``; one that is gone is at ``sandbox`` (security 6.3).

    The contract has two levels: where changing alone is allowed, deleting is what an event's options deny.
    """
    raised = elevated(grant, calendar.calendar_id, now) is not Elevated.NONE and not calendar.deleted
    return CalendarEntry(calendar, profile, Level.UNRESTRICTED if raised else Level.SANDBOX)


def calendar_entries(uow: UnitOfWork, grant: Grant, now: Instant) -> dict[Profile, tuple[CalendarEntry, ...]]:
    """Every Profile and calendar that exists for ``grant``, deleted calendars included (contract events 2.1)."""
    calendars = uow.calendars.of_account(grant.account_id)
    profiles = visible_profiles(grant, uow.profiles.of_account(grant.account_id), calendars)
    visible = visible_calendars(grant, calendars)
    return {
        profile: tuple(
            calendar_entry(grant, one, profile, now) for one in visible if one.profile_id == profile.profile_id
        )
        for profile in profiles
    }
