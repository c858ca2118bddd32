"""Where on the time axis an occurrence has been: for clients that ask what has left their window (events 6.1)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from calwarden.domain.times import Window, day_instant

Place = tuple[int, int, bool]
"""Start, end and whether by days, as in the columns of ``events``."""

NOWHERE = ""
"""The column of an occurrence that was never moved; a partial index leaves these out."""

_MOST = 64  # of one occurrence; what moves more often is known by its latest places

_decode = msgspec.json.Decoder(tuple[Place, ...]).decode


def been(before: str, old: Place, new: Place) -> str:
    """The column after an occurrence was put from ``old`` to ``new``."""
    if old == new:
        return before
    places = [one for one in _places(before) if one != old]
    return msgspec.json.encode([*places, old][-_MOST:]).decode()


def was_inside(column: str, windows: Sequence[Window | None]) -> bool:
    """Whether one of the former places lies in all of ``windows``; None has no bounds."""
    return any(is_inside(place, windows) for place in _places(column))


def is_inside(place: Place, windows: Sequence[Window | None]) -> bool:
    """Whether a place lies in all of ``windows``, by the same rule as ``event_queries``."""
    return all(window is None or _inside(place, window) for window in windows)


def _inside(place: Place, window: Window) -> bool:
    start, end, by_days = place
    if by_days:
        return start < day_instant(window.end_day) and end >= day_instant(window.start_day)
    return start < window.end and end >= window.start


def _places(column: str) -> Sequence[Place]:
    return _decode(column) if column else ()


def place_of(row: dict[str, Any]) -> Place:
    """The place in a row of ``events``."""
    return row["start_at"], row["end_at"], bool(row["all_day"])
