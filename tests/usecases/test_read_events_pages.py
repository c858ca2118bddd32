"""Pages of events: frozen at the first, decided at each; and what the ledger says of reading them."""

from collections.abc import Iterator

import pytest

from calwarden.domain.errors import Refusal, Refused
from calwarden.domain.times import Day
from calwarden.usecases.access import Bearer
from calwarden.usecases.account import revoke_profile
from calwarden.usecases.authorize import revoke_grant
from calwarden.usecases.events import Asked, EventsPage, read_events, read_events_page
from calwarden.usecases.people import activity
from calwarden.web.words import happening, particulars
from usecases.calendar_world import DEMO, HOME, PROFILE, RIVAL, WORK, CalendarWorld, asked, keys


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    world = CalendarWorld(events_per_page=2)
    yield world
    world.store.close()


def read(world: CalendarWorld, bearer: Bearer, question: Asked | None = None) -> EventsPage:
    return read_events(world.kit, bearer, question or asked())


def refusal(error: Refused) -> tuple[object, ...]:
    return error.kind, error.reason_code, error.reason, error.remedy, error.scope


def many(world: CalendarWorld, count: int = 5) -> None:
    world.keep(*(world.event(f"k{number}", number, calendar_id=(WORK, HOME)[number % 2]) for number in range(count)))


def pages(world: CalendarWorld, bearer: Bearer) -> tuple[EventsPage, EventsPage, EventsPage]:
    first = read(world, bearer)
    assert first.next_page
    second = read_events_page(world.kit, bearer, first.next_page)
    assert second.next_page
    return first, second, read_events_page(world.kit, bearer, second.next_page)


def test_every_page_says_which_of_how_many_it_is(world: CalendarWorld) -> None:
    many(world)
    listed = pages(world, world.bearer("read_events"))
    assert [(one.current, one.total) for one in listed] == [(1, 3), (2, 3), (3, 3)]
    assert [keys(e.event_uid for e in one.events) for one in listed] == [["k0", "k1"], ["k2", "k3"], ["k4"]]
    assert listed[-1].next_page is None
    assert {one.presentation for one in listed} == {"as asked"}


def test_nothing_found_is_one_empty_page(world: CalendarWorld) -> None:
    page = read(world, world.bearer("read_events"))
    assert (page.events, page.current, page.total, page.next_page) == ((), 1, 1, None)
    with world.store.read() as uow:
        assert uow.listings.get("", world.now) is None


def test_a_listing_is_frozen_at_its_first_page(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("read_events")
    first = read(world, bearer)
    world.keep(world.event("k9", 0.5), world.event("k2", 90))
    assert first.next_page
    second = read_events_page(world.kit, bearer, first.next_page)
    assert (keys(one.event_uid for one in second.events), second.total) == (["k2", "k3"], 3)


def test_a_page_can_be_asked_for_again_until_it_expires(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("read_events")
    first = read(world, bearer)
    assert first.next_page
    once = read_events_page(world.kit, bearer, first.next_page)
    assert read_events_page(world.kit, bearer, first.next_page) == once
    world.clock.advance(world.kit.limits.listing_life)
    with pytest.raises(Refused) as refused:
        read_events_page(world.kit, bearer, first.next_page)
    assert refused.value.kind is Refusal.HIDDEN


def test_p1_later_pages_are_decided_with_the_grant_as_it_is_then(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("read_events")
    first, second, _ = pages(world, bearer)
    assert first.next_page
    assert second.next_page
    world.change_calendar(HOME, deleted=True)
    page = read_events_page(world.kit, bearer, first.next_page)
    assert (keys(one.event_uid for one in page.events), page.current, page.total) == (["k2"], 2, 3)
    world.change_grant(calendars=frozenset({HOME}))
    assert read_events_page(world.kit, bearer, first.next_page).events == ()
    world.change_grant(scopes=("free_busy",))
    with pytest.raises(Refused) as refused:
        read_events_page(world.kit, bearer, first.next_page)
    assert (refused.value.kind, refused.value.scope) == (Refusal.FORBIDDEN, "read_events")


def test_events_deleted_or_taken_out_meanwhile_vanish_and_total_does_not_shrink(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("read_events")
    first = read(world, bearer)
    assert first.next_page
    world.keep(world.event("k2", 2).as_deleted(world.now))
    page = read_events_page(world.kit, bearer, first.next_page)
    assert (keys(one.event_uid for one in page.events), page.total) == (["k3"], 3)
    revoke_profile(world.kit, bearer, PROFILE)
    page = read_events_page(world.kit, bearer, first.next_page)
    assert (page.events, page.current, page.total) == ((), 2, 3)


def test_pages_are_refused_alike_to_everybody_but_the_grant_they_are_of(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("read_events")
    first = read(world, bearer)
    assert first.next_page
    other = world.bearer("read_events", application=RIVAL)
    refusals = set()
    for who, page in ((other, first.next_page), (bearer, "unknown"), (bearer, ""), (bearer, first.next_page + " ")):
        with pytest.raises(Refused) as refused:
            read_events_page(world.kit, who, page)
        refusals.add(refusal(refused.value))
    assert len(refusals) == 1
    assert next(iter(refusals))[0] is Refusal.HIDDEN


def test_pages_end_with_the_grant_and_do_not_come_back_with_a_new_one(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("read_events")
    first = read(world, bearer)
    assert first.next_page
    revoke_grant(world.kit, world.jane, DEMO, world.ledger()[0].actor)
    with pytest.raises(Refused) as refused:
        read_events_page(world.kit, bearer, first.next_page)
    assert refused.value.kind is Refusal.UNAUTHENTICATED
    with pytest.raises(Refused) as refused:
        read_events_page(world.kit, world.bearer("read_events"), first.next_page)
    assert refused.value.kind is Refusal.HIDDEN


def test_the_page_id_itself_is_not_stored(world: CalendarWorld) -> None:
    many(world)
    first = read(world, world.bearer("read_events"))
    assert first.next_page
    with world.store.read() as uow:
        assert uow.listings.get(first.next_page, world.now) is None


def test_only_managed_pages_need_no_scope_either(world: CalendarWorld) -> None:
    world.keep(*(world.event(f"own{number}", number, created_by=DEMO) for number in range(3)))
    bearer = world.bearer("write_only")
    first = read(world, bearer, asked(only_managed=True))
    assert first.next_page
    assert keys(one.event_uid for one in read_events_page(world.kit, bearer, first.next_page).events) == ["own2"]


def test_reads_are_counted_by_calendar_and_refusals_by_reason(world: CalendarWorld) -> None:
    many(world)
    bearer = world.bearer("read_events")
    pages(world, bearer)
    read(world, bearer, asked(only_managed=True, calendar_ids=(HOME,)))
    with pytest.raises(Refused):
        read_events_page(world.kit, bearer, "unknown")
    world.bearer("free_busy")
    for _ in range(2):
        with pytest.raises(Refused):
            read(world, bearer)
    assert world.reads() == [
        ("events", HOME, "2"),  # k1 and k3; the third page shows k4 alone
        ("events", WORK, "3"),
        ("not_found", "", "1"),
        ("own_events", HOME, "1"),
        ("scope_missing", "", "2"),
    ]


def test_the_person_reads_in_plain_words_what_was_read_and_refused(world: CalendarWorld) -> None:
    many(world, 1)
    bearer = world.bearer("read_events")
    window = {"from_": Day(2030, 1, 1), "to": Day(2030, 4, 1), "tzid": "Etc/UTC"}
    read(world, bearer, asked(calendar_ids=(WORK,), **window))
    world.bearer("free_busy")
    with pytest.raises(Refused):
        read(world, bearer)
    world.reads()
    told = activity(world.kit, world.jane, DEMO)
    assert {(happening(one), particulars(one, told.calendars)) for one in told.entries} == {
        (
            "Read events with their details, in the hour before",
            "Work; once; 1 event given; about 1 January 2030 to 31 March 2030",
        ),
        ("Tried to read more than it may (refused)", "once"),
    }
