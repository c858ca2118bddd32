"""Profiles, credentials, leases, Calendars and Pending Writes."""

from dataclasses import replace
from datetime import date

import pytest

from calwarden.domain.draft import DraftPlace, DraftRule, EventDraft, Invitee
from calwarden.domain.errors import Conflict, NotFound
from calwarden.domain.ids import CalendarId, ProfileId, ResourceId, WriteId
from calwarden.domain.profile import AccessMode, Credentials
from calwarden.domain.times import Instant
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.store import SqlStore
from contract.store_world import (
    APP,
    CREDENTIALS,
    HOME,
    JANE,
    MARCEL,
    NOW,
    PROFILE,
    WORK,
    account,
    at,
    at_once,
    calendar,
    event,
    hold,
    keep,
    profile,
    write,
)

LATER = Instant(NOW + 100)
SECOND = ProfileId("pro_2")


def test_a_profile_comes_back_as_it_was_stored(store: SqlStore) -> None:
    whole = profile(
        access_mode=AccessMode.FREE_BUSY,
        connected=False,
        disconnected_reason="password",
        initial_sync_done=True,
        synced_at=NOW,
        sync_due_at=LATER,
        failures=3,
    )
    with store.write() as uow:
        uow.accounts.add(account())
        uow.profiles.add(whole, CREDENTIALS)
        with pytest.raises(Conflict):
            uow.profiles.add(whole, CREDENTIALS)
        assert uow.profiles.get(JANE, PROFILE) == whole
        again = replace(whole, connected=True, disconnected_reason=None, synced_at=None)
        uow.profiles.save(again)
        assert list(uow.profiles.of_account(JANE)) == [again]
        assert uow.profiles.credentials(JANE, PROFILE) == CREDENTIALS


def test_credentials_can_be_replaced(store: SqlStore) -> None:
    hold(store)
    new = Credentials("https://new.example/", "jane", "other", "-----BEGIN CERTIFICATE-----")
    with store.write() as uow:
        uow.profiles.set_credentials(JANE, PROFILE, new)
        assert uow.profiles.credentials(JANE, PROFILE) == new
        with pytest.raises(NotFound):
            uow.profiles.set_credentials(JANE, SECOND, new)


def test_profiles_and_calendars_are_not_found_through_another_account(store: SqlStore) -> None:
    hold(store)
    with store.write() as uow:
        uow.accounts.add(account(MARCEL))
        assert uow.profiles.get(MARCEL, PROFILE) is None
        assert uow.profiles.credentials(MARCEL, PROFILE) is None
        assert list(uow.profiles.of_account(MARCEL)) == []
        assert uow.calendars.get(MARCEL, WORK) is None
        assert list(uow.calendars.of_account(MARCEL)) == []
        assert list(uow.calendars.of_profile(MARCEL, PROFILE)) == []
        assert not uow.profiles.lease(MARCEL, PROFILE, "holder", NOW, LATER)
        uow.profiles.delete(MARCEL, PROFILE)
        assert uow.profiles.get(JANE, PROFILE) is not None
        with pytest.raises(NotFound):
            uow.profiles.save(profile(MARCEL))
        with pytest.raises(NotFound):
            uow.calendars.save(calendar(MARCEL))
        with pytest.raises(NotFound):
            uow.calendars.add(calendar(MARCEL))


def test_a_calendar_comes_back_as_it_was_stored(store: SqlStore) -> None:
    whole = calendar(
        calendar_id=CalendarId("cal_1_a"),
        owned=False,
        readonly=True,
        deleted=True,
        primary=True,
        color="#aabbcc",
        tzid="Europe/Paris",
        created_by=APP,
        cursor="http://sync/1",
        synced=True,
    )
    hold(store)
    with store.write() as uow:
        uow.calendars.add(whole)
        with pytest.raises(Conflict):
            uow.calendars.add(whole)
        assert uow.calendars.get(JANE, whole.calendar_id) == whole
        assert [one.calendar_id for one in uow.calendars.of_account(JANE)] == [whole.calendar_id, HOME, WORK]
        assert uow.calendars.of_profile(JANE, PROFILE) == uow.calendars.of_account(JANE)
        uow.calendars.save(replace(whole, cursor=None, name="New"))
        assert uow.calendars.get(JANE, whole.calendar_id) == replace(whole, cursor=None, name="New")


def test_a_deleted_profile_takes_everything_in_it_along(store: SqlStore) -> None:
    hold(store)
    one = event("k", at(NOW), at(NOW + 60))
    keep(store, one)
    with store.write() as uow:
        uow.profiles.add(profile(profile_id=SECOND), CREDENTIALS)
        uow.calendars.add(calendar(calendar_id=CalendarId("cal_2_a"), profile_id=SECOND))
        uow.writes.add(write("w1"))
        uow.writes.add(write("w2", profile_id=SECOND))
        uow.profiles.delete(JANE, PROFILE)
        assert [one.profile_id for one in uow.profiles.of_account(JANE)] == [SECOND]
        assert [one.calendar_id for one in uow.calendars.of_account(JANE)] == ["cal_2_a"]
        assert uow.profiles.credentials(JANE, PROFILE) is None
        assert uow.events.get(JANE, WORK, one.key) is None
        assert uow.events.resource(JANE, WORK, one.resource_id) is None
        assert list(uow.writes.owed(JANE, PROFILE)) == []
        assert len(uow.writes.owed(JANE, SECOND)) == 1


def test_the_most_overdue_of_the_connected_profiles_come_first(store: SqlStore) -> None:
    with store.write() as uow:
        for account_id in (JANE, MARCEL):
            uow.accounts.add(account(account_id))
        uow.profiles.add(profile(JANE, ProfileId("late"), sync_due_at=Instant(NOW - 5)), CREDENTIALS)
        uow.profiles.add(profile(MARCEL, ProfileId("later"), sync_due_at=Instant(NOW - 9)), CREDENTIALS)
        uow.profiles.add(profile(JANE, ProfileId("now"), sync_due_at=NOW), CREDENTIALS)
        uow.profiles.add(profile(JANE, ProfileId("soon"), sync_due_at=Instant(NOW + 1)), CREDENTIALS)
        uow.profiles.add(profile(JANE, ProfileId("off"), connected=False), CREDENTIALS)
    with store.read() as uow:
        assert [one.profile_id for one in uow.profiles.due(NOW, 10)] == ["later", "late", "now"]
        assert [one.profile_id for one in uow.profiles.due(NOW, 1)] == ["later"]
    with store.write() as uow:
        assert uow.profiles.lease(MARCEL, ProfileId("later"), "worker", NOW, LATER)
        assert [one.profile_id for one in uow.profiles.due(NOW, 1)] == ["late"]
        assert [one.profile_id for one in uow.profiles.due(LATER, 1)] == ["later"]


def test_a_lease_is_held_by_one_until_it_ends_or_is_given_back(store: SqlStore) -> None:
    hold(store)
    with store.write() as uow:
        lease = uow.profiles.lease
        assert lease(JANE, PROFILE, "one", NOW, LATER)
        assert not lease(JANE, PROFILE, "two", Instant(LATER - 1), Instant(LATER + 50))
        assert lease(JANE, PROFILE, "one", Instant(NOW + 50), Instant(LATER + 50))
        assert not lease(JANE, PROFILE, "two", LATER, Instant(LATER + 90))
        uow.profiles.release(JANE, PROFILE, "two")
        assert not lease(JANE, PROFILE, "two", LATER, Instant(LATER + 90))
        uow.profiles.release(JANE, PROFILE, "one")
        assert lease(JANE, PROFILE, "two", LATER, Instant(LATER + 90))
        assert lease(JANE, PROFILE, "one", Instant(LATER + 90), Instant(LATER + 99))
        assert not lease(JANE, ProfileId("nothing"), "one", NOW, LATER)


def test_saving_a_profile_leaves_its_lease_alone(store: SqlStore) -> None:
    hold(store)
    with store.write() as uow:
        assert uow.profiles.lease(JANE, PROFILE, "one", NOW, LATER)
        uow.profiles.save(profile(failures=1))
        assert not uow.profiles.lease(JANE, PROFILE, "two", NOW, LATER)


def test_of_many_who_want_a_lease_at_once_one_gets_it(store: SqlStore) -> None:
    hold(store)

    def lease(number: int) -> bool:
        with store.write(durable=False) as uow:
            return uow.profiles.lease(JANE, PROFILE, f"worker-{number}", NOW, LATER)

    assert sum(at_once(8, lease)) == 1


def test_a_pending_write_comes_back_as_it_was_stored(store: SqlStore) -> None:
    hold(store)
    draft = EventDraft(
        summary="Secret Meeting",
        start=at(NOW),
        end=date(2030, 1, 2),
        place=DraftPlace("Hall", lat="1.0"),
        url=None,
        reminders=(5, 0),
        private=False,
        invite=(Invitee("kim@example.org", "Kim"),),
        remove=("lou@example.org",),
        rule=DraftRule("weekly", 2, ("MO", "2TU"), until=date(2031, 1, 1)),
    )
    whole = write(
        "w1",
        uid="uid-1",
        draft=draft,
        occurrence=date(2030, 1, 1),
        answer="accepted",
        name="Name",
        color="#fff",
        attempts=2,
        due_at=LATER,
    )
    with store.write() as uow:
        stored = uow.writes.add(whole)
        assert stored == replace(whole, sequence=1)
        assert uow.writes.get(JANE, whole.write_id) == stored
        again = replace(stored, attempts=3, draft=EventDraft(), occurrence=at(NOW))
        uow.writes.save(again)
        assert list(uow.writes.owed(JANE, PROFILE)) == [again]


def test_an_empty_draft_stays_empty_and_none_stays_none(store: SqlStore) -> None:
    hold(store)
    with store.write() as uow:
        for name, draft in (("empty", EventDraft()), ("none", None), ("cleared", EventDraft(place=None, rule=None))):
            uow.writes.add(write(name, draft=draft))
            held = uow.writes.get(JANE, WriteId(name))
            assert held is not None
            assert held.draft == draft


def test_writes_are_owed_in_the_order_of_acceptance(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    with store.write() as uow:
        for name in ("z", "a", "m"):
            uow.writes.add(write(name))
        assert uow.writes.add(write("z", account_id=MARCEL)).sequence == 1
        uow.writes.done(JANE, WriteId("z"))
        assert uow.writes.add(write("b")).sequence == 4
        assert [one.write_id for one in uow.writes.owed(JANE, PROFILE)] == ["a", "m", "b"]
        assert uow.writes.get(JANE, WriteId("z")) is None
        with pytest.raises(NotFound):
            uow.writes.save(write("z"))


def test_writes_accepted_at_once_get_numbers_of_their_own(store: SqlStore) -> None:
    hold(store)

    def accept(number: int) -> PendingWrite:
        with store.write() as uow:
            return uow.writes.add(write(f"w{number}"))

    assert sorted(one.sequence for one in at_once(8, accept)) == list(range(1, 9))


def test_the_resources_that_are_owed_a_write_are_known(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    with store.write() as uow:
        uow.writes.add(write("a", "r1"))
        uow.writes.add(write("b", "r1"))
        uow.writes.add(write("c", "r2", calendar_id=HOME))
        uow.writes.add(write("d", "r3", account_id=MARCEL))
        assert uow.writes.owed_resources(JANE, WORK) == {ResourceId("r1")}
        assert uow.writes.owed_resources(JANE, HOME) == {ResourceId("r2")}
        uow.writes.done(JANE, WriteId("a"))
        assert uow.writes.owed_resources(JANE, WORK) == {ResourceId("r1")}
        uow.writes.done(JANE, WriteId("b"))
        assert uow.writes.owed_resources(JANE, WORK) == frozenset()


def test_a_profile_is_due_only_for_the_first_write_of_a_resource(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    with store.write() as uow:
        uow.writes.add(write("first", "r1", due_at=Instant(NOW + 50)))
        uow.writes.add(write("second", "r1", due_at=NOW))
        assert list(uow.writes.due(NOW, 10)) == []
        uow.writes.add(write("elsewhere", "r1", account_id=MARCEL, due_at=Instant(NOW - 1)))
        assert list(uow.writes.due(NOW, 10)) == [(MARCEL, PROFILE)]
        uow.writes.add(write("other", "r2", due_at=Instant(NOW - 2), kind=WriteKind.DELETE))
        assert list(uow.writes.due(NOW, 10)) == [(JANE, PROFILE), (MARCEL, PROFILE)]
        assert list(uow.writes.due(NOW, 1)) == [(JANE, PROFILE)]
        assert uow.profiles.lease(JANE, PROFILE, "worker", NOW, LATER)
        assert list(uow.writes.due(NOW, 10)) == [(MARCEL, PROFILE)]


def test_nothing_is_owed_for_an_account_that_is_gone(store: SqlStore) -> None:
    with pytest.raises(NotFound), store.write() as uow:
        uow.writes.add(write("w1"))
