"""The resources that the two people wrote, as their calendar programs would have: iCalendar text (RFC 5545)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

PARIS, NEW_YORK = "Europe/Paris", "America/New_York"

_ZONES = f"""\
BEGIN:VTIMEZONE
TZID:{PARIS}
BEGIN:STANDARD
DTSTART:19961027T030000
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T020000
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VTIMEZONE
TZID:{NEW_YORK}
BEGIN:STANDARD
DTSTART:20071104T020000
TZNAME:EST
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20070311T020000
TZNAME:EDT
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
END:VTIMEZONE
"""


def resource(*events: str) -> str:
    """A resource of one event, or of a series with its moved occurrences."""
    lines = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//calwarden demo//jane's own program//EN\n"
    return f"{lines}{_ZONES}{''.join(events)}END:VCALENDAR\n".replace("\n", "\r\n")


def event(uid: str, summary: str, start: str, end: str, more: Sequence[str] = ()) -> str:
    """One VEVENT; ``start`` and ``end`` are whole lines without their names, as :func:`at` and :func:`on` make them."""
    lines = [f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"DTSTART{start}", f"DTEND{end}", f"SUMMARY:{summary}", *more]
    return "".join(f"{line}\n" for line in ("BEGIN:VEVENT", *lines, "END:VEVENT"))


def at(day: date, clock: str, tzid: str | None = PARIS) -> str:
    """A time of day, such as 14:30, as the end of a DTSTART, DTEND, EXDATE or RECURRENCE-ID line."""
    moment = f"{day:%Y%m%d}T{clock.replace(':', '')}00"
    return f":{moment}Z" if tzid is None else f";TZID={tzid}:{moment}"


def on(day: date) -> str:
    """A whole day, likewise."""
    return f";VALUE=DATE:{day:%Y%m%d}"


def wire(moment: datetime) -> str:
    """A moment as the API says it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
