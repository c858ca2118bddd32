"""The Provider's list of calendars against ours: new, renamed, gone, or somebody else's by now."""

from collections.abc import Sequence
from dataclasses import replace

from calwarden.domain.ids import AccountId, CalendarId, ProfileId, calendar_id_of
from calwarden.domain.profile import Calendar
from calwarden.domain.times import Instant
from calwarden.ports.connector import RemoteCalendar
from calwarden.ports.store import UnitOfWork
from calwarden.syncplan.unread import ANEW
from calwarden.usecases.connect.look import calendar_of
from calwarden.usecases.ending import end_elevations
from calwarden.usecases.sync.cursors import anew


def merge_listing(
    uow: UnitOfWork, account_id: AccountId, profile_id: ProfileId, listed: Sequence[RemoteCalendar], now: Instant
) -> list[Calendar]:
    """Bring the Profile's calendars in line with what the Provider lists, in this transaction; gives them all.

    A calendar that is gone, or not the person's own any more, stops existing for every Grant here and now: elevations
    of it end, and with them what was accepted under them (rulings 1, 16). Its content is erased by the pass.
    """
    held = {one.calendar_id: one for one in uow.calendars.of_profile(account_id, profile_id)}
    merged: dict[CalendarId, Calendar] = {}
    for remote in listed:
        calendar_id = calendar_id_of(profile_id, remote.remote_id)
        before = held.get(calendar_id)
        if before is None:
            merged[calendar_id] = calendar_of(account_id, profile_id, remote)
            uow.calendars.add(merged[calendar_id])
        else:
            merged[calendar_id] = _as_listed(before, remote)
    merged |= {key: _absent(one, deleted=True) for key, one in held.items() if key not in merged}
    for key, before in held.items():
        if merged[key] != before:
            uow.calendars.save(merged[key])
            if merged[key].tzid != before.tzid:
                _read_anew(uow, merged[key])
    lost = {key for key, before in held.items() if _exists(before) and not _exists(merged[key])}
    if lost:
        end_elevations(uow, account_id, lost, now, reason="calendar_gone")
    return list(merged.values())


def _exists(calendar: Calendar) -> bool:
    return calendar.owned and not calendar.deleted


def _as_listed(calendar: Calendar, remote: RemoteCalendar) -> Calendar:
    now = replace(
        calendar,
        name=remote.name,
        owned=remote.owned,
        readonly=remote.readonly,
        primary=remote.primary,
        color=remote.color,
        tzid=remote.tzid,
        deleted=False,
    )
    # One that comes back is read from the beginning; so is one whose times without a zone mean something else now.
    if calendar.deleted or not remote.owned:
        return replace(now, cursor=None, synced=calendar.synced and remote.owned)
    return now if calendar.tzid == remote.tzid else replace(now, cursor=anew(calendar.cursor))


def _read_anew(uow: UnitOfWork, calendar: Calendar) -> None:
    """No version that is held is the Provider's any more: the next pass fetches them all."""
    owed = uow.writes.owed_resources(calendar.account_id, calendar.calendar_id)
    for resource_id, etag in uow.events.etags(calendar.account_id, calendar.calendar_id).items():
        if etag is not None and resource_id not in owed:
            uow.events.set_etag(calendar.account_id, calendar.calendar_id, resource_id, ANEW)


def _absent(calendar: Calendar, *, deleted: bool) -> Calendar:
    return replace(calendar, deleted=deleted, cursor=None, synced=False)
