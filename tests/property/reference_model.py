"""What should be the case, said once more in plain dictionaries: the walkthrough, contract authorization 2, 3 and 11,
rulings 2, 4, 7, 8 and 16. It imports nothing of calwarden.

A person's calendar service holds events by name; applications hold grants. What was accepted and has not left yet
stands in ``owed``: everybody sees it as done, and it is decided again before it leaves.
"""

from dataclasses import dataclass, field, replace

ABILITIES = {
    "free_busy": {"busy"},
    "read_only": {"busy", "read"},
    "write_only": {"write", "delete"},
    "free_busy_write": {"busy", "write", "delete"},
    "read_write": {"busy", "read", "write", "delete"},
    "create_event": {"write"},
    "delete_event": {"delete"},
    "read_account": set(),
}
"""Contract authorization 2.1 and 2.2."""

DONE = 202


@dataclass(frozen=True)
class Entry:
    """An event: ``maker`` is the application that created it, or nobody; ``name`` its event_id or its uid."""

    calendar: str
    maker: str | None
    name: str
    title: str


@dataclass
class Permission:
    """What one application holds. ``lifted``: for each calendar, whether deleting too, and until when."""

    scopes: tuple[str, ...]
    calendars: frozenset[str] | None = None
    ends: int | None = None
    live: bool = True
    generation: int = 1
    lifted: dict[str, tuple[bool, int | None]] = field(default_factory=dict)

    @property
    def abilities(self) -> set[str]:
        return set().union(*(ABILITIES[one] for one in self.scopes))


@dataclass(frozen=True)
class Owed:
    """A change that was accepted: ``before`` becomes ``after``, either may be nothing."""

    app: str
    generation: int
    need: str  # the ability
    external: bool
    before: Entry | None
    after: Entry | None

    @property
    def calendar(self) -> str:
        entry = self.after or self.before
        assert entry is not None
        return entry.calendar


class Model:
    """The whole of it: what the calendar service holds, who may what, and what is owed."""

    def __init__(self) -> None:
        self.now = 0
        self.there: list[Entry] = []
        self.owed: list[Owed] = []
        self.held: dict[str, Permission] = {}
        self.owned = {"work", "home"}  # every other name is somebody else's calendar, or nothing at all

    # What is seen

    def reaches(self, app: str, calendar: str) -> bool:
        chosen = self.held[app].calendars
        return calendar in self.owned and (chosen is None or calendar in chosen)

    @property
    def shown(self) -> list[Entry]:
        """The events as everybody sees them: what is owed counts as done."""
        events = list(self.there)
        for one in self.owed:
            events = _changed(events, one)
        return events

    @property
    def lifted(self) -> list[tuple[str, str]]:
        """Which application has which calendar lifted, over or not."""
        return [(app, place) for app, held in self.held.items() for place in held.lifted]

    def own(self, app: str, calendar: str, name: str) -> Entry | None:
        key = (calendar, app, name)
        return next((one for one in self.shown if (one.calendar, one.maker, one.name) == key), None)

    def external(self, app: str) -> list[Entry]:
        return [one for one in self.shown if one.maker != app]

    def reads(self, app: str, need: str | None) -> int:
        """The status of a read that takes ``need``; None: any live grant."""
        return self._grant_says(app, need) or 200

    def titles(self, app: str) -> list[str]:
        """The External Events that a grant which reads events sees."""
        return sorted(one.title for one in self.external(app) if self.reaches(app, one.calendar))

    def own_titles(self, app: str) -> list[str]:
        return sorted(one.title for one in self.shown if one.maker == app and self.reaches(app, one.calendar))

    # What the person does

    def agree(self, app: str, scopes: tuple[str, ...]) -> None:
        """A new agreement takes the place of the old one; what was accepted under it is void if it got narrower."""
        old = self.held.get(app)
        if old is None or not old.live:
            self.held[app] = Permission(scopes)
            return
        wider = Permission(scopes)
        over = old.ends is not None and self.now >= old.ends
        less = not old.abilities <= wider.abilities or bool(old.lifted) or over
        self.held[app] = replace(wider, generation=old.generation + less)

    def narrow(self, app: str, calendars: frozenset[str] | None, ends: int | None) -> None:
        held = self.held[app]
        if (calendars, ends) == (held.calendars, held.ends):
            return
        kept = {one: terms for one, terms in held.lifted.items() if calendars is None or one in calendars}
        self.held[app] = replace(held, calendars=calendars, ends=ends, lifted=kept, generation=held.generation + 1)

    def revoke(self, app: str) -> None:
        held = self.held[app]
        held.live, held.lifted, held.generation = False, {}, held.generation + 1

    def lift(self, app: str, calendar: str, deletes: bool, ends: int | None) -> None:
        held = self.held[app]
        if calendar in held.lifted:
            had_deletes, had_ends = held.lifted[calendar]
            over = had_ends is not None and self.now >= had_ends
            sooner = ends is not None and (had_ends is None or had_ends > ends)
            held.generation += over or sooner or had_deletes > deletes
        held.lifted[calendar] = (deletes, ends)

    def lower(self, app: str, calendar: str) -> None:
        if self.held[app].lifted.pop(calendar, None) is not None:
            self.held[app].generation += 1

    def hand_over(self, calendar: str) -> None:
        """It is somebody else's from now on: what was lifted there is over, and all that was accepted with it."""
        self.owned.discard(calendar)
        for app, held in self.held.items():
            if calendar in held.lifted:
                self.lower(app, calendar)

    # What the application tries: a status, and what is owed then

    def _grant_says(self, app: str, need: str | None) -> int | None:
        held = self.held.get(app)
        if held is None or not held.live:
            return 401
        if held.ends is not None and self.now >= held.ends:
            return 403
        return 403 if need is not None and need not in held.abilities else None

    def may(self, app: str, need: str, calendar: str, external: bool) -> int | None:
        refused = self._grant_says(app, need)
        if refused is not None:
            return refused
        held = self.held[app]
        if not self.reaches(app, calendar):
            return 404
        if not external:
            return None
        deletes, ends = held.lifted.get(calendar, (False, 0))
        if ends is not None and self.now >= ends:
            return 403
        return 403 if need == "delete" and not deletes else None

    def write(self, app: str, calendar: str, name: str, title: str) -> int:
        refused = self.may(app, "write", calendar, external=False)
        if refused is not None:
            return refused
        before = self.own(app, calendar, name)
        self._owe(app, "write", external=False, before=before, after=Entry(calendar, app, name, title))
        return DONE

    def delete(self, app: str, calendar: str, name: str) -> int:
        refused = self.may(app, "delete", calendar, external=False)
        before = None if refused is not None else self.own(app, calendar, name)
        if before is not None:
            self._owe(app, "delete", external=False, before=before, after=None)
        return refused or DONE

    def delete_all(self, app: str) -> int:
        refused = self._grant_says(app, "delete")
        if refused is not None:
            return refused
        for one in [one for one in self.shown if one.maker == app and self.reaches(app, one.calendar)]:
            self._owe(app, "delete", external=False, before=one, after=None)
        return DONE

    def change(self, app: str, calendar: str, before: Entry | None, title: str | None) -> int:
        """By event_uid: ``before`` is the event that it names in that calendar, if any; no title deletes it."""
        need = "delete" if title is None else "write"
        refused = self.may(app, need, calendar, external=True)
        if refused is not None:
            return refused
        if before is None:
            return 404
        after = None if title is None else replace(before, title=title)
        self._owe(app, need, external=True, before=before, after=after)
        return DONE

    def _owe(self, app: str, need: str, *, external: bool, before: Entry | None, after: Entry | None) -> None:
        self.owed.append(Owed(app, self.held[app].generation, need, external, before, after))

    # What the worker does

    def deliver(self) -> None:
        """Each owed change is decided again; what may not leave any more is dropped."""
        for one in self.owed:
            held = self.held.get(one.app)
            current = held is not None and held.generation == one.generation
            if current and self.may(one.app, one.need, one.calendar, one.external) is None:
                self.there = _changed(self.there, one)
        self.owed = []


def _changed(events: list[Entry], owed: Owed) -> list[Entry]:
    """The events once this is done: an event is known by its calendar, its maker and its name."""
    entry = owed.after or owed.before
    assert entry is not None
    key = (entry.calendar, entry.maker, entry.name)
    rest = [one for one in events if (one.calendar, one.maker, one.name) != key]
    return rest if owed.after is None else [*rest, owed.after]
