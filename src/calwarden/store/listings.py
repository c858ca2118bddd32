"""Listings frozen at their first page, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete

from calwarden.domain.errors import Conflict
from calwarden.domain.ids import AccountId, ApplicationId, EventKey, GrantId
from calwarden.domain.times import Instant
from calwarden.ports.store import Listing
from calwarden.store import tables as t
from calwarden.store.datakeys import DataKeys
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class _Body:
    keys: tuple[EventKey, ...]
    next_page: str | None
    view: str


_EXPIRED = delete(t.listings).where(t.listings.c.expires <= bindparam("now"))


class SqlListings:
    """Implements ``ports.store.Listings``."""

    def __init__(self, tx: Transaction, keys: DataKeys) -> None:
        self._tx = tx
        self._keys = keys

    def add(self, pages: Sequence[Listing]) -> None:
        for page in pages:
            if not self._tx.add(t.listings, self._values(page)):
                raise Conflict("there is such a page already")

    def get(self, page_hash: str, now: Instant) -> Listing | None:
        self._tx.enter(t.listings, page_hash=page_hash)
        row = self._tx.one(t.listings, page_hash=page_hash)
        if row is None or row.expires <= now:
            return None
        body = self._keys.open(row.account_id, "listings", (page_hash,), row.sealed, _Body)
        return Listing(
            page_hash,
            AccountId(row.account_id),
            ApplicationId(row.application_id),
            GrantId(row.grant_id),
            row.kind,
            row.current,
            row.total,
            body.keys,
            body.next_page,
            body.view,
            Instant(row.expires),
        )

    def delete_of_grant(self, account_id: AccountId, grant_id: GrantId) -> None:
        self._tx.drop(t.listings, account_id=account_id, grant_id=grant_id)

    def purge(self, now: Instant) -> None:
        with self._tx.across_accounts(Across.EXPIRED):
            self._tx.change(_EXPIRED, {"now": now})

    def _values(self, page: Listing) -> dict[str, Any]:
        body = _Body(page.keys, page.next_page, page.view)
        return {
            "page_hash": page.page_hash,
            "account_id": page.account_id,
            "application_id": page.application_id,
            "grant_id": page.grant_id,
            "kind": page.kind,
            "current": page.current,
            "total": page.total,
            "expires": page.expires,
            "sealed": self._keys.seal(page.account_id, "listings", (page.page_hash,), body),
        }
