"""Events in full (contract events 6): the person's for a Grant that reads events, its own for every Application."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from calwarden.domain.event import Event
from calwarden.domain.ids import EventKey
from calwarden.domain.times import Instant, Window
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, Action, Deny, Reason
from calwarden.policy.view import EventView, view_event
from calwarden.ports.store import EventQuery, UnitOfWork
from calwarden.usecases.access import Bearer, Caller, Counted, Refusing, attempt_read
from calwarden.usecases.kit import Kit
from calwarden.usecases.paging import Sheet, cut, freeze, thaw
from calwarden.usecases.reading import Reach, ReadRequest, Span, again, bounds, chosen, looked, reach, replaced

_KIND = "events"


@dataclass(frozen=True, slots=True)
class Asked(ReadRequest):
    """What to list. ``only_managed`` wins over ``include_managed``."""

    only_managed: bool = False
    include_moved: bool = False


@dataclass(frozen=True, slots=True)
class EventsPage:
    """``next_page`` is the secret part of the next page's address, None on the last."""

    events: tuple[EventView, ...]
    current: int
    total: int
    next_page: str | None
    presentation: str


@dataclass(frozen=True, slots=True)
class _View:
    """What a page to come keeps of the request."""

    only_managed: bool
    deleted: bool
    presentation: str


_decode = msgspec.json.Decoder(_View).decode


def read_events(kit: Kit, bearer: Bearer, asked: Asked) -> EventsPage:
    """The first page. External Events take ``read_events``; ``only_managed`` any live Grant (walkthrough P21, P24).

    Raises Refused; Invalid for a window, zone or calendar that makes no sense.
    """
    view = _View(asked.only_managed, asked.include_deleted, asked.presentation)
    action = _action(view)

    def read(uow: UnitOfWork, caller: Caller) -> Counted[EventsPage] | Refusing:
        if asked.problem is not None:
            raise asked.problem
        found = find_events(kit, uow, caller, asked)
        if isinstance(found, Refusing):
            return found
        first, *later = cut(found.keys, kit.limits.events_per_page)
        text = msgspec.json.encode(view).decode()
        frozen = freeze(kit, caller, _KIND, [Sheet(tuple(keys), text) for keys in later])
        events = show_events(uow, caller, asked, found, first)
        page = EventsPage(events, 1, len(later) + 1, frozen.next_page, asked.presentation)
        counted = looked(found.within, (one.calendar_id for one in events), found.window)
        return Counted(page, caller.grant, _level(view), counted, frozen.pages)

    return attempt_read(kit, bearer, action, read)


@dataclass(frozen=True, slots=True)
class Found:
    """Which events an answer is about, in order, of which calendars and of what time; None: of any."""

    within: Reach
    window: Window | None
    keys: Sequence[EventKey]


def find_events(kit: Kit, uow: UnitOfWork, caller: Caller, asked: Asked) -> Found | Refusing:
    """All that the pages of an answer are to show.

    Raises Invalid for a window, zone or calendar that makes no sense.
    """
    action = Action.READ_OWN_EVENTS if asked.only_managed else Action.READ_EVENTS
    within = chosen(uow, caller, action, asked.calendar_ids)
    if isinstance(within, Refusing):
        return within
    query = _query(kit, caller, asked, within)
    window = query.external_window if query.external and query.window is None else query.window
    return Found(within, window, uow.events.keys(caller.account_id, query))


def show_events(
    uow: UnitOfWork, caller: Caller, asked: Asked, found: Found, keys: Iterable[EventKey]
) -> tuple[EventView, ...]:
    """Some of what was found, each as policy shows it."""
    view = _View(asked.only_managed, asked.include_deleted, asked.presentation)
    return _show(caller, found.within, _load(uow, caller, keys, view), caller.now)


def read_events_page(kit: Kit, bearer: Bearer, page: str) -> EventsPage:
    """A later page: what was settled at the first, shown as far as the Grant allows it by now.

    Raises Refused: HIDDEN for a page that is unknown, expired or another Grant's; FORBIDDEN if the Grant does not read
    events any more.
    """

    def read(uow: UnitOfWork, caller: Caller) -> Counted[EventsPage] | Refusing:
        listing = thaw(kit, uow, caller, _KIND, page)
        if listing is None:
            return Refusing(caller, Deny(Reason.NOT_FOUND))
        view = _decode(listing.view)
        decision = decide(_action(view), Access(caller.facts))
        if isinstance(decision, Deny):
            return Refusing(caller, decision)
        within = reach(uow, caller, _action(view))
        events = _show(caller, within, _load(uow, caller, listing.keys, view), kit.clock())
        answer = EventsPage(events, listing.current, listing.total, listing.next_page, view.presentation)
        return Counted(answer, caller.grant, _level(view), again(one.calendar_id for one in events))

    # Which scope a page takes is known only when it is found; until then, as little as any page takes.
    return attempt_read(kit, bearer, Action.READ_OWN_EVENTS, read)


def _action(view: _View) -> Action:
    return Action.READ_OWN_EVENTS if view.only_managed else Action.READ_EVENTS


def _level(view: _View) -> str:
    return "own_events" if view.only_managed else "events"


def _query(kit: Kit, caller: Caller, asked: Asked, within: Reach) -> EventQuery:
    own, external = asked.only_managed or asked.include_managed, not asked.only_managed
    limits = bounds(kit, Span(asked.from_, asked.to, asked.tzid), own=own, external=external)
    return EventQuery(
        frozenset(within),
        caller.grant.application_id,
        own=own,
        external=external,
        window=limits.stated,
        external_window=limits.external,
        deleted=asked.include_deleted,
        moved=asked.include_moved,
        modified_since=asked.last_modified,
    )


def _load(uow: UnitOfWork, caller: Caller, keys: Iterable[EventKey], view: _View) -> list[Event]:
    events = uow.events.load(caller.account_id, tuple(keys))
    if not view.deleted:
        return [event for event in events if not event.deleted]
    gone = replaced(uow, caller, events)
    return [event for event in events if event.key not in gone]


def _show(caller: Caller, within: Reach, events: Iterable[Event], now: Instant) -> tuple[EventView, ...]:
    """Each event as policy shows it now; what it does not show is left out."""
    shown = (
        view_event(caller.grant, *within[event.calendar_id], event, now)
        for event in events
        if event.calendar_id in within
    )
    return tuple(one for one in shown if one is not None)
