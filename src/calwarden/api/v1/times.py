"""Moments on the wire (contract events 1.3, 6.3): what is taken, and how ours are written."""

from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct

from calwarden.domain.times import Day, EventTime, Instant, Zoned
from calwarden.httpkit.shapes import ABSENT, Problems, Read, Record, Schema, Shape, Stated
from calwarden.timetable.wiretime import format_local, format_time, parse_moment
from calwarden.timetable.zones import is_zone


class LocalTime(Struct):
    """``localized_times``: a time with the offset of its zone, or a date."""

    time: str
    tzid: str


def _zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("must be the IANA name of a time zone, such as Europe/Paris")
    return name


ZONE: Final = Read(_zone, "errors.tzid_unrecognized", "Europe/Paris", most=64)
"""A time zone by its IANA name."""

BOUND: Final = Read(parse_moment, "errors.must_be_date", "2031-04-05", most=40)
"""A Date, or a Time that is taken as the very instant."""

_MOMENT: Final = Read(parse_moment, "errors.invalid_format", "2031-04-05T15:30:00Z", most=40)


@dataclass(frozen=True, slots=True)
class Said:
    """A moment as stated: its zone is None where the event's is meant."""

    at: Instant | Day
    tzid: str | None = None

    def within(self, tzid: str) -> EventTime:
        """The moment, in ``tzid`` unless it states a zone itself."""
        return self.at if isinstance(self.at, Day) else Zoned(self.at, self.tzid or tzid)


@dataclass(frozen=True, slots=True)
class _EventTime:
    """A Time, a Date, or either with a zone of its own."""

    zoned: Record

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        if not isinstance(value, dict):
            moment = _MOMENT.read(value, at, wrong)
            return ABSENT if moment is ABSENT else Said(moment)
        read = self.zoned.read(value, at, wrong)
        return Said(read["time"], read.get("tzid")) if "time" in read else ABSENT

    def schema(self) -> Schema:
        return {"anyOf": [_MOMENT.schema(), self.zoned.schema()]}


EVENT_TIME: Final[Shape] = _EventTime(Record({"time": Stated(_MOMENT, required=True), "tzid": Stated(ZONE)}))


def written(when: EventTime, *, localized: bool) -> str | LocalTime:
    """``when`` as an answer has it."""
    if not localized:
        return format_time(when)
    local = format_local(when)
    return LocalTime(local["time"], local["tzid"])
