"""Listings frozen at their first page (contract events 1.6).

What belongs to a listing, and on which page, is settled once: ``total`` never changes. What may be shown of it is
decided anew for each page. A page is found by a random id of which only the hash is kept, and it is there only for
the Grant, Application and Account it was made for; it can be asked for again until it expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from calwarden.domain.ids import EventKey
from calwarden.domain.times import Instant
from calwarden.oauth.tokens import hash_token
from calwarden.ports.store import Listing, UnitOfWork
from calwarden.usecases.access import Caller
from calwarden.usecases.kit import Kit

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page to come: the keys of its events, or none; and ``view``, all else that is needed to show it."""

    keys: tuple[EventKey, ...]
    view: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """The pages to store, and the id of the first of them."""

    pages: tuple[Listing, ...] = ()
    next_page: str | None = None


def cut(items: Sequence[_T], size: int) -> list[Sequence[_T]]:
    """Pages by count alone (security 3.2); at least one, which may be empty."""
    return [items[start : start + size] for start in range(0, len(items), size)] or [items]


def freeze(kit: Kit, caller: Caller, kind: str, sheets: Sequence[Sheet]) -> Frozen:
    """The pages after the first one, bound to the caller's Grant."""
    ids: list[str | None] = [kit.random.token() for _ in sheets]
    grant, expires = caller.grant, Instant(kit.clock() + kit.limits.listing_life)
    pages = tuple(
        Listing(
            page_hash=hash_token(page or ""),
            account_id=grant.account_id,
            application_id=grant.application_id,
            grant_id=grant.grant_id,
            kind=kind,
            current=current,
            total=len(sheets) + 1,
            keys=sheet.keys,
            next_page=following,
            view=sheet.view,
            expires=expires,
        )
        for current, (page, following, sheet) in enumerate(
            zip(ids, [*ids[1:], None], sheets, strict=True) if ids else (), start=2
        )
    )
    return Frozen(pages, ids[0] if ids else None)


def thaw(kit: Kit, uow: UnitOfWork, caller: Caller, kind: str, page: str) -> Listing | None:
    """The page of that id, or None if it is unknown, expired, of another kind or of another Grant."""
    found = uow.listings.get(hash_token(page), kit.clock())
    grant = caller.grant
    asked = (grant.account_id, grant.application_id, grant.grant_id, kind)
    if found is None or (found.account_id, found.application_id, found.grant_id, found.kind) != asked:
        return None
    return found
