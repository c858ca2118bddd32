"""The person's answer to an Application's request: what the page shows, and yes or no to exactly that."""

from dataclasses import dataclass, replace

from calwarden.domain.account import Account
from calwarden.domain.application import Application
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Gone, Invalid
from calwarden.domain.grant import Authorization, AuthorizationState, Grant, Terms
from calwarden.domain.ids import AccountId, AuthorizationId, CalendarId, ProfileId
from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.oauth.redirect import is_registered, with_parameters
from calwarden.oauth.tokens import hash_token
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.authorize.granting import told
from calwarden.usecases.kit import Kit

_LONGEST = 3_660 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class Consent:
    """All a consent page names. ``held`` is what the application may do already."""

    authorization: Authorization
    application: Application
    account: Account
    profiles: tuple[Profile, ...]
    calendars: tuple[Calendar, ...]  # those the person owns: the ones it is about
    held: Grant | None


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the browser goes now. It carries the code once and is not stored."""

    location: str

    def __repr__(self) -> str:
        return "Settled(...)"


def pending(kit: Kit, authorization_id: AuthorizationId) -> tuple[Authorization, Application]:
    """The request and who makes it, for pages shown before anybody has signed in. Raises Gone."""
    with kit.store.read() as uow:
        return _pending(kit, uow, authorization_id)


def describe(kit: Kit, authorization_id: AuthorizationId, account_id: AccountId) -> Consent:
    """What the consent page shows to ``account_id``. Raises Gone if there is nothing (any more) to answer."""
    with kit.store.read() as uow:
        authorization, application = _pending(kit, uow, authorization_id)
        account = uow.accounts.get(account_id)
        if account is None:
            raise Gone("the account is gone")
        calendars = tuple(one for one in uow.calendars.of_account(account_id) if one.owned and not one.deleted)
        profiles = tuple(uow.profiles.of_account(account_id))
        held = uow.grants.get(account_id, application.application_id)
    return Consent(authorization, application, account, profiles, calendars, held)


def attach_profile(kit: Kit, authorization_id: AuthorizationId, account_id: AccountId, profile_id: ProfileId) -> None:
    """Note the Profile connected during this run, for ``linking_profile``. Raises Gone."""
    with kit.store.write() as uow:
        authorization, _ = _pending(kit, uow, authorization_id)
        uow.authorizations.save(replace(authorization, account_id=account_id, profile_id=profile_id))


def approve(
    kit: Kit,
    authorization_id: AuthorizationId,
    account_id: AccountId,
    terms: Terms = Terms(),  # noqa: B008  a value
) -> Settled:
    """The person agrees, within ``terms``: the request becomes a code that lives ``limits.code_life``.

    Raises Gone (one use); Invalid for calendars that are not theirs, for none at all, and for an end that is past.
    """
    code = kit.random.token()
    with kit.store.write() as uow:
        # The account first: that makes a second answer of the same person wait for this one.
        if uow.accounts.get(account_id) is None:
            raise Gone("the account is gone")
        authorization, _ = _pending(kit, uow, authorization_id)
        check_terms(kit, uow, account_id, terms)
        # What they said last counts: a code of an earlier yes does not bring back what this one leaves out.
        uow.authorizations.withdraw_codes(account_id, authorization.application_id)
        uow.authorizations.save(
            replace(
                authorization,
                calendars=terms.calendars,
                ends=terms.ends,
                status=AuthorizationState.APPROVED,
                account_id=account_id,
                profile_id=authorization.profile_id if authorization.account_id == account_id else None,
                code_hash=hash_token(code),
                expires=Instant(kit.clock() + kit.limits.code_life),
            )
        )
        uow.audit.append(_answered(kit, authorization, account_id, Outcome.ALLOWED, terms))
    return _back(kit, authorization, {"code": code})


def decline(kit: Kit, authorization_id: AuthorizationId, account_id: AccountId | None) -> Settled:
    """The person refuses, signed in or not. Raises Gone; one use, nothing can be agreed to afterwards."""
    with kit.store.write() as uow:
        authorization, _ = _pending(kit, uow, authorization_id)
        uow.authorizations.save(replace(authorization, status=AuthorizationState.DECLINED, account_id=account_id))
        if account_id is not None:
            uow.audit.append(_answered(kit, authorization, account_id, Outcome.REFUSED, Terms()))
    return _back(kit, authorization, {"error": "access_denied"})


def _pending(kit: Kit, uow: UnitOfWork, authorization_id: AuthorizationId) -> tuple[Authorization, Application]:
    authorization = uow.authorizations.get(authorization_id)
    if authorization is None or authorization.status is not AuthorizationState.PENDING:
        raise Gone("the request is answered already or never was")
    if authorization.expires <= kit.clock():
        raise Gone("the request has expired")
    application = uow.applications.get(authorization.application_id)
    if application is None:
        raise Gone("the application is gone")
    if not is_registered(authorization.redirect_uri, application.redirect_uris):
        raise Gone("the address to return to is registered no more")
    return authorization, application


def check_terms(
    kit: Kit, uow: UnitOfWork, account_id: AccountId, terms: Terms, held: frozenset[CalendarId] | None = None
) -> None:
    """Raises Invalid for terms that nobody can mean. Calendars that are ``held`` already may be gone by now."""
    if terms.calendars is not None:
        owned = {one.calendar_id for one in uow.calendars.of_account(account_id) if one.owned and not one.deleted}
        if not terms.calendars or not terms.calendars <= owned | (held or frozenset()):
            raise Invalid.of("calendars", "errors.required", "choose one calendar at least")
    check_end(kit, terms.ends)


def check_end(kit: Kit, ends: Instant | None) -> None:
    """Raises Invalid for an end that has come already or never will."""
    if ends is not None and not kit.clock() < ends <= kit.clock() + _LONGEST:
        raise Invalid.of("end", "errors.invalid_format", "choose a day to come, within ten years")


def _answered(
    kit: Kit, authorization: Authorization, account_id: AccountId, outcome: Outcome, terms: Terms
) -> AuditEntry:
    return AuditEntry(
        account_id,
        kit.clock(),
        Actor.ACCOUNT,
        "consent.answered",
        outcome,
        authorization.application_id,
        reason=None if outcome is Outcome.ALLOWED else "access_denied",
        on={"scope": " ".join(authorization.scopes), **told(terms)},
    )


def _back(kit: Kit, authorization: Authorization, parameters: dict[str, str]) -> Settled:
    location = with_parameters(
        authorization.redirect_uri, {**parameters, "iss": kit.public_url}, authorization.state_param
    )
    return Settled(location)
