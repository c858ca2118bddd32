"""The repository of what was done."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from calwarden.domain.audit import AuditEntry, Looked
from calwarden.domain.ids import (
    AccountId,
    ApplicationId,
    CalendarId,
)
from calwarden.domain.times import Instant

Record = dict[str, object]
"""A line of an export."""


class Audit(Protocol):
    def append(self, entry: AuditEntry) -> None:
        """Add to the Account's hash chain (ruling 28). Raises NotFound if the Account is gone."""
        ...

    def count_read(
        self,
        account_id: AccountId,
        application_id: ApplicationId,
        calendar_id: CalendarId,
        level: str,
        now: Instant,
        *,
        looked: Looked,
    ) -> None:
        """Reads and refused reads: a counter that becomes one entry per closed hour. ``level`` is a word such as
        ``events`` or ``free_busy``; ``refused:`` with a reason counts a refusal.
        """
        ...

    def entries(self, account_id: AccountId, limit: int | None = None, skip: int = 0) -> Sequence[AuditEntry]:
        """Newest first, without the ``skip`` newest."""
        ...

    def chapter(self, account_id: AccountId, after: int, limit: int) -> Sequence[tuple[Record, int, AuditEntry]]:
        """Oldest first: so many of those that follow number ``after``, each as :meth:`export` gives it, with its number
        and as it is.
        """
        ...

    def head(self, account_id: AccountId) -> Record | None:
        """The head of the chain as :meth:`export` gives it: signed with Ed25519, over the JSON of account, sequence and
        hash in an array without blanks.
        """
        ...

    def public_key(self) -> str:
        """What signatures of heads can be checked with: an Ed25519 public key, in hex."""
        ...

    def close_hours(self, now: Instant) -> None:
        """Turn the counters of closed hours into entries."""
        ...

    def export(self, account_id: AccountId | None = None) -> Iterable[Record]:
        """Records of ``kind`` entry with sequence, predecessor hash, hash and (while the key exists) content, oldest
        first, and after each chain one of ``kind`` head, signed. To be read within the unit of work.
        """
        ...

    def verify(self) -> Sequence[str]:
        """Problems found in any chain: a change, a deletion, a reordering. Empty if none."""
        ...
