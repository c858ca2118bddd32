"""What an Application was refused lately, for its owner: what was attempted, why not, and what to do about it.

Whose calendar it was about is not kept: that stands in the person's own ledger.
"""

from dataclasses import dataclass

from calwarden.domain.application import RefusalCount
from calwarden.domain.ids import ApplicationId
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.oauth.errors import explain_error
from calwarden.policy.decide import lifting
from calwarden.policy.decision import Action, Deny, Reason
from calwarden.policy.explain import told
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit
from calwarden.usecases.tally import AUTHORIZE, HOUR_SECONDS, TOKEN

KEPT_DAYS = 30
_REASONS, _ACTIONS = {one.value for one in Reason}, {one.value for one in Action}


@dataclass(frozen=True, slots=True)
class Told:
    """One line: how often, and a sentence and a remedy for its reason."""

    count: RefusalCount
    sentence: str
    remedy: str | None


def recent_refusals(kit: Kit, uow: UnitOfWork, application_id: ApplicationId) -> tuple[Told, ...]:
    """Of the last 30 days, one line for each action and reason, the latest first."""
    return tuple(_told(one) for one in uow.applications.refusals(application_id, _since(kit)))


def forget_refusals(kit: Kit) -> None:
    """Drop what is older than that."""
    with kit.store.write(durable=False) as uow:
        uow.applications.forget_refusals(_since(kit))


def _since(kit: Kit) -> Instant:
    then = kit.clock() - KEPT_DAYS * DAY_SECONDS
    return Instant(then - then % HOUR_SECONDS)


def _told(count: RefusalCount) -> Told:
    if count.action in {AUTHORIZE, TOKEN}:
        return Told(count, *explain_error(count.reason))
    if count.reason not in _REASONS or count.action not in _ACTIONS:
        return Told(count, "a newer version of calwarden refused it, and knows why", None)
    reason = Reason(count.reason)
    scopes = lifting(Action(count.action)) if reason is Reason.SCOPE_MISSING else ()
    return Told(count, *told(Deny(reason, scopes)))
