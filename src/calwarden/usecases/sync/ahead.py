"""Rules that strangers wrote are worked out before a transaction begins: each may take a second until it is given up,
and on SQLite nobody else writes while a transaction goes on.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from calwarden.domain.event import Component
from calwarden.domain.times import Instant
from calwarden.timetable.recurrence import needs_library
from calwarden.timetable.rules import Rule, RuleLibrary, TooMuch
from calwarden.usecases.sync.hop import hop
from calwarden.usecases.sync.storing import Place, expanded

_Found = Sequence[datetime] | TooMuch | ValueError


async def worked_out(
    library: RuleLibrary, resources: Iterable[tuple[Place, Sequence[Component]]], now: Instant
) -> RuleLibrary:
    """A library that knows already what ``resources`` have around ``now``, and asks ``library`` for all else."""
    hard = [(place, components) for place, components in resources if needs_library(components)]
    if not hard:
        return library
    known = _Known(library)
    await hop(_ask, known, hard, now)
    return known


def _ask(known: "_Known", hard: Sequence[tuple[Place, Sequence[Component]]], now: Instant) -> None:
    for place, components in hard:
        expanded(Place(place.calendar, place.tzid, known), components, now)


class _Known:
    """Remembers what it was asked, what was given up too."""

    def __init__(self, library: RuleLibrary) -> None:
        self._library = library
        self._found: dict[tuple[object, ...], _Found] = {}

    def __call__(self, rule: Rule, start: datetime, first: datetime, last: datetime) -> Sequence[datetime]:
        asked = (rule.frequency, rule.interval, rule.count, *sorted(rule.parts.items()), start, first, last)
        if asked not in self._found:
            self._found[asked] = self._look(rule, start, first, last)
        found = self._found[asked]
        if isinstance(found, TooMuch | ValueError):
            raise found
        return found

    def _look(self, rule: Rule, start: datetime, first: datetime, last: datetime) -> _Found:
        try:
            return self._library(rule, start, first, last)
        except (TooMuch, ValueError) as error:
            return error
