"""A person takes their whole ledger with them, oldest line first: chapter by chapter, as it may be long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calwarden.domain.audit import AuditEntry
from calwarden.domain.ids import AccountId
from calwarden.ports.store import Record, UnitOfWork
from calwarden.usecases.kit import Kit

_LINES = 500


@dataclass(frozen=True, slots=True)
class Chapter:
    """Lines as ``calwarden audit export`` gives them, each with what it says. ``head``: the signed head of the chain,
    with the last chapter. ``after``: the number that the next one follows; None: there is none.
    """

    lines: Sequence[tuple[Record, int, AuditEntry]]
    head: Record | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Names:
    """What applications and calendars are called, by id."""

    applications: Mapping[str, str]
    calendars: Mapping[str, str]


def read_chapter(kit: Kit, account_id: AccountId, after: int) -> Chapter:
    """The lines that follow number ``after``; the first follow 0."""
    with kit.store.read() as uow:
        lines = uow.audit.chapter(account_id, after, _LINES)
        last = len(lines) < _LINES
        head = uow.audit.head(account_id) if last else None
    return Chapter(lines, head, None if last else lines[-1][1])


def ledger_names(kit: Kit, account_id: AccountId) -> Names:
    """The names that the lines of this ledger need."""
    with kit.store.read() as uow:
        return names_of(uow, account_id)


def names_of(uow: UnitOfWork, account_id: AccountId) -> Names:
    """The same within a transaction: of applications that have no access any more too, and of owned calendars alone."""
    names: dict[str, str] = {}
    for grant in uow.grants.of_account(account_id):
        application = uow.applications.get(grant.application_id)
        if application is not None:
            names[application.application_id] = application.name
    names |= {one.application_id: one.name for one in uow.applications.of_owner(account_id)}
    return Names(names, {one.calendar_id: one.name for one in uow.calendars.of_account(account_id) if one.owned})
