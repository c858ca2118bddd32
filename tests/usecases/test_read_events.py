"""Reading events: who sees which, within which window, page by page."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from calwarden.domain.errors import Invalid, Refusal, Refused
from calwarden.domain.event import Details
from calwarden.domain.ids import AccountId, CalendarId
from calwarden.domain.profile import Calendar, Credentials
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.policy.elevation import without_terms
from calwarden.policy.view import EventView
from calwarden.usecases.access import Bearer
from calwarden.usecases.events import Asked, EventsPage, read_events, read_events_page
from calwarden.usecases.people import NewAccount, create_account
from usecases.calendar_world import (
    DEMO,
    HOME,
    PROFILE,
    RIVAL,
    SHARED,
    WORK,
    CalendarWorld,
    asked,
    keys,
    profile_of,
    resource_of,
)

ALL_SCOPES = ["read_events", "read_only", "read_write"]
LESS = ["read_account", "free_busy", "free_busy_write", "write_only", "create_event", "change_participation_status"]


@pytest.fixture
def world() -> Iterator[CalendarWorld]:
    world = CalendarWorld(events_per_page=2)
    yield world
    world.store.close()


def read(world: CalendarWorld, bearer: Bearer, question: Asked | None = None) -> EventsPage:
    return read_events(world.kit, bearer, question or asked())


def found(world: CalendarWorld, bearer: Bearer, question: Asked | None = None) -> list[str]:
    """Keys on all pages."""
    page = read(world, bearer, question)
    uids = [one.event_uid for one in page.events]
    while page.next_page is not None:
        page = read_events_page(world.kit, bearer, page.next_page)
        uids += [one.event_uid for one in page.events]
    return keys(uids)


def mixed(world: CalendarWorld) -> None:
    world.keep(
        world.event("external", 1),
        world.event("own", 2, created_by=DEMO),
        world.event("rivals", 3, created_by=RIVAL),
        world.event("shared", 4, calendar_id=SHARED),
    )


@pytest.mark.parametrize("scope", ALL_SCOPES)
def test_p21_a_read_scope_reads_external_events_in_full(world: CalendarWorld, scope: str) -> None:
    mixed(world)
    page = read(world, world.bearer(scope))
    assert keys(one.event_uid for one in page.events) == ["external", "rivals"]
    assert page.events[0].details.summary == "Title of external"
    assert page.presentation == "as asked"


@pytest.mark.parametrize("scope", LESS)
def test_p15_p21_without_a_read_scope_external_events_are_refused(world: CalendarWorld, scope: str) -> None:
    mixed(world)
    bearer = world.bearer(scope)
    for question in (asked(), asked(include_managed=True), asked(calendar_ids=("cal_nowhere",)), asked(tzid="")):
        with pytest.raises(Refused) as refused:
            read(world, bearer, question)
        assert (refused.value.kind, refused.value.scope) == (Refusal.FORBIDDEN, "read_events")


@pytest.mark.parametrize("scope", [*LESS, *ALL_SCOPES])
def test_p24_every_application_reads_back_what_it_wrote_and_nothing_else(world: CalendarWorld, scope: str) -> None:
    mixed(world)
    page = read(world, world.bearer(scope), asked(only_managed=True))
    assert [(one.event_uid, one.event_id) for one in page.events] == [("evt_own", "id-own")]
    assert page.events[0].details.summary == "Title of own"


def test_p3_an_event_of_another_application_is_external_and_shows_no_event_id(world: CalendarWorld) -> None:
    mixed(world)
    everything = asked(include_managed=True)
    events = {keys([one.event_uid])[0]: one for one in _all(world, world.bearer("read_events"), everything)}
    assert {key: (one.event_uid, one.event_id) for key, one in events.items()} == {
        "external": ("evt_external_external", None),
        "own": ("evt_own", "id-own"),
        "rivals": ("evt_external_rivals", None),
    }


def _all(world: CalendarWorld, bearer: Bearer, question: Asked) -> list[EventView]:
    page = read(world, bearer, question)
    events = list(page.events)
    while page.next_page is not None:
        page = read_events_page(world.kit, bearer, page.next_page)
        events += page.events
    return events


def test_p27_nothing_of_a_calendar_that_somebody_shares_is_read(world: CalendarWorld) -> None:
    mixed(world)
    world.keep(world.event("mine_there", 5, calendar_id=SHARED, created_by=DEMO))
    bearer = world.bearer("read_write")
    assert found(world, bearer, asked(include_managed=True)) == ["external", "own", "rivals"]
    assert found(world, bearer, asked(only_managed=True)) == ["own"]


def test_p28_options_say_what_this_grant_may_do_now(world: CalendarWorld) -> None:
    mixed(world)
    bearer = world.bearer("read_write")
    assert [one.options.update for one in read(world, bearer).events] == [False, False]
    assert read(world, bearer, asked(only_managed=True)).events[0].options.update
    world.change_grant(elevations=without_terms({WORK}))
    assert [one.options.update for one in read(world, bearer).events] == [True, True]


def ways_to_be_no_calendar(world: CalendarWorld) -> list[str]:
    other = create_account(world.kit, NewAccount("kim@example.org", "Kim", "Etc/UTC")).account_id
    foreign, gone, left_out = CalendarId("cal_kim"), CalendarId("cal_gone"), CalendarId("cal_left_out")
    with world.store.write() as uow:
        uow.profiles.add(profile_of(AccountId(other), world.now), Credentials("https://dav.example/", "kim", "secret"))
        uow.calendars.add(Calendar(AccountId(other), foreign, PROFILE, "/k/", "Kim", owned=True))
        uow.calendars.add(Calendar(world.jane, gone, PROFILE, "/g/", "Gone", owned=True, deleted=True))
        uow.calendars.add(Calendar(world.jane, left_out, PROFILE, "/l/", "Left out", owned=True))
    return [foreign, gone, left_out, SHARED, "cal_nowhere", "", WORK.upper(), f"{WORK} ", "\0"]


def test_calendar_ids_that_are_not_the_grants_are_invalid_all_in_one_way(world: CalendarWorld) -> None:
    ids = ways_to_be_no_calendar(world)
    bearer = world.bearer("read_events", calendars=frozenset({WORK, HOME}))
    answers = set()
    for one in ids:
        for named in ((one,), (WORK, one)):
            with pytest.raises(Invalid) as invalid:
                read(world, bearer, asked(calendar_ids=named))
            answers.add(tuple(invalid.value.fields.items()))
    assert len(answers) == 1
    ((field, problems),) = next(iter(answers))
    assert (field, [one.key for one in problems]) == ("calendar_ids", ["errors.invalid_calendar_ids"])
    assert world.reads() == [("not_found", "", str(2 * len(ids)))]


def test_named_calendars_alone_are_read(world: CalendarWorld) -> None:
    world.keep(world.event("w", 1), world.event("h", 2, calendar_id=HOME))
    bearer = world.bearer("read_events")
    assert found(world, bearer, asked(calendar_ids=(HOME,))) == ["h"]
    assert found(world, bearer, asked(calendar_ids=(HOME, WORK, HOME))) == ["w", "h"]
    assert found(world, bearer, asked(calendar_ids=())) == []


def test_events_of_deleted_calendars_are_not_served(world: CalendarWorld) -> None:
    world.keep(world.event("w", 1), world.event("own", 2, created_by=DEMO), world.event("h", 3, calendar_id=HOME))
    bearer = world.bearer("read_events")
    world.change_calendar(WORK, deleted=True)
    assert found(world, bearer, asked(include_managed=True, include_deleted=True)) == ["h"]
    assert found(world, bearer, asked(only_managed=True)) == []


def far(world: CalendarWorld) -> None:
    for name, days in (("past", -50), ("recent", -40), ("soon", 200), ("later", 210), ("far", 900)):
        world.keep(
            world.event(name, days * 24), world.event(f"{name}_own", days * 24, calendar_id=HOME, created_by=DEMO)
        )


def test_external_events_exist_from_42_days_back_to_201_ahead(world: CalendarWorld) -> None:
    far(world)
    bearer = world.bearer("read_events")
    assert found(world, bearer) == ["recent", "soon"]
    wide = asked(from_=world.day(-60), to=world.day(300))
    assert found(world, bearer, wide) == ["recent", "soon"]
    assert found(world, bearer, asked(from_=world.day(202), to=world.day(300))) == []


def test_own_events_are_bound_by_what_is_stated_alone(world: CalendarWorld) -> None:
    far(world)
    bearer = world.bearer("read_events")
    own = ["past_own", "recent_own", "soon_own", "later_own", "far_own"]
    assert found(world, bearer, asked(only_managed=True)) == own
    both = found(world, bearer, asked(include_managed=True))
    assert sorted(both) == sorted([*own, "recent", "soon"])
    assert found(world, bearer, asked(only_managed=True, to=world.day(0))) == own[:2]
    assert sorted(found(world, bearer, asked(include_managed=True, from_=world.day(100)))) == sorted(["soon", *own[2:]])


def test_a_window_of_more_than_400_days_is_invalid_unless_it_is_of_own_events(world: CalendarWorld) -> None:
    bearer = world.bearer("read_events")
    fits = asked(from_=world.day(0), to=world.day(400))
    read(world, bearer, fits)
    wide = replace(fits, to=world.day(401))
    for question in (wide, replace(wide, include_managed=True), asked(from_=world.day(-300))):
        with pytest.raises(Invalid) as invalid:
            read(world, bearer, question)
        assert list(invalid.value.fields) == ["to"]
    read(world, bearer, replace(wide, only_managed=True))
    for managed in (True, False):
        with pytest.raises(Invalid) as invalid:
            read(world, bearer, asked(from_=world.day(1), to=world.day(0), only_managed=managed))
        assert list(invalid.value.fields) == ["to"]


@pytest.mark.parametrize("tzid", ["", "Mars/Base", "../etc/passwd", "europe/paris"])
def test_a_zone_is_an_iana_name(world: CalendarWorld, tzid: str) -> None:
    with pytest.raises(Invalid) as invalid:
        read(world, world.bearer("read_events"), asked(tzid=tzid))
    assert list(invalid.value.fields) == ["tzid"]


def test_what_the_edge_could_not_read_is_told_after_the_scope(world: CalendarWorld) -> None:
    problem = Invalid.of("from", "errors.must_be_date", "must be a date")
    with pytest.raises(Invalid) as invalid:
        read(world, world.bearer("read_events"), asked(problem=problem, tzid=""))
    assert invalid.value is problem
    with pytest.raises(Refused):
        read(world, world.bearer("free_busy"), asked(problem=problem))
    with pytest.raises(Refused) as refused:
        read(world, Bearer(None), asked(problem=problem))
    assert refused.value.kind is Refusal.UNAUTHENTICATED


def test_deleted_events_come_only_when_asked_for_and_keep_no_content(world: CalendarWorld) -> None:
    later = Instant(world.now + 60)
    gone = [world.event("theirs", 1), world.event("mine", 2, created_by=DEMO)]
    world.keep(*gone)
    world.keep(*(one.as_deleted(later) for one in gone))
    bearer = world.bearer("read_events")
    assert found(world, bearer, asked(include_managed=True)) == []
    theirs, mine = read(world, bearer, asked(include_managed=True, include_deleted=True)).events
    assert (theirs.deleted, theirs.updated, theirs.details, theirs.event_id) == (True, later, Details(), None)
    assert (mine.deleted, mine.event_id) == (True, "id-mine")


def test_a_deleted_event_is_not_shown_beside_the_one_that_has_its_event_id_now(world: CalendarWorld) -> None:
    earlier = [
        world.event("mine", 1, created_by=DEMO, event_id="one"),
        world.event("another", 2, created_by=DEMO, event_id="two"),
        world.event("elsewhere", 3, created_by=DEMO, event_id="one", calendar_id=HOME),
        world.event("rivals", 4, created_by=RIVAL, event_id="one"),
        world.event("persons", 5),
    ]
    world.keep(*earlier)
    gone = [one.as_deleted(Instant(world.now + 60)) for one in earlier]
    for one in gone:
        with world.store.write() as uow:
            uow.events.save(replace(resource_of(one), components=(), created_by=None, event_id=None), [one])
    world.keep(world.event("again", 6, created_by=DEMO, event_id="one"))
    question = asked(include_managed=True, include_deleted=True)
    assert found(world, world.bearer("read_events"), question) == ["another", "elsewhere", "rivals", "persons", "again"]


def test_last_modified_is_about_any_change(world: CalendarWorld) -> None:
    later = Instant(world.now + 60)
    world.keep(world.event("old", 1), world.event("new", 2, updated=later))
    bearer = world.bearer("read_events")
    assert found(world, bearer, asked(last_modified=later)) == ["new"]
    assert found(world, bearer, asked(last_modified=Instant(later + 1))) == []


def test_include_moved_adds_what_has_left_the_window(world: CalendarWorld) -> None:
    window = {"from_": world.day(0), "to": world.day(2)}
    for name, calendar_id in (("left", WORK), ("shared", SHARED)):
        world.keep(world.event(name, 5, calendar_id=calendar_id))
        world.keep(world.event(name, 24 * 300, calendar_id=calendar_id))
    world.keep(world.event("stays", 6), world.event("elsewhere", 24 * 20))
    bearer = world.bearer("read_events")
    assert found(world, bearer, asked(**window)) == ["stays"]
    assert found(world, bearer, asked(**window, include_moved=True)) == ["stays", "left"]


def test_own_events_of_two_applications_with_one_id_are_two_events(world: CalendarWorld) -> None:
    world.keep(
        world.event("a", 1, created_by=DEMO, event_id="same"), world.event("b", 2, created_by=RIVAL, event_id="same")
    )
    own = asked(only_managed=True)
    assert found(world, world.bearer("write_only"), own) == ["a"]
    assert found(world, world.bearer("write_only", application=RIVAL), own) == ["b"]


def test_a_window_by_days_follows_the_zone_asked_in(world: CalendarWorld) -> None:
    # Two hours before midnight UTC: the same day in Paris, the next one in Tokyo.
    start = world.now - world.now % DAY_SECONDS + DAY_SECONDS - 2 * 3_600
    world.keep(world.event("late", (start - world.now) / 3_600))
    bearer = world.bearer("read_events")
    today = {"from_": world.day(0), "to": world.day(1)}
    assert found(world, bearer, asked(**today)) == ["late"]
    assert found(world, bearer, asked(**today, tzid="Asia/Tokyo")) == []
