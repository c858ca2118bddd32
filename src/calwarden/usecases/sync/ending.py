"""The end of what Applications were allowed in a calendar that is not there any more."""

from collections.abc import Collection
from dataclasses import replace

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.grant import GrantState
from calwarden.domain.ids import AccountId, CalendarId
from calwarden.domain.times import Instant
from calwarden.policy.elevation import lowered
from calwarden.ports.store import UnitOfWork


def end_elevations(
    uow: UnitOfWork,
    account_id: AccountId,
    lost: Collection[CalendarId],
    now: Instant,
    *,
    reason: str,
    generations: int = 1,
) -> None:
    """Nobody is allowed anything beyond the sandbox in these any more, and no open question leads there (security
    6.3). By so many ``generations`` the Grants rise: with 0, what is owed is decided afresh and not void (ruling 16).
    """
    for grant in uow.grants.of_account(account_id):
        uow.elevation_requests.delete_of_grant(account_id, grant.grant_id)
        gone = grant.elevated & frozenset(lost)
        if grant.state is not GrantState.ACTIVE or not gone:
            continue
        uow.grants.save(replace(lowered(grant, gone), generation=grant.generation + generations))
        on = {"calendars": " ".join(sorted(gone))}
        uow.audit.append(
            AuditEntry(
                account_id,
                now,
                Actor.WORKER,
                "elevation.lowered",
                Outcome.ALLOWED,
                grant.application_id,
                reason=reason,
                on=on,
            )
        )
