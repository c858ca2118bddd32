"""Laws of syncing: a mirror that is told anything, in any order, ends up as the Provider is."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from calwarden.domain.event import Component, Event, EventStatus, Occurrence, Resource, Transparency, busy_status
from calwarden.domain.ids import AccountId, CalendarId, ResourceId
from calwarden.domain.times import Instant, Zoned
from calwarden.syncplan.plan import plan
from calwarden.syncplan.reconcile import reconcile

IDS = [ResourceId(f"r{number}") for number in range(4)]
ids = st.sampled_from(IDS)
ACCOUNT, CALENDAR = AccountId("acc_1"), CalendarId("cal_1")

components = st.builds(
    lambda start, length, status, shown, summary: replace(
        Component("x", Zoned(Instant(start), "Etc/UTC"), Zoned(Instant(start + length), "Etc/UTC"), status, shown),
        sequence=summary,
    ),
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from(EventStatus),
    st.sampled_from(Transparency),
    st.integers(0, 2),
)
listings = st.dictionaries(st.sampled_from(["", "a", "b", "c"]), components, max_size=4)


def occurrences(listing: dict[str, Component]) -> list[Occurrence]:
    return [Occurrence(name, one.start, one.end, one, recurring=bool(name)) for name, one in listing.items()]


def resource(listing: dict[str, Component]) -> Resource:
    return Resource(ACCOUNT, CALENDAR, IDS[0], "1", tuple(listing.values()))


@given(st.lists(listings, min_size=1, max_size=6))
def test_after_any_history_what_is_held_is_what_is_there_and_times_tell_what_changed(
    history: list[dict[str, Component]],
) -> None:
    held: list[Event] = []
    for number, listing in enumerate(history):
        now = Instant(100 + number)
        before = {one.key: one for one in held}
        held = reconcile(resource(listing), occurrences(listing), held, now)
        assert reconcile(resource(listing), occurrences(listing), held, Instant(now + 50)) == held
        assert {one.occurrence: one.component for one in held if not one.deleted} == listing
        for one in held:
            check(before.get(one.key), one, now)
        assert set(before) <= {one.key for one in held}


def check(old: Event | None, new: Event, now: Instant) -> None:
    if old is None:
        assert (new.created, new.updated, new.busy_updated) == (now, now, now)
        return
    assert new.created == old.created
    same = replace(new, updated=old.updated, busy_updated=old.busy_updated) == old
    assert new.updated == (old.updated if same else now)
    same_busy = (old.start, old.end, old.busy, old.deleted) == (new.start, new.end, new.busy, new.deleted)
    assert new.busy_updated == (old.busy_updated if same_busy else now)
    assert new.busy == (None if new.deleted else busy_status(new.component))
    if old.deleted and new.deleted:
        assert new == old


@given(
    st.dictionaries(ids, st.none() | st.sampled_from("12")), st.dictionaries(ids, st.sampled_from("12")),
    st.frozensets(ids), st.frozensets(ids), st.booleans(),
)  # fmt: skip
def test_a_plan_never_touches_what_is_owed_and_names_nothing_twice(
    held: dict[ResourceId, str | None],
    changed: dict[ResourceId, str],
    removed: frozenset[ResourceId],
    owed: frozenset[ResourceId],
    full: bool,
) -> None:
    found = plan(held, changed, removed, owed, full=full)
    named = [*found.fetch, *found.gone]
    assert len(set(named)) == len(named)
    assert not set(named) & owed
    assert set(found.gone) <= set(held)
    after = {**held, **{one: changed[one] for one in found.fetch}}
    for one in found.gone:
        del after[one]
    again = plan(after, changed, removed, owed, full=full)
    assert again.fetch == again.gone == ()


class Mirror(RuleBasedStateMachine):
    """A Provider that changes while writes are owed, and the mirror that follows it by plans alone."""

    def __init__(self) -> None:
        super().__init__()
        self.provider: dict[ResourceId, str] = {}
        self.held: dict[ResourceId, str | None] = {}
        self.owed: set[ResourceId] = set()
        self.changes: dict[ResourceId, bool] = {}  # since the cursor: there or removed
        self.version = 0

    @rule(one=ids)
    def somebody_writes(self, one: ResourceId) -> None:
        self.version += 1
        self.provider[one] = str(self.version)
        self.changes[one] = True

    @rule(one=ids)
    def somebody_deletes(self, one: ResourceId) -> None:
        if self.provider.pop(one, None):
            self.changes[one] = False

    @rule(one=ids)
    def we_accept_a_write(self, one: ResourceId) -> None:
        self.owed.add(one)
        self.held.setdefault(one, None)

    @rule(one=ids)
    def the_write_is_delivered(self, one: ResourceId) -> None:
        if one in self.owed:
            self.owed.discard(one)
            self.somebody_writes(one)
            self.held[one] = self.provider[one]

    @rule(lost=st.booleans())
    def we_sync_what_changed(self, lost: bool) -> None:
        changed = {one: self.provider[one] for one, there in self.changes.items() if there}
        removed = frozenset(one for one, there in self.changes.items() if not there)
        self._apply(changed, removed, full=False)
        if not lost:  # else the same is told again
            self.changes = {one: there for one, there in self.changes.items() if one in self.owed}

    @rule()
    def we_list_everything(self) -> None:
        self._apply(dict(self.provider), frozenset(), full=True)

    def _apply(self, changed: dict[ResourceId, str], removed: frozenset[ResourceId], *, full: bool) -> None:
        found = plan(self.held, changed, removed, frozenset(self.owed), full=full)
        for one in found.fetch:
            self.held[one] = self.provider[one]
        for one in found.gone:
            del self.held[one]

    @invariant()
    def a_full_listing_would_make_both_equal_but_for_what_is_owed(self) -> None:
        held = dict(self.held)
        found = plan(held, dict(self.provider), frozenset(), frozenset(self.owed), full=True)
        held.update({one: self.provider[one] for one in found.fetch})
        for one in found.gone:
            del held[one]
        free = {one: etag for one, etag in held.items() if one not in self.owed and etag is not None}
        assert free == {one: etag for one, etag in self.provider.items() if one not in self.owed}


TestMirror = Mirror.TestCase
TestMirror.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
