"""The person's answer to a request for Extended Permissions (walkthrough; contract authorization 3.3, security 6)."""

from dataclasses import dataclass, replace

from calwarden.domain.application import Application
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Gone, NotFound
from calwarden.domain.grant import Elevation, ElevationRequest, Grant
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, ElevationRequestId
from calwarden.domain.profile import Calendar
from calwarden.domain.times import Instant
from calwarden.oauth.redirect import is_registered_with_state, with_parameters
from calwarden.oauth.tokens import hash_token
from calwarden.policy.elevation import lowered, may_answer, raised
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.authorize.consent import Settled, check_end
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class Extension:
    """All the page names."""

    request: ElevationRequest
    application: Application
    grant: Grant
    calendars: tuple[Calendar, ...]


def describe_extension(kit: Kit, secret: str, account_id: AccountId) -> Extension:
    """What the page shows. Raises Gone for what can not be answered: nobody but its owner learns which it was."""
    with kit.store.read() as uow:
        return _standing(kit, uow, secret, account_id)


@dataclass(frozen=True, slots=True)
class Lifted:
    """What the person allows in the calendars of a request: deleting too, and until when."""

    deletes: bool = True
    ends: Instant | None = None


def answer_extension(kit: Kit, secret: str, account_id: AccountId, allowed: Lifted | None) -> Settled:
    """Yes raises the named calendars, all of them, for this application alone; None refuses for good.

    Raises Gone; Invalid for an end that has come already.
    """
    with kit.store.write() as uow:
        # The account first: a second answer of the same person waits for this one.
        if uow.accounts.get(account_id) is None:
            raise Gone("the account is gone")
        asked = _standing(kit, uow, secret, account_id)
        if not uow.elevation_requests.answer(asked.request.request_id):
            raise Gone("the request is answered already")
        on = {"calendars": " ".join(asked.request.calendars)}
        if allowed is not None:
            check_end(kit, allowed.ends)
            elevations = (Elevation(one, allowed.deletes, allowed.ends) for one in asked.request.calendars)
            uow.grants.save(raised(asked.grant, elevations, kit.clock()))
            on |= _told(allowed)
        uow.audit.append(
            AuditEntry(
                account_id,
                kit.clock(),
                Actor.ACCOUNT,
                "elevation.refused" if allowed is None else "elevation.granted",
                Outcome.REFUSED if allowed is None else Outcome.ALLOWED,
                asked.application.application_id,
                reason="access_denied" if allowed is None else None,
                on=on,
            )
        )
    parameters = {"error": "access_denied"} if allowed is None else {}
    return Settled(with_parameters(asked.request.redirect_uri, parameters))


def _told(allowed: Lifted) -> dict[str, str]:
    """The terms as the ledger has them."""
    level = {} if allowed.deletes else {"level": "change"}
    return level if allowed.ends is None else {**level, "ends": str(allowed.ends)}


def lower_calendar(kit: Kit, account_id: AccountId, application_id: ApplicationId, calendar_id: CalendarId) -> None:
    """The person takes unrestricted access to one calendar back: at once, for owed writes too (the generation rises).

    Raises NotFound if there is none.
    """
    with kit.store.write() as uow:
        grant = uow.grants.get(account_id, application_id)
        if grant is None or calendar_id not in grant.elevated:
            raise NotFound("this application has no unrestricted access to that calendar")
        uow.grants.save(_narrowed(grant, calendar_id))
        on: dict[str, str] = {"calendars": calendar_id}
        uow.audit.append(
            AuditEntry(
                account_id, kit.clock(), Actor.ACCOUNT, "elevation.lowered", Outcome.ALLOWED, application_id, on=on
            )
        )


def _narrowed(grant: Grant, calendar_id: CalendarId) -> Grant:
    return replace(lowered(grant, [calendar_id]), generation=grant.generation + 1)


def _standing(kit: Kit, uow: UnitOfWork, secret: str, account_id: AccountId) -> Extension:
    request = uow.elevation_requests.get(ElevationRequestId(hash_token(secret)))
    if request is None or request.account_id != account_id:
        raise Gone("no such request")
    grant = uow.grants.get(account_id, request.application_id)
    application = uow.applications.get(request.application_id)
    if grant is None or application is None or not may_answer(request, grant, kit.clock()):
        raise Gone("the request is answered, expired or void")
    if not is_registered_with_state(request.redirect_uri, application.redirect_uris):
        raise Gone("the address to return to is registered no more")
    calendars = [uow.calendars.get(account_id, one) for one in request.calendars]
    held = tuple(one for one in calendars if one is not None and one.owned and not one.deleted)
    # Void if any calendar was deleted or unshared in between (security 6.3): all or nothing.
    if len(held) != len(request.calendars):
        raise Gone("a calendar of the request is gone")
    return Extension(request, application, grant, held)
