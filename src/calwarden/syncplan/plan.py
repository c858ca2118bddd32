"""What a sync pass will do with one calendar."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from calwarden.domain.ids import ResourceId

AGAIN: Final = 50
"""So many of those that could not be read are asked for again beside what an incremental listing names."""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """``fetch`` in a stable order; ``gone`` is what the Provider no longer has."""

    fetch: tuple[ResourceId, ...]
    gone: tuple[ResourceId, ...]


def plan(
    held: Mapping[ResourceId, str | None],
    changed: Mapping[ResourceId, str],
    removed: AbstractSet[ResourceId],
    owed: AbstractSet[ResourceId],
    *,
    full: bool,
) -> SyncPlan:
    """Fetch what is new, has another etag, or could not be read before; drop what is removed or, in a ``full`` listing,
    not listed.

    Being told twice is harmless: an etag we hold is not fetched again. Resources with an owed write are left alone;
    their etag is not recorded, and their delivery reads the Provider's version. What never reached the Provider
    (etag None) is not gone. What could not be read is held with an empty etag: no Provider names it again in an
    incremental listing, so ``AGAIN`` of them are asked for beside it.
    """
    fetch = tuple(sorted(one for one, etag in changed.items() if one not in owed and held.get(one) != etag))
    if not full:
        unread = sorted(one for one, etag in held.items() if etag == "")
        fetch += tuple(one for one in unread if one not in changed and one not in removed and one not in owed)[:AGAIN]
    missing = {one for one, etag in held.items() if etag is not None and one not in changed} if full else set()
    gone = ({one for one in removed if one in held and one not in changed} | missing) - owed
    return SyncPlan(fetch, tuple(sorted(gone)))
