"""A code becomes tokens: once (contract authorization 1.2, security 4.5)."""

from dataclasses import dataclass, replace

from calwarden.domain.application import Application
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.grant import Authorization, AuthorizationState, Terms
from calwarden.domain.ids import AccountId
from calwarden.domain.profile import Profile
from calwarden.oauth import pkce
from calwarden.oauth.errors import InvalidGrant, InvalidRequest
from calwarden.oauth.redirect import is_registered
from calwarden.oauth.tokens import hash_token, same
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.authorize.answer import LinkingProfile, TokenAnswer, new_tokens
from calwarden.usecases.authorize.granting import Agreement, grant_scopes
from calwarden.usecases.kit import Kit

_UNUSABLE = "the code is unknown, used or expired"


@dataclass(frozen=True, slots=True)
class _Offer:
    """What the application hands over for tokens."""

    code_hash: str
    redirect_uri: str
    code_verifier: str | None


def exchange_code(
    kit: Kit, application: Application, code: str, redirect_uri: str, code_verifier: str | None = None
) -> TokenAnswer:
    """Redeem ``code`` for an authenticated ``application``; makes or replaces the Grant as the person agreed to it.

    Raises InvalidRequest if a parameter is missing, InvalidGrant if the code is not this application's to redeem at
    this address with this verifier. A code that comes a second time revokes what the first time issued.
    """
    if not code or not redirect_uri:
        raise InvalidRequest("code and redirect_uri are required")
    offer = _Offer(hash_token(code), redirect_uri, code_verifier or None)
    with kit.store.write() as uow:
        held = uow.authorizations.by_code(offer.code_hash)
        # The account first: whoever ends the grant meanwhile is waited for, or waits.
        if held is None or held.application_id != application.application_id or not _is_somebodys(uow, held):
            raise InvalidGrant(_UNUSABLE)
        if held.status is AuthorizationState.APPROVED:
            _check(application, held, offer)
            # INVARIANT: the only place a code is spent, in one statement; of two that come at once one gets None.
            redeemed = uow.authorizations.redeem(offer.code_hash, kit.clock())
            if redeemed is not None and redeemed.account_id is not None:
                return _issue(kit, uow, redeemed, redeemed.account_id)
            held = uow.authorizations.by_code(offer.code_hash) or held
        if held.status is AuthorizationState.EXCHANGED:
            _revoke_issued(kit, uow, held)
    raise InvalidGrant(_UNUSABLE)


def _is_somebodys(uow: UnitOfWork, held: Authorization) -> bool:
    return held.account_id is not None and uow.accounts.get(held.account_id) is not None


def _check(application: Application, held: Authorization, offer: _Offer) -> None:
    if not same(held.redirect_uri, offer.redirect_uri):
        raise InvalidGrant("redirect_uri is not the one of the authorization request")
    if not is_registered(held.redirect_uri, application.redirect_uris):
        raise InvalidGrant("redirect_uri is registered no more")
    if application.public and held.code_challenge is None:
        raise InvalidGrant("code_challenge is required of this application")
    pkce.verify(held.code_challenge, offer.code_verifier)


def _issue(kit: Kit, uow: UnitOfWork, redeemed: Authorization, account_id: AccountId) -> TokenAnswer:
    terms = Terms(redeemed.calendars, redeemed.ends)
    agreed = Agreement(account_id, redeemed.application_id, redeemed.scopes, Actor.APPLICATION, terms)
    grant = grant_scopes(kit, uow, agreed)
    uow.authorizations.save(replace(redeemed, grant_id=grant.grant_id))
    answer = new_tokens(kit, uow, grant, redeemed.authorization_id)
    return replace(answer, linking_profile=_linking_profile(uow, account_id, redeemed))


def _revoke_issued(kit: Kit, uow: UnitOfWork, held: Authorization) -> None:
    uow.tokens.delete_family(held.authorization_id)
    if held.account_id is not None:
        uow.audit.append(
            AuditEntry(
                held.account_id,
                kit.clock(),
                Actor.APPLICATION,
                "tokens.revoked",
                Outcome.REFUSED,
                held.application_id,
                reason="code_reused",
            )
        )


def _linking_profile(uow: UnitOfWork, account_id: AccountId, redeemed: Authorization) -> LinkingProfile | None:
    """The Profile connected during this run, else the first one the Account has."""
    profiles = sorted(uow.profiles.of_account(account_id), key=lambda one: (one.created, one.profile_id))
    chosen: Profile | None = next(
        (one for one in profiles if one.profile_id == redeemed.profile_id), profiles[0] if profiles else None
    )
    return None if chosen is None else LinkingProfile(chosen.provider.value, chosen.profile_id, chosen.name)
