"""How a sync ended: values, since every end is expected."""

from dataclasses import dataclass
from enum import StrEnum

from calwarden.ports.mail import Mail


class SyncEnd(StrEnum):
    DONE = "done"
    FAILED = "failed"  # the Provider could not be read completely; it is due again later
    DISCONNECTED = "disconnected"  # the Provider refuses the credentials
    BUSY = "busy"  # another process has the lease
    GONE = "gone"  # there is no such Profile any more


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """``changed`` is how many resources were stored or dropped; ``hint`` says why it failed, without the Provider's own
    words. ``mail`` is set once, when the Profile has just become disconnected: for the person, to be sent.
    """

    end: SyncEnd
    changed: int = 0
    hint: str = ""
    mail: Mail | None = None
