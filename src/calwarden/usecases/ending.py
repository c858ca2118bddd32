"""How what was allowed or accepted ends, and what the ledger says of it."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.grant import GrantState
from calwarden.domain.ids import AccountId, CalendarId
from calwarden.domain.times import Instant
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.policy.decision import Action
from calwarden.policy.elevation import lowered
from calwarden.ports.store import UnitOfWork
from calwarden.syncplan.reconcile import event_key
from calwarden.timetable.recurrence import occurrence_id

ACTIONS: Final = {
    WriteKind.UPSERT: Action.WRITE_OWN_EVENT,
    WriteKind.DELETE: Action.DELETE_OWN_EVENT,
    WriteKind.EDIT: Action.EDIT_EVENT,
    WriteKind.REMOVE: Action.DELETE_EVENT,
    WriteKind.RESPOND: Action.RESPOND,
    WriteKind.CREATE_CALENDAR: Action.CREATE_CALENDAR,
}
"""What each kind of accepted write is decided as."""


def end_elevations(
    uow: UnitOfWork,
    account_id: AccountId,
    lost: Collection[CalendarId],
    now: Instant,
    *,
    reason: str,
    actor: Actor = Actor.WORKER,
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
                actor,
                "elevation.lowered",
                Outcome.ALLOWED,
                grant.application_id,
                reason=reason,
                on=on,
            )
        )


def enter_end(uow: UnitOfWork, now: Instant, write: PendingWrite, outcome: Outcome, reason: str | None) -> None:
    """One entry for how an accepted write ended (ruling 16)."""
    uow.audit.append(
        AuditEntry(
            write.account_id,
            now,
            Actor.WORKER,
            ACTIONS[write.kind].value,
            outcome,
            write.application_id,
            reason=reason,
            on={"write_id": write.write_id, "calendar_id": write.calendar_id, **_event(uow, write)},
        )
    )


def _event(uow: UnitOfWork, write: PendingWrite) -> dict[str, str]:
    """The event by the name the Application knows it by."""
    held = uow.events.resource(write.account_id, write.calendar_id, write.resource_id)
    if held is None:
        return {}
    if held.created_by == write.application_id and held.event_id is not None:
        return {"event_id": held.event_id}
    name = "" if write.occurrence is None else occurrence_id(write.occurrence)
    return {"event_uid": f"evt_external_{event_key(held.account_id, held.calendar_id, held.resource_id, name)}"}
