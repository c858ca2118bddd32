"""Reading iCalendar that nobody vouches for: one broken component never hides the healthy ones beside it."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar as ICalendar

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
from calwarden.domain.times import EventTime, Instant, Zoned, sort_key
from calwarden.formats import zones

MOST_BYTES = 1_000_000
MOST_COMPONENTS = 2_000
MOST_DATES = 5_000
MOST_TEXT = 100_000
FIRST_YEAR, LAST_YEAR = 1900, 2200

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MEETING = re.compile(
    r"https://(?:[\w.-]+\.)?(?:zoom\.us/j/|meet\.google\.com/|teams\.microsoft\.com/l/meetup-join/|whereby\.com/"
    r"|meet\.jit\.si/|webex\.com/meet/)[^\s<>\"]+"
)
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError)

_STATUS = {
    "CONFIRMED": EventStatus.CONFIRMED,
    "TENTATIVE": EventStatus.TENTATIVE,
    "CANCELLED": EventStatus.CANCELLED,
}
_ANSWER = {
    "NEEDS-ACTION": Participation.NEEDS_ACTION,
    "ACCEPTED": Participation.ACCEPTED,
    "TENTATIVE": Participation.TENTATIVE,
    "DECLINED": Participation.DECLINED,
}


class FormatError(ValueError):
    """The bytes are no iCalendar object, or a larger one than anybody's event is."""


def load(body: bytes) -> Any:
    """The object, unchecked inside. Raises FormatError."""
    if len(body) > MOST_BYTES:
        raise FormatError("the resource is larger than 1 MB")
    try:
        loaded = ICalendar.from_ical(body)
    except _UNREADABLE as error:
        raise FormatError("the resource is no iCalendar object") from error
    if not isinstance(loaded, ICalendar):
        raise FormatError("the resource is no iCalendar object")
    return loaded


def parse(body: bytes, *, me: frozenset[str], default_tzid: str) -> tuple[Component, ...]:
    """The events in ``body``. ``me`` are the person's own addresses, lower-cased; ``default_tzid`` is the zone of
    floating times. What makes no sense is left out or flagged. Raises FormatError for what is no iCalendar at all.
    """
    reader = _Reader(me, default_tzid if default_tzid in zones.known() else "UTC")
    found = []
    for event in list(load(body).walk("VEVENT"))[:MOST_COMPONENTS]:
        with suppress(*_UNREADABLE):
            component = reader.component(event)
            if component is not None:
                found.append(component)
    return tuple(found)


def clean(text: object) -> str:
    """Text without control characters; line ends become plain newlines, tabs and emoji stay (security 7.3)."""
    plain = str(text)[:MOST_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", plain)


def as_list(value: Any) -> list[Any]:
    """A property that may be absent, single or repeated, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def address(value: object) -> str:
    """The e-mail address of a calendar user address, without ``mailto:``."""
    text = clean(value).strip()
    return text[7:] if text.lower().startswith("mailto:") else text


@dataclass
class _Reader:
    me: frozenset[str]
    default_tzid: str
    flags: list[str] = field(default_factory=list)

    def component(self, event: Any) -> Component | None:
        self.flags = []
        start_property = event.get("DTSTART")
        if start_property is None or not hasattr(start_property, "dt"):
            return None
        start = self.moment(start_property)
        replaces = event.get("RECURRENCE-ID")
        organizer = self.person(event.get("ORGANIZER"))
        attendees = self.attendees(event)
        mine = next((one for one in attendees if one.person.email.lower() in self.me), None)
        return Component(
            uid=clean(event.get("UID", ""))[:1024],
            start=start,
            end=self.end(event, start),
            status=_STATUS.get(clean(event.get("STATUS", "CONFIRMED")).upper(), EventStatus.UNKNOWN),
            transparency=_transparency(event),
            participation=mine.participation if mine else None,
            organized_elsewhere=organizer is not None and bool(attendees) and organizer.email.lower() not in self.me,
            repeat=None if replaces is not None else self.repeat(event),
            replaces=None if replaces is None else self.moment(replaces),
            this_and_future=replaces is not None and replaces.params.get("RANGE", "").upper() == "THISANDFUTURE",
            sequence=_number(event.get("SEQUENCE")),
            details=self.details(event, organizer, attendees),
            flags=tuple(dict.fromkeys(self.flags)),
        )

    def moment(self, value: Any) -> EventTime:
        moment = value.dt
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValueError("a year nobody lives in")
        if not isinstance(moment, datetime):
            return date(moment.year, moment.month, moment.day)
        tzid = clean(value.params.get("TZID", "")) if hasattr(value, "params") else ""
        return self.zoned(moment, tzid)

    def zoned(self, moment: datetime, tzid: str) -> Zoned:
        if moment.tzinfo is None:
            name = zones.by_name(tzid) if tzid else None
            if tzid and name is None:
                self.flags.append("unknown_zone")
            name = name or self.default_tzid
            moment = moment.replace(tzinfo=ZoneInfo(name))
        else:
            name = self.name_of(moment.tzinfo, tzid, moment.year)
        return Zoned(Instant(int(moment.astimezone(UTC).timestamp())), name)

    def name_of(self, zone: tzinfo, tzid: str, year: int) -> str:
        if not tzid:
            return "Etc/UTC"
        if isinstance(zone, ZoneInfo) and zone.key in zones.known():
            return zone.key
        name = zones.by_rules(zone, year)  # a definition in the resource counts for more than its name
        if name is None:
            self.flags.append("unknown_zone")
        return name or "Etc/UTC"

    def end(self, event: Any, start: EventTime) -> EventTime:
        given = event.get("DTEND")
        if given is not None and hasattr(given, "dt"):
            end = self.moment(given)
            if isinstance(end, Zoned) == isinstance(start, Zoned) and sort_key(end) >= sort_key(start):
                if isinstance(end, Zoned) or end > start:  # type: ignore[operator]  # both are days here
                    return end
                return _after(start, timedelta(days=1))
            self.flags.append("bad_end")
        duration = event.get("DURATION")
        if duration is not None and isinstance(getattr(duration, "dt", None), timedelta):
            length = duration.dt
            if timedelta(0) <= length <= timedelta(days=3660):
                return _after(start, length)
            self.flags.append("bad_end")
        return start if isinstance(start, Zoned) else _after(start, timedelta(days=1))

    def repeat(self, event: Any) -> Repeat | None:
        rules = tuple(
            one.to_ical().decode() for one in as_list(event.get("RRULE"))[:10] if hasattr(one, "freq") or "FREQ" in one
        )
        added, excluded = self.dates(event.get("RDATE")), self.dates(event.get("EXDATE"))
        if event.errors and any(name == "RRULE" for name, _ in event.errors):
            self.flags.append("bad_rule")
        return Repeat(rules, added, excluded) if rules or added else None

    def dates(self, value: Any) -> tuple[EventTime, ...]:
        found: list[EventTime] = []
        for part in as_list(value):
            for one in getattr(part, "dts", []):
                if len(found) >= MOST_DATES:
                    return tuple(found)
                with suppress(*_UNREADABLE):
                    found.append(self.date_of(one, part))
        return tuple(found)

    def date_of(self, one: Any, part: Any) -> EventTime:
        moment = one.dt[0] if isinstance(one.dt, tuple) else one.dt
        if not isinstance(moment, datetime):
            return date(moment.year, moment.month, moment.day)
        return self.zoned(moment, clean(part.params.get("TZID", "")))

    def person(self, value: Any) -> Person | None:
        if value is None or isinstance(value, list):
            return None
        return Person(address(value)[:320], clean(value.params.get("CN", ""))[:1024])

    def attendees(self, event: Any) -> tuple[Attendee, ...]:
        found = []
        for one in as_list(event.get("ATTENDEE"))[:1000]:
            person = self.person(one)
            if person is not None and person.email:
                answer = _ANSWER.get(str(one.params.get("PARTSTAT", "NEEDS-ACTION")).upper(), Participation.UNKNOWN)
                found.append(Attendee(person, answer))
        return tuple(found)

    def details(self, event: Any, organizer: Person | None, attendees: tuple[Attendee, ...]) -> Details:
        description, location = clean(event.get("DESCRIPTION", "")), clean(event.get("LOCATION", ""))
        url = clean(event.get("URL", "")) or None
        return Details(
            summary=clean(_first(event.get("SUMMARY"))),
            description=description,
            place=_place(event, location),
            url=url,
            meeting_url=_meeting(event, (location, description, url or "")),
            organizer=organizer,
            attendees=attendees,
            categories=tuple(_categories(event.get("CATEGORIES"))),
            private=clean(event.get("CLASS", "PUBLIC")).upper() in {"PRIVATE", "CONFIDENTIAL"},
            color=clean(event.get("COLOR", "")) or None,
            reminders=tuple(_reminders(event)),
        )


def _after(when: EventTime, length: timedelta) -> EventTime:
    if isinstance(when, Zoned):
        return Zoned(Instant(when.at + int(length.total_seconds())), when.tzid)
    return when + max(length, timedelta(days=1))


def _first(value: Any) -> Any:
    return next(iter(as_list(value)), "")


def _number(value: Any) -> int:
    try:
        return min(max(int(value), 0), 2**31 - 1)
    except (TypeError, ValueError):
        return 0


def _transparency(event: Any) -> Transparency:
    busy = clean(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    if busy in {"FREE", "WORKINGELSEWHERE"}:
        return Transparency.TRANSPARENT
    value = clean(event.get("TRANSP", "OPAQUE")).upper()
    return {"OPAQUE": Transparency.OPAQUE, "TRANSPARENT": Transparency.TRANSPARENT}.get(value, Transparency.UNKNOWN)


def _place(event: Any, location: str) -> Place | None:
    geo = event.get("GEO")
    lat, long = (str(geo.latitude), str(geo.longitude)) if hasattr(geo, "latitude") else (None, None)
    return Place(location, lat, long) if location or lat else None


def _meeting(event: Any, texts: Iterable[str]) -> str | None:
    for name in ("CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL"):
        value = clean(_first(event.get(name)))
        if value.startswith("https://"):
            return value
    return next((match.group() for match in map(_MEETING.search, texts) if match), None)


def _categories(value: Any) -> Iterable[str]:
    for part in as_list(value)[:50]:
        for one in getattr(part, "cats", [part]):
            yield clean(one)


def _reminders(event: Any) -> Iterable[int]:
    for alarm in event.walk("VALARM")[:20]:
        trigger = getattr(alarm.get("TRIGGER"), "dt", None)
        if isinstance(trigger, timedelta) and trigger <= timedelta(0):
            yield int(-trigger.total_seconds()) // 60
