"""From what a Provider calls a time zone to an instant and an IANA name.

A TZID may be IANA, a Windows name, anything at all with its own definition, or a name nobody knows. Instants are
computed here from the definition in the resource (connectors.md 2.10); recurrence needs a zone of the same rules.
Nothing is remembered from one resource for the next: a TZID means what its own resource says.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from calwarden.domain.times import Instant, Zoned
from calwarden.formats.lines import Block, plain
from calwarden.formats.observances import Definition, definition_of

UNKNOWN_ZONE = "unknown_zone"
MOST_DEFINITIONS = 20

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_USUAL = (
    "Etc/UTC", "Europe/London", "Europe/Berlin", "Europe/Athens", "Europe/Moscow", "America/New_York",
    "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Sao_Paulo",
    "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip
_FIXED = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?00", flags=re.ASCII)
_UTC_NAMES = frozenset({"UTC", "Z", "GMT", "ETC/UTC", "ETC/GMT", "COORDINATED UNIVERSAL TIME"})


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """All IANA names."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def _folded() -> Mapping[str, str]:
    named = {name.lower(): name for name in known()}
    return {**{windows.lower(): iana for windows, iana in WINDOWS_TO_OLSON.items()}, **named}


@lru_cache(maxsize=512)
def by_name(tzid: str) -> str | None:
    """The IANA zone that a TZID names: exactly, as a Windows name, as a fixed offset or after a private prefix."""
    name = plain(tzid).strip(' "')
    if name.upper() in _UTC_NAMES:
        return "Etc/UTC"
    if name in known():
        return name
    found = _folded().get(name.lower())
    if found is None:
        parts = name.split("/")[-4:]
        tails = ("/".join(parts[at:]).lower() for at in range(1, len(parts)))
        found = next((_folded()[tail] for tail in tails if "/" in tail and tail in _folded()), None)
    return found or _fixed(name.upper())


def _fixed(name: str) -> str | None:
    found = _FIXED.fullmatch(name)
    if found is None:
        return None
    # POSIX signs: Etc/GMT-2 is two hours east.
    zone = f"Etc/GMT{'-' if found.group(1) == '+' else '+'}{int(found.group(2))}"
    return zone if zone in known() else None


def to_instant(wall: datetime, tzid: str) -> Instant:
    """Wall time in an IANA zone; one in a gap reads with the offset before it, a doubled one as the first (3.3.5)."""
    return Instant((wall.replace(tzinfo=ZoneInfo(tzid), fold=0) - _EPOCH) // timedelta(seconds=1))


def to_wall(at: Instant, tzid: str) -> datetime:
    """Wall time of ``at`` in an IANA zone, without a zone of its own."""
    return (_EPOCH + timedelta(seconds=at)).astimezone(ZoneInfo(tzid)).replace(tzinfo=None)


class Zones:
    """The zones one calendar object may refer to."""

    def __init__(self, calendar: Block, default_tzid: str) -> None:
        self.default_tzid = default_tzid if default_tzid in known() else "Etc/UTC"
        self._blocks = {block.value("TZID").strip(): block for block in calendar.blocks("VTIMEZONE")[:MOST_DEFINITIONS]}
        self._definitions: dict[str, Definition | None] = {}
        self._shown: dict[str, str | None] = {}

    def zoned(self, wall: datetime, tzid: str | None, flags: list[str]) -> Zoned:
        """The instant of ``wall`` in the zone ``tzid``, None for floating; what had to be guessed goes to ``flags``."""
        if tzid is None:
            return Zoned(to_instant(wall, self.default_tzid), self.default_tzid)
        name = by_name(tzid[:255])
        definition = None if tzid in known() else self._definition(tzid.strip())
        if definition is None:
            if name is None:
                flags.append(UNKNOWN_ZONE)
            name = name or self.default_tzid
            return Zoned(to_instant(wall, name), name)
        at = Instant((wall - definition.offset_of_wall(wall) - _EPOCH.replace(tzinfo=None)) // timedelta(seconds=1))
        shown = self._name_for(tzid, definition, name, wall.year)
        if shown is None:
            flags.append(UNKNOWN_ZONE)
        return Zoned(at, shown or "Etc/UTC")

    def _definition(self, tzid: str) -> Definition | None:
        if tzid not in self._definitions:
            block = self._blocks.get(tzid)
            self._definitions[tzid] = None if block is None else definition_of(block)
        return self._definitions[tzid]

    def _name_for(self, tzid: str, definition: Definition, name: str | None, year: int) -> str | None:
        # INVARIANT: one search for each definition, whatever years its times are in, and one name for a whole series.
        if tzid not in self._shown:
            hint = by_name(definition.location) if definition.location else None
            self._shown[tzid] = by_rules(definition, year, (name, hint))
        return self._shown[tzid]


@lru_cache(maxsize=256)
def by_rules(definition: Definition, year: int, hints: tuple[str | None, ...]) -> str | None:
    """An IANA zone with the same offsets from ``year`` on for two years: hints first, then the usual ones."""
    coarse = tuple(definition.offset_at(moment) for moment in _samples(year))
    alike = _by_offsets(year).get(coarse, ())
    first = [one for one in (*hints, *_USUAL) if one in alike]
    exact = tuple(definition.offset_at(moment) for moment in _days(year))
    return next((one for one in (*first, *alike) if exact == _daily(one, year)), None)


def _samples(year: int) -> Iterable[datetime]:
    return (datetime(year, month, 15, 12, tzinfo=UTC) for month in range(1, 13))


def _days(year: int) -> Iterable[datetime]:
    noon = datetime(year, 1, 1, 12, tzinfo=UTC)
    return (noon + timedelta(days=day) for day in range(730))


@lru_cache(maxsize=256)
def _daily(name: str, year: int) -> tuple[timedelta, ...]:
    return tuple(_offset(name, moment) for moment in _days(year))


@lru_cache(maxsize=8)
def _by_offsets(year: int) -> Mapping[tuple[timedelta, ...], tuple[str, ...]]:
    found: dict[tuple[timedelta, ...], list[str]] = {}
    for name in sorted(known()):
        found.setdefault(tuple(_offset(name, moment) for moment in _samples(year)), []).append(name)
    return {offsets: tuple(names) for offsets, names in found.items()}


def _offset(name: str, moment: datetime) -> timedelta:
    return moment.astimezone(ZoneInfo(name)).utcoffset() or timedelta(0)
