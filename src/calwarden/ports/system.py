"""Clock and randomness, passed in so that rules stay pure and tests stay repeatable."""

from typing import Protocol

from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.times import Instant


class Clock(Protocol):
    """Answers the current instant (UTC, whole seconds)."""

    def __call__(self) -> Instant: ...


class Random(Protocol):
    """Unguessable values, at least 128 bits each."""

    def token(self) -> str:
        """32 URL-safe ASCII characters: codes, tokens, page ids, links."""
        ...

    def hex24(self) -> str:
        """24 hex digits, as in ``acc_...`` and event keys."""
        ...

    def account_id(self) -> AccountId: ...

    def profile_id(self) -> ProfileId: ...
