"""What a write states about an event: from the wire to an EventDraft (contract events 4.1, 4.4, 11).

What would have no effect is refused where somebody could rely on it (subscriptions, attachments, conferencing that we
can not arrange); labels and languages that only other parts of the contract read are taken and not kept.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from calwarden.api.v1.calendars import COLOR
from calwarden.api.v1.recurrence import RECURRENCE, rule_of
from calwarden.api.v1.times import EVENT_TIME, ZONE, Said
from calwarden.domain.draft import UNSET, DraftPlace, EventDraft, Invitee, Unset
from calwarden.domain.errors import Invalid
from calwarden.domain.times import EventTime, Zoned
from calwarden.httpkit.shapes import Choice, Fields, Flag, Items, Problems, Read, Record, Stated, Text, Whole
from calwarden.usecases.people.addresses import acceptable_address

_MOST_ATTENDEES = 200
_MOST_YEARS = 10
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"\\]+")
_SCRIPTS = ("javascript:", "data:", "vbscript:", "file:")
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?", flags=re.ASCII)


def _email(text: str) -> str:
    try:
        return acceptable_address(text)
    except Invalid as error:
        raise ValueError("must be an e-mail address such as name@example.org") from error


def _uri(text: str) -> str:
    if not _URI.fullmatch(text) or text.lower().startswith(_SCRIPTS):
        raise ValueError("must be a URI such as https://app.example.org/bookings/1")
    return text


def _web_address(text: str) -> str:
    if not _uri(text).lower().startswith(("https://", "http://")):
        raise ValueError("must start with https:// or http://")
    return text


def _degrees(most: int) -> Read:
    def parse(text: str) -> str:
        if not _DEGREES.fullmatch(text) or abs(float(text)) > most:
            raise ValueError(f"must be decimal degrees from -{most} to {most}")
        return text

    return Read(parse, "errors.invalid_format", "48.8566", most=30)


_PERSON: Final = Record(
    {
        "email": Stated(Read(_email, "errors.invalid_email", "lou@example.org", most=254), required=True),
        "display_name": Stated(Text(200, keeps_empty=True)),
    }
)
_PEOPLE: Final = Items(_PERSON, _MOST_ATTENDEES)
_LEFT_OUT: Final = Items(Record({}), _MOST_ATTENDEES)

DRAFT: Final[Fields] = {
    "summary": Stated(Text(1_024, lines=True, keeps_empty=True), "required with event_id"),
    "description": Stated(Text(8_192, lines=True, keeps_empty=True), "absent: unchanged"),
    "start": Stated(EVENT_TIME, "required with event_id"),
    "end": Stated(EVENT_TIME, "exclusive; required with event_id"),
    "tzid": Stated(ZONE, "the zone of a start or end that brings none; Etc/UTC, with event_uid the event's own"),
    "location": Stated(
        Record(
            {
                "description": Stated(Text(1_024, lines=True, keeps_empty=True)),
                "lat": Stated(_degrees(90)),
                "long": Stated(_degrees(180)),
            }
        ),
        "absent: unchanged",
    ),
    "url": Stated(Read(_uri, "errors.invalid_format", "https://app.example.org/1"), "null: remove", nullable=True),
    "reminders": Stated(
        Items(Record({"minutes": Stated(Whole(0, 525_600), required=True)}), 5), "in order of priority; []: none"
    ),
    "reminders_create_only": Stated(Flag(), "set reminders only when the event is created"),
    "transparency": Stated(Choice(("opaque", "transparent")), "opaque if timed, transparent if all-day"),
    "extended_transparency": Stated(
        Choice(("opaque", "transparent", "working_elsewhere", "tentative", "out_of_office")), "wins over transparency"
    ),
    "color": Stated(COLOR),
    "event_private": Stated(Flag()),
    "attendees": Stated(
        Record(
            {
                "invite": Stated(_PEOPLE, "added or kept"),
                "remove": Stated(_PEOPLE, "uninvited"),
                "reject": Stated(_PEOPLE, "the same as remove"),
            }
        ),
        "who is not named is left alone",
    ),
    "conferencing": Stated(
        Record(
            {
                "profile_id": Stated(Text(512), "explicit or none", required=True),
                "join_url": Stated(Read(_web_address, "errors.invalid_format", "https://meet.example.org/1")),
                "provider_description": Stated(Text(200)),
            }
        ),
        "absent: unchanged",
    ),
    "recurrence": Stated(RECURRENCE, "absent: unchanged; without rules: stop recurring"),
    "subscriptions": Stated(_LEFT_OUT, "not offered: must be empty"),
    "attachments": Stated(_LEFT_OUT, "not offered: must be empty"),
    "tags": Stated(Record({}), "not kept"),
    "event_classes": Stated(Items(Text(200), 100), "not kept"),
    "locale": Stated(Text(35), "no texts are inserted, so it changes nothing"),
}
"""The fields of a write, the ids apart."""


def draft_of(said: Mapping[str, Any], wrong: Problems) -> EventDraft:
    """The draft that ``said``, the fields of DRAFT as read, states; what is wrong with it as a whole is noted."""
    _check_offered(said, wrong)
    start, end = _times(said, wrong)
    attendees = said.get("attendees", {})
    transparency, tentative = _transparency(said)
    return EventDraft(
        summary=said.get("summary", UNSET),
        description=said.get("description", UNSET),
        start=start,
        end=end,
        place=_place(said, wrong),
        url=said.get("url", UNSET),
        reminders=_reminders(said),
        reminders_create_only=said.get("reminders_create_only", False),
        transparency=transparency,
        tentative=tentative,
        color=said.get("color", UNSET),
        private=said.get("event_private", UNSET),
        invite=tuple(Invitee(one["email"], one.get("display_name", "")) for one in _people(attendees, "invite")),
        remove=tuple(one["email"] for name in ("remove", "reject") for one in _people(attendees, name)),
        rule=rule_of(said, wrong),
        join_url=_join_url(said, wrong),
    )


def unzoned(said: Mapping[str, Any]) -> frozenset[str]:
    """Which of ``start`` and ``end`` come without a zone, of their own or of the event."""
    times = {name: said.get(name) for name in ("start", "end")}
    return frozenset(
        name for name, one in times.items() if "tzid" not in said and isinstance(one, Said) and not one.tzid
    )


def _check_offered(said: Mapping[str, Any], wrong: Problems) -> None:
    """Nobody may wait for a callback that never comes, or send what never arrives."""
    for name in ("subscriptions", "attachments"):
        if said.get(name):
            wrong.add(name, "errors.not_supported", "is not offered by this server")


def _times(said: Mapping[str, Any], wrong: Problems) -> tuple[EventTime | Unset, EventTime | Unset]:
    tzid = said.get("tzid", "Etc/UTC")
    start, end = _time(said.get("start"), tzid), _time(said.get("end"), tzid)
    if start is UNSET or end is UNSET:
        return start, end  # against what is held of the event, the use case compares
    if isinstance(start, Zoned) and isinstance(end, Zoned):
        in_order, length = start.at <= end.at, timedelta(seconds=end.at - start.at)
    elif not isinstance(start, Zoned) and not isinstance(end, Zoned):
        in_order, length = start < end, end - start
    else:
        wrong.add("end", "errors.invalid_time_pair", "start and end must both be times or both be dates")
        return start, end
    if not in_order:
        wrong.add("end", "errors.invalid_time_pair", "must be after start")
    elif length > timedelta(days=366 * _MOST_YEARS):
        wrong.add("end", "errors.invalid_time_pair", f"must be at most {_MOST_YEARS} years after start")
    return start, end


def _time(said: Said | None, tzid: str) -> EventTime | Unset:
    return UNSET if said is None else said.within(tzid)


def _place(said: Mapping[str, Any], wrong: Problems) -> DraftPlace | Unset:
    place = said.get("location")
    if place is None:
        return UNSET
    if ("lat" in place) is not ("long" in place):
        wrong.add("location", "errors.invalid_format", "lat and long go together")
    return DraftPlace(place.get("description"), place.get("lat"), place.get("long"))


def _reminders(said: Mapping[str, Any]) -> tuple[int, ...] | Unset:
    if "reminders" not in said:
        return UNSET
    return tuple(one["minutes"] for one in said["reminders"] if "minutes" in one)


def _transparency(said: Mapping[str, Any]) -> tuple[Any, bool | Unset]:
    """Transparency, and whether the event is tentative: iCalendar's nearest to the finer words."""
    finer = said.get("extended_transparency")
    if finer is None:
        return said.get("transparency", UNSET), UNSET
    return "transparent" if finer in {"transparent", "working_elsewhere"} else "opaque", finer == "tentative"


def _people(attendees: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [one for one in attendees.get(name, ()) if "email" in one]


def _join_url(said: Mapping[str, Any], wrong: Problems) -> str | Unset | None:
    conferencing = said.get("conferencing", {})
    which = conferencing.get("profile_id")
    if which in {None, "none"}:
        return UNSET if which is None else None
    if which != "explicit":
        integrated = which in {"default", "integrated"}
        key = "errors.integrated_conferencing_not_available" if integrated else "errors.not_recognized"
        wrong.add("conferencing.profile_id", key, "must be explicit or none")
    elif "join_url" not in conferencing and "conferencing.join_url" not in wrong.found:
        wrong.add("conferencing.join_url", "errors.required", "required")
    url: str | Unset = conferencing.get("join_url", UNSET)
    return url
