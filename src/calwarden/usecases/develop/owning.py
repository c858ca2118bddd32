"""Whose an Application is, and its owner's ledger."""

from calwarden.domain.application import Application
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import NotFound
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit

By = AccountId | None
"""Who is at it: the Account that has to be the owner, or None for the operator, who may see to every Application."""


def managed(uow: UnitOfWork, application_id: ApplicationId, by: By) -> Application:
    """The Application, for whom it is. Raises NotFound alike for somebody else's and for what never was.

    The owner's Account is looked at first: a second change of the same person waits for this one.
    """
    known = by is None or uow.accounts.get(by) is not None
    application = uow.applications.get(application_id) if known else None
    if application is None or by not in {None, application.owner}:
        raise NotFound(f'no application "{application_id}"')
    return application


def enter(kit: Kit, uow: UnitOfWork, application: Application, by: By, what: str) -> None:
    """One line in the owner's ledger; an Application of nobody has none."""
    if application.owner is None:
        return
    actor = Actor.OPERATOR if by is None else Actor.ACCOUNT
    on = {"application": application.name}
    uow.audit.append(
        AuditEntry(application.owner, kit.clock(), actor, what, Outcome.ALLOWED, application.application_id, on=on)
    )
