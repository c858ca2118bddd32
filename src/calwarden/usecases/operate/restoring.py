"""What a backup can not know: whatever was revoked after it was made would be good again in what it restores."""

from dataclasses import dataclass
from datetime import UTC, datetime

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.times import Instant
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.authorize.revoke import end_grant, withdraw
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class Restored:
    """``ended`` and ``kept`` count the access of applications; ``problems`` are those of the ledger in the backup."""

    accounts: int
    ended: int
    kept: int
    problems: tuple[str, ...]


def settle(kit: Kit, uow: UnitOfWork, made: Instant, *, keep_access: bool) -> Restored:
    """Before what was restored can be used: end all access, unless it is kept, and enter it in each person's ledger.

    ``made`` is when the backup was made. A ledger that is not whole gets no entry, so that what is wrong with it stays
    to be seen; access ends all the same.
    """
    problems = tuple(uow.audit.verify())
    broken = {one.partition(":")[0] for one in problems}  # each begins with the Account
    when = datetime.fromtimestamp(made, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    on = {"made": when, "access": "kept" if keep_access else "ended"}
    accounts = uow.accounts.list()
    for account in accounts:
        if account.account_id not in broken:
            uow.audit.append(
                AuditEntry(account.account_id, kit.clock(), Actor.OPERATOR, "backup.restored", Outcome.ALLOWED, on=on)
            )
    live = uow.grants.list()
    for grant in () if keep_access else live:
        if grant.account_id in broken:
            withdraw(uow, grant)
        else:
            end_grant(kit, uow, grant, Actor.OPERATOR)
    return Restored(len(accounts), 0 if keep_access else len(live), len(live) if keep_access else 0, problems)
