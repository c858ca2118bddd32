"""Writing iCalendar: only what a draft states changes, everything else in the resource stays as it was.

An event the person decorated keeps its alarms, X- properties and attendees (security 12.1, contract events 4.2).
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Alarm, vCalAddress, vGeo, vRecur, vText, vUri
from icalendar import Calendar as ICalendar
from icalendar import Event as IEvent

from calwarden.domain.draft import UNSET, DraftPlace, EventDraft
from calwarden.domain.times import EventTime, Instant, Zoned, sort_key
from calwarden.formats import zones
from calwarden.formats.reading import FormatError, address, as_list, clean, load

PRODUCT = "-//calwarden//calwarden//EN"


def create(uid: str, draft: EventDraft, *, now: Instant) -> bytes:
    """A new resource with one event. ``draft`` states start and end; raises ValueError if it does not."""
    if draft.start is UNSET or draft.end is UNSET:
        raise ValueError("a new event needs start and end")
    calendar = ICalendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    event = IEvent()
    event.add("UID", uid)
    event.add("CREATED", _utc(now))
    if not isinstance(draft.start, Zoned) and draft.transparency is UNSET:
        event.add("TRANSP", "TRANSPARENT")  # contract events 4.1: a day blocks nobody's time by default
    calendar.add_component(event)
    _state(event, draft, now, new=True)
    return _bytes(calendar)


def merge(body: bytes, draft: EventDraft, *, now: Instant, occurrence: EventTime | None = None) -> bytes:
    """``body`` with what ``draft`` states, in its event or in one instance of its series.

    Raises FormatError if there is no such event in it.
    """
    calendar = load(body)
    event = (_master(calendar) or _only(calendar)) if occurrence is None else _instance(calendar, occurrence)
    _state(event, draft, now, new=False)
    return _bytes(calendar)


def remove_occurrence(body: bytes, occurrence: EventTime, *, now: Instant) -> bytes:
    """``body`` without one instance: excluded from its series, and its changed form dropped."""
    calendar = load(body)
    changed = _changed(calendar, occurrence)
    if changed is not None:
        calendar.subcomponents.remove(changed)
    master = _master(calendar)
    if master is not None:
        master.add("EXDATE", _like_start(master, occurrence))
        _touch(master, now, moved=True)
    elif changed is None:
        raise FormatError("there is no such instance")
    return _bytes(calendar)


def set_participation(
    body: bytes, me: frozenset[str], answer: str, *, now: Instant, occurrence: EventTime | None = None
) -> bytes:
    """``body`` with the person's own answer (accepted, tentative, declined); nobody else's entry is touched.

    Raises FormatError if the person is not among the attendees.
    """
    calendar = load(body)
    events = calendar.walk("VEVENT") if occurrence is None else [_instance(calendar, occurrence)]
    mine = [one for event in events for one in as_list(event.get("ATTENDEE")) if address(one).lower() in me]
    if not mine:
        raise FormatError("the person is not among the attendees")
    for one in mine:
        one.params["PARTSTAT"] = answer.upper()
        one.params.pop("RSVP", None)
    for event in events:
        _touch(event, now, moved=False)
    return _bytes(calendar)


def is_empty(body: bytes) -> bool:
    """Whether no event is left in ``body``."""
    return not load(body).walk("VEVENT")


def _bytes(calendar: Any) -> bytes:
    calendar.add_missing_timezones()
    text: bytes = calendar.to_ical(sorted=False)
    return text


def _master(calendar: Any) -> Any:
    return next((one for one in calendar.walk("VEVENT") if one.get("RECURRENCE-ID") is None), None)


def _only(calendar: Any) -> Any:
    for one in calendar.walk("VEVENT"):
        return one
    raise FormatError("there is no event in the resource")


def _changed(calendar: Any, occurrence: EventTime) -> Any:
    for one in calendar.walk("VEVENT"):
        original = getattr(one.get("RECURRENCE-ID"), "dt", None)
        if original is not None and _key(original) == sort_key(occurrence):
            return one
    return None


def _key(moment: Any) -> int:
    if isinstance(moment, datetime):
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return sort_key(moment)


def _instance(calendar: Any, occurrence: EventTime) -> Any:
    found = _changed(calendar, occurrence)
    if found is not None:
        return found
    master = _master(calendar)
    if master is None:
        raise FormatError("there is no series in the resource")
    changed = IEvent.from_ical(master.to_ical())
    length = _length(master)
    for name in ("RRULE", "RDATE", "EXDATE", "EXRULE", "DURATION", "DTSTART", "DTEND", "RECURRENCE-ID"):
        changed.pop(name, None)
    start = _like_start(master, occurrence)
    changed.add("RECURRENCE-ID", start)
    changed.add("DTSTART", start)
    changed.add("DTEND", start + length)
    calendar.add_component(changed)
    return changed


def _length(event: Any) -> timedelta:
    start = event["DTSTART"].dt
    if event.get("DTEND") is not None:
        length: timedelta = event["DTEND"].dt - start
        return length
    if event.get("DURATION") is not None:
        return timedelta(seconds=event["DURATION"].dt.total_seconds())
    return timedelta(0) if isinstance(start, datetime) else timedelta(days=1)


def _like_start(event: Any, occurrence: EventTime) -> Any:
    """``occurrence`` in the value type and zone of the event's start, as RFC 5545 3.8.4.4 and 3.8.5.1 ask."""
    if not isinstance(occurrence, Zoned):
        return occurrence
    start = event["DTSTART"].dt
    moment = _utc(occurrence.at)
    zone = getattr(start, "tzinfo", None)
    if zone is not None:
        return moment.astimezone(zone)
    if isinstance(start, datetime):  # floating: the wall time it has where it was read
        return moment.astimezone(ZoneInfo(occurrence.tzid)).replace(tzinfo=None)
    return moment.date()


def _utc(at: Instant) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _value(when: EventTime) -> Any:
    if not isinstance(when, Zoned):
        return when
    moment = _utc(when.at)
    if when.tzid in {"UTC", "Etc/UTC"} or when.tzid not in zones.known():
        return moment
    return moment.astimezone(ZoneInfo(when.tzid))


def _set(event: Any, name: str, value: Any) -> None:
    event.pop(name, None)
    if value is not None:
        event.add(name, value)


def _state(event: Any, draft: EventDraft, now: Instant, *, new: bool) -> None:
    moved = _state_times(event, draft)
    _state_texts(event, draft)
    if draft.place is not UNSET:
        _state_place(event, draft.place)
    _state_marks(event, draft)
    if draft.reminders is not UNSET and (new or not draft.reminders_create_only):
        _state_reminders(event, draft.reminders)
    _state_attendees(event, draft)
    _touch(event, now, moved=moved or new)
    if new:
        _set(event, "SEQUENCE", 0)


def _touch(event: Any, now: Instant, *, moved: bool) -> None:
    _set(event, "DTSTAMP", _utc(now))
    _set(event, "LAST-MODIFIED", _utc(now))
    if moved:
        try:
            sequence = int(event.get("SEQUENCE", 0))
        except ValueError:
            sequence = 0
        _set(event, "SEQUENCE", sequence + 1)


def _state_times(event: Any, draft: EventDraft) -> bool:
    """Set what is stated of start, end and rule; an end is always written. Tells whether anything moved."""
    before = [event[name].to_ical() for name in ("DTSTART", "DTEND", "RRULE") if event.get(name) is not None]
    if draft.start is not UNSET:
        length = _length(event) if event.get("DTSTART") is not None else timedelta(0)
        start = _value(draft.start)
        _set(event, "DTSTART", start)
        event.pop("DURATION", None)
        if draft.end is UNSET:
            is_day = not isinstance(draft.start, Zoned)
            _set(event, "DTEND", start + (max(length, timedelta(days=1)) if is_day else length))
    if draft.end is not UNSET:
        event.pop("DURATION", None)
        _set(event, "DTEND", _value(draft.end))
    if draft.rule is not UNSET:
        for name in ("RRULE", "RDATE", "EXDATE"):
            event.pop(name, None)
        if draft.rule is not None:
            timed = isinstance(event["DTSTART"].dt, datetime)
            event.add("RRULE", vRecur.from_ical(draft.rule.text(timed=timed)))
    return before != [event[name].to_ical() for name in ("DTSTART", "DTEND", "RRULE") if event.get(name) is not None]


def _state_texts(event: Any, draft: EventDraft) -> None:
    if draft.summary is not UNSET:
        _set(event, "SUMMARY", vText(clean(draft.summary)))
    if draft.description is not UNSET:
        _set(event, "DESCRIPTION", vText(clean(draft.description)) if draft.description else None)
    if draft.url is not UNSET:
        _set(event, "URL", None if draft.url is None else vUri(clean(draft.url)))
    if draft.color is not UNSET:
        _set(event, "COLOR", None if draft.color is None else vText(clean(draft.color)))


def _state_place(event: Any, place: DraftPlace | None) -> None:
    text = clean(place.description) if place is not None and place.description else None
    _set(event, "LOCATION", None if text is None else vText(text))
    event.pop("GEO", None)
    if place is not None and place.lat is not None and place.long is not None:
        event.add("GEO", vGeo((float(place.lat), float(place.long))))


def _state_marks(event: Any, draft: EventDraft) -> None:
    if draft.transparency is not UNSET:
        _set(event, "TRANSP", draft.transparency.upper())
        event.pop("X-MICROSOFT-CDO-BUSYSTATUS", None)
    if draft.tentative is not UNSET:
        _set(event, "STATUS", "TENTATIVE" if draft.tentative else "CONFIRMED")
    if draft.private is not UNSET:
        _set(event, "CLASS", "PRIVATE" if draft.private else "PUBLIC")
    if draft.join_url is not UNSET:
        _set(event, "CONFERENCE", None if draft.join_url is None else vUri(clean(draft.join_url)))


def _state_reminders(event: Any, minutes: tuple[int, ...]) -> None:
    """Replace the reminders shown on a screen; alarms by mail or sound are the person's own."""
    event.subcomponents = [
        one for one in event.subcomponents if one.name != "VALARM" or clean(one.get("ACTION", "")).upper() != "DISPLAY"
    ]
    for before in minutes:
        alarm = Alarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", vText(clean(event.get("SUMMARY", "")) or "Reminder"))
        alarm.add("TRIGGER", timedelta(minutes=-before))
        event.add_component(alarm)


def _state_attendees(event: Any, draft: EventDraft) -> None:
    if not draft.invite and not draft.remove:
        return
    gone = {email.lower() for email in draft.remove}
    held = [one for one in as_list(event.get("ATTENDEE")) if address(one).lower() not in gone]
    present = {address(one).lower() for one in held}
    for invitee in draft.invite:
        if invitee.email.lower() in present | gone:
            continue
        present.add(invitee.email.lower())
        one = vCalAddress(f"mailto:{clean(invitee.email)}")
        one.params["PARTSTAT"] = "NEEDS-ACTION"
        one.params["RSVP"] = "TRUE"
        if invitee.name:
            one.params["CN"] = clean(invitee.name).replace("\n", " ")
        held.append(one)
    event.pop("ATTENDEE", None)
    for one in held:
        event.add("ATTENDEE", one, encode=False)
