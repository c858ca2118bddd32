"""What every write to events shares: the calendar is judged, then the event; the intended state, the owed write and
the entry in the ledger go into one transaction.

What the delivering side does with each write is said in ``WriteKind``. Until then the store holds the intended state:
a Resource that is to be deleted has its etag, but no components, and all its occurrences are marked deleted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.draft import UNSET, DraftRule, EventDraft
from calwarden.domain.errors import Invalid
from calwarden.domain.event import Component, Event, Resource
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, EventKey, WriteId
from calwarden.domain.profile import Calendar, Profile
from calwarden.domain.times import DAY_SECONDS, Day, EventTime, Zoned, sort_key
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, CalendarFacts, Deny
from calwarden.policy.view import calendar_facts, event_facts
from calwarden.ports.store import UnitOfWork
from calwarden.timetable.recurrence import is_expandable, is_over
from calwarden.timetable.wiretime import parse_moment
from calwarden.usecases.access import Accepted, Caller, Refusing
from calwarden.usecases.kit import Kit
from calwarden.usecases.sync import place_of, store_components

EXTERNAL_UID: Final = re.compile(r"evt_external_([0-9a-f]{24})", flags=re.ASCII)
ANY_UID: Final = re.compile(r"evt_(?:external_)?([0-9a-f]{24})", flags=re.ASCII)
LONGEST_DAYS: Final = 3_653  # security 7.5: ten years
_LONGEST_NAME = 512


@dataclass(frozen=True, slots=True)
class Place:
    """A calendar that the caller may write in as far as calendars go; ``on`` names things as the caller did."""

    caller: Caller
    calendar: Calendar
    profile: Profile
    facts: CalendarFacts
    on: dict[str, str]

    @property
    def account_id(self) -> AccountId:
        return self.caller.account_id

    @property
    def application_id(self) -> ApplicationId:
        return self.caller.grant.application_id

    @property
    def accepted(self) -> Accepted:
        """The answer to a write in this calendar that is owed now."""
        return Accepted(frozenset({(self.account_id, self.profile.profile_id)}))


def named(**ids: str | None) -> dict[str, str]:
    """Ids for the ledger, as the caller named them: what was left out is left out, nothing is endless."""
    return {
        name: value[:_LONGEST_NAME].encode(errors="replace").decode()
        for name, value in ids.items()
        if value is not None
    }


def find_place(uow: UnitOfWork, caller: Caller, calendar_id: str, on: dict[str, str]) -> Place | Refusing:
    """The calendar with that id, judged for the caller's action before any event is looked at (ruling 2)."""
    grant = caller.grant
    calendar = uow.calendars.get(grant.account_id, CalendarId(calendar_id))
    profile = None if calendar is None else uow.profiles.get(grant.account_id, calendar.profile_id)
    facts = calendar_facts(grant, calendar, profile, caller.now)
    decision = decide(caller.action, Access(caller.facts, facts))
    if isinstance(decision, Deny):
        return Refusing(caller, decision, on)
    assert calendar is not None and profile is not None  # noqa: PT018  # one fact: what is allowed is there
    return Place(caller, calendar, profile, facts, on)


def judge_event(place: Place, event: Event | None) -> Refusing | None:
    """Why the caller may not do this to ``event``; None if it may."""
    caller = place.caller
    decision = decide(caller.action, Access(caller.facts, place.facts, event_facts(caller.grant, event)))
    return Refusing(caller, decision, place.on) if isinstance(decision, Deny) else None


def find_event(uow: UnitOfWork, place: Place, form: re.Pattern[str], event_uid: str) -> Event | None:
    """The event with that uid in this very calendar."""
    found = form.fullmatch(event_uid)
    return (
        None
        if found is None
        else uow.events.get(place.account_id, place.calendar.calendar_id, EventKey(found.group(1)))
    )


def own_resource(uow: UnitOfWork, place: Place, event_id: str) -> tuple[Resource | None, Event | None]:
    """The Application's own event with that id and an occurrence that stands for it; nothing if it was deleted."""
    calendar_id = place.calendar.calendar_id
    resource = uow.events.own_resource(place.account_id, calendar_id, place.application_id, event_id)
    if resource is None or not resource.components:
        return None, None
    events = uow.events.of_resource(place.account_id, calendar_id, resource.resource_id)
    return resource, next((one for one in events if not one.deleted), None)


def occurrence_of(event: Event, resource: Resource) -> EventTime | None:
    """Which instance of a series ``event`` is: its original start; None for a plain event.

    Raises Invalid for a series that is held as one event, since it is never changed as a whole by its uid (ruling 6).
    """
    if not event.occurrence:
        if any(one.repeat is not None for one in resource.components):
            raise Invalid.of("event_uid", "errors.not_supported", "the series cannot be changed as a whole")
        return None
    moment = parse_moment(event.occurrence)
    if isinstance(moment, Day):
        return moment
    return Zoned(moment, event.start.tzid if isinstance(event.start, Zoned) else "Etc/UTC")


def check(draft: EventDraft, before: Sequence[Component], after: Sequence[Component]) -> None:
    """Whether what ``draft`` makes of an event can be: what only the stored event and the draft together show.

    Raises Invalid: ``end`` before ``start`` or of another kind, longer than ten years, a rule that is never expanded or
    that is over before the event starts.
    """
    changed = [one for one in after if one not in before]
    moved = draft.start is not UNSET or draft.end is not UNSET
    for one in changed:
        if moved:
            _check_times(one)
        if one.repeat is not None and (moved or isinstance(draft.rule, DraftRule)):
            _check_rules(draft, one.repeat.rules, one.start)


def _check_rules(draft: EventDraft, rules: Sequence[str], start: EventTime) -> None:
    stated = isinstance(draft.rule, DraftRule)
    if stated and not all(is_expandable(rule) for rule in rules):
        raise Invalid.of("recurrence", "errors.not_supported", "the rule cannot be expanded")
    if any(is_expandable(rule) and is_over(rule, start) for rule in rules):
        at = "recurrence.rules[0].until" if stated else "start"
        raise Invalid.of(at, "errors.invalid_time_pair", "the last day of the rule must not be before start")


def _check_times(component: Component) -> None:
    start, end = component.start, component.end
    length = sort_key(end) - sort_key(start)
    if isinstance(start, Zoned) != isinstance(end, Zoned):
        wrong = "start and end must both be times or both be dates"
    elif length < 0 or (length == 0 and not isinstance(start, Zoned)):
        wrong = "must be after start"
    elif length > LONGEST_DAYS * DAY_SECONDS:
        wrong = "must be at most ten years after start"
    else:
        return
    raise Invalid.of("end", "errors.invalid_time_pair", wrong)


def intend(kit: Kit, uow: UnitOfWork, calendar: Calendar, resource: Resource) -> None:
    """Store ``resource`` as it is meant to be, and its occurrences: reads show it at once (contract events 4.2)."""
    account = uow.accounts.get(calendar.account_id)
    place = place_of(kit, calendar, "Etc/UTC" if account is None else account.tzid)
    store_components(uow, place, resource, resource.components, kit.clock())


def owed(kit: Kit, place: Place, kind: WriteKind, resource: Resource) -> PendingWrite:
    """A write to ``resource`` that is due now, before it says what it states."""
    now, grant = kit.clock(), place.caller.grant
    return PendingWrite(
        account_id=place.account_id,
        write_id=WriteId(kit.random.hex24()),
        profile_id=place.profile.profile_id,
        calendar_id=place.calendar.calendar_id,
        resource_id=resource.resource_id,
        kind=kind,
        application_id=grant.application_id,
        grant_id=grant.grant_id,
        generation=grant.generation,
        accepted=now,
        uid=resource.uid or (resource.components[0].uid if resource.components else ""),
        due_at=now,
    )


def enter(kit: Kit, uow: UnitOfWork, caller: Caller, on: dict[str, str]) -> None:
    """The entry in the ledger of a write that is accepted (ruling 28)."""
    uow.audit.append(
        AuditEntry(
            caller.account_id,
            kit.clock(),
            Actor.APPLICATION,
            caller.action.value,
            Outcome.ALLOWED,
            caller.grant.application_id,
            on=on,
        )
    )
