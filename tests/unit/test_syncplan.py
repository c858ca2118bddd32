"""What a sync pass does, and what it leaves alone (connectors.md 2, security 12.2)."""

from dataclasses import replace

import pytest

from calwarden.domain.event import Busy, Component, Event, EventStatus, Occurrence, Repeat, Resource
from calwarden.domain.ids import AccountId, CalendarId, ResourceId
from calwarden.domain.times import Instant, Zoned
from calwarden.syncplan.plan import AGAIN, SyncPlan, plan
from calwarden.syncplan.reconcile import event_key, reconcile
from calwarden.syncplan.unread import RAREST, asked_in_vain
from ics import zoned

A, B, C = (ResourceId(f"/cal/{name}.ics") for name in "abc")
NOBODY: frozenset[ResourceId] = frozenset()


def test_only_what_has_another_etag_is_fetched_and_being_told_twice_is_harmless() -> None:
    held = {A: "1", B: "1"}
    assert plan(held, {A: "1", B: "2", C: "1"}, NOBODY, NOBODY, full=False) == SyncPlan((B, C), ())
    assert plan({A: "1"}, {A: "1"}, NOBODY, NOBODY, full=True) == SyncPlan((), ())


def test_a_removal_counts_only_for_what_is_held_and_not_listed_again() -> None:
    assert plan({A: "1", B: "1"}, {B: "2"}, frozenset({A, B, C}), NOBODY, full=False) == SyncPlan((B,), (A,))


def test_a_full_listing_removes_what_vanished_from_it_and_an_incremental_one_does_not() -> None:
    held = {A: "1", B: "1"}
    assert plan(held, {A: "1"}, NOBODY, NOBODY, full=True) == SyncPlan((), (B,))
    assert plan(held, {A: "1"}, NOBODY, NOBODY, full=False) == SyncPlan((), ())


def test_what_is_to_be_read_anew_is_asked_for_whether_it_is_listed_or_not() -> None:
    assert plan({A: "", B: "1", C: None}, {}, NOBODY, NOBODY, full=False) == SyncPlan((A,), ())
    assert plan({A: "", B: ""}, {B: "2"}, frozenset({A}), NOBODY, full=False) == SyncPlan((B,), (A,))
    assert plan({A: "", B: ""}, {}, NOBODY, frozenset({A, B}), full=False) == SyncPlan((), ())
    assert plan({A: "", B: ""}, {A: "1"}, NOBODY, NOBODY, full=True) == SyncPlan((A,), (B,))
    many = {ResourceId(f"/cal/{number:03}.ics"): "1" for number in range(AGAIN + 20)}
    assert len(plan(dict.fromkeys(many, ""), many, NOBODY, NOBODY, full=True).fetch) == AGAIN + 20


def test_what_is_listed_without_an_etag_is_always_fetched() -> None:
    for held in ("", '"1"', None):
        assert plan({A: held}, {A: ""}, NOBODY, NOBODY, full=True) == SyncPlan((A,), ())


def marked(times: int) -> str:
    mark: str | None = '"1"'
    for _ in range(times):
        mark = asked_in_vain(mark)
    return mark or ""


def test_what_was_asked_for_in_vain_is_asked_for_again_ever_more_rarely_and_never_given_up() -> None:
    for times, every in ((1, 1), (2, 1), (3, 2), (4, 4), (7, RAREST), (8, RAREST), (500, RAREST)):
        for full in (False, True):
            listed = {A: "1"} if full else {}
            turns = [plan({A: marked(times)}, listed, NOBODY, NOBODY, full=full, turn=turn).fetch for turn in range(64)]
            assert turns.count((A,)) == 64 // every
    assert plan({A: marked(9)}, {A: "2"}, NOBODY, NOBODY, full=False, turn=1).fetch == (A,)  # it has changed
    assert plan({A: marked(1)}, {}, frozenset({A}), NOBODY, full=False) == SyncPlan((), (A,))
    assert plan({A: marked(1)}, {A: "1"}, NOBODY, frozenset({A}), full=True) == SyncPlan((), ())


@pytest.mark.parametrize("full", [False, True])
def test_however_many_cannot_be_read_each_has_its_turn_and_the_healthy_ones_come_first(full: bool) -> None:
    many = {ResourceId(f"/cal/{number:03}.ics"): marked(1) for number in range(AGAIN * 6)}
    listed = {**(dict.fromkeys(many, "1") if full else {}), A: "2"}
    asked: set[ResourceId] = set()
    for turn in range(60):
        found = plan({**many, A: "1"}, listed, NOBODY, NOBODY, full=full, turn=turn).fetch
        assert found[0] == A
        assert len(found) == AGAIN + 1
        asked |= set(found)
    assert asked == {*many, A}


def test_what_is_owed_to_the_provider_is_left_alone() -> None:
    owed = frozenset({A, B, C})
    assert plan({A: "1", B: None}, {A: "2", C: "1"}, frozenset({A}), owed, full=True) == SyncPlan((), ())


def test_what_never_reached_the_provider_is_not_gone() -> None:
    assert plan({A: None}, {}, NOBODY, NOBODY, full=True) == SyncPlan((), ())
    assert plan({A: None}, {A: "1"}, NOBODY, NOBODY, full=True) == SyncPlan((A,), ())


ACCOUNT, CALENDAR = AccountId("acc_1"), CalendarId("cal_1_1")
T0, T1, T2 = Instant(1_000), Instant(2_000), Instant(3_000)


def component(start: str = "2031-03-03T09:00:00Z", **more: object) -> Component:
    begin = zoned(start)
    return Component("x", begin, Zoned(Instant(begin.at + 3_600), "Etc/UTC"), **more)  # type: ignore[arg-type]


def occurrence(one: Component, name: str = "", *, recurring: bool = False) -> Occurrence:
    return Occurrence(name, one.start, one.end, one, recurring)


def resource(*components: Component) -> Resource:
    return Resource(ACCOUNT, CALENDAR, A, "1", components)


def stored(one: Component, now: Instant = T0) -> list[Event]:
    return reconcile(resource(one), [occurrence(one)], [], now)


def test_keys_depend_on_account_calendar_resource_and_occurrence_alone() -> None:
    keys = {
        event_key(ACCOUNT, CALENDAR, A, ""),
        event_key(AccountId("acc_2"), CALENDAR, A, ""),
        event_key(ACCOUNT, CalendarId("cal_1_2"), A, ""),
        event_key(ACCOUNT, CALENDAR, B, ""),
        event_key(ACCOUNT, CALENDAR, A, "2031-03-03T09:00:00Z"),
    }
    assert len(keys) == 5
    assert all(len(key) == 24 and set(key) <= set("0123456789abcdef") for key in keys)
    assert event_key(ACCOUNT, CALENDAR, A, "") == event_key(ACCOUNT, CALENDAR, A, "")


def test_a_new_occurrence_is_created_and_updated_now() -> None:
    (event,) = stored(component())
    assert (event.created, event.updated, event.busy_updated, event.busy) == (T0, T0, T0, Busy.BUSY)


def test_the_same_again_changes_nothing() -> None:
    held = stored(component())
    assert reconcile(resource(component()), [occurrence(component())], held, T1) == held


def test_a_change_of_words_is_no_change_of_time() -> None:
    held = stored(component())
    changed = replace(component(), details=replace(component().details, summary="new"))
    (event,) = reconcile(resource(changed), [occurrence(changed)], held, T1)
    assert (event.created, event.updated, event.busy_updated) == (T0, T1, T0)


def test_a_change_of_time_or_status_is_one_for_those_who_see_only_busy() -> None:
    held = stored(component())
    for changed in (component("2031-03-03T10:00:00Z"), component(status=EventStatus.TENTATIVE)):
        (event,) = reconcile(resource(changed), [occurrence(changed)], held, T1)
        assert (event.created, event.updated, event.busy_updated) == (T0, T1, T1)


def test_what_vanished_is_deleted_once_and_keeps_its_time() -> None:
    held = stored(component())
    gone = reconcile(resource(), [], held, T1)
    assert [(one.deleted, one.busy, one.updated, one.start) for one in gone] == [(True, None, T1, component().start)]
    assert reconcile(resource(), [], gone, T2) == gone


def test_what_comes_back_lives_again_under_its_old_key() -> None:
    held = stored(component())
    gone = reconcile(resource(), [], held, T1)
    (back,) = reconcile(resource(component()), [occurrence(component())], gone, T2)
    assert (back.key, back.deleted, back.created, back.updated, back.busy_updated) == (held[0].key, False, T0, T2, T2)


def test_instances_that_slide_out_of_the_horizon_leave_without_a_trace() -> None:
    series = component(repeat=Repeat(("FREQ=WEEKLY",)))
    old, new = component("2031-03-03T09:00:00Z"), component("2031-03-10T09:00:00Z")
    both = [occurrence(old, "a", recurring=True), occurrence(new, "b", recurring=True)]
    held = reconcile(resource(series), both, [], T0)
    rolled = reconcile(resource(series), both[1:], held, T1, since=zoned("2031-03-05T00:00:00Z").at)
    assert rolled == held[1:]
    cancelled = reconcile(resource(series), both[1:], held, T1)
    assert [one.deleted for one in cancelled] == [False, True]


def test_a_series_that_is_gone_altogether_is_deleted_altogether() -> None:
    series = component(repeat=Repeat(("FREQ=WEEKLY",)))
    held = reconcile(resource(series), [occurrence(component(), "a", recurring=True)], [], T0)
    gone = reconcile(resource(), [], held, T1, since=zoned("2032-01-01T00:00:00Z").at)
    assert [one.deleted for one in gone] == [True]
