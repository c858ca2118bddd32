"""The repositories of what people let applications do."""

from collections.abc import Sequence
from typing import Protocol

from calwarden.domain.grant import Authorization, ElevationRequest, Grant, Token
from calwarden.domain.ids import (
    AccountId,
    ApplicationId,
    AuthorizationId,
    ElevationRequestId,
    GrantId,
)
from calwarden.domain.times import Instant


class Authorizations(Protocol):
    def add(self, authorization: Authorization) -> None: ...
    def get(self, authorization_id: AuthorizationId) -> Authorization | None: ...
    def save(self, authorization: Authorization) -> None: ...
    def by_code(self, code_hash: str) -> Authorization | None: ...
    def redeem(self, code_hash: str, now: Instant) -> Authorization | None:
        """One atomic statement: APPROVED and unexpired becomes EXCHANGED; None if it was not so (security 4.5)."""
        ...

    def withdraw_codes(self, account_id: AccountId, application_id: ApplicationId) -> None:
        """What this Account has approved and this Application has not redeemed becomes DECLINED."""
        ...

    def purge(self, now: Instant) -> None:
        """Forget those that expired; of those that had a code, a day later: until then one that comes a second time is
        recognised.
        """
        ...


class Grants(Protocol):
    def add(self, grant: Grant) -> None: ...
    def get(self, account_id: AccountId, application_id: ApplicationId) -> Grant | None:
        """The live Grant of the pair, or None."""
        ...

    def by_id(self, account_id: AccountId, grant_id: GrantId) -> Grant | None:
        """Whatever its state."""
        ...

    def of_account(self, account_id: AccountId) -> Sequence[Grant]: ...
    def of_application(self, application_id: ApplicationId) -> Sequence[Grant]: ...
    def number(self, application_id: ApplicationId) -> int:
        """How many live ones the Application has."""
        ...

    def list(self) -> Sequence[Grant]:
        """Live ones, for the operator."""
        ...

    def save(self, grant: Grant) -> None: ...


class Tokens(Protocol):
    def add(self, token: Token) -> None: ...
    def find(self, token_hash: str) -> tuple[Token, Grant] | None:
        """Token and its Grant in one indexed read; the caller judges expiry, kind and state."""
        ...

    def spend(self, token_hash: str) -> bool:
        """Mark a refresh token as rotated away; False if it was already (reuse)."""
        ...

    def delete_of_grant(self, account_id: AccountId, grant_id: GrantId) -> None: ...
    def delete_family(self, family: str) -> None: ...
    def purge(self, now: Instant) -> None:
        """Forget expired ones."""
        ...


class ElevationRequests(Protocol):
    def add(self, request: ElevationRequest) -> None: ...
    def get(self, request_id: ElevationRequestId) -> ElevationRequest | None: ...
    def answer(self, request_id: ElevationRequestId) -> bool:
        """Mark as answered, atomically; False if it was already."""
        ...

    def delete_of_grant(self, account_id: AccountId, grant_id: GrantId) -> None: ...
    def purge(self, now: Instant) -> None:
        """Forget expired ones."""
        ...
