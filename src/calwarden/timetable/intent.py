"""The intended state: what an event will be once an acknowledged write has reached the Provider.

Reads show this at once (contract events 4.2). It says the same of our components as ``formats.icalendar`` says of the
Provider's text; a test holds the two together.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from calwarden.domain.draft import UNSET, DraftRule, EventDraft, Unset
from calwarden.domain.event import (
    Attendee,
    Component,
    Details,
    EventStatus,
    Participation,
    Person,
    Place,
    Repeat,
    Transparency,
)
from calwarden.domain.times import DAY_SECONDS, Day, EventTime, Instant, Zoned, sort_key

_T = TypeVar("_T")


def apply_draft(
    components: Sequence[Component], draft: EventDraft, *, uid: str, occurrence: EventTime | None = None
) -> tuple[Component, ...]:
    """The components after ``draft``: a new event if there are none, one instance of the series if ``occurrence``.

    Only stated fields change. Raises ValueError if a new event has no start or end.
    """
    if occurrence is not None:
        return _apply_to_instance(components, draft, occurrence)
    master = next((one for one in components if one.replaces is None), None)
    if master is None:
        if draft.start is UNSET or draft.end is UNSET:
            raise ValueError("a new event needs start and end")
        # A day blocks nobody's time unless somebody says so (contract events 4.1).
        shown = Transparency.OPAQUE if isinstance(draft.start, Zoned) else Transparency.TRANSPARENT
        blank = Component(uid, draft.start, draft.end, transparency=shown)
        return (_stated(blank, draft, new=True),)
    return tuple(_stated(one, draft, new=False) if one is master else one for one in components)


def respond(components: Sequence[Component], answer: str, occurrence: EventTime | None = None) -> tuple[Component, ...]:
    """The components after the person has answered: for the whole event, or for one instance."""
    said = Participation(answer)
    if occurrence is None:
        return tuple(replace(one, participation=said) for one in components)
    target, rest = _instance(components, occurrence)
    return (*rest, replace(target, participation=said))


def drop_occurrence(components: Sequence[Component], occurrence: EventTime) -> tuple[Component, ...]:
    """The components without one instance of the series."""
    kept = []
    for one in components:
        if one.replaces is not None and sort_key(one.replaces) == sort_key(occurrence):
            continue
        if one.repeat is not None:
            kept.append(replace(one, repeat=replace(one.repeat, excluded=(*one.repeat.excluded, occurrence))))
        else:
            kept.append(one)
    return tuple(kept)


def _apply_to_instance(
    components: Sequence[Component], draft: EventDraft, occurrence: EventTime
) -> tuple[Component, ...]:
    target, rest = _instance(components, occurrence)
    return (*rest, _stated(target, replace(draft, rule=UNSET), new=False))


def _instance(components: Sequence[Component], occurrence: EventTime) -> tuple[Component, list[Component]]:
    """The changed instance at ``occurrence``, made from the master if there is none yet, and all the others."""
    rest = [one for one in components if one.replaces is None or sort_key(one.replaces) != sort_key(occurrence)]
    target = next((one for one in components if one not in rest), None)
    if target is not None:
        return target, rest
    master = next((one for one in components if one.replaces is None), None)
    if master is None:
        raise ValueError("there is no series to change an instance of")
    length = sort_key(master.end) - sort_key(master.start)
    return replace(master, repeat=None, replaces=occurrence, start=occurrence, end=_after(occurrence, length)), rest


def _after(when: EventTime, seconds: int) -> EventTime:
    if isinstance(when, Zoned):
        return Zoned(Instant(when.at + seconds), when.tzid)
    return Day.fromordinal(when.toordinal() + seconds // DAY_SECONDS)


def _or(stated: _T | Unset, kept: _T) -> _T:
    return kept if stated is UNSET else stated


def _stated(component: Component, draft: EventDraft, *, new: bool) -> Component:
    length = sort_key(component.end) - sort_key(component.start)
    start = _or(draft.start, component.start)
    moved = component.end if draft.start is UNSET else _after(start, length)
    status = component.status
    if draft.tentative is not UNSET:
        status = EventStatus.TENTATIVE if draft.tentative else EventStatus.CONFIRMED
    return replace(
        component,
        start=start,
        end=_or(draft.end, moved),
        status=status,
        transparency=component.transparency if draft.transparency is UNSET else Transparency(draft.transparency),
        repeat=component.repeat if draft.rule is UNSET else _repeat(draft.rule, start),
        details=_details(component.details, draft, new=new),
    )


def _details(details: Details, draft: EventDraft, *, new: bool) -> Details:
    place = details.place
    if draft.place is not UNSET:
        stated = draft.place
        place = None if stated is None else Place(stated.description or "", stated.lat, stated.long)
    keeps_reminders = draft.reminders is UNSET or (draft.reminders_create_only and not new)
    return replace(
        details,
        summary=_or(draft.summary, details.summary),
        description=_or(draft.description, details.description),
        place=place,
        url=_or(draft.url, details.url),
        meeting_url=_or(draft.join_url, details.meeting_url),
        color=_or(draft.color, details.color),
        private=_or(draft.private, details.private),
        reminders=details.reminders if keeps_reminders else _or(draft.reminders, ()),
        attendees=_attendees(details.attendees, draft),
    )


def _attendees(held: tuple[Attendee, ...], draft: EventDraft) -> tuple[Attendee, ...]:
    gone = {email.lower() for email in draft.remove}
    kept = [one for one in held if one.person.email.lower() not in gone]
    present = {one.person.email.lower() for one in kept}
    for one in draft.invite:
        if one.email.lower() not in present and one.email.lower() not in gone:
            kept.append(Attendee(Person(one.email, one.name)))
            present.add(one.email.lower())
    return tuple(kept)


def _repeat(rule: DraftRule | None, start: EventTime) -> Repeat | None:
    return None if rule is None else Repeat((rule.text(timed=isinstance(start, Zoned)),))
