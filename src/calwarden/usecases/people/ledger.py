"""A person takes their whole ledger with them, oldest line first: chapter by chapter, as it may be long."""

from collections.abc import Iterable, Mapping, Sequence
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
    names: "Names"
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
        names = names_of(uow, account_id, (entry for _, _, entry in lines))
    return Chapter(lines, names, head, None if last else lines[-1][1])


def names_of(uow: UnitOfWork, account_id: AccountId, entries: Iterable[AuditEntry]) -> Names:
    """The names that these lines of the account's ledger need: of every application in them that there still is, and of
    owned calendars alone.
    """
    ids = {one.application_id for one in entries if one.application_id is not None}
    found = [application for application in map(uow.applications.get, sorted(ids)) if application is not None]
    calendars: dict[str, str] = {one.calendar_id: one.name for one in uow.calendars.of_account(account_id) if one.owned}
    return Names({one.application_id: one.name for one in found}, calendars)
