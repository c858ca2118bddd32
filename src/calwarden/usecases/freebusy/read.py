"""``GET /v1/free_busy`` (contract events 7, rulings 10 and 11): one read of clear columns, nothing is decrypted.

Two people's calendars with equal sets of (calendar, start, end, status) and an equal state of syncing give a Grant
without ``read_events`` the same answers, whatever the events are about, how many they are, which zones they were
written in and how they recur (security 3.1). With merging the same holds for the merged sets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from calwarden.domain.ids import CalendarId
from calwarden.policy.decision import Action, Deny, Reason
from calwarden.policy.view import BusySight, BusyView, busy_sight
from calwarden.ports.store import EventQuery, UnitOfWork
from calwarden.timetable.freebusy import Period, unknown
from calwarden.usecases.access import Bearer, Caller, Counted, Refusing, attempt_read
from calwarden.usecases.freebusy.known import is_known
from calwarden.usecases.freebusy.periods import Entry, Rules, Sights, entries
from calwarden.usecases.kit import Kit
from calwarden.usecases.paging import Sheet, cut, freeze, thaw
from calwarden.usecases.reading import (
    Reach,
    ReadRequest,
    Span,
    again,
    bounds,
    chosen,
    looked,
    reach,
    replaced,
    whole_window,
)

_KIND = "free_busy"


@dataclass(frozen=True, slots=True)
class AskedBusy(ReadRequest):
    """What to list. ``include_ids`` and ``include_deleted`` ask for no more than the Grant may know.

    ``last_modified`` is about the facts an entry shows; where an Application has periods merged it narrows nothing.
    """

    include_free: bool = False
    include_ids: bool = False


@dataclass(frozen=True, slots=True)
class BusyPage:
    """``next_page`` is the secret part of the next page's address, None on the last."""

    periods: tuple[BusyView, ...]
    current: int
    total: int
    next_page: str | None
    presentation: str


@dataclass(frozen=True, slots=True)
class _View:
    """What a page to come shows, as far as the Grant will allow it then."""

    entries: tuple[Entry, ...]
    tzid: str
    with_ids: bool
    presentation: str


_decode = msgspec.json.Decoder(_View).decode


def read_busy(kit: Kit, bearer: Bearer, asked: AskedBusy) -> BusyPage:
    """The first page. Takes ``read_free_busy`` (walkthrough P18).

    Raises Refused; Invalid for a window, zone or calendar that makes no sense.
    """

    def read(uow: UnitOfWork, caller: Caller) -> Counted[BusyPage] | Refusing:
        if asked.problem is not None:
            raise asked.problem
        found = find_busy(kit, uow, caller, asked)
        if isinstance(found, Refusing):
            return found
        within, lines = found
        first, *later = cut(lines, kit.limits.busy_per_page)
        sheets = [Sheet((), _sheet(each, asked)) for each in later]
        frozen = freeze(kit, caller, _KIND, sheets)
        views = tuple(one.view for one in first)
        page = BusyPage(views, 1, len(later) + 1, frozen.next_page, asked.presentation)
        window = whole_window(kit, Span(asked.from_, asked.to, asked.tzid))
        counted = looked(within, (one.calendar_id for one in views), window)
        return Counted(page, caller.grant, _KIND, counted, frozen.pages)

    return attempt_read(kit, bearer, Action.READ_BUSY, read)


def find_busy(kit: Kit, uow: UnitOfWork, caller: Caller, asked: AskedBusy) -> tuple[Reach, Sequence[Entry]] | Refusing:
    """The calendars that the answer is about and every line of it, in order: all that the pages show.

    Raises Invalid for a window, zone or calendar that makes no sense.
    """
    within = chosen(uow, caller, Action.READ_BUSY, asked.calendar_ids)
    return within if isinstance(within, Refusing) else (within, _entries(kit, uow, caller, asked, within))


def read_busy_page(kit: Kit, bearer: Bearer, page: str) -> BusyPage:
    """A later page: what was settled at the first, shown as far as the Grant allows it by now.

    Raises Refused: HIDDEN for a page that is unknown, expired or another Grant's.
    """

    def read(uow: UnitOfWork, caller: Caller) -> Counted[BusyPage] | Refusing:
        listing = thaw(kit, uow, caller, _KIND, page)
        if listing is None:
            return Refusing(caller, Deny(Reason.NOT_FOUND))
        view = _decode(listing.view)
        within = reach(uow, caller, caller.action)
        sights = _sights(kit, caller, within, tzid=view.tzid, with_ids=view.with_ids)
        periods = tuple(_again(view.entries, sights))
        answer = BusyPage(periods, listing.current, listing.total, listing.next_page, view.presentation)
        given = [one.calendar_id for one in periods]
        return Counted(answer, caller.grant, _KIND, again(given))

    return attempt_read(kit, bearer, Action.READ_BUSY, read)


def _entries(kit: Kit, uow: UnitOfWork, caller: Caller, asked: AskedBusy, within: Reach) -> Sequence[Entry]:
    span = Span(asked.from_, asked.to, asked.tzid)
    limits = bounds(kit, span, own=asked.include_managed, external=True)
    rows = uow.events.busy(
        caller.account_id,
        EventQuery(
            frozenset(within),
            caller.grant.application_id,
            own=asked.include_managed,
            external=True,
            window=limits.stated,
            external_window=limits.external,
            deleted=asked.include_deleted,
        ),
    )
    deleted = tuple(one.key for one in rows if one.own and one.deleted)
    gone = replaced(uow, caller, uow.events.load(caller.account_id, deleted)) if deleted else frozenset()
    application = uow.applications.get(caller.grant.application_id)
    rules = Rules(asked.include_free, application is not None and application.merge_busy, asked.last_modified)
    sights = _sights(kit, caller, within, tzid=asked.tzid, with_ids=asked.include_ids)
    return entries((one for one in rows if one.key not in gone), sights, _unknown(kit, within, span), rules)


def _unknown(kit: Kit, within: Reach, span: Span) -> Iterable[Period]:
    """The whole window, of each calendar that is not known well enough (ruling 11)."""
    now, window = kit.clock(), whole_window(kit, span)
    for calendar_id, (calendar, profile) in within.items():
        if not is_known(calendar, profile, now, kit.limits.stale_after):
            yield unknown(calendar_id, window)


def _sights(kit: Kit, caller: Caller, within: Reach, *, tzid: str, with_ids: bool) -> Sights:
    now = kit.clock()
    sights: dict[CalendarId, BusySight] = {}
    for calendar_id, (calendar, profile) in within.items():
        sight = busy_sight(caller.grant, calendar, profile, now, with_ids=with_ids, tzid=tzid)
        if sight is not None:
            sights[calendar_id] = sight
    return sights


def _sheet(page: Sequence[Entry], asked: AskedBusy) -> str:
    view = _View(tuple(page), asked.tzid, asked.include_ids, asked.presentation)
    return msgspec.json.encode(view).decode()


def _again(frozen: Iterable[Entry], sights: Sights) -> Iterable[BusyView]:
    for entry in frozen:
        sight = sights.get(entry.view.calendar_id)
        shown = None if sight is None else sight.again(entry.view, own=entry.own)
        if shown is not None:
            yield shown
