"""Free/busy: when, not what, whatever is asked for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from calwarden.domain.errors import Invalid, Refusal, Refused
from calwarden.domain.event import Busy, Component, EventStatus
from calwarden.domain.profile import AccessMode
from calwarden.domain.times import Instant, Zoned
from calwarden.policy.view import BusyView
from calwarden.store.datakeys import DataKeys
from calwarden.usecases.access import Bearer
from calwarden.usecases.freebusy import AskedBusy, read_busy, read_busy_page
from usecases.calendar_world import DEMO, HOME, HOUR, PARIS, RIVAL, SHARED, WORK, CalendarWorld, asked_busy

BUSY_SCOPES = ["read_free_busy", "free_busy", "free_busy_write"]
READ_SCOPES = ["read_events", "read_only", "read_write"]
NO_SCOPES = ["read_account", "write_only", "create_event", "delete_event", "change_participation_status"]


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    world = CalendarWorld(busy_per_page=2)
    yield world
    world.store.close()


def read(world: CalendarWorld, bearer: Bearer, question: AskedBusy | None = None) -> list[BusyView]:
    """The entries on all pages."""
    page = read_busy(world.kit, bearer, question or asked_busy())
    periods = list(page.periods)
    while page.next_page is not None:
        page = read_busy_page(world.kit, bearer, page.next_page)
        periods += page.periods
    return periods


def hours(world: CalendarWorld, periods: list[BusyView]) -> list[tuple[float, float, str]]:
    return [(_hour(world, one.start), _hour(world, one.end), one.status.value) for one in periods]


def _hour(world: CalendarWorld, when: object) -> float:
    assert isinstance(when, Zoned)
    return (when.at - world.now) / HOUR


def mixed(world: CalendarWorld) -> None:
    world.keep(
        world.event("external", 1),
        world.event("own", 2, created_by=DEMO),
        world.event("rivals", 3, created_by=RIVAL, busy=Busy.TENTATIVE),
        world.event("shared", 4, calendar_id=SHARED),
        world.event("free", 5, busy=Busy.FREE),
        world.event("declined", 6, busy=None, status=EventStatus.CANCELLED),
    )


@pytest.mark.parametrize("scope", [*BUSY_SCOPES, *READ_SCOPES])
def test_p17_a_scope_for_free_busy_shows_when_external_events_are(world: CalendarWorld, scope: str) -> None:
    mixed(world)
    periods = read(world, world.bearer(scope))
    assert hours(world, periods) == [(1, 2, "busy"), (3, 4, "tentative"), (5, 6, "free")]


@pytest.mark.parametrize("scope", NO_SCOPES)
def test_p15_without_one_nothing_is_told(world: CalendarWorld, scope: str) -> None:
    mixed(world)
    for question in (asked_busy(), asked_busy(include_managed=True), asked_busy(calendar_ids=("cal_nowhere",))):
        with pytest.raises(Refused) as refused:
            read(world, world.bearer(scope), question)
        assert (refused.value.kind, refused.value.scope) == (Refusal.FORBIDDEN, "read_free_busy")


def every_question(world: CalendarWorld) -> Iterator[AskedBusy]:
    names = ("include_deleted", "include_managed", "include_free", "include_ids")
    for switches in product((False, True), repeat=4):
        for since in (None, Instant(0), Instant(world.now + 60)):
            for zone in (PARIS, "Asia/Tokyo"):
                yield asked_busy(**dict(zip(names, switches, strict=True)), last_modified=since, tzid=zone)


@pytest.mark.parametrize("scope", BUSY_SCOPES)
@pytest.mark.parametrize("merge", [False, True])
def test_p7_p18_an_external_entry_is_calendar_start_end_and_status_whatever_is_asked(
    world: CalendarWorld, scope: str, merge: bool
) -> None:
    mixed(world)
    world.keep(world.event("gone", 7), world.event("ours_gone", 7.5, created_by=DEMO))
    world.keep(world.event("gone", 7).as_deleted(Instant(world.now + 90)))
    world.keep(world.event("ours_gone", 7.5, created_by=DEMO).as_deleted(Instant(world.now + 90)))
    world.change_application(merge_busy=merge)
    bearer = world.bearer(scope)
    for question in every_question(world):
        for one in read(world, bearer, question):
            own = _hour(world, one.start) in {2, 7.5}
            if own and question.include_managed:
                assert (one.event_id is not None) == question.include_ids
                continue
            bare = one._replace(event_uid=None, event_id=None, deleted=False)
            assert one == bare, question
            assert one.start_tzid == one.end_tzid == question.tzid
            assert isinstance(one.start, Zoned)
            assert one.start.tzid == question.tzid
            assert _hour(world, one.start) in {1, 3, 5}
    assert BusyView._fields == (
        "start_at", "end_at", "status", "calendar_id", "all_day", "start_tzid", "end_tzid",
        "event_uid", "event_id", "deleted",
    )  # fmt: skip


def test_p27_p40_nothing_of_a_calendar_that_somebody_shares_is_told(world: CalendarWorld) -> None:
    world.keep(world.event("shared", 4, calendar_id=SHARED), world.event("m", 5, calendar_id=SHARED, created_by=DEMO))
    world.change_calendar(SHARED, synced=False)
    assert read(world, world.bearer("read_write"), asked_busy(include_managed=True)) == []
    with pytest.raises(Invalid) as invalid:
        read(world, world.bearer("free_busy"), asked_busy(calendar_ids=(SHARED,)))
    assert list(invalid.value.fields) == ["calendar_ids"]


def test_deleted_and_unshared_calendars_are_not_told_of(world: CalendarWorld) -> None:
    world.keep(world.event("w", 1), world.event("h", 2, calendar_id=HOME))
    bearer = world.bearer("free_busy")
    world.change_calendar(WORK, deleted=True)
    assert hours(world, read(world, bearer)) == [(2, 3, "busy")]
    world.change_calendar(HOME, owned=False)
    assert read(world, bearer) == []


def test_p20_own_events_come_when_asked_for_and_carry_ids_when_asked_for(world: CalendarWorld) -> None:
    mixed(world)
    bearer = world.bearer("free_busy_write")
    assert len(read(world, bearer)) == 3
    entries = read(world, bearer, asked_busy(include_managed=True, include_ids=True))
    assert [(one.event_uid, one.event_id) for one in entries] == [
        (None, None), ("evt_own", "id-own"), (None, None), (None, None),
    ]  # fmt: skip


def test_with_read_events_ids_and_deletions_are_told_when_asked_for(world: CalendarWorld) -> None:
    mixed(world)
    world.keep(world.event("gone", 7))
    world.keep(world.event("gone", 7).as_deleted(world.now))
    bearer = world.bearer("read_events")
    entries = read(world, bearer, asked_busy(include_ids=True, include_deleted=True, include_free=False))
    assert [(one.event_uid, one.event_id, one.deleted) for one in entries] == [
        ("evt_external_external", None, False),
        ("evt_external_rivals", None, False),
        ("evt_external_gone", None, True),
    ]
    assert not any(one.event_uid or one.deleted for one in read(world, bearer))


def test_identical_entries_appear_once(world: CalendarWorld) -> None:
    world.keep(*(world.event(f"same{number}", 1) for number in range(5)), world.event("h", 1, calendar_id=HOME))
    assert [one.calendar_id for one in read(world, world.bearer("free_busy"))] == [HOME, WORK]
    assert len(read(world, world.bearer("read_events"), asked_busy(include_ids=True))) == 6


def test_an_external_entry_that_equals_an_own_one_adds_nothing(world: CalendarWorld) -> None:
    own = world.event("own", world.at(1, "Asia/Tokyo"), created_by=DEMO)
    world.keep(world.event("a", 1), own, world.event("z", 1))
    (entry,) = read(world, world.bearer("free_busy"), asked_busy(include_managed=True))
    assert (entry.start, entry.end) == (own.start, own.end)


def test_the_zone_an_external_event_was_written_in_is_not_told(world: CalendarWorld) -> None:
    abroad = world.event("abroad", world.at(1, "America/New_York"), world.at(2, "Asia/Tokyo"))
    world.keep(abroad, world.event("own", world.at(3, "America/New_York"), created_by=DEMO))
    for scope in ("free_busy", "read_events"):
        external, own = read(world, world.bearer(scope), asked_busy(include_managed=True, tzid="Europe/Rome"))
        assert (external.start, external.end) == (world.at(1, "Europe/Rome"), world.at(2, "Europe/Rome"))
        assert own.start == world.at(3, "America/New_York")


def test_entries_are_sorted_by_start_end_status_and_calendar(world: CalendarWorld) -> None:
    world.keep(
        world.event("a", 1, 3),
        world.event("b", 1, 2, busy=Busy.TENTATIVE),
        world.event("c", 1, 2, calendar_id=WORK),
        world.event("d", 1, 2, calendar_id=HOME),
        world.event("e", 0.5, 9),
    )
    entries = read(world, world.bearer("free_busy"))
    assert [(one.calendar_id, one.status.value) for one in entries] == [
        (WORK, "busy"), (HOME, "busy"), (WORK, "busy"), (WORK, "tentative"), (WORK, "busy"),
    ]  # fmt: skip


def test_all_day_events_come_as_days(world: CalendarWorld) -> None:
    world.keep(world.event("whole", world.day(1), world.day(3)))
    (entry,) = read(world, world.bearer("free_busy"))
    assert (entry.start, entry.end) == (world.day(1), world.day(3))


def test_free_ones_can_be_left_out(world: CalendarWorld) -> None:
    mixed(world)
    bearer = world.bearer("free_busy")
    assert [one.status.value for one in read(world, bearer, asked_busy(include_free=False))] == ["busy", "tentative"]


def touching(world: CalendarWorld) -> None:
    world.keep(
        world.event("a", 1, 2),
        world.event("b", 2, 3),
        world.event("c", 2.5, 4),
        world.event("d", 4, 5, busy=Busy.TENTATIVE),
        world.event("e", 6, 7),
        world.event("f", 7, 8, calendar_id=HOME),
    )


def test_touching_periods_are_merged_only_where_the_application_has_it_so(world: CalendarWorld) -> None:
    touching(world)
    bearer = world.bearer("free_busy")
    assert len(read(world, bearer)) == 6
    world.change_application(merge_busy=True)
    merged = [(1, 4, "busy"), (4, 5, "tentative"), (6, 7, "busy"), (7, 8, "busy")]
    assert hours(world, read(world, bearer)) == merged
    assert len(read(world, world.bearer("free_busy", application=RIVAL))) == 6


def test_of_merged_periods_nobody_is_told_which_changed_inside(world: CalendarWorld) -> None:
    touching(world)
    world.change_application(merge_busy=True)
    bearer = world.bearer("free_busy")
    later = asked_busy(last_modified=Instant(world.now + 60))
    assert read(world, bearer, later) == read(world, bearer)


def test_last_modified_is_about_what_an_entry_shows(world: CalendarWorld) -> None:
    later = Instant(world.now + 60)
    world.keep(
        world.event("retitled", 1, updated=later),
        world.event("moved", 2, updated=later, busy_updated=later),
        world.event("old", 3),
        world.event("same_as_old", 3, updated=later, busy_updated=later),
    )
    question = asked_busy(last_modified=later)
    assert hours(world, read(world, world.bearer("free_busy"), question)) == [(2, 3, "busy")]
    with_ids = read(world, world.bearer("read_events"), replace(question, include_ids=True))
    assert [one.event_uid for one in with_ids] == ["evt_external_moved", "evt_external_same_as_old"]


def test_windows_are_those_of_events(world: CalendarWorld) -> None:
    for name, days in (("past", -50), ("recent", -40), ("later", 210)):
        world.keep(world.event(name, days * 24), world.event(f"{name}_own", days * 24 + 1, created_by=DEMO))
    bearer = world.bearer("free_busy")
    assert hours(world, read(world, bearer)) == [(-960, -959, "busy")]
    everything = hours(world, read(world, bearer, asked_busy(include_managed=True)))
    assert [start for start, _, _ in everything] == [-1199, -960, -959, 5041]
    for question in (
        asked_busy(from_=world.day(0), to=world.day(401)),
        asked_busy(from_=world.day(1), to=world.day(0), include_managed=True),
    ):
        with pytest.raises(Invalid) as invalid:
            read(world, bearer, question)
        assert list(invalid.value.fields) == ["to"]


def test_input_is_judged_after_the_scope_and_calendars_all_in_one_way(world: CalendarWorld) -> None:
    problem = Invalid.of("from", "errors.must_be_date", "must be a date")
    with pytest.raises(Invalid) as invalid:
        read(world, world.bearer("free_busy"), asked_busy(problem=problem))
    assert invalid.value is problem
    answers = set()
    for one in ("cal_nowhere", SHARED, ""):
        with pytest.raises(Invalid) as invalid:
            read(world, world.bearer("free_busy"), asked_busy(calendar_ids=(WORK, one)))
        answers.add(tuple(invalid.value.fields.items()))
    assert len(answers) == 1
    with pytest.raises(Refused):
        read(world, world.bearer("write_only"), asked_busy(problem=problem))


UNSURE: list[tuple[str, dict[str, Any]]] = [
    ("profile", {"connected": False}),
    ("profile", {"initial_sync_done": False}),
    ("profile", {"synced_at": None}),
    ("calendar", {"synced": False}),
]


@pytest.mark.parametrize(("what", "changes"), UNSURE)
def test_what_is_not_known_is_unknown_over_the_whole_window_and_never_silently_free(
    world: CalendarWorld, what: str, changes: dict[str, Any]
) -> None:
    world.keep(world.event("w", 1), world.event("h", 2, calendar_id=HOME))
    (world.change_profile if what == "profile" else world.change_calendar)(**changes)
    first, last = world.at(-24), world.at(48)
    entries = read(world, world.bearer("free_busy"), asked_busy(from_=first.at, to=last.at, include_free=False))
    vague = [one for one in entries if one.status is Busy.UNKNOWN]
    assert [(one.start, one.end) for one in vague] == [(first, last)] * len(vague)
    assert [one.calendar_id for one in vague] == ([HOME, WORK] if what == "profile" else [WORK])
    assert hours(world, [one for one in entries if one not in vague]) == [(1, 2, "busy"), (2, 3, "busy")]


def test_a_copy_that_is_too_old_is_unknown_too_until_it_is_checked_again(world: CalendarWorld) -> None:
    bearer = world.bearer("free_busy")
    world.clock.advance(world.kit.limits.stale_after)
    assert read(world, bearer) == []
    world.clock.advance(1)
    assert [one.status for one in read(world, bearer)] == [Busy.UNKNOWN, Busy.UNKNOWN]
    world.change_profile(synced_at=world.clock())
    assert read(world, bearer) == []


@pytest.mark.parametrize("changes", [{"last_modified": Instant(2_000_000_000)}, {"calendar_ids": (WORK,)}])
def test_no_parameter_hides_what_is_unknown(world: CalendarWorld, changes: dict[str, Any]) -> None:
    world.change_calendar(synced=False)
    for merge in (False, True):
        world.change_application(merge_busy=merge)
        entries = read(world, world.bearer("free_busy"), asked_busy(**changes))
        assert [(one.calendar_id, one.status) for one in entries] == [(WORK, Busy.UNKNOWN)]


def test_nothing_is_decrypted_for_free_busy(world: CalendarWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed(world)
    world.keep(world.event("whole", world.day(1), world.day(1) + timedelta(1)))
    bearer = world.bearer("read_events")
    decrypted: list[str] = []
    _watch(monkeypatch, decrypted)
    read_busy(world.kit, bearer, asked_busy(include_managed=True, include_ids=True, include_deleted=True))
    assert "resources" not in decrypted


def _watch(monkeypatch: pytest.MonkeyPatch, tables: list[str]) -> None:
    """Record which table each decryption is of."""
    original = DataKeys.open

    def watched(self: DataKeys, owner: str, table: str, *rest: Any, **options: Any) -> Any:
        tables.append(table)
        return original(self, owner, table, *rest, **options)

    monkeypatch.setattr(DataKeys, "open", watched)


def test_an_occurrence_of_a_series_says_nothing_of_it(world: CalendarWorld) -> None:
    start, end = world.at(1), world.at(2)
    series = world.event(
        "series", start, end, recurring=True, occurrence="x", component=Component("uid", start, end, sequence=3)
    )
    world.keep(series)
    (entry,) = read(world, world.bearer("free_busy"))
    assert entry == BusyView(start.at, end.at, Busy.BUSY, WORK, False, start.tzid, end.tzid)


def test_a_calendar_service_connected_for_less_gives_no_ids_whatever_the_scopes(world: CalendarWorld) -> None:
    world.change_profile(access_mode=AccessMode.FREE_BUSY)
    bearer = world.bearer("read_events")
    world.keep(world.event("secret", 2), world.event("gone", 5, deleted=True))
    page = read_busy(world.kit, bearer, asked_busy(include_ids=True, include_deleted=True))
    assert [(one.event_uid, one.deleted) for one in page.periods] == [(None, False)]
