"""A refresh token becomes a new access token (contract authorization 1.3, security 4.8, ruling 14)."""

from calwarden.domain.application import Application
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.grant import GrantState, Token, TokenKind
from calwarden.oauth.errors import InvalidGrant, InvalidRequest
from calwarden.oauth.tokens import hash_token
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.authorize.answer import TokenAnswer, new_tokens
from calwarden.usecases.kit import Kit

_OVER = "the time for which the person granted access is over"
_UNUSABLE = "the refresh token is unknown or revoked"


def refresh(kit: Kit, application: Application, refresh_token: str) -> TokenAnswer:
    """A new access token for what the Grant holds now.

    A confidential application keeps its refresh token; a public one gets another, and the old one coming back
    revokes all that descends from the same authorization. Raises InvalidRequest, InvalidGrant.
    """
    if not refresh_token:
        raise InvalidRequest("refresh_token is required")
    with kit.store.write() as uow:
        found = uow.tokens.find(hash_token(refresh_token))
        if found is None:
            raise InvalidGrant(_UNUSABLE)
        token, grant = found
        mine = token.kind is TokenKind.REFRESH and token.application_id == application.application_id
        if not mine or grant.state is not GrantState.ACTIVE:
            raise InvalidGrant(_UNUSABLE)
        if grant.ends is not None and grant.ends <= kit.clock():
            raise InvalidGrant(_OVER)
        if not application.public:
            return new_tokens(kit, uow, grant, token.family, refresh_token=refresh_token)
        if uow.tokens.spend(token.token_hash):
            return new_tokens(kit, uow, grant, token.family)
        _revoke_family(kit, uow, token)
    raise InvalidGrant(_UNUSABLE)


def _revoke_family(kit: Kit, uow: UnitOfWork, token: Token) -> None:
    uow.tokens.delete_family(token.family)
    uow.audit.append(
        AuditEntry(
            token.account_id,
            kit.clock(),
            Actor.APPLICATION,
            "tokens.revoked",
            Outcome.REFUSED,
            token.application_id,
            reason="refresh_token_reused",
        )
    )
