"""Writing iCalendar: only what a draft states changes, everything else in the resource stays as it was.

An event the person decorated keeps its alarms, X- properties and attendees (security 12.1, contract events 4.2): lines
that are not stated come back byte for byte. A write that changes nothing gives the very bytes it was given.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from calwarden.domain.draft import UNSET, EventDraft
from calwarden.domain.event import Component
from calwarden.domain.times import EventTime, Instant, Zoned, sort_key
from calwarden.formats import stating, values
from calwarden.formats.lines import Block, FormatError, Line, clean, escape, make_line, read, write
from calwarden.formats.observances import write_zone
from calwarden.formats.reading import PERIOD, Reader, address
from calwarden.formats.zones import known, to_wall

PRODUCT = "-//calwarden//calwarden//EN"
ZONES_FROM = 2020  # definitions of zones we write are right from here on, or from the event's year if that is earlier

_ONCE = ("RRULE", "RDATE", "EXDATE", "EXRULE")
_STAMPS = frozenset({"DTSTAMP", "LAST-MODIFIED", "SEQUENCE"})
_MOVES = ("DTSTART", "DTEND", "DURATION", *_ONCE, "STATUS", "RECURRENCE-ID")


def create(uid: str, draft: EventDraft, *, now: Instant, organizer: str | None = None) -> bytes:
    """A new resource with one event. ``organizer`` is the person's address, stated only where somebody is invited.

    Raises ValueError if ``draft`` does not state start and end.
    """
    if draft.start is UNSET or draft.end is UNSET:
        raise ValueError("a new event needs start and end")
    event = Block("VEVENT", [make_line("UID", escape(uid)), make_line("CREATED", _stamp(now))])
    calendar = Block("VCALENDAR", [make_line("VERSION", "2.0"), make_line("PRODID", PRODUCT), event])
    if not isinstance(draft.start, Zoned) and draft.transparency is UNSET:
        draft = replace(draft, transparency="transparent")  # contract events 4.1: a day blocks nobody's time by default
    _state(event, None, draft, organizer, new=True)
    event.put("SEQUENCE", make_line("SEQUENCE", "0"))
    _touch(event, now)
    _define_zones(calendar)
    return write([calendar])


def merge(
    body: bytes,
    draft: EventDraft,
    *,
    now: Instant,
    occurrence: EventTime | None = None,
    organizer: str | None = None,
) -> bytes:
    """``body`` with what ``draft`` states, in its event or in one instance of its series.

    Raises FormatError if there is no such event in it.
    """
    document = _Document.of(body, _zone_of(occurrence if occurrence is not None else draft.start))
    if occurrence is None:
        event = document.master() or document.any_event()
    else:
        event, draft = document.instance(occurrence), replace(draft, rule=UNSET)
    before = _facts(event)
    held = document.component(event)
    _state(event, held, draft, organizer, new=False)
    if held.replaces is None:
        document.drop_lost_instances(event, held)
    return document.written(event, before, now)


def remove_occurrence(body: bytes, occurrence: EventTime, *, now: Instant) -> bytes:
    """``body`` without one instance: excluded from its series, and its changed form dropped.

    Raises FormatError if there is neither.
    """
    document = _Document.of(body, _zone_of(occurrence))
    changed, master = document.changed(occurrence), document.master()
    if changed is None and (master is None or not any(master.lines(name) for name in _ONCE)):
        raise FormatError("there is no such instance in the resource")
    if changed is not None:
        document.calendar.items.remove(changed)
    if master is None:
        return write(document.calendars)
    before = _facts(master)
    held = document.component(master)
    excluded = held.repeat.excluded if held.repeat is not None else ()
    if sort_key(occurrence) not in {sort_key(one) for one in excluded}:
        line = stating.time_line("EXDATE", _like(occurrence, held.start), like=master.first("DTSTART"))
        master.put("EXDATE", *master.lines("EXDATE"), line)
    if changed is None and before == _facts(master):
        return body
    _define_zones(document.calendar)
    _touch(master, now, moved=True)
    return write(document.calendars)


def set_participation(
    body: bytes, me: frozenset[str], answer: str, *, now: Instant, occurrence: EventTime | None = None
) -> bytes:
    """``body`` with the person's own answer (accepted, tentative, declined); nobody else's entry is touched.

    Raises FormatError if the person is not among the attendees.
    """
    document = _Document.of(body, _zone_of(occurrence))
    events = document.events() if occurrence is None else [document.instance(occurrence)]
    if not any(address(line).lower() in me for event in events for line in event.lines("ATTENDEE")):
        raise FormatError("the person is not among the attendees")
    for event in events:
        before = _facts(event)
        lines = event.lines("ATTENDEE")
        event.put("ATTENDEE", *(_answered(line, answer) if address(line).lower() in me else line for line in lines))
        if _facts(event) != before:
            _touch(event, now)
    return write(document.calendars)


def is_empty(body: bytes) -> bool:
    """Whether no event is left in ``body``."""
    return not any(calendar.blocks("VEVENT") for calendar in read(body))


def _answered(line: Line, answer: str) -> Line:
    said = answer.upper().replace("_", "-")
    if line.params.get("PARTSTAT", "").upper() == said and "RSVP" not in line.params:
        return line
    params = {**line.params, "PARTSTAT": said}
    params.pop("RSVP", None)
    return make_line(line.name, line.value, params.items())


@dataclass(slots=True)
class _Document:
    """A resource that is being changed."""

    body: bytes
    calendars: list[Block]
    calendar: Block  # the one with the events
    reader: Reader

    @classmethod
    def of(cls, body: bytes, tzid: str) -> "_Document":
        calendars = read(body)
        calendar = next((one for one in calendars if one.blocks("VEVENT")), None)
        if calendar is None:
            raise FormatError("there is no event in the resource")
        return cls(body, calendars, calendar, Reader(calendar, frozenset(), tzid))

    def events(self) -> list[Block]:
        return self.calendar.blocks("VEVENT")

    def any_event(self) -> Block:
        """The first that can be read: of a series one was only invited to in part, the first instance."""
        for event, _ in self._readable():
            return event
        raise FormatError("no event in the resource has a readable start")

    def _readable(self) -> Iterator[tuple[Block, Component]]:
        for event in self.events():
            with suppress(ValueError, OverflowError):
                yield event, self.reader.component(event)

    def master(self) -> Block | None:
        return next((event for event, one in self._readable() if one.replaces is None), None)

    def component(self, event: Block) -> Component:
        try:
            return self.reader.component(event)
        except (ValueError, OverflowError) as error:
            raise FormatError("the event has no readable start") from error

    def changed(self, occurrence: EventTime) -> Block | None:
        """The changed instance whose original start is ``occurrence``."""
        wanted = sort_key(occurrence)
        found = (
            event for event, one in self._readable() if one.replaces is not None and sort_key(one.replaces) == wanted
        )
        return next(found, None)

    def instance(self, occurrence: EventTime) -> Block:
        """The changed instance, made as the series has it there if there is none yet."""
        found = self.changed(occurrence)
        if found is not None:
            return found
        master = self.master()
        if master is None:
            raise FormatError("there is no series in the resource")
        series = self.component(master)
        pattern, source = self._pattern(master, occurrence)
        shift = sort_key(source.start) - sort_key(source.replaces) if source.replaces is not None else 0
        original = _like(occurrence, series.start)
        start = stating.placed(original, shift, source.start)
        event = pattern.copy()
        event.drop(*_ONCE, "DURATION", "RECURRENCE-ID")
        event.put("DTSTART", stating.time_line("DTSTART", start, like=pattern.first("DTSTART")))
        end = stating.moved(start, self._length(master, source, occurrence))
        event.put(
            "DTEND", stating.time_line("DTEND", end, like=event.first("DTSTART") if isinstance(end, Zoned) else None)
        )
        event.put("RECURRENCE-ID", stating.time_line("RECURRENCE-ID", original, like=master.first("DTSTART")))
        self.calendar.items.append(event)
        return event

    def _length(self, master: Block, source: Component, occurrence: EventTime) -> int:
        wanted = sort_key(occurrence)
        periods = (one for one in self.reader.components(master) if PERIOD in one.flags)
        own = next((one for one in periods if one.replaces is not None and sort_key(one.replaces) == wanted), source)
        return sort_key(own.end) - sort_key(own.start)

    def _pattern(self, master: Block, occurrence: EventTime) -> tuple[Block, Component]:
        """What an unchanged instance looks like there: the master, or the last change of it and all that follow."""
        wide = [
            (sort_key(one.replaces), number, event, one)
            for number, (event, one) in enumerate(self._readable())
            if one.this_and_future and one.replaces is not None and sort_key(one.replaces) <= sort_key(occurrence)
        ]
        return max(wide)[2:] if wide else (master, self.component(master))

    def drop_lost_instances(self, master: Block, held: Component) -> None:
        """Changed instances of a series that now starts otherwise, or is none any more, name nothing: they go."""
        now = self.component(master)
        same_start = type(held.start) is type(now.start) and sort_key(held.start) == sort_key(now.start)
        if held.repeat is None or (now.repeat is not None and same_start):
            return
        uid = master.value("UID")
        self.calendar.items = [
            one
            for one in self.calendar.items
            if isinstance(one, Line) or one.first("RECURRENCE-ID") is None or one.value("UID") != uid
        ]

    def written(self, event: Block, before: list[str], now: Instant) -> bytes:
        if _facts(event) == before and event.first("DTSTAMP") is not None:
            text = write(self.calendars)
            return self.body if event in self.events() and _same(self.body, text) else text
        moves = [fact for fact in before if fact.startswith(_MOVES)]
        _touch(event, now, moved=moves != [fact for fact in _facts(event) if fact.startswith(_MOVES)])
        _define_zones(self.calendar)
        return write(self.calendars)


def _same(one: bytes, other: bytes) -> bool:
    return one.replace(b"\r\n", b"\n").strip() == other.replace(b"\r\n", b"\n").strip()


def _like(occurrence: EventTime, start: EventTime) -> EventTime:
    """``occurrence`` as the same kind of time, in the same zone, as ``start``."""
    if isinstance(start, Zoned):
        return Zoned(sort_key(occurrence), start.tzid)
    if isinstance(occurrence, Zoned):
        return to_wall(occurrence.at, occurrence.tzid).date()
    return date(occurrence.year, occurrence.month, occurrence.day)


def _zone_of(when: object) -> str:
    return when.tzid if isinstance(when, Zoned) else "Etc/UTC"


def _state(event: Block, held: Component | None, draft: EventDraft, organizer: str | None, *, new: bool) -> None:
    stating.state_times(event, draft, held)
    stating.state_texts(event, draft)
    if draft.place is not UNSET:
        stating.state_place(event, draft.place)
    stating.state_marks(event, draft, held)
    if draft.reminders is not UNSET and (new or not draft.reminders_create_only):
        stating.state_reminders(event, draft.reminders)
    if draft.invite or draft.remove:
        stating.state_attendees(event, draft.invite, draft.remove, clean(organizer) if organizer else None)


def _facts(event: Block) -> list[str]:
    """What an event says, apart from the stamps of its last change."""
    own = [one.text for one in event.items if isinstance(one, Line) and one.name not in _STAMPS]
    return own + [line for one in event.items if isinstance(one, Block) for line in _facts(one)]


def _stamp(now: Instant) -> str:
    return values.write_wall(to_wall(now, "Etc/UTC")) + "Z"


def _touch(event: Block, now: Instant, *, moved: bool = False) -> None:
    event.put("DTSTAMP", make_line("DTSTAMP", _stamp(now)))
    event.put("LAST-MODIFIED", make_line("LAST-MODIFIED", _stamp(now)))
    if moved:
        text = event.value("SEQUENCE").strip()
        sequence = int(text) if text.isdecimal() and len(text) < len("2147483647") else 0
        event.put("SEQUENCE", make_line("SEQUENCE", str(sequence + 1)))


def _define_zones(calendar: Block) -> None:
    """Add a definition for each IANA zone that an event names and nothing defines (RFC 5545 3.6.5)."""
    defined = {block.value("TZID").strip() for block in calendar.blocks("VTIMEZONE")}
    used: dict[str, int] = {}
    for event in calendar.blocks("VEVENT"):
        for line in event.items:
            if isinstance(line, Line) and line.value[:4].isdecimal():
                tzid = line.params.get("TZID", "")
                if tzid in known() and tzid not in defined:
                    used[tzid] = min(used.get(tzid, ZONES_FROM), int(line.value[:4]))
    at = next((number for number, one in enumerate(calendar.items) if isinstance(one, Block)), len(calendar.items))
    calendar.items[at:at] = [write_zone(tzid, max(year, values.FIRST_YEAR + 1)) for tzid, year in sorted(used.items())]
