"""Audit Entries: who attempted what on which thing, and the outcome with its reason."""

from dataclasses import dataclass, field
from enum import StrEnum

from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.domain.times import Instant


class Actor(StrEnum):
    APPLICATION = "application"
    ACCOUNT = "account"
    OPERATOR = "operator"
    WORKER = "worker"


class Outcome(StrEnum):
    ALLOWED = "allowed"
    REFUSED = "refused"
    DELIVERED = "delivered"
    DROPPED = "dropped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Looked:
    """What reading one calendar came to: how often, how many events or periods were given, and the time asked about,
    from the first moment to the last; neither if nothing was read.
    """

    reads: int = 1
    events: int = 0
    first: Instant | None = None
    last: Instant | None = None

    def __add__(self, other: "Looked") -> "Looked":
        """Both of them; of the time, all that lies between."""
        firsts = [one for one in (self.first, other.first) if one is not None]
        lasts = [one for one in (self.last, other.last) if one is not None]
        return Looked(
            self.reads + other.reads, self.events + other.events, min(firsts, default=None), max(lasts, default=None)
        )


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of an Account's ledger. ``what`` is a stable word such as ``event.upsert`` or ``grant.revoked``;
    ``on`` names things by id and carries no content of events.
    """

    account_id: AccountId
    at: Instant
    actor: Actor
    what: str
    outcome: Outcome
    application_id: ApplicationId | None = None
    reason: str | None = None  # the rule or cause
    on: dict[str, str] = field(default_factory=dict)
