"""The person makes what an Application may do narrower, without its doing: fewer calendars, an end (ruling 8)."""

from dataclasses import replace

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Invalid, NotFound
from calwarden.domain.grant import Grant, Terms
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.policy.elevation import lowered
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.authorize.consent import check_terms
from calwarden.usecases.authorize.granting import told
from calwarden.usecases.kit import Kit


def narrow_grant(kit: Kit, account_id: AccountId, application_id: ApplicationId, terms: Terms) -> None:
    """From now on ``terms`` hold: at once, for owed writes and open pages too (the generation rises).

    Raises NotFound if there is no live Grant; Invalid for terms that would allow more than now, and as ``approve``
    does.
    """
    with kit.store.write() as uow:
        grant = uow.grants.get(account_id, application_id)
        if grant is None:
            raise NotFound("this application has no access")
        check_terms(kit, uow, account_id, terms, held=grant.calendars)
        if not terms.within(grant.terms):
            raise Invalid.of("calendars", "errors.not_allowed", "it has to ask you for more: here it can only get less")
        if terms != grant.terms:
            _narrow(kit, uow, grant, terms)


def _narrow(kit: Kit, uow: UnitOfWork, grant: Grant, terms: Terms) -> None:
    kept = grant if terms.calendars is None else lowered(grant, grant.elevated - terms.calendars)
    uow.grants.save(replace(kept, calendars=terms.calendars, ends=terms.ends, generation=grant.generation + 1))
    # A code in hand was agreed to with more: it would bring that back.
    uow.authorizations.withdraw_codes(grant.account_id, grant.application_id)
    uow.elevation_requests.delete_of_grant(grant.account_id, grant.grant_id)
    uow.listings.delete_of_grant(grant.account_id, grant.grant_id)
    uow.audit.append(
        AuditEntry(
            grant.account_id,
            kit.clock(),
            Actor.ACCOUNT,
            "grant.narrowed",
            Outcome.ALLOWED,
            grant.application_id,
            on={"grant_id": grant.grant_id, **told(terms)},
        )
    )
