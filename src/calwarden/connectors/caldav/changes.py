"""What changed in a calendar: by sync-collection (RFC 6578), else by ctag and a listing of etags."""

from dataclasses import dataclass, field, replace
from typing import Final

from calwarden.connectors.caldav.dav import Dav
from calwarden.connectors.caldav.markup import CS, D, Member, Multistatus, propfind, sync_collection
from calwarden.connectors.caldav.paths import as_collection, is_resource_of, same_path, usable
from calwarden.domain.ids import ResourceId
from calwarden.net import Answer
from calwarden.ports.connector import CalendarGone, CursorExpired, ProviderUnavailable, RemoteChanges

MOST_PAGES: Final = 1_000
MOST_RESOURCES: Final = 200_000

_TOKEN, _CTAG = "s1:", "c1:"  # kinds of cursors, with the version of their form
_UNFINISHED: Final = 507  # RFC 6578 3.6
_GONE: Final = frozenset({404, 410})


class _NotOffered(Exception):
    """The server does not do sync-collection there."""


@dataclass(slots=True)
class _Pages:
    """What the pages of one answer add up to."""

    changed: dict[ResourceId, str] = field(default_factory=dict)
    removed: set[ResourceId] = field(default_factory=set)
    strange: bool = False

    def take(self, found: Multistatus, calendar: str) -> bool:
        """Add a page; whether another one follows."""
        more = False
        for member in found.members:
            if same_path(member.path, calendar):
                more = more or member.status == _UNFINISHED
            elif is_resource_of(member.path, calendar):
                self._member(ResourceId(member.path), member)
            else:
                self.strange = self.strange or not member.path.startswith(calendar)
        if len(self.changed) + len(self.removed) > MOST_RESOURCES:
            raise ProviderUnavailable("the calendar service lists more than can be read")
        # A server that answers under other paths than it was asked for must not look like an empty calendar.
        if self.strange and not self.changed and not self.removed:
            raise ProviderUnavailable("the calendar service did not answer as expected")
        return more

    def _member(self, resource: ResourceId, member: Member) -> None:
        if member.status in _GONE:
            self.changed.pop(resource, None)
            self.removed.add(resource)
        else:
            self.changed[resource] = member.etag
            self.removed.discard(resource)


async def changes(dav: Dav, calendar: str, cursor: str | None, *, full: bool) -> RemoteChanges:
    """See the port. A cursor that is not accepted, of another kind or another version, leads to a full listing."""
    if cursor is None or full:
        return await _everything(dav, calendar)
    if cursor.startswith(_TOKEN):
        try:
            return await _synced(dav, calendar, cursor.removeprefix(_TOKEN))
        except (CursorExpired, _NotOffered):
            return await _everything(dav, calendar, lost=True)
    if cursor.startswith(_CTAG) and cursor == await _ctag(dav, calendar):
        return RemoteChanges({}, frozenset(), cursor, full=False)
    return await _everything(dav, calendar)


async def _everything(dav: Dav, calendar: str, *, lost: bool = False) -> RemoteChanges:
    try:
        return replace(await _synced(dav, calendar, ""), lost=lost)
    except _NotOffered:
        return await _listed(dav, calendar)


async def _synced(dav: Dav, calendar: str, token: str) -> RemoteChanges:
    pages, now = _Pages(), token
    for _ in range(MOST_PAGES):
        found = await _page(dav, calendar, now)
        more = pages.take(found, calendar)
        if not more:
            break
        if found.token is None or found.token == now:
            raise ProviderUnavailable("the calendar service does not finish its answer")
        now = found.token
    else:
        raise ProviderUnavailable("the calendar service does not finish its answer")
    if found.token is None:
        raise _NotOffered
    full = not token
    return RemoteChanges(
        pages.changed, frozenset() if full else frozenset(pages.removed), _TOKEN + found.token, full=full
    )


async def _page(dav: Dav, calendar: str, token: str) -> Multistatus:
    answer, found = await dav.listing("REPORT", calendar, sync_collection(token), depth=0)
    if found is not None:
        _require_there(answer, calendar)
        return found
    if token:
        raise CursorExpired("the calendar service does not know that cursor")
    if answer.status in _GONE:
        raise CalendarGone("the calendar is not there any more")
    raise _NotOffered


async def _listed(dav: Dav, calendar: str) -> RemoteChanges:
    # The mark is taken first: what changes while the listing is made is then listed again, and not missed.
    mark = await _ctag(dav, calendar)
    answer, found = await dav.listing("PROPFIND", calendar, propfind(f"{D}getetag", f"{D}resourcetype"), depth=1)
    if found is None:
        raise CalendarGone("the calendar is not there any more, or may not be read")
    _require_there(answer, calendar)
    if not found.members:  # the collection itself is always in it: this is no calendar without events
        raise ProviderUnavailable("the calendar service did not answer as expected")
    pages = _Pages()
    pages.take(found, calendar)
    return RemoteChanges(pages.changed, frozenset(), mark, full=True)


def _require_there(answer: Answer, calendar: str) -> None:
    """Cyrus redirects from other people's calendars into the person's own home: that is another calendar."""
    if not same_path(usable(answer.url.path) or "", calendar):
        raise CalendarGone("the calendar is not there any more")


async def _ctag(dav: Dav, calendar: str) -> str | None:
    _, found = await dav.listing("PROPFIND", calendar, propfind(f"{CS}getctag"), depth=0)
    if found is None:
        raise CalendarGone("the calendar is not there any more, or may not be read")
    own = (one for one in found.members if as_collection(one.path) == as_collection(calendar))
    text = next((one.text(f"{CS}getctag") for one in own), "")
    return _CTAG + text if text else None
