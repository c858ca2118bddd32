"""What is in the two people's calendars before anybody asks: the example of the permissions walkthrough.

Every date is counted from the Monday after ``now``, so the demo works on any day.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from demo.dav import DavAccount
from demo.icalendar import NEW_YORK, PARIS, at, event, on, resource, wire
from demo.radicale import STEWARD, CalendarServer

WORK, HOME, TEAM, TRIALS = "/jane/work/", "/jane/home/", "/jane/team/", "/jane/trials/"
ARCHIVE = "/jane/archive/"
TEAM_AS_SHARED, BICYCLE = "/marcel/jane-team/", "/marcel/bicycle/"
NAMES = {WORK: "Work", HOME: "Home", TEAM: "Team", TRIALS: "Trials", ARCHIVE: "Archive", BICYCLE: "Bicycle"}
EMAIL = {"jane": "jane@example.org", "marcel": "marcel@example.org"}

DENTIST, FAIR, MEETING, THERAPY = "Dentist", "Trade fair in Lyon", "Team meeting", "Therapy"
VISIT, WORKSHOP, BOSTON, BOARD = "Mother is in town", "Cancelled workshop", "Call with Boston", "Board meeting"
LUNCH, PLAY, PLAN, RIDE = "Lunch with Sam", "School play", "Quarterly plan of the team", "Ride around the lake"
REUNION = "Class reunion"
SECRETS = (DENTIST, FAIR, MEETING, THERAPY, VISIT, WORKSHOP, BOSTON, BOARD, LUNCH, PLAY, PLAN, REUNION)
"""Every title of jane's: what an application that may see busy times must never come across."""

DECORATIONS = (
    "BEGIN:VALARM",
    "TRIGGER:-PT30M",
    "X-MOOD;X-SCALE=10:expectant",
    "mailto:sam@example.org",
    "CLASS:PUBLIC",
)
"""Lines of the board meeting that no API field speaks of."""

INVITATION = (
    "ORGANIZER;CN=Sam:mailto:sam@example.org",
    "ATTENDEE;CN=Sam;PARTSTAT=ACCEPTED:mailto:sam@example.org",
    f"ATTENDEE;CN=Jane Doe;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{EMAIL['jane']}",
)
"""Somebody else invites jane, who has not answered."""

_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Busy:
    """One period as ``GET /v1/free_busy`` is to give it, without the calendar."""

    start: str
    end: str
    status: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A piece of one of the weeks; Monday is 0."""

    weekday: int
    starts: str
    ends: str
    tzid: str = PARIS
    week: int = 0


@dataclass(frozen=True)
class World:
    """``monday``: the first day that is asked about; four weeks are."""

    server: CalendarServer
    monday: date
    busy: dict[str, list[Busy]] = field(default_factory=lambda: defaultdict(list))

    @property
    def jane(self) -> DavAccount:
        return self.server.account("jane")

    @property
    def marcel(self) -> DavAccount:
        return self.server.account("marcel")

    @property
    def until(self) -> date:
        """The first day that is not asked about any more."""
        return self.monday + timedelta(weeks=_WEEKS)

    def day(self, weekday: int, week: int = 0) -> date:
        """A day of one of the weeks; Monday is 0."""
        return self.monday + timedelta(days=weekday, weeks=week)

    def owner(self, calendar: str) -> DavAccount:
        """Who can write there."""
        if calendar == ARCHIVE:
            return self.server.account(STEWARD)
        return self.marcel if calendar.startswith("/marcel/") else self.jane

    def moment(self, slot: Slot, clock: str) -> str:
        """A time of day in that zone, as the API says moments."""
        day = self.day(slot.weekday, slot.week)
        return wire(datetime.combine(day, time.fromisoformat(clock), ZoneInfo(slot.tzid)))

    def period(self, slot: Slot, status: str = "busy") -> Busy:
        return Busy(self.moment(slot, slot.starts), self.moment(slot, slot.ends), status)


def monday_after(now: datetime) -> date:
    """The first Monday at least two days away: nothing that is asked about has begun, in any zone."""
    soon = now.date() + timedelta(days=2)
    return soon + timedelta(days=-soon.weekday() % 7)


def fill(server: CalendarServer, now: datetime) -> World:
    """Write everything, and share one calendar of jane's with marcel."""
    world = World(server, monday_after(now))
    for path, name in NAMES.items():
        world.owner(path).make_calendar(path, name)
    for write in (_ordinary, _all_day, _series, _unseen, _with_others, _elsewhere):
        write(world)
    world.jane.share(TEAM, world.marcel, TEAM_AS_SHARED)
    return world


def _ordinary(world: World) -> None:
    """A plain event, a private one, one in another zone, and one that does not block the time."""
    _write(world, WORK, DENTIST, Slot(1, "14:00", "15:00"))
    _write(world, WORK, THERAPY, Slot(0, "18:00", "19:00"), more=("CLASS:PRIVATE",))
    _write(world, WORK, BOSTON, Slot(0, "11:00", "12:00", NEW_YORK))
    _write(world, WORK, VISIT, Slot(1, "10:00", "12:00"), more=("TRANSP:TRANSPARENT",), status="free")


def _all_day(world: World) -> None:
    first, after = world.day(3), world.day(4)
    world.jane.put(f"{WORK}fair.ics", resource(event("fair", FAIR, on(first), on(after))))
    world.busy[WORK].append(Busy(f"{first}", f"{after}", "busy"))


def _series(world: World) -> None:
    """Every Wednesday since last week, six times; once left out, once moved to the Thursday."""
    starts, ends = "09:00", "10:00"
    left_out, moved = world.day(2, 1), world.day(2, 2)
    rule = ("RRULE:FREQ=WEEKLY;COUNT=6", f"EXDATE{at(left_out, starts)}")
    master = event("meeting", MEETING, at(world.day(2, -1), starts), at(world.day(2, -1), ends), rule)
    instead = (f"RECURRENCE-ID{at(moved, starts)}",)
    override = event("meeting", MEETING, at(world.day(3, 2), "11:00"), at(world.day(3, 2), "12:00"), instead)
    world.jane.put(f"{WORK}meeting.ics", resource(master, override))
    occurrences = (Slot(2, starts, ends), Slot(3, "11:00", "12:00", week=2), Slot(2, starts, ends, week=3))
    world.busy[WORK].extend(world.period(one) for one in occurrences)


def _unseen(world: World) -> None:
    """What is cancelled takes no time."""
    text = event("workshop", WORKSHOP, at(world.day(4), "10:00"), at(world.day(4), "11:00"), ("STATUS:CANCELLED",))
    world.jane.put(f"{WORK}workshop.ics", resource(text))


def _with_others(world: World) -> None:
    """A meeting of jane's with everything a program can hang on an event, and an invitation she has not answered."""
    decorated = (
        "CLASS:PUBLIC",
        f"ORGANIZER;CN=Jane Doe:mailto:{EMAIL['jane']}",
        "ATTENDEE;CN=Sam;PARTSTAT=ACCEPTED:mailto:sam@example.org",
        "X-MOOD;X-SCALE=10:expectant",
        *("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Take the figures along", "TRIGGER:-PT30M", "END:VALARM"),
    )
    _write(world, WORK, BOARD, Slot(4, "14:00", "16:00"), more=decorated)
    _write(world, WORK, LUNCH, Slot(3, "12:30", "13:30"), more=INVITATION, status="tentative")


def _elsewhere(world: World) -> None:
    """An event in each of the other calendars, the shared one and marcel's own included."""
    _write(world, HOME, PLAY, Slot(5, "15:00", "16:00"))
    _write(world, TEAM, PLAN, Slot(2, "15:00", "16:00"))
    _write(world, ARCHIVE, REUNION, Slot(6, "19:00", "22:00"))
    _write(world, BICYCLE, RIDE, Slot(1, "08:00", "09:00"))


def _write(
    world: World, calendar: str, summary: str, slot: Slot, *, more: tuple[str, ...] = (), status: str = "busy"
) -> None:
    """One event, and what is to be seen of it by whom sees busy times."""
    uid = summary.lower().replace(" ", "-")
    day = world.day(slot.weekday, slot.week)
    text = event(uid, summary, at(day, slot.starts, slot.tzid), at(day, slot.ends, slot.tzid), more)
    world.owner(calendar).put(f"{calendar}{uid}.ics", resource(text))
    world.busy[calendar].append(world.period(slot, status))
