"""What jane and marcel have in their calendars around today, in the world that is left running."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from demo.icalendar import at, event, on, resource
from demo.radicale import CalendarServer
from demo.world import BICYCLE, HOME, INVITATION, NAMES, TEAM, TEAM_AS_SHARED, WORK

STANDUP, DENTIST, MEETING, REVIEW = "Stand-up", "Dentist", "Budget with Ines", "Design review"
LUNCH, THERAPY, FAIR, INTERVIEW = "Lunch with Sam", "Therapy", "Trade fair in Lyon", "Job interview: L. Moreau"
SCHOOL, YOGA, DINNER, PLAN, RIDE = "School play", "Yoga", "Dinner at Sofia's", "Team plan", "Ride around the lake"
BOARD, NOTARY, CALL, CINEMA = "Board meeting", "Notary", "Call with Boston", "Cinema"
TITLES = (STANDUP, DENTIST, MEETING, REVIEW, LUNCH, THERAPY, FAIR, INTERVIEW, SCHOOL, YOGA, DINNER, PLAN)
SECRETS = (*TITLES, BOARD, NOTARY, CALL, CINEMA)
"""Every title of jane's: what an application that may see busy times must never come across."""

_STANDUPS = 104


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; ``weekday`` 0 is Monday. Without times it takes the whole day."""

    calendar: str
    title: str
    weekday: int
    starts: str = ""
    ends: str = ""
    more: Sequence[str] = ()


_ODD = (
    Entry(WORK, MEETING, 0, "14:00", "15:00"),
    Entry(WORK, THERAPY, 0, "18:00", "19:00", ("CLASS:PRIVATE",)),
    Entry(WORK, DENTIST, 1, "15:30", "16:30"),
    Entry(WORK, REVIEW, 2, "10:30", "12:00", ("LOCATION:Room 4",)),
    Entry(TEAM, PLAN, 2, "11:00", "12:30"),
    Entry(WORK, LUNCH, 3, "12:30", "13:30", INVITATION),
    Entry(WORK, INTERVIEW, 3, "16:00", "17:00"),
    Entry(WORK, FAIR, 4),
    Entry(HOME, YOGA, 3, "18:30", "19:30"),
    Entry(HOME, SCHOOL, 5, "15:00", "17:00"),
    Entry(BICYCLE, RIDE, 1, "08:00", "09:30"),
    Entry(BICYCLE, "Bicycle repair", 4, "17:00", "18:00"),
)
_EVEN = (
    Entry(WORK, BOARD, 0, "10:00", "12:30"),
    Entry(WORK, CALL, 1, "16:00", "17:00"),
    Entry(HOME, NOTARY, 1, "11:00", "12:00"),
    Entry(TEAM, PLAN, 2, "15:00", "16:30"),
    Entry(HOME, YOGA, 3, "18:30", "19:30"),
    Entry(WORK, REVIEW, 3, "14:00", "15:30"),
    Entry(WORK, DENTIST, 4, "08:30", "09:15"),
    Entry(HOME, CINEMA, 4, "19:00", "21:30"),
    Entry(HOME, DINNER, 6, "19:00", "22:00"),
    Entry(BICYCLE, RIDE, 2, "08:00", "09:30"),
)


def furnish(server: CalendarServer, monday: date) -> None:
    """Make the calendars, with what comes back every day; share one of jane's with marcel."""
    jane, marcel = server.account("jane"), server.account("marcel")
    for path in (WORK, HOME, TEAM, BICYCLE):
        (marcel if path == BICYCLE else jane).make_calendar(path, NAMES[path])
    rule = (f"RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH;COUNT={_STANDUPS}",)
    jane.put(
        f"{WORK}stand-up.ics", resource(event("stand-up", STANDUP, at(monday, "09:00"), at(monday, "09:15"), rule))
    )
    jane.share(TEAM, marcel, TEAM_AS_SHARED)


def write_week(server: CalendarServer, monday: date) -> None:
    """What there is in the week from ``monday``; two kinds of weeks take turns."""
    for entry in _ODD if monday.isocalendar().week % 2 else _EVEN:
        day = monday + timedelta(days=entry.weekday)
        uid = f"{re.sub('[^a-z]+', '-', entry.title.lower())}-{day}"
        if entry.starts:
            start, end = at(day, entry.starts), at(day, entry.ends)
        else:
            start, end = on(day), on(day + timedelta(days=1))
        owner = server.account("marcel" if entry.calendar == BICYCLE else "jane")
        owner.put(f"{entry.calendar}{uid}.ics", resource(event(uid, entry.title, start, end, entry.more)))
