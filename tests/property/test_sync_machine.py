"""Sync and delivery against a Provider on which a person acts too, with faults, lost answers, races and killed jobs
in between. Once everything has come to rest, what is held is what the Provider has, nothing that was acknowledged is
lost, and nothing was done twice.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from calwarden.domain.ids import ResourceId
from calwarden.domain.times import DAY_SECONDS
from calwarden.formats import icalendar
from calwarden.ports.connector import CalendarGone, ConnectorError, PreconditionFailed, ProviderUnavailable, RateLimited
from calwarden.syncplan.unread import RAREST, is_unread
from usecases.sync_world import JANE, Killed, Syncing

OWN = ("one", "two", "three")
THEIRS = ("a.ics", "b.ics", "weekly.ics")
OPERATIONS = ("list_calendars", "changes", "fetch", "get", "put", "delete", "reader")
ERRORS: tuple[ConnectorError, ...] = (
    ProviderUnavailable("no answer"),
    RateLimited(30),
    RateLimited(),
    CalendarGone("gone"),
    PreconditionFailed("changed"),
)


@dataclass
class Expected:
    """What is to be at the Provider at rest; None: nothing."""

    summary: str | None = None


class SyncMachine(RuleBasedStateMachine):
    """``own`` are the application's events; ``theirs`` are the person's, which it may change."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Syncing(access_token_life=10**9)
        self.own = {name: Expected() for name in OWN}
        self.theirs = {name: Expected() for name in THEIRS}
        self.number = 0
        self.process = 0

    def teardown(self) -> None:
        self.come_to_rest()
        self.world.store.close()

    def next_summary(self, whose: str) -> str:
        self.number += 1
        return f"{whose} {self.number}"

    @initialize()
    def first_sync(self) -> None:
        for name in THEIRS:
            self.person_writes(name)
        self.world.sync()
        self.world.elevate(self.world.work)

    # The application.

    @rule(name=st.sampled_from(OWN))
    def app_writes(self, name: str) -> None:
        summary = self.next_summary("app")
        self.world.upsert(name, summary)
        self.own[name].summary = summary

    @rule(name=st.sampled_from(OWN))
    def app_deletes(self, name: str) -> None:
        self.world.delete(name)
        self.own[name].summary = None

    @rule(name=st.sampled_from(THEIRS[:2]), remove=st.booleans())
    def app_changes_theirs(self, name: str, remove: bool) -> None:
        shown = self._shown(name)
        if shown is None:
            return
        if remove:
            self.world.remove(f"evt_external_{shown}")
            self.theirs[name].summary = None
        else:
            summary = self.next_summary("app")
            self.world.edit(f"evt_external_{shown}", summary)
            if self._at_provider(name):  # else it is deleted already, and stays so
                self.theirs[name].summary = summary

    # The person, at the Provider.

    @rule(name=st.sampled_from(THEIRS))
    def person_writes(self, name: str) -> None:
        summary = self.next_summary("person")
        lines = ("RRULE:FREQ=WEEKLY;COUNT=8",) if name.startswith("weekly") else ()
        self.world.put(name, summary, *lines)
        owed = self._owed(name)
        if owed == []:
            self.theirs[name].summary = summary
        elif self.theirs[name].summary is None and owed[-1] != "remove":
            self.theirs[name].summary = self._stated(name)  # what was deleted is back in time for the change
        elif "remove" in owed:
            self.theirs[name].summary = None

    @rule(name=st.sampled_from(THEIRS))
    def person_deletes(self, name: str) -> None:
        if self._at_provider(name):
            self.world.provider.delete(self.world.work.remote_id, name)
            self.theirs[name].summary = None

    @rule(name=st.sampled_from(OWN))
    def person_deletes_own(self, name: str) -> None:
        for resource_id in self._own_resources(name):
            if resource_id in self.world.work.resources:
                self.world.provider.delete(self.world.work.remote_id, resource_id)
                if not self._owed(resource_id):
                    self.own[name].summary = None

    # What goes wrong.

    @rule(error=st.sampled_from(ERRORS), operation=st.sampled_from(OPERATIONS), times=st.integers(1, 3))
    def fault(self, error: ConnectorError, operation: str, times: int) -> None:
        self.world.provider.fail(error, times=times, operation=operation)

    @rule(operation=st.sampled_from(("put", "delete")))
    def lost_answer(self, operation: str) -> None:
        self.world.provider.lose_answer(operation)

    @rule()
    def forgotten_cursors(self) -> None:
        self.world.provider.forget_cursors()

    @rule(name=st.sampled_from(THEIRS))
    def trouble_at_one(self, name: str) -> None:
        """The Provider lists it and does not give it for a while."""
        self.world.work.faulty.symmetric_difference_update({self._resource(name)})

    @rule(name=st.sampled_from(THEIRS), operation=st.sampled_from(("fetch", "put", "changes")))
    def race(self, name: str, operation: str) -> None:
        """The person adds to an event just as somebody asks for it; the summary stays."""

        def act() -> None:
            held = self.world.work.resources.get(ResourceId(f"{self.world.work.remote_id}{name}"))
            if held is not None:
                body = held[1].replace(b"END:VEVENT", b"X-RACE:1\r\nEND:VEVENT", 1)
                self.world.provider.put(self.world.work.remote_id, name, body)

        self.world.provider.before(operation, act)

    # The worker.

    @rule(all_owed=st.booleans())
    def deliver(self, all_owed: bool) -> None:
        self.world.deliver(self._holder(), all_owed=all_owed)

    @rule()
    def sync(self) -> None:
        self.world.sync(self._holder())
        self._agree_again()

    @rule(transaction=st.integers(0, 8), after=st.booleans(), syncs=st.booleans())
    def killed(self, transaction: int, after: bool, syncs: bool) -> None:
        self.world.store.kill(transaction, after=after)
        with suppress(Killed):
            if syncs:
                self.world.sync(self._holder())
            else:
                self.world.deliver(self._holder())
        self.world.store.revive()
        self.process += 1
        self._agree_again()

    @rule(seconds=st.sampled_from((1, 61, 4_000, DAY_SECONDS // 2)))
    def time_goes_by(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    # What holds.

    @invariant()
    def what_is_acknowledged_is_shown(self) -> None:
        """A read after a write shows what it intends, until the Provider has had its say."""
        owed = {one.resource_id: one for one in self.world.owed()}
        shown = {one.resource_id: one for one in self.world.events() if not one.recurring}
        for resource_id, write in owed.items():
            if write.kind.value in {"upsert", "edit"}:
                assert resource_id in shown

    def come_to_rest(self) -> None:
        world = self.world
        world.provider._failures.clear()
        world.provider._lost.clear()
        world.provider._hooks.clear()
        world.work.faulty.clear()
        world.clock.advance(4_000)
        for _ in range(2 * RAREST):
            world.sync("last")
            if not any(is_unread(one) for one in self._etags()):
                break
            world.clock.advance(world.kit.limits.sync_interval)
        for _ in range(4):
            world.deliver("last", all_owed=True)
            assert world.sync("last").end.value == "done"
            self._agree_again()
        assert world.owed() == []
        assert self._ours() == self._providers()
        for name in OWN:
            found = [one for one in world.events() if one.event_id == name]
            expected = self.own[name].summary
            assert [one.component.details.summary for one in found] == ([] if expected is None else [expected])
        summaries = {name: self._provider_summary(name) for name in THEIRS}
        assert summaries == {name: one.summary for name, one in self.theirs.items()}
        before = world.provider.count("put"), world.provider.count("delete"), world.provider.count("fetch")
        assert world.sync("last").changed == 0
        assert before == (world.provider.count("put"), world.provider.count("delete"), world.provider.count("fetch"))

    def _etags(self) -> Collection[str | None]:
        with self.world.store.read() as uow:
            return uow.events.etags(JANE, self.world.calendar_id(self.world.work)).values()

    def _agree_again(self) -> None:
        """A calendar that was emptied while its cursor got lost is taken for a new one: the person is asked again."""
        if not self.world.grant().elevated:
            self.world.elevate(self.world.work)

    def _ours(self) -> list[tuple[str, str, str]]:
        held = {one.resource_id: self.world.resource(one.resource_id) for one in self.world.events()}
        return sorted(
            (str(name), one.component.details.summary, one.etag)
            for name, resource in held.items()
            if resource is not None
            for one in [_Row(resource)]
        )

    def _providers(self) -> list[tuple[str, str, str]]:
        return sorted(
            (str(name), icalendar.parse(body, me=frozenset(), default_tzid="Etc/UTC")[0].details.summary, etag)
            for name, (etag, body) in self.world.work.resources.items()
        )

    def _holder(self) -> str:
        return f"process {self.process}"

    def _resource(self, name: str) -> ResourceId:
        return self.world.provider.resource_id(self.world.work.remote_id, name)

    def _at_provider(self, name: str) -> bool:
        return self._resource(name) in self.world.work.resources

    def _provider_summary(self, name: str) -> str | None:
        held = self.world.work.resources.get(self._resource(name))
        return (
            None
            if held is None
            else icalendar.parse(held[1], me=frozenset(), default_tzid="Etc/UTC")[0].details.summary
        )

    def _shown(self, name: str) -> str | None:
        return next((one.key for one in self.world.events() if one.resource_id == self._resource(name)), None)

    def _owed(self, name: str) -> list[str]:
        return [one.kind.value for one in self.world.owed() if one.resource_id == self._resource(name)]

    def _stated(self, name: str) -> str | None:
        stated = [
            one.draft.summary for one in self.world.owed() if one.resource_id == self._resource(name) and one.draft
        ]
        return str(stated[-1]) if stated else None

    def _own_resources(self, name: str) -> list[str]:
        return [one.resource_id for one in self.world.events() if one.event_id == name]


class _Row:
    def __init__(self, resource: Any) -> None:
        self.component, self.etag = resource.components[0], resource.etag


TestSyncMachine = SyncMachine.TestCase
TestSyncMachine.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
