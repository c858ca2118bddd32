"""Calendars as pages list them: under the calendar account they belong to."""

from collections.abc import Iterable
from dataclasses import dataclass

from calwarden.domain.profile import Calendar, Profile


@dataclass(frozen=True, slots=True)
class Group:
    profile: Profile
    calendars: tuple[Calendar, ...]


def by_profile(profiles: Iterable[Profile], calendars: Iterable[Calendar]) -> list[Group]:
    """Every Profile, oldest first, with its calendars: the primary one first, then by name."""
    held = tuple(calendars)
    return [
        Group(
            profile,
            tuple(
                sorted(
                    (one for one in held if one.profile_id == profile.profile_id),
                    key=lambda one: (not one.primary, one.name.casefold(), one.calendar_id),
                )
            ),
        )
        for profile in sorted(profiles, key=lambda one: (one.created, one.profile_id))
    ]
