"""What one Grant may know of the times in one calendar, entry by entry (ruling 10)."""

import pytest

from calwarden.domain.event import Busy, Occupied
from calwarden.domain.ids import CalendarId, EventKey
from calwarden.domain.times import Instant
from calwarden.policy.view import BusySight, BusyView

HERE, THERE = CalendarId("cal_here"), CalendarId("cal_there")


def sight(*, reads_events: bool) -> BusySight:
    return BusySight(HERE, reads_events=reads_events, with_ids=True, tzid="Etc/UTC")


def occupied(calendar_id: CalendarId = HERE, *, own: bool = False, deleted: bool = False) -> Occupied:
    return Occupied(
        key=EventKey("k1"),
        calendar_id=calendar_id,
        start_at=Instant(0),
        end_at=Instant(3_600),
        all_day=False,
        start_tzid="Asia/Tokyo",
        end_tzid="Asia/Tokyo",
        busy=Busy.BUSY,
        event_id=None,
        own=own,
        deleted=deleted,
        updated=Instant(0),
    )


def view(calendar_id: CalendarId = HERE, *, deleted: bool = False) -> BusyView:
    zone = "Etc/UTC"
    return BusyView(Instant(0), Instant(3_600), Busy.BUSY, calendar_id, False, zone, zone, "evt_k1", "one", deleted)


@pytest.mark.parametrize("reads_events", [True, False])
@pytest.mark.parametrize("own", [True, False])
def test_a_sight_is_of_its_calendar_alone(reads_events: bool, own: bool) -> None:
    seeing = sight(reads_events=reads_events)
    assert seeing.show(occupied(THERE, own=own)) is None
    assert seeing.again(view(THERE), own=own) is None
    assert seeing.show(occupied(HERE, own=own)) is not None
    assert seeing.again(view(HERE), own=own) is not None


@pytest.mark.parametrize(("reads_events", "own", "there"), [(0, 0, False), (0, 1, True), (1, 0, True), (1, 1, True)])
def test_that_something_is_gone_is_told_to_whom_it_was_open(reads_events: int, own: int, there: bool) -> None:
    seeing = sight(reads_events=bool(reads_events))
    assert (seeing.show(occupied(own=bool(own), deleted=True)) is not None) is there
    assert (seeing.again(view(deleted=True), own=bool(own)) is not None) is there


def test_an_entry_that_was_shown_with_ids_is_shown_without_them_once_events_are_not_read_any_more() -> None:
    assert sight(reads_events=True).again(view(), own=False) == view()
    assert sight(reads_events=False).again(view(), own=True) == view()
    assert sight(reads_events=False).again(view(), own=False) == view()._replace(event_uid=None, event_id=None)
