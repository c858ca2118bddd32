"""What does not get done as it should, for the operator: no content of events, no secrets."""

from dataclasses import dataclass, field

from calwarden.usecases.kit import Kit
from calwarden.usecases.operate.listing import ProfileLine, list_profiles

_PATIENCE = 900  # seconds that what is due may wait: a worker looks every second
_STUCK = 3_600  # seconds that a write may be owed


@dataclass(frozen=True, slots=True)
class Waiting:
    """Profiles, in words: where the password is refused, where no pass succeeds, and where nobody even tries; and those
    that acknowledged writes are owed to for too long.
    """

    refused: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


def what_waits(kit: Kit) -> Waiting:
    """Everything that waits for longer than it should."""
    waiting, now = Waiting(), kit.clock()
    for line in list_profiles(kit):
        profile, name = line.profile, f"{line.account.email} at {line.profile.url}"
        if not profile.connected:
            waiting.refused.append(name)
            continue
        if now - profile.sync_due_at > _PATIENCE and now - profile.created > _PATIENCE:
            waiting.overdue.append(name)
        elif profile.failures and now - (profile.synced_at or profile.created) > kit.limits.stale_after:
            waiting.failing.append(name)
        if line.owed and (stuck := _stuck(kit, line)):
            waiting.stuck.append(f"{name}: {stuck}")
    return waiting


def _stuck(kit: Kit, line: ProfileLine) -> int:
    with kit.store.read() as uow:
        owed = uow.writes.owed(line.account.account_id, line.profile.profile_id)
    return sum(1 for one in owed if kit.clock() - one.accepted > _STUCK)
