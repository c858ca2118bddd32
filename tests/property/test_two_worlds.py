"""Non-interference (security 3): what a Grant may not know makes no difference to anything it can see.

Each claim is about two worlds and one trace of requests, passes of the worker and moments in between. Compared are
statuses, all headers but the date, bodies byte for byte, order, and the number and boundaries of pages.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calwarden.domain.audit import Actor
from calwarden.domain.event import Occupied
from calwarden.domain.grant import Grant
from calwarden.domain.times import Instant
from calwarden.policy import view
from calwarden.usecases.authorize import revoke_grant
from calwarden.usecases.freebusy import periods
from calwarden.usecases.freebusy import read as reading
from property.two_worlds import Ask, Fact, Guise, Watched, asks, facts, guises
from proving import PROVING
from usecases.sync_world import APP, JANE

few = settings(max_examples=200 if PROVING else 10, suppress_health_check=list(HealthCheck))
Round = tuple[list[Fact], list[Ask]]
ANY_SCOPES = [
    ("read_write", "change_participation_status"),
    ("read_write", "create_calendar"),
    ("free_busy",),
    ("free_busy_write",),
    ("write_only",),
    ("read_account",),
]
rounds = st.lists(st.tuples(facts, asks), min_size=1, max_size=3)
Narrow = Callable[[Watched], Callable[[Grant], Grant]]


@contextmanager
def world_of(scopes: Sequence[str], narrow: Narrow | None = None) -> Iterator[Watched]:
    world = Watched()
    try:
        world.bearer = world.grant_to(APP, tuple(scopes))
        if narrow is not None:
            world.change_grant(narrow(world))
        yield world
    finally:
        world.close()


@contextmanager
def two_of(scopes: Sequence[str], narrow: Narrow | None = None) -> Iterator[tuple[Watched, Watched]]:
    with world_of(scopes, narrow) as one, world_of(scopes, narrow) as other:
        yield one, other


def moment(world: Watched) -> None:
    """The same in both worlds: the worker delivers what is owed and reads what there is, and time goes on."""
    world.deliver()
    world.sync()
    world.clock.advance(400)


def dressed(data: st.DataObject, known: Sequence[Fact]) -> list[tuple[Fact, Guise]]:
    """The facts as one world has them, in an order of its own."""
    return data.draw(st.permutations([(fact, data.draw(guises)) for fact in known]))


def same(data: st.DataObject, story: Sequence[Round], pair: Sequence[Watched], *, external: bool) -> None:
    """Tell the story in both worlds. ``external`` False: the worlds differ in all External Events."""
    for known, trace in story:
        for world in pair:
            told = known if external else data.draw(facts)
            world.stand(dressed(data, told), data.draw(st.lists(guises, max_size=2)))
            world.share(data.draw(guises))
            moment(world)
        compare(trace, pair, ("work", "home"))
        for world in pair:
            moment(world)


def compare(trace: Sequence[Ask], pair: Sequence[Watched], unseen: Sequence[str]) -> None:
    """The requests guess at uids: at those of either world, in the calendars that are ``unseen``."""
    guesses = sorted(set().union(*(world.uids(*unseen) for world in pair))) or ["nonsense"]
    for world in pair:
        world.guesses = guesses
    for ask in trace:
        one, other = (world.watch(ask) for world in pair)
        assert one == other, ask


@few
@given(data=st.data(), story=rounds)
@pytest.mark.parametrize("scopes", [("free_busy",), ("free_busy_write",)], ids=" ".join)
def test_free_busy_depends_on_when_somebody_is_busy_and_since_when(
    scopes: tuple[str, ...], data: st.DataObject, story: list[Round]
) -> None:
    """The claim: an answer is a function of the set of (calendar, start, end, status) of visible periods, of when each
    of them came to be, and of what the Application did itself.
    """
    with two_of(scopes) as pair:
        same(data, story, pair, external=True)


@few
@given(data=st.data(), story=rounds)
def test_write_only_depends_on_nothing_that_the_person_has(data: st.DataObject, story: list[Round]) -> None:
    """The claim: as if no External Event existed: no count, no id, no hint of a conflict."""
    with two_of(("write_only",)) as pair:
        same(data, story, pair, external=False)


def _work_alone(world: Watched) -> Callable[[Grant], Grant]:
    return lambda grant: replace(grant, calendars=frozenset({world.calendar_id(world.work)}))


@few
@given(
    data=st.data(),
    story=rounds,
    scopes=st.sampled_from(ANY_SCOPES),
)
def test_a_narrowed_grant_depends_on_nothing_outside_its_calendars(
    data: st.DataObject, story: list[Round], scopes: tuple[str, ...]
) -> None:
    """The claim: even for a Grant that reads everything, the other calendars, how many they are and what they are
    called, are not there at all.
    """
    with two_of(scopes, _work_alone) as pair:
        pair[1].provider.add_calendar("jane", "third", "Third")
        for known, trace in story:
            shared = dressed(data, [one for one in known if one.calendar == "work"])
            for world in pair:
                elsewhere = [one for one in data.draw(facts) if one.calendar == "home"]
                world.places["home"].name = data.draw(st.sampled_from(["Home", "Secret", "Work"]))
                world.stand([*shared, *dressed(data, elsewhere)], ())
                moment(world)
            compare(trace, pair, ("home",))


def _over(world: Watched) -> Callable[[Grant], Grant]:
    return lambda grant: replace(grant, ends=Instant(world.clock()))


@few
@given(data=st.data(), story=rounds, revoked=st.booleans(), scopes=st.sampled_from(ANY_SCOPES))
def test_an_ended_and_a_revoked_grant_depend_on_nothing(
    data: st.DataObject, story: list[Round], revoked: bool, scopes: tuple[str, ...]
) -> None:
    """The claim: whatever there is, an ended Grant is told that it has ended, and a revoked one that it is none."""
    with two_of(scopes, None if revoked else _over) as pair:
        for world in pair:
            if revoked:
                revoke_grant(world.kit, JANE, APP, Actor.ACCOUNT)
        same(data, story, pair, external=False)
        for world, ask in product(pair, story[0][1]):
            statuses = {status for status, _, _ in world.watch(ask)}
            if ask.stale is None and ask.path not in {"/v1/userinfo", "/v1/nothing"}:
                assert statuses == {401 if revoked else 403}


# The same machinery does see what there is to see.

BUSY = Fact("work", 1, 9, 1, "", whole=False)
PLAIN = Guise("Lunch", "", 0, "Etc/UTC", private=False, as_series=False, twice=False, renamed=False)
READ = Ask("GET", "/v1/free_busy", {"tzid": "Etc/UTC", "include_ids": "true"})


def answers(scopes: Sequence[str], what: Sequence[tuple[Fact, Guise]], ask: Ask) -> list[object]:
    with world_of(scopes) as world:
        world.stand(what, ())
        moment(world)
        return list(world.watch(ask))


def test_it_would_see_another_time_and_another_title() -> None:
    free_busy, reads = ("free_busy",), ("read_events",)
    later = replace(BUSY, hour=10)
    titled = replace(PLAIN, title="Dinner")
    events = Ask("GET", "/v1/events", {"tzid": "Etc/UTC"})
    assert answers(free_busy, [(BUSY, PLAIN)], READ) == answers(free_busy, [(BUSY, titled)], READ)
    assert answers(free_busy, [(BUSY, PLAIN)], READ) != answers(free_busy, [(later, PLAIN)], READ)
    assert answers(reads, [(BUSY, PLAIN)], events) != answers(reads, [(BUSY, titled)], events)


def test_it_would_see_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id in the answer of a Grant for free/busy."""
    show = view.BusySight.show

    def leaking(sight: view.BusySight, one: Occupied) -> view.BusyView | None:
        shown = show(sight, one)
        return None if shown is None else shown._replace(event_uid=f"evt_{one.key}")

    monkeypatch.setattr(view.BusySight, "show", leaking)
    renamed = replace(PLAIN, title="Dinner", renamed=True)
    assert answers(("free_busy",), [(BUSY, PLAIN)], READ) != answers(("free_busy",), [(BUSY, renamed)], READ)


def test_it_would_see_the_zone_that_an_event_was_written_in(monkeypatch: pytest.MonkeyPatch) -> None:
    show = view.BusySight.show

    def leaking(sight: view.BusySight, one: Occupied) -> view.BusyView | None:
        shown = show(sight, one)
        return None if shown is None else shown._replace(start_tzid=one.start_tzid)

    elsewhere = replace(PLAIN, zone="Asia/Tokyo")
    local = replace(READ, params={**READ.params, "localized_times": "true"})
    assert answers(("free_busy",), [(BUSY, PLAIN)], local) == answers(("free_busy",), [(BUSY, elsewhere)], local)
    monkeypatch.setattr(view.BusySight, "show", leaking)
    assert answers(("free_busy",), [(BUSY, PLAIN)], local) != answers(("free_busy",), [(BUSY, elsewhere)], local)


def _key(row: Occupied) -> str:
    return row.key


def test_it_would_see_an_order_that_is_that_of_the_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two periods at one time, which came to be in one order and in the other."""
    both = [BUSY, replace(BUSY, status="STATUS:TENTATIVE")]

    def read(known: Sequence[Fact]) -> list[object]:
        ask = Ask("GET", "/v1/free_busy", {"tzid": "Etc/UTC"})
        return answers(("free_busy",), [(fact, PLAIN) for fact in known], ask)

    assert read(both) == read(both[::-1])
    monkeypatch.setattr(reading, "entries", lambda rows, *rest: periods.entries(sorted(rows, key=_key), *rest))
    monkeypatch.setattr(periods, "sorted", lambda found, **_: list(found), raising=False)
    assert read(both) != read(both[::-1])
