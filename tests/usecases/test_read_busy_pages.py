"""Pages of free/busy: frozen at the first, decided at each."""

from collections.abc import Iterator
from typing import Any

import pytest

from calwarden.domain.errors import Refusal, Refused
from calwarden.oauth.tokens import hash_token
from calwarden.usecases.access import Bearer
from calwarden.usecases.events import read_events_page
from calwarden.usecases.freebusy import BusyPage, read_busy, read_busy_page
from usecases.calendar_world import HOME, RIVAL, WORK, CalendarWorld, asked_busy


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    world = CalendarWorld(busy_per_page=2)
    yield world
    world.store.close()


def many(world: CalendarWorld) -> None:
    world.keep(*(world.event(f"k{number}", number, calendar_id=(WORK, HOME)[number % 2]) for number in range(5)))


def first_page(world: CalendarWorld, bearer: Bearer, **changes: Any) -> tuple[BusyPage, str]:
    page = read_busy(world.kit, bearer, asked_busy(**changes))
    assert page.next_page
    return page, page.next_page


def test_pages_are_cut_by_count_and_say_which_of_how_many_they_are(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("free_busy")
    first, following = first_page(world, bearer)
    second = read_busy_page(world.kit, bearer, following)
    assert second.next_page
    third = read_busy_page(world.kit, bearer, second.next_page)
    listed = (first, second, third)
    assert [(one.current, one.total, len(one.periods)) for one in listed] == [(1, 3, 2), (2, 3, 2), (3, 3, 1)]
    assert (third.next_page, {one.presentation for one in listed}) == (None, {"as asked"})
    assert read_busy_page(world.kit, bearer, following) == second


def test_p1_later_pages_are_decided_with_the_grant_as_it_is_then(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("read_events")
    _, page = first_page(world, bearer, include_ids=True)
    assert all(one.event_uid for one in read_busy_page(world.kit, bearer, page).periods)
    world.change_grant(scopes=("free_busy",))
    assert not any(one.event_uid for one in read_busy_page(world.kit, bearer, page).periods)
    world.change_calendar(HOME, deleted=True)
    left = read_busy_page(world.kit, bearer, page)
    assert ([one.calendar_id for one in left.periods], left.current, left.total) == ([WORK], 2, 3)
    world.change_grant(scopes=("write_only",))
    with pytest.raises(Refused) as refused:
        read_busy_page(world.kit, bearer, page)
    assert refused.value.kind is Refusal.FORBIDDEN


def test_deletions_vanish_from_later_pages_with_the_right_to_know_of_them(world: CalendarWorld) -> None:
    many(world)
    world.keep(*(world.event(f"k{number}", number).as_deleted(world.now) for number in (2, 4)))
    bearer = world.bearer("read_events")
    _, page = first_page(world, bearer, include_deleted=True)
    assert [one.deleted for one in read_busy_page(world.kit, bearer, page).periods] == [True, False]
    world.change_grant(scopes=("free_busy",))
    assert [one.deleted for one in read_busy_page(world.kit, bearer, page).periods] == [False]


def test_pages_are_refused_alike_to_everybody_else_and_after_they_expire(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("free_busy")
    _, page = first_page(world, bearer)
    other = world.bearer("free_busy", application=RIVAL)
    refusals = set()
    for who, asked_for in ((other, page), (bearer, "unknown"), (bearer, "")):
        with pytest.raises(Refused) as refused:
            read_busy_page(world.kit, who, asked_for)
        refusals.add((refused.value.kind, refused.value.reason_code, refused.value.reason, refused.value.scope))
    with pytest.raises(Refused) as refused:
        read_events_page(world.kit, bearer, page)
    refusals.add((refused.value.kind, refused.value.reason_code, refused.value.reason, refused.value.scope))
    world.clock.advance(world.kit.limits.listing_life)
    with pytest.raises(Refused) as refused:
        read_busy_page(world.kit, bearer, page)
    refusals.add((refused.value.kind, refused.value.reason_code, refused.value.reason, refused.value.scope))
    assert len(refusals) == 1
    assert next(iter(refusals))[0] is Refusal.HIDDEN


def test_what_a_page_to_come_keeps_names_no_external_event(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("free_busy")
    _, page = first_page(world, bearer, include_ids=True, include_managed=True)
    with world.store.read() as uow:
        listing = uow.listings.get(hash_token(page), world.now)
    assert listing is not None
    assert listing.keys == ()
    assert "k2" not in listing.view
    assert "k3" not in listing.view


def test_reads_are_counted_by_calendar(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("free_busy")
    _, page = first_page(world, bearer)
    read_busy_page(world.kit, bearer, page)
    read_busy(world.kit, bearer, asked_busy(calendar_ids=(HOME,)))
    world.bearer("write_only")
    with pytest.raises(Refused):
        read_busy(world.kit, bearer, asked_busy())
    assert world.reads() == [("free_busy", HOME, "3"), ("free_busy", WORK, "2"), ("scope_missing", "", "1")]
