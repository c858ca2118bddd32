"""Calendars of any size with the same month in them, as files that Radicale and Xandikos serve."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_SEED = 11
SINGLE, SERIES = 40, 5
"""In the month that is asked for: single events, and occurrences of each of four weekly series."""

_LINES = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//calwarden//bench//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260101T000000Z
DTSTART:{start:%Y%m%dT%H%M%SZ}
DTEND:{end:%Y%m%dT%H%M%SZ}
SUMMARY:{title}
DESCRIPTION:{notes}
LOCATION:Room {room}
ORGANIZER;CN=Sam:mailto:sam@example.org
ATTENDEE;CN=Sam;PARTSTAT=ACCEPTED:mailto:sam@example.org
ATTENDEE;CN=Jane;PARTSTAT=ACCEPTED:mailto:jane@example.org
{more}END:VEVENT
END:VCALENDAR
"""


@dataclass(frozen=True)
class Month:
    """The thirty days that are asked for."""

    start: datetime

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=30)


def this_month() -> Month:
    """Thirty days from tomorrow, within what is read by default."""
    now = datetime.now(UTC)  # noqa: TID251  a program of its own
    return Month(now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1))


def events(count: int, month: Month, inside: int = SINGLE) -> Iterator[tuple[str, str]]:
    """``count`` resources by name: the same month for every count, all others before and after it."""
    chance = random.Random(_SEED)  # noqa: S311  the same calendars in every run
    for number in range(4):
        start = month.start + timedelta(days=number, hours=7)
        yield _one(f"series-{number}", start, 30, f"RRULE:FREQ=WEEKLY;COUNT={SERIES if number < 2 else SERIES - 1}\n")
    for number in range(inside):
        minute = number * (29 * 24 * 60) // inside
        yield _one(f"inside-{number}", month.start + timedelta(minutes=minute), chance.choice((15, 30, 60)))
    for number in range(count - 4 - inside):
        day = chance.choice((chance.uniform(-40, -1), chance.uniform(45, 160)))
        yield _one(f"outside-{number}", month.start + timedelta(days=day), chance.choice((15, 30, 60)))


def _one(name: str, start: datetime, minutes: int, more: str = "") -> tuple[str, str]:
    start = start.replace(second=0, microsecond=0)
    text = _LINES.format(
        uid=name,
        start=start,
        end=start + timedelta(minutes=minutes),
        title=f"Something about {name}",
        notes="What there is to say about it. " * 6,
        room=len(name),
        more=more,
    )
    return f"{name}.ics", text.replace("\n", "\r\n")
