"""The end of a Grant, whoever wants it (contract authorization 1.4, security 4.13 and 5)."""

from dataclasses import replace

from calwarden.domain.application import Application
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import NotFound
from calwarden.domain.grant import Grant, GrantState
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.oauth.errors import InvalidRequest
from calwarden.oauth.tokens import hash_token
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit


def revoke(kit: Kit, application: Application, token: str | None = None, sub: str | None = None) -> None:
    """End the whole authorization that ``token`` (access or refresh) or ``sub`` stands for; ``token`` wins.

    What is unknown, revoked already or another application's is passed over in silence (RFC 7009 2.2). A public
    application proves itself by a token alone: ``sub`` is no secret. Raises InvalidRequest if nothing is named.
    """
    if not token and (application.public or not sub):
        raise InvalidRequest("token is required" if application.public else "token or sub is required")
    with kit.store.write() as uow:
        grant: Grant | None = None
        if token:
            found = uow.tokens.find(hash_token(token))
            grant = None if found is None else found[1]
        elif sub:
            grant = uow.grants.get(AccountId(sub), application.application_id)
        if grant is not None and grant.application_id == application.application_id:
            end_grant(kit, uow, grant, Actor.APPLICATION)


def revoke_grant(kit: Kit, account_id: AccountId, application_id: ApplicationId, actor: Actor) -> None:
    """End the live Grant of the pair for the person or the operator. Raises NotFound if there is none."""
    with kit.store.write() as uow:
        grant = uow.grants.get(account_id, application_id)
        if grant is None:
            raise NotFound("this application has no access")
        end_grant(kit, uow, grant, actor)


def end_grant(kit: Kit, uow: UnitOfWork, grant: Grant, actor: Actor) -> None:
    """Revoke ``grant`` in this transaction: tokens, codes not yet redeemed, page URLs, elevations and requests for
    them; owed writes of the old generation are dropped by the worker. A revoked one stays as it is.
    """
    if grant.state is not GrantState.ACTIVE:
        return
    withdraw(uow, grant)
    uow.audit.append(
        AuditEntry(
            grant.account_id,
            kit.clock(),
            actor,
            "grant.revoked",
            Outcome.ALLOWED,
            grant.application_id,
            on={"grant_id": grant.grant_id},
        )
    )


def withdraw(uow: UnitOfWork, grant: Grant) -> None:
    """What :func:`end_grant` does to a live Grant, without its entry in the ledger."""
    uow.grants.save(replace(grant, state=GrantState.REVOKED, generation=grant.generation + 1, elevations=frozenset()))
    uow.tokens.delete_of_grant(grant.account_id, grant.grant_id)
    # A code in hand would bring the access back at once; it comes back by a new request alone.
    uow.authorizations.withdraw_codes(grant.account_id, grant.application_id)
    uow.elevation_requests.delete_of_grant(grant.account_id, grant.grant_id)
    uow.listings.delete_of_grant(grant.account_id, grant.grant_id)
