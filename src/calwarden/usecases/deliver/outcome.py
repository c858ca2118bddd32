"""How a delivery ended: values, since every end is expected."""

from dataclasses import dataclass
from enum import StrEnum

from calwarden.ports.mail import Mail


class DeliverEnd(StrEnum):
    DONE = "done"  # every write that was due has been tried
    MORE = "more"  # as many as make one go; the rest is due
    STOPPED = "stopped"  # the Provider does not answer, or asks to wait: the rest is due again later
    DISCONNECTED = "disconnected"  # the Provider refuses the credentials: all waits for new ones
    BUSY = "busy"  # another process has the lease
    GONE = "gone"  # there is no such Profile any more


@dataclass(frozen=True, slots=True)
class DeliverOutcome:
    """``postponed`` are writes still owed after a failure that may pass; ``hint`` is the last such failure, without the
    Provider's own words. ``reasons`` are why writes were dropped or failed, in the words of the ledger, each once.
    ``mail`` as in ``SyncOutcome``.
    """

    end: DeliverEnd
    delivered: int = 0
    dropped: int = 0
    failed: int = 0
    postponed: int = 0
    hint: str = ""
    reasons: tuple[str, ...] = ()
    mail: Mail | None = None
