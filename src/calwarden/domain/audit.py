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
