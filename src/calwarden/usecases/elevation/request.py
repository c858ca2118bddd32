"""An Application asks for unrestricted access to calendars, or gives it back (contract authorization 3.1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.errors import Invalid
from calwarden.domain.grant import ElevationRequest, Grant
from calwarden.domain.ids import CalendarId, ElevationRequestId
from calwarden.domain.times import Instant
from calwarden.oauth.redirect import is_registered_with_state
from calwarden.oauth.tokens import hash_token
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, Action, Deny, Reason
from calwarden.policy.elevation import ElevationPlan, Level, lowered, plan_elevation, raised, without_terms
from calwarden.policy.view import calendar_facts
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.access import Bearer, Caller, Refusing, attempt_write
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class AskElevation:
    """``wanted``: the id of a calendar and the level it should have, as stated."""

    wanted: tuple[tuple[str, Level], ...]
    redirect_uri: str | None
    problem: Invalid | None = None


@dataclass(frozen=True, slots=True)
class ElevationAnswer:
    """Where to send the person; None if all is done already. The address is a secret and is not stored."""

    url: str | None = field(default=None, repr=False)


def request_elevation(kit: Kit, bearer: Bearer, command: AskElevation) -> ElevationAnswer:
    """Lower what is to be lowered at once (ruling 7), and have the rest decided by the person on a page.

    All or nothing (security 6.1). A raise always leads to the page, whatever is elevated already: the person sees and
    answers the whole list, and the form of the answer depends on the kind of connection alone. Through Enterprise
    Connect with unrestricted_access there is no page. Lowering raises the Grant's generation (ruling 16), which drops
    owed writes and voids earlier requests. A read-only calendar may be elevated and stays read-only (P33).

    Raises Refused (403 ``elevation_not_offered`` for an account that nobody could be asked for), and Invalid on
    ``permissions`` and ``redirect_uri``; then nothing has changed.
    """
    lowering = bool(command.wanted) and all(level is Level.SANDBOX for _, level in command.wanted)

    def act(uow: UnitOfWork, caller: Caller) -> ElevationAnswer | Refusing:
        wanted = {CalendarId(one): level for one, level in command.wanted}
        if command.problem is not None:
            raise command.problem
        refusing = _check(kit, uow, caller, command, wanted)
        if refusing is not None:
            return refusing
        plan = plan_elevation(caller.grant, wanted)
        if plan.ask:
            _check_redirect(uow, caller, command.redirect_uri)
        grant = _apply(kit, uow, caller.grant, plan)
        return _ask(kit, uow, grant, plan, command.redirect_uri or "") if plan.ask else ElevationAnswer()

    return attempt_write(kit, bearer, Action.LOWER_ELEVATION if lowering else Action.REQUEST_ELEVATION, act)


def _check(
    kit: Kit, uow: UnitOfWork, caller: Caller, command: AskElevation, wanted: Mapping[CalendarId, Level]
) -> Refusing | None:
    """Why the caller may not do this, if the input at least makes sense. Raises Invalid."""
    most = kit.limits.calendars_per_elevation
    if not wanted:
        raise Invalid.of("permissions", "errors.required", "name at least one calendar")
    if len(command.wanted) > most:
        raise Invalid.of("permissions", "errors.invalid_format", f"must name at most {most} calendars")
    if len(wanted) != len(command.wanted):
        raise Invalid.of("permissions", "errors.invalid_format", "names a calendar more than once")
    denials = [one for one in (_denied(uow, caller, calendar_id) for calendar_id in wanted) if one is not None]
    hidden = next((one for one in denials if one.reason is Reason.NOT_FOUND), None)
    on = {"calendars": " ".join(sorted(wanted))}
    if hidden is not None:
        unknown = Invalid.of("permissions", "errors.invalid_calendar_ids", "names a calendar that is not there")
        return Refusing(caller, hidden, on, unknown)
    return Refusing(caller, denials[0], on) if denials else None


def _denied(uow: UnitOfWork, caller: Caller, calendar_id: CalendarId) -> Deny | None:
    calendar = uow.calendars.get(caller.account_id, calendar_id)
    profile = None if calendar is None else uow.profiles.get(caller.account_id, calendar.profile_id)
    facts = calendar_facts(caller.grant, calendar, profile, caller.now)
    decision = decide(caller.action, Access(caller.facts, facts))
    return decision if isinstance(decision, Deny) else None


def _check_redirect(uow: UnitOfWork, caller: Caller, redirect_uri: str | None) -> None:
    if not redirect_uri:
        raise Invalid.of("redirect_uri", "errors.required", "redirect_uri must be specified")
    application = uow.applications.get(caller.grant.application_id)
    registered = () if application is None else application.redirect_uris
    if not is_registered_with_state(redirect_uri, registered):
        raise Invalid.of("redirect_uri", "errors.not_recognized", "is not registered for the application")


def _apply(kit: Kit, uow: UnitOfWork, grant: Grant, plan: ElevationPlan) -> Grant:
    """The Grant as it is from now on; only what was elevated can be lowered."""
    given_back = plan.lower & grant.elevated
    added = without_terms(plan.raise_now) - grant.elevations
    changed = raised(lowered(grant, given_back), added, kit.clock())
    if given_back:
        changed = replace(changed, generation=changed.generation + 1)
        uow.audit.append(_entry(kit, grant, "elevation.lowered", given_back))
    if added:
        uow.audit.append(_entry(kit, grant, "elevation.granted", {one.calendar_id for one in added}))
    if changed != grant:
        uow.grants.save(changed)
    return changed


def _ask(kit: Kit, uow: UnitOfWork, grant: Grant, plan: ElevationPlan, redirect_uri: str) -> ElevationAnswer:
    """Store the request under the hash of what the address carries, bound to the Grant as it is now (security 6.2)."""
    secret, now = kit.random.token(), kit.clock()
    uow.elevation_requests.add(
        ElevationRequest(
            ElevationRequestId(hash_token(secret)),
            grant.account_id,
            grant.application_id,
            grant.grant_id,
            grant.generation,
            plan.ask,
            redirect_uri,
            now,
            Instant(now + kit.limits.elevation_life),
        )
    )
    uow.audit.append(_entry(kit, grant, "elevation.requested", plan.ask))
    return ElevationAnswer(f"{kit.public_url}/permissions/{secret}")


def _entry(kit: Kit, grant: Grant, what: str, calendars: Collection[CalendarId]) -> AuditEntry:
    on = {"calendars": " ".join(sorted(calendars))} if calendars else {}
    return AuditEntry(
        grant.account_id, kit.clock(), Actor.APPLICATION, what, Outcome.ALLOWED, grant.application_id, on=on
    )
