"""What a sync pass will do with one calendar."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from calwarden.domain.ids import ResourceId
from calwarden.syncplan.unread import ANEW, is_due, is_unread, place_of

AGAIN: Final = 50
"""So many of those that could not be read are asked for again in one pass, beside everything else."""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """``fetch`` in a stable order, what is new or changed first; ``gone`` is what the Provider no longer has."""

    fetch: tuple[ResourceId, ...]
    gone: tuple[ResourceId, ...]


def plan(
    held: Mapping[ResourceId, str | None],
    changed: Mapping[ResourceId, str],
    removed: AbstractSet[ResourceId],
    owed: AbstractSet[ResourceId],
    *,
    full: bool,
    turn: int = 0,
) -> SyncPlan:
    """Fetch what is new, has another etag, or could not be read before; drop what is removed or, in a ``full`` listing,
    not listed.

    Being told twice is harmless: an etag we hold is not fetched again; what is listed without one always is. Resources
    with an owed write are left alone; their etag is not recorded, and their delivery reads the Provider's version. What
    never reached the Provider (etag None) is not gone. Of what was asked for in vain before, ``AGAIN`` are asked for
    beside the rest, those whose ``turn`` it is: neither do the first of many keep the others waiting, nor is a Provider
    asked for all of them every time.
    """
    unread = {one: etag for one, etag in held.items() if etag is not None and is_unread(etag)}
    # A full listing names what could not be read without saying that it changed.
    waiting = {one for one in unread if (unread[one] != ANEW if full else one not in changed)}
    fetch = sorted(one for one, etag in changed.items() if (held.get(one) != etag or not etag) and one not in waiting)
    missing = {one for one, etag in held.items() if etag is not None and one not in changed} if full else set()
    gone = ({one for one in removed if one in held and one not in changed} | missing) - owed
    again = _again({one: unread[one] for one in waiting - gone}, turn)
    return SyncPlan(tuple(one for one in (*fetch, *again) if one not in owed), tuple(sorted(gone)))


def _again(waiting: Mapping[ResourceId, str], turn: int) -> Iterable[ResourceId]:
    due = (one for one, etag in waiting.items() if is_due(one, etag, turn))
    return sorted(due, key=lambda one: (place_of(one, turn), one))[:AGAIN]
