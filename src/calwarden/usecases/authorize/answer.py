"""What a token endpoint answers, before it has a wire form."""

from dataclasses import dataclass

from calwarden.domain.grant import Grant, Token, TokenKind
from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.times import Instant
from calwarden.oauth.tokens import hash_token
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class LinkingProfile:
    """The Profile of this authorization (contract authorization 1.2)."""

    provider_name: str
    profile_id: ProfileId
    profile_name: str


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Tokens in the clear, for the one answer that carries them: only their hashes are stored."""

    access_token: str
    expires_in: int
    refresh_token: str
    scope: str
    account_id: AccountId
    linking_profile: LinkingProfile | None = None
    token_type: str = "bearer"

    @property
    def sub(self) -> AccountId:
        """The wire's other name of the account."""
        return self.account_id

    def __repr__(self) -> str:
        return f"TokenAnswer({self.account_id})"


def new_tokens(
    kit: Kit, uow: UnitOfWork, grant: Grant, family: str, *, refresh_token: str | None = None
) -> TokenAnswer:
    """Issue an access token, and a refresh token unless one is passed on. ``family`` is the authorization they
    descend from.
    """
    access = kit.random.token()
    life = kit.limits.access_token_life
    uow.tokens.add(_token(kit, grant, access, family, life))
    if refresh_token is None:
        refresh_token = kit.random.token()
        uow.tokens.add(_token(kit, grant, refresh_token, family, None))
    return TokenAnswer(access, life, refresh_token, " ".join(grant.scopes), grant.account_id)


def _token(kit: Kit, grant: Grant, value: str, family: str, life: int | None) -> Token:
    now = kit.clock()
    return Token(
        hash_token(value),
        TokenKind.REFRESH if life is None else TokenKind.ACCESS,  # a refresh token does not expire by time
        grant.account_id,
        grant.application_id,
        grant.grant_id,
        now,
        None if life is None else Instant(now + life),
        family,
    )
