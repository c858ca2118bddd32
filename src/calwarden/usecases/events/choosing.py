"""Which event a write is about: the Application's own by ``event_id``, anybody else's by ``event_uid`` (ruling 4).

Each is judged before it is touched, and what the edge could not read is raised only then (ruling 2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from calwarden.domain.errors import Invalid
from calwarden.domain.event import Event, Resource
from calwarden.policy.decision import Action, Deny, Reason
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.access import Accepted, Bearer, Caller, Refusing, attempt_write
from calwarden.usecases.events.common import (
    EXTERNAL_UID,
    Place,
    find_event,
    find_place,
    judge_event,
    named,
    own_resource,
)
from calwarden.usecases.kit import Kit


class Command(Protocol):
    """A write to one event of a calendar, named in one of the two ways or in both."""

    @property
    def calendar_id(self) -> str: ...
    @property
    def event_id(self) -> str | None: ...
    @property
    def event_uid(self) -> str | None: ...
    @property
    def problem(self) -> Invalid | None: ...


Act = Callable[[UnitOfWork, Place], Accepted | Refusing]


@dataclass(frozen=True, slots=True)
class Way:
    """What is attempted on an event named in one of the ways, and how it is done."""

    action: Action
    act: Act


def attempt_on_event(kit: Kit, bearer: Bearer, command: Command, *, own: Way, external: Way) -> Accepted:
    """Do it the way the ids say: ``event_id`` wins, and stands for what is missing if there is neither.

    The calendar is judged before any event is looked at. Raises Refused, Invalid.
    """
    by_id = command.event_id is not None or command.event_uid is None
    way = own if by_id else external

    def act(uow: UnitOfWork, caller: Caller) -> Accepted | Refusing:
        event_uid = None if by_id else command.event_uid
        on = named(calendar_id=command.calendar_id, event_id=command.event_id, event_uid=event_uid)
        place = find_place(uow, caller, command.calendar_id, on)
        return place if isinstance(place, Refusing) else way.act(uow, place)

    return attempt_write(kit, bearer, way.action, act)


@dataclass(frozen=True, slots=True)
class Own:
    """An event of the Application's by its own id; ``resource`` None: there is none, or it was deleted."""

    event_id: str
    resource: Resource | None


def choose_own(uow: UnitOfWork, place: Place, command: Command) -> Own | Refusing:
    """The event that ``event_id`` names. Raises Invalid if it names nothing, or for what the edge could not read."""
    if not command.event_id:
        raise command.problem or Invalid.of("event_id", "errors.required", "event_id or event_uid must be specified")
    resource, event = own_resource(uow, place, command.event_id)
    refusing = judge_event(place, event)
    if refusing is not None:
        return refusing
    if command.problem is not None:
        raise command.problem
    return Own(command.event_id, resource)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An event that is there, and the Resource it is an occurrence of."""

    event: Event
    resource: Resource


def choose_external(uow: UnitOfWork, place: Place, command: Command) -> Chosen | Refusing:
    """The External Event that ``event_uid`` names. Raises Invalid for what the edge could not read."""
    event_uid = command.event_uid or ""
    if not EXTERNAL_UID.fullmatch(event_uid):
        return Refusing(place.caller, Deny(Reason.EVENT_NOT_EXTERNAL), place.on)
    return choose_judged(uow, place, find_event(uow, place, EXTERNAL_UID, event_uid), command.problem)


def choose_judged(uow: UnitOfWork, place: Place, event: Event | None, problem: Invalid | None) -> Chosen | Refusing:
    """``event``, if the caller may do this to it and the Provider still has it. Raises ``problem``."""
    refusing = judge_event(place, event)
    if refusing is not None:
        return refusing
    assert event is not None
    resource = uow.events.resource(place.account_id, place.calendar.calendar_id, event.resource_id)
    if resource is None or not resource.components:
        return Refusing(place.caller, Deny(Reason.NOT_FOUND), place.on)
    if problem is not None:
        raise problem
    return Chosen(event, resource)
