"""How far recurring events are expanded when they are stored, so that no question expands anything."""

from calwarden.domain.times import DAY_SECONDS, Instant, Window, instant_day

BACK_DAYS = 60  # External Events are shown 42 days back; the rest is room for deleted ones
AHEAD_DAYS = 400  # they are shown 201 days ahead; the rest is the time between two rolls
ROLL_BELOW_DAYS = 260  # expand again when less than this is left


def horizon(now: Instant) -> Window:
    """The stretch that is held around ``now``."""
    start, end = Instant(now - BACK_DAYS * DAY_SECONDS), Instant(now + AHEAD_DAYS * DAY_SECONDS)
    return Window(start, end, instant_day(start), instant_day(end))


def roll_before(now: Instant) -> Instant:
    """Resources expanded only up to an instant before this one are due for another expansion."""
    return Instant(now + ROLL_BELOW_DAYS * DAY_SECONDS)
