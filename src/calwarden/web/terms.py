"""What a person makes an agreement narrower by, from a form and into one: calendars that are ticked, and an end."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from enum import StrEnum
from typing import Final

from calwarden.domain.errors import Invalid
from calwarden.domain.grant import Terms
from calwarden.domain.ids import CalendarId
from calwarden.domain.profile import Calendar
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.timetable.zones import is_zone, to_instant, zone

TICKED: Final = "calendar."
"""Before a calendar's id in the name of its field: no name may come twice in a form."""


class End(StrEnum):
    """How long an agreement holds."""

    NEVER = "never"
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    DATE = "date"


_DAYS: Final[Mapping[End, int]] = {End.DAY: 1, End.MONTH: 30, End.QUARTER: 90}


def read_terms(
    form: Mapping[str, str],
    offered: Iterable[Calendar],
    now: Instant,
    tzid: str,
    *,
    before: Terms = Terms(),  # noqa: B008
) -> Terms:
    """What the form says. All of ``offered`` ticked is no choice: then what held ``before`` goes on.

    A date counts to its end, in the person's zone. Raises Invalid.
    """
    chosen = ticked(form, {one.calendar_id for one in offered}).calendars
    return Terms(before.calendars if chosen is None else chosen, read_end(form, now, tzid) or before.ends)


def ticked(form: Mapping[str, str], there: Collection[CalendarId]) -> Terms:
    """The calendars of the form. All of those that the page offered are no choice; one of them may be gone by now, and
    another have come: then what is ticked is one.
    """
    chosen = frozenset(CalendarId(name.removeprefix(TICKED)) for name in form if name.startswith(TICKED))
    offered = frozenset(map(CalendarId, form.get("offered", "").split()))
    return Terms(None if chosen == offered == frozenset(there) else chosen)


def read_end(form: Mapping[str, str], now: Instant, tzid: str) -> Instant | None:
    """The end chosen in the form; a date counts to its end, in the person's zone. Raises Invalid."""
    try:
        end = End(form.get("end", End.NEVER))
    except ValueError:
        raise Invalid.of("end", "errors.not_recognized", "choose one of the ends") from None
    if end is End.NEVER:
        return None
    if end is not End.DATE:
        return Instant(now + _DAYS[end] * DAY_SECONDS)
    try:
        day = date.fromisoformat(form.get("until", "")) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Invalid.of("until", "errors.invalid_format", "choose a day") from None
    there = zone(tzid if is_zone(tzid) else "Etc/UTC")
    return to_instant(datetime.combine(day, clock_time(), there))
