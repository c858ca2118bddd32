"""What an application sees, day by day: bars for the eye, lines for reading aloud."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from calwarden.domain.errors import NotFound
from calwarden.domain.ids import ApplicationId, CalendarId
from calwarden.domain.profile import Calendar
from calwarden.domain.times import Day, EventTime, Zoned
from calwarden.policy.view import BusyView, EventView
from calwarden.timetable.zones import to_local
from calwarden.usecases.people import Overview, overview
from calwarden.usecases.seeing import DAYS, Seen, Sight, see_as
from calwarden.web.visit import Visit

_MINUTES: Final = 1_440
_STATUS: Final[Mapping[str, str]] = {
    "busy": "busy",
    "tentative": "perhaps busy",
    "free": "free",
    "unknown": "not known",
}
_NO_TITLE = "(without a title)"


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of one day in minutes from midnight; ``kind`` names how it looks."""

    start: int
    length: int
    kind: str


@dataclass(frozen=True, slots=True)
class SeenDay:
    """One day: ``lines`` say what the bars show."""

    day: Day
    bars: tuple[Bar, ...]
    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.day:%A}, {self.day.day} {self.day:%B}"


@dataclass(frozen=True, slots=True)
class Look:
    """For the template: ``sight`` says which words belong to it."""

    sight: Sight
    days: tuple[SeenDay, ...]
    more: int


@dataclass(frozen=True, slots=True)
class _Item:
    start: EventTime
    end: EventTime
    kind: str
    text: str


async def show(visit: Visit) -> Response:
    """What one application that has access sees of the next days."""
    application_id = ApplicationId(visit.path("application_id"))
    seen: Seen = await visit.site.run(see_as, visit.me, application_id)
    held: Overview = await visit.site.run(overview, visit.me.account_id)
    for one in held.accesses:
        if one.application.application_id == application_id:
            return visit.page("sees.html", application=one.application, look=look(seen, held.calendars))
    raise NotFound("this application has no access")


def look(seen: Seen, calendars: Iterable[Calendar]) -> Look:
    """``seen`` as days in its zone; ``calendars`` gives names."""
    names = {one.calendar_id: one.name for one in calendars}
    items = [*(_busy(one, names) for one in seen.periods), *(_event(one, names) for one in seen.events)]
    days = tuple(_day(seen.first + timedelta(number), items, seen.tzid) for number in range(DAYS))
    return Look(seen.sight, days, seen.more)


def _busy(one: BusyView, names: Mapping[CalendarId, str]) -> _Item:
    return _Item(
        one.start, one.end, one.status.value, f"{_STATUS[one.status.value]}, in {names.get(one.calendar_id, '')}"
    )


def _event(one: EventView, names: Mapping[CalendarId, str]) -> _Item:
    told = [
        one.details.summary or _NO_TITLE,
        one.details.place and one.details.place.description,
        f"in {names.get(one.calendar_id, '')}",
    ]
    return _Item(one.start, one.end, "event", ", ".join(part for part in told if part))


def _day(day: Day, items: Iterable[_Item], tzid: str) -> SeenDay:
    bars, lines = [], []
    for one in items:
        start, end = _minutes(one.start, day, tzid), _minutes(one.end, day, tzid)
        if start < _MINUTES and (end > 0 or start == end == 0):
            first, last = max(start, 0), min(end, _MINUTES)
            bars.append(Bar(first, max(last - first, 4), one.kind))
            lines.append(f"{_span(first, last)}: {one.text}")
    return SeenDay(day, tuple(bars), tuple(lines))


def _minutes(when: EventTime, day: Day, tzid: str) -> int:
    """Minutes from the beginning of ``day`` on the clock of that zone."""
    if not isinstance(when, Zoned):
        return (when - day).days * _MINUTES
    local = to_local(when.at, tzid)
    return (local.date() - day).days * _MINUTES + local.hour * 60 + local.minute


def _span(first: int, last: int) -> str:
    if (first, last) == (0, _MINUTES):
        return "All day"
    return f"{_clock(first)} to {_clock(last)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
