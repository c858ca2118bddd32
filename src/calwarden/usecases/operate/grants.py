"""Grants as the operator sees them, and elevation in a person's stead (ruling 9; the edge asks the setting)."""

from collections.abc import Sequence
from dataclasses import dataclass

from calwarden.domain.account import Account
from calwarden.domain.application import Application
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Invalid, NotFound
from calwarden.domain.grant import Grant
from calwarden.domain.ids import AccountId, CalendarId
from calwarden.domain.profile import Calendar
from calwarden.policy.decision import Relation
from calwarden.policy.elevation import raised, without_terms
from calwarden.policy.view import relation
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class GrantLine:
    grant: Grant
    account: Account
    application: Application


def list_grants(kit: Kit, account_id: AccountId | None = None) -> list[GrantLine]:
    """Every live Grant, of one Account if named."""
    lines = []
    with kit.store.read() as uow:
        for grant in uow.grants.list() if account_id is None else uow.grants.of_account(account_id):
            live = uow.grants.get(grant.account_id, grant.application_id)
            account, application = uow.accounts.get(grant.account_id), uow.applications.get(grant.application_id)
            if live == grant and account is not None and application is not None:
                lines.append(GrantLine(grant, account, application))
    return lines


def owned_calendars(kit: Kit, account_id: AccountId) -> tuple[Calendar, ...]:
    """The calendars of the Account that exist for applications at all."""
    with kit.store.read() as uow:
        return tuple(one for one in uow.calendars.of_account(account_id) if one.owned and not one.deleted)


def elevate_grant(
    kit: Kit, application: Application, account: Account, calendar_ids: Sequence[CalendarId]
) -> frozenset[CalendarId]:
    """Unrestricted access to the named calendars, all or none, in the ledger as the operator's; gives all elevated.

    Raises NotFound without a live Grant; Invalid for a calendar that does not exist for it.
    """
    with kit.store.write() as uow:
        grant = uow.grants.get(account.account_id, application.application_id)
        if grant is None:
            raise NotFound("this application has no access to this account")
        for calendar_id in calendar_ids:
            if relation(grant, uow.calendars.get(account.account_id, calendar_id)) is not Relation.OWNED:
                raise Invalid.of("calendar", "errors.not_recognized", f'there is no calendar "{calendar_id}" for it')
        higher = raised(grant, without_terms(calendar_ids), kit.clock())
        uow.grants.save(higher)
        uow.audit.append(
            AuditEntry(
                account.account_id,
                kit.clock(),
                Actor.OPERATOR,
                "elevation.granted",
                Outcome.ALLOWED,
                application.application_id,
                on={"calendars": " ".join(calendar_ids)},
            )
        )
    return higher.elevated
