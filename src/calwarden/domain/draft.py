"""What a write states about an event: only the stated fields change (contract events 4.2).

Apart from :mod:`calwarden.domain.event` so that the API can build a draft without ever holding a stored event.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from calwarden.domain.times import Day, EventTime


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET
Unset = Literal[_Unset.UNSET]
"""The field was not stated: leave it as it is."""


@dataclass(frozen=True, slots=True)
class DraftPlace:
    description: str | None = None
    lat: str | None = None
    long: str | None = None


@dataclass(frozen=True, slots=True)
class Invitee:
    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class DraftRule:
    """One recurrence rule (contract events 4.4); ``by_day`` holds iCalendar codes (``MO``, ``2TU``)."""

    frequency: Literal["daily", "weekly", "monthly", "yearly"]
    interval: int = 1
    by_day: tuple[str, ...] = ()
    count: int | None = None
    until: Day | None = None

    def text(self, *, timed: bool, until: str | None = None) -> str:
        """The iCalendar rule; UNTIL is of the same kind as the start it belongs to (RFC 5545 3.3.10).

        ``until`` is the end of the last day as a moment in UTC, where the zone is known.
        """
        parts = [f"FREQ={self.frequency.upper()}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.by_day:
            parts.append(f"BYDAY={','.join(self.by_day)}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            last = f"{self.until.year:04}{self.until.month:02}{self.until.day:02}"
            parts.append(f"UNTIL={(until or f'{last}T235959Z') if timed else last}")
        return ";".join(parts)


@dataclass(frozen=True, slots=True)
class EventDraft:
    """The statement of one write. ``None`` removes where removal makes sense, ``UNSET`` leaves alone."""

    summary: str | Unset = UNSET
    description: str | Unset = UNSET
    start: EventTime | Unset = UNSET
    end: EventTime | Unset = UNSET
    place: DraftPlace | Unset | None = UNSET
    url: str | Unset | None = UNSET
    reminders: tuple[int, ...] | Unset = UNSET  # minutes before start, in order of priority
    reminders_create_only: bool = False
    transparency: Literal["opaque", "transparent"] | Unset = UNSET
    tentative: bool | Unset = UNSET  # extended_transparency ``tentative``
    color: str | Unset | None = UNSET
    private: bool | Unset = UNSET
    invite: tuple[Invitee, ...] = ()
    remove: tuple[str, ...] = ()  # e-mail addresses
    rule: DraftRule | Unset | None = UNSET  # None: stop recurring
    join_url: str | Unset | None = UNSET  # explicit conferencing
