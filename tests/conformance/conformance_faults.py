"""What a server may do wrong, one thing at a time. Each is put in before the server starts, where it is told from the
outside: the catalogue of scopes, the table of rules, functions by name, the wire.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import calwarden.api.errors
import calwarden.api.v1.events
import calwarden.cli  # everything is imported before anything is replaced
from calwarden.api.v1.free_busy import busy_body
from calwarden.oauth.tokens import hash_token
from calwarden.policy.decide import RULES, Rule, Target
from calwarden.policy.decision import Action, Deny, Elevated, Reason, Relation
from calwarden.policy.elevation import elevated
from calwarden.policy.explain import refuse
from calwarden.policy.scopes import CATALOGUE, Ability, abilities
from calwarden.policy.view import busy_sight, relation, view_event
from calwarden.store.events import Resource
from calwarden.usecases.access import Refusing
from calwarden.usecases.authorize.answer import new_tokens
from calwarden.usecases.authorize.granting import grant_scopes
from calwarden.usecases.authorize.refresh import refresh
from calwarden.usecases.authorize.revoke import withdraw
from calwarden.usecases.events.common import ANY_UID, EXTERNAL_UID, find_place
from calwarden.usecases.events.read import find_events
from calwarden.usecases.events.upsert import upsert_event

assert calwarden.cli


@dataclass(frozen=True)
class Fault:
    """``caught``: the check that has to name it. ``columns``: of the matrix, if that is where it shows."""

    seed: Callable[[], None]
    caught: str
    columns: tuple[str, ...] = ()

    @property
    def only(self) -> str:
        """What of the kit is run: the group, or the operation of the matrix."""
        parts = self.caught.split("/")
        return "/".join(parts[:2]) if parts[0] == "matrix" else parts[0]


FAULTS: dict[str, Fault] = {}


def fault(caught: str, *columns: str) -> Callable[[Callable[[], None]], None]:
    """Enter a fault under the name of the function that puts it in."""

    def enter(seed: Callable[[], None]) -> None:
        FAULTS[seed.__name__] = Fault(seed, caught, columns)

    return enter


def wrap(old: Any, make: Callable[[Any], Any]) -> None:
    """Put ``make(old)`` wherever calwarden has ``old``."""
    new, places = make(old), 0
    for module in [one for name, one in sys.modules.items() if name.partition(".")[0] == "calwarden"]:
        for name, held in list(vars(module).items()):
            if held is old:
                setattr(module, name, new)
                places += 1
    assert places, old


def widen(scope: str, *more: Ability) -> None:
    """Let a scope mean more than it does."""
    CATALOGUE[scope] = replace(CATALOGUE[scope], abilities=CATALOGUE[scope].abilities | set(more))
    abilities.cache_clear()


def rule(action: Action, **changes: Any) -> Rule:
    """Change a rule; gives the one before."""
    before = RULES[action]
    RULES[action] = replace(before, **changes)
    return before


# Scopes


@fault("matrix/free_busy/person/WO", "WO", "RFB")
def write_only_reads_busy_times() -> None:
    widen("write_only", Ability.READ_BUSY)


@fault("matrix/events/person/FB", "FB", "RO")
def free_busy_reads_events() -> None:
    widen("free_busy", Ability.READ_EVENTS)


@fault("matrix/events/other/L", "L", "RO")
def legacy_scopes_read() -> None:
    widen("list_calendars", Ability.READ_EVENTS)


@fault("matrix/respond/person/RW", "CPS", "RW")
def read_write_answers_invitations() -> None:
    widen("read_write", Ability.RESPOND)


@fault("matrix/create_calendar/RW", "CC", "RW")
def anybody_makes_calendars() -> None:
    rule(Action.CREATE_CALENDAR, ability=None)


# Own and External Events


@fault("matrix/only_managed/person/RE", "WO", "RE")
def only_managed_is_ignored() -> None:
    def make(old: Any) -> Any:
        return lambda kit, uow, caller, asked: old(kit, uow, caller, replace(asked, only_managed=False))

    wrap(find_events, make)


@fault("ids/foreign_event_id")
def ids_of_other_applications_are_shown() -> None:
    def make(old: Any) -> Any:
        def view(grant: Any, calendar: Any, profile: Any, event: Any, *more: Any) -> Any:
            shown = old(grant, calendar, profile, event, *more)
            return None if shown is None else replace(shown, event_id=event.event_id)

        return view

    wrap(view_event, make)


@fault("ids/event_id_wins")
def event_uid_wins() -> None:
    def make(old: Any) -> Any:
        return lambda call: (None, call.values["event_uid"]) if call.states("event_uid") else old(call)

    wrap(calwarden.api.v1.events._ids, make)


@fault("matrix/delete_by_uid/own/elevated/RW", "DE", "RW")
def own_events_are_deleted_by_uid() -> None:
    rule(Action.DELETE_EVENT, target=Target.ANY_EVENT)
    wrap(EXTERNAL_UID, lambda _: ANY_UID)


@fault("bulk/external")
def bulk_deletion_deletes_all() -> None:
    def everybodys(self: Any, account_id: Any, application_id: Any, calendar_ids: Any) -> list[Resource]:
        del application_id
        every = ((one, resource_id) for one in calendar_ids for resource_id in self.etags(account_id, one))
        found = [self.resource(account_id, *at) for at in every]
        return [one for one in found if one is not None and one.components]

    events = next(one for one in vars(calwarden.store.events).values() if hasattr(one, "own_resources"))
    events.own_resources = everybodys


# Elevation


@fault("matrix/edit_by_uid/person/RW", "RO", "RW")
def the_sandbox_is_open() -> None:
    rule(Action.EDIT_EVENT, elevated=Elevated.NONE)


@fault("elevation/calendar")
def elevation_is_of_all_calendars() -> None:
    def make(old: Any) -> Any:
        def most(grant: Any, calendar_id: Any, now: Any) -> Any:
            levels = [old(grant, one, now) for one in {calendar_id, *grant.elevated}]
            return max(levels, key=list(Elevated).index)

        return most

    wrap(elevated, make)


@fault("elevation/application")
def elevation_is_of_all_applications() -> None:
    known: dict[Any, Any] = {}

    def make(old: Any) -> Any:
        def remembered(grant: Any, calendar_id: Any, now: Any) -> Any:
            level = old(grant, calendar_id, now)
            if level is not Elevated.NONE:
                known[calendar_id] = level
            return known.get(calendar_id, level)

        return remembered

    wrap(elevated, make)


@fault("elevation/reauthorized")
def elevation_outlives_the_authorization() -> None:
    def make(old: Any) -> Any:
        def keeping(kit: Any, uow: Any, agreed: Any) -> Any:
            held = uow.grants.get(agreed.account_id, agreed.application_id)
            grant = old(kit, uow, agreed)
            if held is not None:
                grant = replace(grant, elevations=held.elevations)
                uow.grants.save(grant)
            return grant

        return keeping

    wrap(grant_scopes, make)


# Tokens


@fault("tokens/revoked")
def revoked_tokens_live_on() -> None:
    wrap(withdraw, lambda _: lambda uow, grant: None)


@fault("tokens/refresh_widens")
def refreshing_widens() -> None:
    def make(old: Any) -> Any:
        def widening(kit: Any, *more: Any) -> Any:
            answer = old(kit, *more)
            with kit.store.write() as uow:
                _, grant = uow.tokens.find(hash_token(answer.access_token))
                uow.grants.save(replace(grant, scopes=("read_write",)))
            return answer

        return widening

    wrap(refresh, make)


@fault("tokens/reauthorized")
def scopes_add_up() -> None:
    def make(old: Any) -> Any:
        def adding(kit: Any, uow: Any, agreed: Any) -> Any:
            held = uow.grants.get(agreed.account_id, agreed.application_id)
            before = () if held is None else held.scopes
            return old(kit, uow, replace(agreed, scopes=tuple(dict.fromkeys((*before, *agreed.scopes)))))

        return adding

    wrap(grant_scopes, make)


@fault("tokens/scope")
def composites_are_expanded() -> None:
    def make(old: Any) -> Any:
        def expanded(*more: Any, **named: Any) -> Any:
            answer = old(*more, **named)
            return replace(answer, scope=" ".join(sorted(abilities(tuple(answer.scope.split())))))

        return expanded

    wrap(new_tokens, make)


# Free/busy


@fault("freebusy/ids")
def busy_times_have_uids() -> None:
    def make(old: Any) -> Any:
        def seeing(*more: Any, **named: Any) -> Any:
            sight = old(*more, **named)
            return None if sight is None else replace(sight, reads_events=True)

        return seeing

    wrap(busy_sight, make)


@fault("freebusy/fields")
def busy_times_say_more() -> None:
    def make(old: Any) -> Any:
        def talkative(view: Any, shown: Any) -> Any:
            body = old(view, shown)
            fields = {one: getattr(body, one) for one in ("calendar_id", "start", "end", "free_busy_status")}
            return {**fields, "event_private": False}

        return talkative

    wrap(busy_body, make)


# Calendars and the order of answers


@fault("calendars/shared_in")
def shared_calendars_are_listed() -> None:
    def make(old: Any) -> Any:
        def generous(*more: Any) -> Any:
            found = old(*more)
            return Relation.OWNED if found is Relation.SHARED_IN else found

        return generous

    wrap(relation, make)


@fault("calendars/read_only")
def read_only_calendars_are_written_in() -> None:
    rule(Action.WRITE_OWN_EVENT, writes=False)


@fault("foreign/upsert")
def foreign_calendars_are_forbidden() -> None:
    known = set()

    def noticing(old: Any) -> Any:
        def found(grant: Any, calendar: Any) -> Any:
            known.add(getattr(calendar, "calendar_id", None))
            return old(grant, calendar)

        return found

    def make(old: Any) -> Any:
        def telling(uow: Any, caller: Any, calendar_id: Any, on: Any) -> Any:
            place = old(uow, caller, calendar_id, on)
            hidden = isinstance(place, Refusing) and place.denied.reason is Reason.NOT_FOUND and calendar_id in known
            return Refusing(caller, Deny(Reason.CALENDAR_NOT_ELEVATED), on) if hidden else place

        return telling

    wrap(relation, noticing)
    wrap(find_place, make)


@fault("answers/scope_before_calendar")
def calendars_are_judged_before_scopes() -> None:
    def make(old: Any) -> Any:
        def hasty(kit: Any, bearer: Any, command: Any) -> Any:
            with kit.store.read() as uow:
                found = uow.tokens.find(hash_token(bearer.token or ""))
                if found is not None and uow.calendars.get(found[1].account_id, command.calendar_id) is None:
                    raise refuse(Deny(Reason.NOT_FOUND))
            return old(kit, bearer, command)

        return hasty

    wrap(upsert_event, make)


@fault("matrix/create/own/FB", "CE", "FB")
def refused_writes_are_done() -> None:
    def make(old: Any) -> Any:
        def sly(kit: Any, bearer: Any, command: Any) -> Any:
            try:
                return old(kit, bearer, command)
            except Exception:  # the fault: whatever the refusal is, the write is done, and the refusal told
                before = rule(Action.WRITE_OWN_EVENT, ability=None)
                try:
                    old(kit, bearer, command)
                finally:
                    RULES[Action.WRITE_OWN_EVENT] = before
                raise

        return sly

    wrap(upsert_event, make)


@fault("answers/no_errors")
def refusals_carry_errors() -> None:
    def make(old: Any) -> Any:
        def adding(body: Any, *more: Any) -> Any:
            refusal = isinstance(body, calwarden.api.errors.RefusalBody)
            return old({"code": body.code, "errors": {}} if refusal else body, *more)

        return adding

    calwarden.api.errors.json_answer = make(calwarden.api.errors.json_answer)


@fault("conflicts/upsert")
def writing_tells_of_conflicts() -> None:
    def make(old: Any) -> Any:
        def warning(kit: Any, bearer: Any, command: Any) -> Any:
            accepted = old(kit, bearer, command)
            if "conflict-a" in str(command.event_id):
                raise refuse(Deny(Reason.EVENT_NOT_CHANGEABLE))
            return accepted

        return warning

    wrap(upsert_event, make)
