"""Whether what is held of a calendar may be taken for the truth (ruling 11, security 12.6)."""

from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import Instant


def is_known(calendar: Calendar, profile: Profile, now: Instant, stale_after: int) -> bool:
    """False while its Profile is disconnected, not copied for the first time, or not checked for too long.

    It depends on the state of syncing alone, on no event.
    """
    if not profile.connected or not profile.initial_sync_done or not calendar.synced:
        return False
    return profile.synced_at is not None and now - profile.synced_at <= stale_after
