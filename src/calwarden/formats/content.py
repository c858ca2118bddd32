"""What an event is about: the texts, people, places and reminders of a VEVENT."""

import re
from collections.abc import Iterable, Mapping, Sequence

from calwarden.domain import colors
from calwarden.domain.event import Attendee, Details, Person, Place
from calwarden.domain.links import meeting_link, without_join
from calwarden.formats import values
from calwarden.formats.lines import Block, Line, clean, plain, split_list, unescape

MOST_ALARMS = 50
MOST_CATEGORIES = 100

_DEGREES = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,20})?", flags=re.ASCII)
CONFERENCE = (
    "CONFERENCE",
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
)
PRIVATE = frozenset({"PRIVATE", "CONFIDENTIAL"})
_LINKS = ("https://", "http://")

Named = Mapping[str, Sequence[Line]]


def details(event: Block, named: Named, organizer: Person | None, attendees: tuple[Attendee, ...]) -> Details:
    """All that :class:`Details` holds, without control characters."""
    place = place_of(named)
    url = _plain(named, "URL") or None
    join = conference(named)
    text = without_join(_text(named, "DESCRIPTION"), join)
    return Details(
        summary=_text(named, "SUMMARY"),
        description=text,
        place=place,
        url=url,
        meeting_url=join or meeting_link((place.description if place else "", text, url or "")),
        organizer=organizer,
        attendees=attendees,
        categories=tuple(_categories(named.get("CATEGORIES", ()))),
        private=_plain(named, "CLASS").upper() in PRIVATE,
        color=_color(named),
        reminders=reminders(event),
    )


def conference(named: Named) -> str | None:
    """The link that is stated to be the meeting's."""
    stated = (plain(line.value).strip() for name in CONFERENCE for line in named.get(name, ()))
    return next((link[:2_048] for link in stated if link.lower().startswith(_LINKS)), None)


def place_of(named: Named) -> Place | None:
    text = _text(named, "LOCATION")
    # Some servers escape the semicolon, as if it were text.
    degrees = [part.strip() for part in _plain(named, "GEO").replace("\\", "").split(";")]
    if len(degrees) == len(("lat", "long")) and all(map(_DEGREES.fullmatch, degrees)):
        return Place(text, degrees[0], degrees[1])
    return Place(text) if text else None


def reminders(event: Block) -> tuple[int, ...]:
    """Minutes before the start of the reminders shown on a screen, each once, in their order."""
    minutes = (minutes_of(alarm) for alarm in event.blocks("VALARM")[:MOST_ALARMS])
    return tuple(dict.fromkeys(one for one in minutes if one is not None))


def minutes_of(alarm: Block) -> int | None:
    """None for alarms that are no reminder before the start: sounds, mails, times of day, after the end."""
    trigger = alarm.first("TRIGGER")
    if trigger is None or alarm.value("ACTION").strip().upper() not in {"DISPLAY", ""}:
        return None
    if trigger.params.get("RELATED", "START").upper() != "START":
        return None
    try:
        length = values.duration(trigger.value)
    except ValueError:
        return None
    seconds = -(length.days * 86_400 + length.seconds)
    return seconds // 60 if seconds >= 0 else None


def _color(named: Named) -> str | None:
    """The exact color that Apple's property holds, unless somebody chose another one since."""
    exact, name = _plain(named, "X-APPLE-CALENDAR-COLOR")[:7].upper(), _plain(named, "COLOR").lower()
    nearest = colors.nearest_name(exact)
    if nearest is not None and name in {"", nearest}:
        return exact
    return colors.of_name(name)


def _categories(lines: Sequence[Line]) -> Iterable[str]:
    found = (clean(one.strip(), most=1_024) for line in lines[:MOST_CATEGORIES] for one in split_list(line.value))
    return [one for one in found if one][:MOST_CATEGORIES]


def _text(named: Named, name: str) -> str:
    lines = named.get(name, ())
    return clean(unescape(lines[0].value)) if lines else ""


def _plain(named: Named, name: str) -> str:
    lines = named.get(name, ())
    return plain(lines[0].value).strip() if lines else ""
