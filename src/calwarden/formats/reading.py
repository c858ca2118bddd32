"""Reading iCalendar that nobody vouches for: one broken component never hides the healthy ones beside it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from calwarden.domain.event import Attendee, Component, EventStatus, Participation, Person, Repeat, Transparency
from calwarden.domain.times import DAY_SECONDS, EventTime, Instant, Zoned, sort_key
from calwarden.formats import content, values
from calwarden.formats.lines import Block, Line, clean, plain, read, unescape
from calwarden.formats.zones import Zones, to_instant, to_wall

MOST_COMPONENTS = 5_000
MOST_DATES = 5_000
MOST_RULES = 10
MOST_PERIODS = 500
MOST_PEOPLE = 1_000
LONGEST = 3_660 * DAY_SECONDS  # security 7.5

BAD_END, BAD_RULE, BAD_DATES = "bad_end", "bad_rule", "bad_dates"
PERIOD = "added_period"
"""Flag of an instance that an RDATE gives a length of its own."""

OUTLOOK_BUSY = "X-MICROSOFT-CDO-BUSYSTATUS"
_UNREADABLE = (ValueError, OverflowError)

_STATUS = {
    "": EventStatus.CONFIRMED,
    "CONFIRMED": EventStatus.CONFIRMED,
    "TENTATIVE": EventStatus.TENTATIVE,
    "CANCELLED": EventStatus.CANCELLED,
}
_ANSWER = {
    "": Participation.NEEDS_ACTION,
    "NEEDS-ACTION": Participation.NEEDS_ACTION,
    "ACCEPTED": Participation.ACCEPTED,
    "TENTATIVE": Participation.TENTATIVE,
    "DECLINED": Participation.DECLINED,
}
_SHOWN = {"OPAQUE": Transparency.OPAQUE, "TRANSPARENT": Transparency.TRANSPARENT}
_OUTLOOK = {
    "FREE": Transparency.TRANSPARENT,
    "WORKINGELSEWHERE": Transparency.TRANSPARENT,
    "BUSY": Transparency.OPAQUE,
    "TENTATIVE": Transparency.OPAQUE,
    "OOF": Transparency.OPAQUE,
}


def parse(body: bytes, *, me: frozenset[str], default_tzid: str) -> tuple[Component, ...]:
    """The events in ``body``, in its order. ``me`` are the person's own addresses, lower-cased; ``default_tzid`` is the
    zone of floating times. What makes no sense is left out or flagged. Raises FormatError for what is no iCalendar.
    """
    found: list[Component] = []
    for calendar in read(body):
        reader = Reader(calendar, me, default_tzid)
        for event in calendar.blocks("VEVENT")[: max(0, MOST_COMPONENTS - len(found))]:
            with suppress(*_UNREADABLE):
                found.extend(reader.components(event))
    replaced = {(one.uid, sort_key(one.replaces)) for one in found if one.replaces and PERIOD not in one.flags}
    return tuple(
        one
        for one in found
        if PERIOD not in one.flags or one.replaces is None or (one.uid, sort_key(one.replaces)) not in replaced
    )


def address(line: Line) -> str:
    """The e-mail address of a calendar user; what is none (``urn:``, a path) gives way to an EMAIL parameter."""
    text = plain(line.value).strip()
    if text[:7].lower() == "mailto:":
        return text[7:][:320]
    return plain(line.params.get("EMAIL", text)).strip()[:320]


class Reader:
    """Reads the events of one calendar object."""

    def __init__(self, calendar: Block, me: frozenset[str], default_tzid: str) -> None:
        self.me = me
        self.zones = Zones(calendar, default_tzid)

    def components(self, event: Block) -> Iterable[Component]:
        """The component, and one for each added period of a length of its own. Raises ValueError if it has no start."""
        flags: list[str] = []
        component = self.component(event, flags)
        yield component
        if component.repeat is not None:
            yield from self._periods(event, component)

    def component(self, event: Block, flags: list[str] | None = None) -> Component:
        """One VEVENT as one component. Raises ValueError if it has no readable start."""
        flags = [] if flags is None else flags
        named: dict[str, list[Line]] = defaultdict(list)
        for one in event.items:
            if isinstance(one, Line):
                named[one.name].append(one)
        start = self._moment(named["DTSTART"][:1], flags)
        if start is None:
            raise ValueError("no start")
        replaces = self._moment(named["RECURRENCE-ID"][:1], flags)
        attendees = self._attendees(named["ATTENDEE"])
        organizer = self._person(named["ORGANIZER"][0]) if named["ORGANIZER"] else None
        component = Component(
            uid=clean(unescape(_value(named, "UID")), most=1_024),
            start=start,
            end=self._end(named, start, flags),
            status=_status(named),
            transparency=_transparency(named),
            participation=self._own_answer(named["ATTENDEE"], organizer),
            organized_elsewhere=organizer is not None and bool(attendees) and organizer.email.lower() not in self.me,
            repeat=None if replaces is not None else self._repeat(named, flags),
            replaces=replaces,
            this_and_future=replaces is not None and _range(named["RECURRENCE-ID"][0]) == "THISANDFUTURE",
            sequence=_number(_value(named, "SEQUENCE")),
            details=content.details(event, named, organizer, attendees),
        )
        return replace(component, flags=tuple(dict.fromkeys(flags)))

    def _moment(self, lines: Sequence[Line], flags: list[str]) -> EventTime | None:
        for line in lines:
            return self.moment(line.value, line.params.get("TZID"), flags)
        return None

    def moment(self, value: str, tzid: str | None, flags: list[str]) -> EventTime:
        """A DATE, or a DATE-TIME in UTC, in the zone ``tzid``, or floating. Raises ValueError."""
        found = values.moment(value)
        if found.wall is None:
            return found.day
        return self.zones.zoned(found.wall, "Etc/UTC" if found.utc else tzid, flags)

    def _end(self, named: dict[str, list[Line]], start: EventTime, flags: list[str]) -> EventTime:
        """RFC 5545 3.6.1: the end, or the length, or nothing: then a moment, or the day."""
        default = after(start, values.Length(0, 0))
        given, length = named["DTEND"][:1], _value(named, "DURATION")
        end = None
        try:
            end = self._moment(given, flags)
            if end is None and length:
                end = after(start, values.duration(length))
        except _UNREADABLE:
            flags.append(BAD_END)
            return self._endless(_value(named, "DTEND"), start) or default
        if end is None:
            return default
        if isinstance(end, Zoned) != isinstance(start, Zoned) or sort_key(end) < sort_key(start):
            flags.append(BAD_END)
            return default
        if sort_key(end) - sort_key(start) > LONGEST:
            flags.append(BAD_END)
            return after(start, values.Length(LONGEST // DAY_SECONDS, 0))
        return default if end == start else end

    def _endless(self, value: str, start: EventTime) -> EventTime | None:
        # An end in year 9999 means "for good": such an event must not turn into a moment and set the time free.
        year = value[:4]
        if year.isdecimal() and int(year) > values.LAST_YEAR:
            return after(start, values.Length(LONGEST // DAY_SECONDS, 0))
        return None

    def _repeat(self, named: dict[str, list[Line]], flags: list[str]) -> Repeat | None:
        rules = []
        for line in named["RRULE"][:MOST_RULES]:
            try:
                rules.append(values.rule(line.value))
            except ValueError:
                flags.append(BAD_RULE)
        if named["EXRULE"]:
            flags.append(BAD_RULE)  # gone since RFC 5545: its instances show, which is the safe side
        added = self._dates(named["RDATE"], flags)
        if not rules and not added:
            return None
        return Repeat(tuple(rules), added, self._dates(named["EXDATE"], flags))

    def _dates(self, lines: Sequence[Line], flags: list[str]) -> tuple[EventTime, ...]:
        found: list[EventTime] = []
        for line in lines:
            for text in line.value.split(",")[: MOST_DATES + 1]:
                if len(found) >= MOST_DATES:
                    flags.append(BAD_DATES)
                    return tuple(found)
                try:
                    found.append(self.moment(text.split("/")[0], line.params.get("TZID"), flags))
                except _UNREADABLE:
                    flags.append(BAD_DATES)
        return tuple(found)

    def _periods(self, event: Block, master: Component) -> Iterable[Component]:
        count = 0
        for line in event.lines("RDATE"):
            for text in line.value.split(",")[:MOST_DATES] if "/" in line.value else ():
                with suppress(*_UNREADABLE):
                    instance = self._period(text, line.params.get("TZID"), master)
                    count += 1
                    if instance is not None and count <= MOST_PERIODS:
                        yield instance

    def _period(self, text: str, tzid: str | None, master: Component) -> Component | None:
        first, _, last = text.partition("/")
        start = self.moment(first, tzid, [])
        end = after(start, values.duration(last)) if "P" in last.upper() else self.moment(last, tzid, [])
        length = sort_key(end) - sort_key(start)
        if not 0 <= length <= LONGEST or length == sort_key(master.end) - sort_key(master.start):
            return None
        flags = (*master.flags, PERIOD)
        return replace(master, start=start, end=end, repeat=None, replaces=start, flags=flags)

    def _person(self, line: Line) -> Person:
        return Person(address(line), plain(line.params.get("CN", ""))[:1_024])

    def _attendees(self, lines: Sequence[Line]) -> tuple[Attendee, ...]:
        people = ((self._person(line), _answer(line)) for line in lines[:MOST_PEOPLE])
        return tuple(Attendee(person, answer) for person, answer in people if person.email)

    def _own_answer(self, lines: Sequence[Line], organizer: Person | None) -> Participation | None:
        mine = next((line for line in lines[:MOST_PEOPLE] if address(line).lower() in self.me), None)
        if mine is None:
            return None
        if "PARTSTAT" not in mine.params and organizer is not None and organizer.email.lower() in self.me:
            return Participation.ACCEPTED  # who calls a meeting comes, unless they say otherwise
        return _answer(mine)


def after(start: EventTime, length: values.Length) -> EventTime:
    """``start`` plus a duration: days by the calendar of its zone, the rest exactly; a day lasts a day at least."""
    if not isinstance(start, Zoned):
        return start + timedelta(days=max(1, length.days + length.seconds // DAY_SECONDS))
    at = start.at
    if length.days:
        at = to_instant(to_wall(at, start.tzid) + timedelta(days=length.days), start.tzid)
    return Zoned(Instant(at + length.seconds), start.tzid)


def _value(named: dict[str, list[Line]], name: str) -> str:
    lines = named.get(name)
    return lines[0].value if lines else ""


def _word(named: dict[str, list[Line]], name: str) -> str:
    return plain(_value(named, name)).strip().upper()


def _range(line: Line) -> str:
    return line.params.get("RANGE", "").upper()


def _number(text: str) -> int:
    plain_text = text.strip()
    return min(int(plain_text), 2**31 - 1) if plain_text.isdecimal() and len(plain_text) < 12 else 0


def _answer(line: Line) -> Participation:
    return _ANSWER.get(line.params.get("PARTSTAT", "").strip().upper(), Participation.UNKNOWN)


def _status(named: dict[str, list[Line]]) -> EventStatus:
    status = _STATUS.get(_word(named, "STATUS"), EventStatus.UNKNOWN)
    if status is EventStatus.CONFIRMED and _word(named, OUTLOOK_BUSY) == "TENTATIVE":
        return EventStatus.TENTATIVE
    return status


def _transparency(named: dict[str, list[Line]]) -> Transparency:
    """TRANSP where it is stated; Outlook's own word where not, and where it is the finer one."""
    stated, outlook = _word(named, "TRANSP"), _word(named, OUTLOOK_BUSY)
    if outlook == "WORKINGELSEWHERE" or not stated:
        return _OUTLOOK.get(outlook, Transparency.OPAQUE)
    return _SHOWN.get(stated, Transparency.UNKNOWN)
