"""The intended state: what an event will be once an acknowledged write has reached the Provider.

Reads show this at once (contract events 4.2). It says the same of our components as ``formats.icalendar`` says of the
Provider's text; a test holds the two together.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from calwarden.domain import colors
from calwarden.domain.draft import UNSET, DraftPlace, DraftRule, EventDraft, Unset
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
from calwarden.domain.links import meeting_link
from calwarden.domain.rules import fit_until
from calwarden.domain.times import DAY_SECONDS, Day, EventTime, Instant, Zoned, instant_day, sort_key
from calwarden.timetable.zones import is_zone, to_instant, to_local, zone

_T = TypeVar("_T")


def apply_draft(
    components: Sequence[Component], draft: EventDraft, *, uid: str, occurrence: EventTime | None = None
) -> tuple[Component, ...]:
    """The components after ``draft``: a new event if there are none, one instance of the series if ``occurrence``.

    Only stated fields change. Raises ValueError if a new event has no start or end, or there is no such series.
    """
    if occurrence is not None:
        target, rest = _instance(components, occurrence)
        return (*rest, _stated(target, replace(draft, rule=UNSET), new=False))
    if not components:
        if draft.start is UNSET or draft.end is UNSET:
            raise ValueError("a new event needs start and end")
        # A day blocks nobody's time unless somebody says so (contract events 4.1).
        shown = Transparency.OPAQUE if isinstance(draft.start, Zoned) else Transparency.TRANSPARENT
        blank = Component(uid, draft.start, draft.end, transparency=shown)
        return (_stated(blank, draft, new=True),)
    held = next((one for one in components if one.replaces is None), components[0])
    master = _stated(held, draft, new=False)
    kept = [master if one is held else one for one in components]
    return tuple(kept) if held.replaces is not None else _without_lost(kept, held, master)


def _without_lost(components: Sequence[Component], held: Component, master: Component) -> tuple[Component, ...]:
    """Changed instances of a series that now starts otherwise, or is none any more, name nothing: they go."""
    if held.repeat is None or (master.repeat is not None and _same_start(held.start, master.start)):
        return tuple(components)
    return tuple(one for one in components if one.replaces is None or one.uid != held.uid)


def respond(
    components: Sequence[Component],
    answer: str,
    occurrence: EventTime | None = None,
    *,
    me: frozenset[str] = frozenset(),
) -> tuple[Component, ...]:
    """The components after the person has answered: for the whole event, or for one instance.

    ``me`` are the person's addresses, lower-cased: who of the attendees has answered.
    """
    said = Participation(answer)
    if occurrence is None:
        return tuple(_answered(one, said, me) for one in components)
    target, rest = _instance(components, occurrence)
    return (*rest, _answered(target, said, me))


def _answered(component: Component, said: Participation, me: frozenset[str]) -> Component:
    attendees = tuple(
        replace(one, participation=said) if one.person.email.lower() in me else one
        for one in component.details.attendees
    )
    return replace(component, participation=said, details=replace(component.details, attendees=attendees))


def drop_occurrence(components: Sequence[Component], occurrence: EventTime) -> tuple[Component, ...]:
    """The components without one instance of the series."""
    wanted = sort_key(occurrence)
    kept = []
    for one in components:
        if one.replaces is not None and sort_key(one.replaces) == wanted:
            continue
        if one.repeat is not None and wanted not in {sort_key(gone) for gone in one.repeat.excluded}:
            excluded = (*one.repeat.excluded, _like(occurrence, one.start))
            kept.append(replace(one, repeat=replace(one.repeat, excluded=excluded)))
        else:
            kept.append(one)
    return tuple(kept)


def _instance(components: Sequence[Component], occurrence: EventTime) -> tuple[Component, list[Component]]:
    """The changed instance at ``occurrence``, made from the series if there is none yet, and all the others."""
    wanted = sort_key(occurrence)
    rest = [one for one in components if one.replaces is None or sort_key(one.replaces) != wanted]
    target = next((one for one in components if one.replaces is not None and sort_key(one.replaces) == wanted), None)
    if target is not None:
        return target, rest
    master = next((one for one in components if one.replaces is None), None)
    if master is None:
        raise ValueError("there is no series to change an instance of")
    wide = [
        (sort_key(one.replaces), number, one)
        for number, one in enumerate(components)
        if one.this_and_future and one.replaces is not None and sort_key(one.replaces) <= wanted
    ]
    source = max(wide)[2] if wide else master
    shift = 0 if source.replaces is None else sort_key(source.start) - sort_key(source.replaces)
    original = _like(occurrence, master.start)
    start = _placed(original, shift, source.start)
    end = _after(start, sort_key(source.end) - sort_key(source.start))
    changed = replace(source, repeat=None, replaces=original, start=start, end=end, this_and_future=False)
    return changed, rest


def _like(occurrence: EventTime, start: EventTime) -> EventTime:
    """``occurrence`` as the same kind of time, in the same zone, as ``start``."""
    if isinstance(start, Zoned):
        return Zoned(sort_key(occurrence), start.tzid)
    if isinstance(occurrence, Zoned):
        return to_local(occurrence.at, occurrence.tzid if is_zone(occurrence.tzid) else "UTC").date()
    return occurrence


def _placed(original: EventTime, shift: int, like: EventTime) -> EventTime:
    at = Instant(sort_key(original) + shift)
    return Zoned(at, like.tzid) if isinstance(like, Zoned) else instant_day(Instant(at + DAY_SECONDS // 2))


def _after(when: EventTime, seconds: int) -> EventTime:
    if isinstance(when, Zoned):
        return Zoned(Instant(when.at + seconds), when.tzid)
    return Day.fromordinal(when.toordinal() + max(1, seconds // DAY_SECONDS))


def _same_start(one: EventTime, other: EventTime) -> bool:
    return isinstance(one, Zoned) == isinstance(other, Zoned) and sort_key(one) == sort_key(other)


def _or(stated: _T | Unset, kept: _T) -> _T:
    return kept if stated is UNSET else stated


def _stated(component: Component, draft: EventDraft, *, new: bool) -> Component:
    start = _or(draft.start, component.start)
    length = sort_key(component.end) - sort_key(component.start)
    moved = component.end if start == component.start else _after(start, length)
    status = component.status
    if draft.tentative is not UNSET:
        status = EventStatus.TENTATIVE if draft.tentative else EventStatus.CONFIRMED
    return replace(
        component,
        start=start,
        end=_or(draft.end, moved),
        status=status,
        transparency=component.transparency if draft.transparency is UNSET else Transparency(draft.transparency),
        repeat=_repeat(component, draft.rule, start),
        details=_details(component.details, draft, new=new),
    )


def _details(details: Details, draft: EventDraft, *, new: bool) -> Details:
    place = details.place if draft.place is UNSET else _place(draft.place)
    keeps_reminders = draft.reminders is UNSET or (draft.reminders_create_only and not new)
    attendees = _attendees(details.attendees, draft)
    said = replace(
        details,
        summary=_or(draft.summary, details.summary),
        description=_or(draft.description, details.description),
        place=place,
        url=_or(draft.url, details.url) or None,
        color=details.color if draft.color is UNSET else _color(draft.color),
        private=_or(draft.private, details.private),
        reminders=details.reminders if keeps_reminders else tuple(dict.fromkeys(_or(draft.reminders, ()))),
        attendees=attendees,
        organizer=details.organizer if attendees or attendees == details.attendees else None,
    )
    return replace(said, meeting_url=_meeting(details, said, draft))


def _meeting(before: Details, now: Details, draft: EventDraft) -> str | None:
    """The stated link; else one found in what the event says, where the one held was found and not stated."""
    if draft.join_url is not UNSET and draft.join_url:
        return draft.join_url
    if draft.join_url is UNSET and before.meeting_url != _found(before):
        return before.meeting_url
    return _found(now)


def _found(details: Details) -> str | None:
    where = details.place.description if details.place is not None else ""
    return meeting_link((where, details.description, details.url or ""))


def _place(stated: DraftPlace | None) -> Place | None:
    if stated is None:
        return None
    both = stated.lat is not None and stated.long is not None
    place = Place(stated.description or "", stated.lat if both else None, stated.long if both else None)
    return place if place != Place() else None


def _color(stated: str | None) -> str | None:
    return stated.upper() if stated and colors.nearest_name(stated) else None


def _attendees(held: tuple[Attendee, ...], draft: EventDraft) -> tuple[Attendee, ...]:
    gone = {email.lower() for email in draft.remove}
    kept = [one for one in held if one.person.email.lower() not in gone]
    present = {one.person.email.lower() for one in kept}
    for one in draft.invite:
        if one.email.lower() not in present and one.email.lower() not in gone:
            kept.append(Attendee(Person(one.email, one.name)))
            present.add(one.email.lower())
    return tuple(kept)


def _repeat(component: Component, rule: DraftRule | Unset | None, start: EventTime) -> Repeat | None:
    held = component.repeat
    if rule is None or (held is None and rule is UNSET) or component.replaces is not None:
        return None
    stays = held if held is not None and _same_start(component.start, start) else Repeat(held.rules if held else ())
    rules = stays.rules if rule is UNSET else (_text(rule, start),)
    rules = tuple(fit_until(one, start) for one in rules)
    return Repeat(rules, stays.added, stays.excluded) if rules or stays.added else None


def _text(rule: DraftRule, start: EventTime) -> str:
    """The rule; its last day is over when it is over where the event takes place."""
    if rule.until is None or not isinstance(start, Zoned):
        return rule.text(timed=isinstance(start, Zoned))
    there = zone(start.tzid if is_zone(start.tzid) else "UTC")
    last = datetime(rule.until.year, rule.until.month, rule.until.day, 23, 59, 59, tzinfo=there)
    moment = to_local(to_instant(last), "UTC")
    day = instant_day(to_instant(last))
    return rule.text(timed=True, until=f"{day.year:04}{day.month:02}{day.day:02}T{moment:%H%M%S}Z")
