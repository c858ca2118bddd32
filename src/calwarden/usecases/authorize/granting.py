"""Making or replacing the one live Grant of an Application for an Account: the rules every way of granting shares."""

from dataclasses import dataclass, replace

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.grant import Grant, Terms
from calwarden.domain.ids import AccountId, ApplicationId, GrantId
from calwarden.domain.times import Instant
from calwarden.policy.scopes import abilities
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed to, and who said so. ``terms``: what it was made narrower by."""

    account_id: AccountId
    application_id: ApplicationId
    scopes: tuple[str, ...]
    actor: Actor
    terms: Terms = Terms()


def grant_scopes(kit: Kit, uow: UnitOfWork, agreed: Agreement) -> Grant:
    """Store the Grant as just agreed to, and an Audit Entry.

    A new agreement replaces the old one entirely: its scopes and terms alone count, nothing is elevated, nothing else
    is left out (contract authorization 1.1, security 5.3). The Grant keeps its id, so that earlier tokens stay valid;
    its generation rises only if it became narrower (ruling 16).
    """
    account_id, application_id, scopes = agreed.account_id, agreed.application_id, agreed.scopes
    held = uow.grants.get(account_id, application_id)
    if held is None:
        made = Grant(GrantId(kit.random.hex24()), account_id, application_id, scopes, kit.clock())
        grant = replace(made, calendars=agreed.terms.calendars, ends=agreed.terms.ends)
        uow.grants.add(grant)
    else:
        grant = _replaced(held, scopes, agreed.terms, kit.clock())
        uow.grants.save(grant)
        uow.elevation_requests.delete_of_grant(account_id, grant.grant_id)
        if grant.generation != held.generation:
            uow.listings.delete_of_grant(account_id, grant.grant_id)
    on = {"scope": " ".join(scopes), "grant_id": grant.grant_id}
    on |= told(agreed.terms)
    if held is not None:
        on["scope_before"] = " ".join(held.scopes)
    what = "grant.issued" if held is None else "grant.replaced"
    uow.audit.append(AuditEntry(account_id, kit.clock(), agreed.actor, what, Outcome.ALLOWED, application_id, on=on))
    return grant


def _replaced(held: Grant, scopes: tuple[str, ...], terms: Terms, now: Instant) -> Grant:
    less = not abilities(held.scopes) <= abilities(scopes) or not held.terms.within(terms)
    over = held.ends is not None and now >= held.ends  # what was accepted before does not come back to life
    narrower = bool(held.elevations) or less or over
    return replace(
        held,
        scopes=scopes,
        elevations=frozenset(),
        calendars=terms.calendars,
        hidden_profiles=frozenset(),
        ends=terms.ends,
        generation=held.generation + narrower,
    )


def told(terms: Terms) -> dict[str, str]:
    """The terms as the ledger has them."""
    calendars = {} if terms.calendars is None else {"calendars": " ".join(sorted(terms.calendars))}
    return calendars if terms.ends is None else {**calendars, "ends": str(terms.ends)}
