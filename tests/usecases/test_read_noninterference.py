"""Two worlds that differ only in what a Grant may not know give it the same answers (security 3, P18)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calwarden.domain.event import Busy, Component, Details, Event, EventStatus, Person, Repeat, Transparency
from calwarden.domain.ids import CalendarId, ResourceId
from calwarden.domain.times import EventTime, Instant, Zoned
from calwarden.usecases.access import Bearer
from calwarden.usecases.events import Asked, EventsPage, read_events, read_events_page
from calwarden.usecases.freebusy import AskedBusy, BusyPage, read_busy, read_busy_page
from usecases.calendar_world import (
    DEMO,
    HOME,
    RIVAL,
    SHARED,
    WORK,
    CalendarWorld,
    asked,
    asked_busy,
    resource_of,
)

ZONES = ["Europe/Paris", "America/New_York", "Asia/Tokyo", "Etc/UTC"]


@dataclass(frozen=True)
class Fact:
    """All that may be known of a period. ``since``: seconds after the beginning at which it came to be."""

    calendar_id: CalendarId
    start: int
    length: int
    status: Busy
    whole_days: bool
    since: int


@dataclass(frozen=True)
class Secret:
    """One event behind a Fact: everything about it that must not matter."""

    title: str
    zone: str
    end_zone: str
    later: int
    recurring: bool
    by_application: bool
    updated: int


facts = st.lists(
    st.builds(
        Fact,
        st.sampled_from([WORK, HOME]),
        st.integers(-30, 30),
        st.integers(0, 4),
        st.sampled_from(Busy),
        st.booleans(),
        st.integers(0, 2),
    ),
    max_size=6,
    unique_by=lambda one: (one.calendar_id, one.start, one.length, one.status, one.whole_days),
)
secrets = st.builds(
    Secret,
    st.text(max_size=8),
    st.sampled_from(ZONES),
    st.sampled_from(ZONES),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
    st.integers(0, 5),
)
questions = st.builds(
    asked_busy,
    include_deleted=st.booleans(),
    include_managed=st.booleans(),
    include_free=st.booleans(),
    include_ids=st.booleans(),
    last_modified=st.none() | st.integers(-1, 4),
    tzid=st.sampled_from(ZONES),
    calendar_ids=st.sampled_from([None, (WORK,), (HOME, WORK)]),
)


class Watched(CalendarWorld):
    """A world that can be filled again for every example."""

    def __init__(self) -> None:
        super().__init__(busy_per_page=2, events_per_page=2)
        self.held: list[Event] = []
        self.free_busy = self.bearer("free_busy_write")

    def fill(self, events: list[Event]) -> None:
        with self.store.write(durable=False) as uow:
            for one in self.held:
                uow.events.save(resource_of(one), [])
        self.keep(*events)
        self.held = events

    def span(self, fact: Fact, secret: Secret) -> tuple[EventTime, EventTime]:
        if fact.whole_days:
            first = self.day(fact.start)
            return first, first + timedelta(fact.length + 1)
        return self.at(fact.start, secret.zone), self.at(fact.start + fact.length, secret.end_zone)

    def made(self, key: str, fact: Fact, secret: Secret, *, since: int) -> Event:
        start, end = self.span(fact, secret)
        details = Details(summary=secret.title, organizer=Person("lou@example.org") if secret.recurring else None)
        repeat = Repeat(("FREQ=DAILY",)) if secret.recurring else None
        return self.event(
            key,
            start,
            end,
            calendar_id=fact.calendar_id,
            busy=fact.status,
            transparency=Transparency.OPAQUE if secret.recurring else Transparency.UNKNOWN,
            recurring=secret.recurring,
            occurrence=str(secret.updated) if secret.recurring else "",
            component=Component(f"{key}@{secret.title}", start, end, details=details, repeat=repeat),
            created_by=RIVAL if secret.by_application else None,
            created=Instant(self.now - secret.updated),
            updated=Instant(self.now + secret.updated),
            busy_updated=Instant(self.now + since),
        )

    def hidden(self, data: st.DataObject) -> list[Event]:
        """Events that a Grant for free/busy has no way of knowing."""
        events = []
        for number, (secret, kind) in enumerate(
            data.draw(st.lists(st.tuples(secrets, st.sampled_from(["shared", "declined", "deleted"])), max_size=3))
        ):
            calendar_id = SHARED if kind == "shared" else WORK
            fact = Fact(calendar_id, number, 1, Busy.BUSY, whole_days=False, since=0)
            one = self.made(f"hidden-{number}", fact, secret, since=secret.later)
            if kind == "declined":
                one = self.event(f"hidden-{number}", number, calendar_id=WORK, busy=None, status=EventStatus.CANCELLED)
            events.append(one.as_deleted(Instant(self.now + secret.later)) if kind == "deleted" else one)
        return events

    def behind(self, data: st.DataObject, known: list[Fact]) -> list[Event]:
        """Events that show exactly ``known``: one or more for each, in any order, among others that show nothing."""
        events = self.hidden(data)
        for fact in known:
            copies = data.draw(st.lists(secrets, min_size=1, max_size=3))
            for number, secret in enumerate(copies):
                since = fact.since + (secret.later if number else 0)
                name = ResourceId(f"{secret.title.encode().hex()}-{len(events)}-{secret.updated}")
                events.append(self.made(f"e{name}", fact, secret, since=since))
        return data.draw(st.permutations(events))

    def answers(self, bearer: Bearer, question: AskedBusy) -> list[BusyPage]:
        page = read_busy(self.kit, bearer, question)
        pages = [page]
        while page.next_page is not None:
            page = read_busy_page(self.kit, bearer, page.next_page)
            pages.append(page)
        return [_without_id(one) for one in pages]

    def own_answers(self, bearer: Bearer, question: Asked) -> list[EventsPage]:
        page = read_events(self.kit, bearer, question)
        pages = [page]
        while page.next_page is not None:
            page = read_events_page(self.kit, bearer, page.next_page)
            pages.append(page)
        return [EventsPage(one.events, one.current, one.total, None, one.presentation) for one in pages]


def _without_id(page: BusyPage) -> BusyPage:
    """Page ids are random; that there is one is not."""
    assert (page.next_page is None) == (page.current == page.total)
    return BusyPage(page.periods, page.current, page.total, None, page.presentation)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Watched, Watched]]:
    one, other = Watched(), Watched()
    yield one, other
    one.store.close()
    other.store.close()


def timed(world: Watched, question: AskedBusy) -> AskedBusy:
    """The question, with ``last_modified`` counted from the beginning of the world."""
    since = question.last_modified
    return asked_busy(
        **{
            name: getattr(question, name)
            for name in ("include_deleted", "include_managed", "include_free", "include_ids", "tzid", "calendar_ids")
        },
        last_modified=None if since is None else Instant(world.now + since),
    )


quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(data=st.data(), known=facts, question=questions)
def test_p18_equal_periods_give_equal_pages_whatever_the_events_behind_them_are(
    pair: tuple[Watched, Watched], data: st.DataObject, known: list[Fact], question: AskedBusy
) -> None:
    answers = []
    for world in pair:
        world.change_application(merge_busy=False)
        world.fill(world.behind(data, known))
        answers.append(world.answers(world.free_busy, timed(world, question)))
    assert answers[0] == answers[1]
    if question.last_modified is None and question.include_free and question.calendar_ids is None:
        assert sum(len(page.periods) for page in answers[0]) == len(known)


def pieces(data: st.DataObject, fact: Fact) -> list[Fact]:
    """Timed periods that touch or overlap and together are ``fact``."""
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, fact.length - 1)), max_size=3)))
    edges = [0, *(one for one in cuts if one < fact.length), fact.length]
    overlap = data.draw(st.booleans())
    parts = []
    for begin, end in pairwise(edges):
        first = 0 if overlap else begin
        start, length, since = fact.start + first, end - first, data.draw(st.integers(0, 3))
        parts.append(Fact(fact.calendar_id, start, length, fact.status, whole_days=False, since=since))
    return parts


@quick
@given(data=st.data(), known=facts, question=questions)
def test_p18_with_merging_equal_merged_periods_give_equal_pages(
    pair: tuple[Watched, Watched], data: st.DataObject, known: list[Fact], question: AskedBusy
) -> None:
    answers = []
    for world in pair:
        world.change_application(merge_busy=True)
        split = [part for fact in known if not fact.whole_days for part in pieces(data, fact)]
        world.fill(world.behind(data, split))
        answers.append(world.answers(world.free_busy, timed(world, question)))
    assert answers[0] == answers[1]


@quick
@given(
    data=st.data(),
    known=facts,
    own=st.lists(st.integers(-20, 20), max_size=5),
    deleted=st.booleans(),
    moved=st.booleans(),
    bounded=st.booleans(),
)
def test_p15_p24_own_events_are_listed_as_if_no_external_event_existed(
    pair: tuple[Watched, Watched],
    data: st.DataObject,
    known: list[Fact],
    own: list[int],
    deleted: bool,
    moved: bool,
    bounded: bool,
) -> None:
    answers = []
    for number, world in enumerate(pair):
        mine = [world.event(f"own-{place}", hour, created_by=DEMO) for place, hour in enumerate(own)]
        others = world.behind(data, known) if number else []
        world.fill(data.draw(st.permutations([*mine, *others])))
        question = asked(
            only_managed=True,
            include_deleted=deleted,
            include_moved=moved,
            from_=world.day(-1) if bounded else None,
        )
        answers.append(world.own_answers(world.free_busy, question))
    assert answers[0] == answers[1]


def test_the_two_worlds_do_differ_for_a_grant_that_reads_events(pair: tuple[Watched, Watched]) -> None:
    """The property above would hold of a server that answers nothing; this one does not."""
    reader = [world.bearer("read_events", application=RIVAL) for world in pair]
    for number, world in enumerate(pair):
        world.change_application(merge_busy=False)
        world.fill([world.event(f"key-{number}", 1)])
    one, other = (
        world.answers(bearer, asked_busy(include_ids=True)) for world, bearer in zip(pair, reader, strict=True)
    )
    assert one != other
    assert isinstance(one[0].periods[0].start, Zoned)
