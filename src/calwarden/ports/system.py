"""Clock and randomness, passed in so that rules stay pure and tests stay repeatable."""

from typing import Protocol

from calwarden.domain.ids import AccountId, ApplicationId, ProfileId
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


class Gate(Protocol):
    """How many requests one Application may make (contract authorization 7.3); one never slows another."""

    def pass_through(self, application_id: ApplicationId, now: Instant) -> None:
        """Count one request. Raises Throttled past the limit."""
        ...


class OpenGate:
    """No limit: for tests, and for whoever switches it off."""

    def pass_through(self, application_id: ApplicationId, now: Instant) -> None:
        del application_id, now
