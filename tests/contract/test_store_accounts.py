"""Accounts, Applications, sessions, one-time links and attempts."""

from dataclasses import replace

import pytest

from calwarden.domain.account import Session
from calwarden.domain.audit import Looked
from calwarden.domain.errors import Conflict, NotFound
from calwarden.domain.event import Event
from calwarden.domain.ids import AccountId, EventKey, SecretId, SessionId
from calwarden.domain.times import Instant
from calwarden.store import SqlStore
from calwarden.store.lifetimes import OUTLIVES_ACCOUNT
from calwarden.store.tables import metadata
from contract.store_world import (
    APP,
    CREDENTIALS,
    JANE,
    MARCEL,
    NOW,
    OTHER,
    PROFILE,
    WORK,
    account,
    application,
    at,
    at_once,
    event,
    grant,
    hold,
    keep,
    query,
    token,
    window,
    write,
)

LATER = Instant(NOW + 100)


def test_an_account_comes_back_as_it_was_stored(store: SqlStore) -> None:
    jane = account(password_hash="$argon2id$...", email_verified=True)
    with store.write() as uow:
        uow.accounts.add(jane)
        uow.accounts.add(account(MARCEL, created=LATER))
    with store.read() as uow:
        assert uow.accounts.get(JANE) == jane
        assert uow.accounts.get(AccountId("acc_nobody")) is None
        assert [one.account_id for one in uow.accounts.list()] == [JANE, MARCEL]


def test_an_email_address_is_found_whatever_its_case_and_shown_as_typed(store: SqlStore) -> None:
    with store.write() as uow:
        uow.accounts.add(account(email="Jane@Example.Org"))
    with store.read() as uow:
        found = uow.accounts.by_email("jANE@example.org")
        assert found is not None
        assert found.email == "Jane@Example.Org"
        assert uow.accounts.by_email("jane@example.com") is None


def test_an_email_address_belongs_to_one_account(store: SqlStore) -> None:
    with store.write() as uow:
        uow.accounts.add(account(email="one@example.org"))
        with pytest.raises(Conflict):
            uow.accounts.add(account(MARCEL, email="ONE@example.org"))
    with store.write() as uow:
        uow.accounts.add(account(MARCEL, email="two@example.org"))
        with pytest.raises(Conflict):
            uow.accounts.save(account(MARCEL, email="one@example.org"))
        uow.accounts.save(account(MARCEL, email="three@example.org", email_verified=True))
    with store.read() as uow:
        assert uow.accounts.by_email("two@example.org") is None
        assert uow.accounts.by_email("three@example.org") == account(
            MARCEL, email="three@example.org", email_verified=True
        )


def test_of_many_who_sign_up_with_one_address_at_once_one_succeeds(store: SqlStore) -> None:
    def sign_up(number: int) -> bool:
        try:
            with store.write() as uow:
                uow.accounts.add(account(AccountId(f"acc_{number}"), email="same@example.org"))
        except Conflict:
            return False
        return True

    assert sum(at_once(6, sign_up)) == 1


def test_saving_an_account_that_is_gone_is_refused(store: SqlStore) -> None:
    with pytest.raises(NotFound), store.write() as uow:
        uow.accounts.save(account())


def test_deleting_an_account_deletes_everything_in_it_and_nothing_else(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    keep(store, event("k", at(NOW), at(NOW + 60)), event("k", at(NOW), at(NOW + 60), account_id=MARCEL))
    with store.write() as uow:
        for one in (JANE, MARCEL):
            uow.grants.add(grant(one))
            uow.tokens.add(token(f"hash-{one}", account_id=one))
            uow.sessions.add(Session(SessionId(f"s-{one}"), one, NOW, LATER, "csrf"))
            uow.writes.add(write(f"w-{one}", account_id=one))
            uow.audit.count_read(one, APP, WORK, "events", NOW, looked=Looked())
        uow.applications.save(application(owner=JANE))
    with store.write() as uow:
        uow.accounts.delete(JANE)
    with store.read() as uow:
        assert uow.accounts.get(JANE) is None
        assert uow.accounts.by_email(account().email) is None
        assert uow.tokens.find(f"hash-{JANE}") is None
        assert uow.sessions.get(SessionId(f"s-{JANE}")) is None
        assert uow.events.keys(JANE, query()) == []
        assert uow.applications.get(APP) == application()
        assert uow.accounts.get(MARCEL) is not None
        assert uow.tokens.find(f"hash-{MARCEL}") is not None
        assert uow.events.get(MARCEL, WORK, EventKey("k")) is not None
        assert len(uow.writes.owed(MARCEL, PROFILE)) == 1
    rows = rows_of_account(store)
    assert {name for name, number in rows.items() if number} <= OUTLIVES_ACCOUNT


def rows_of_account(store: SqlStore) -> dict[str, int]:
    """How many rows of each table still name JANE."""
    with store.read() as uow:
        return {
            table.name: len(uow._tx.all(table, account_id=JANE))
            for table in metadata.tables.values()
            if "account_id" in table.c
        } | {"data_keys": len(uow._tx.all(metadata.tables["data_keys"], owner=JANE))}


def test_an_application_comes_back_as_it_was_stored(store: SqlStore) -> None:
    first, second = application(public=True, merge_busy=True, owner=JANE), application(OTHER, created=LATER)
    with store.write() as uow:
        uow.applications.add(second)
        uow.applications.add(first)
        with pytest.raises(Conflict):
            uow.applications.add(first)
    with store.read() as uow:
        assert uow.applications.get(APP) == first
        assert list(uow.applications.list()) == [first, second]
    with store.write() as uow:
        uow.applications.save(replace(first, name="New"))
        assert uow.applications.get(APP) == replace(first, name="New")


def test_several_secrets_are_active_at_once_and_each_finds_its_application(store: SqlStore) -> None:
    with store.write() as uow:
        uow.applications.add(application())
        uow.applications.add(application(OTHER))
        uow.applications.add_secret(APP, SecretId("one"), "first-secret", NOW)
        uow.applications.add_secret(APP, SecretId("two"), "second-secret", LATER)
        uow.applications.add_secret(OTHER, SecretId("one"), "third-secret", NOW)
    with store.read() as uow:
        applications = uow.applications
        assert [secret.secret_id for secret in applications.secrets(APP)] == ["one", "two"]
        assert list(applications.signing_secrets(APP)) == ["second-secret", "first-secret"]
        assert applications.by_secret("first-secret") == applications.by_secret("second-secret") == application()
        assert applications.by_secret("third-secret") == application(OTHER)
        assert applications.by_secret("First-secret") is None
    with store.write() as uow:
        uow.applications.drop_secret(APP, SecretId("one"))
        assert uow.applications.by_secret("first-secret") is None
        assert uow.applications.by_secret("second-secret") is not None
        assert uow.applications.by_secret("third-secret") is not None


def test_a_deleted_application_leaves_its_events_as_nobodys(store: SqlStore) -> None:
    hold(store)
    mine = event("k", at(NOW), at(NOW + 60), created_by=APP, event_id="mine")
    others = event("o", at(NOW), at(NOW + 60), created_by=OTHER, event_id="others")
    keep(store, mine, others)
    with store.write() as uow:
        uow.applications.add_secret(APP, SecretId("one"), "first-secret", NOW)
        uow.grants.add(grant())
        uow.tokens.add(token())
        uow.applications.delete(APP)
    with store.read() as uow:
        assert uow.applications.get(APP) is None
        assert uow.applications.by_secret("first-secret") is None
        assert uow.grants.of_application(APP) == []
        assert uow.tokens.find("hash") is None
        left = uow.events.get(JANE, WORK, mine.key)
        assert left is not None
        assert (left.created_by, left.event_id) == (None, None)
        assert uow.events.own_resource(JANE, WORK, APP, "mine") is None
        assert uow.events.get(JANE, WORK, others.key) == others


def test_a_session_is_found_by_its_hash_until_it_is_deleted(store: SqlStore) -> None:
    sessions = [Session(SessionId(name), JANE, NOW, Instant(NOW + 10 * n), "csrf") for n, name in enumerate("abc", 1)]
    with store.write() as uow:
        for one in sessions:
            uow.sessions.add(one)
        uow.sessions.delete(SessionId("a"))
        assert uow.sessions.get(SessionId("a")) is None
        assert uow.sessions.get(SessionId("b")) == sessions[1]
        uow.sessions.purge(Instant(NOW + 20))
        assert uow.sessions.get(SessionId("b")) is None
        assert uow.sessions.get(SessionId("c")) == sessions[2]
        uow.sessions.delete_all(JANE)
        assert uow.sessions.get(SessionId("c")) is None


def test_a_link_works_once_for_its_purpose_until_it_expires(store: SqlStore) -> None:
    with store.write() as uow:
        links = uow.one_time
        links.add("h1", "verify", "jane@example.org", LATER)
        links.add("h2", "reset", "acc_jane", LATER)
        links.add("h3", "reset", "acc_jane", NOW)
        assert links.peek("h1", "verify", NOW) == links.peek("h1", "verify", NOW) == "jane@example.org"
        assert links.peek("h1", "reset", NOW) is None
        assert links.take("h1", "reset", NOW) is None
        assert links.take("h1", "verify", NOW) == "jane@example.org"
        assert links.take("h1", "verify", NOW) is None
        assert links.peek("h1", "verify", NOW) is None
        assert links.take("h2", "reset", LATER) is None
        assert links.peek("h3", "reset", NOW) is None
        links.purge(LATER)
        assert links.peek("h2", "reset", NOW) is None


def test_of_many_who_open_a_link_at_once_one_gets_in(store: SqlStore) -> None:
    with store.write() as uow:
        uow.one_time.add("h1", "verify", "jane@example.org", LATER)

    def take(_: int) -> str | None:
        with store.write() as uow:
            return uow.one_time.take("h1", "verify", NOW)

    assert [answer for answer in at_once(6, take) if answer] == ["jane@example.org"]


def test_attempts_count_within_a_window_and_begin_anew_after_it(store: SqlStore) -> None:
    with store.write() as uow:
        assert [uow.attempts.hit("a", 60, Instant(NOW + second)) for second in (0, 1, 59)] == [1, 2, 3]
        assert uow.attempts.hit("b", 60, NOW) == 1
        assert uow.attempts.hit("a", 60, Instant(NOW + 60)) == 1
        uow.attempts.clear("a")
        assert uow.attempts.hit("a", 60, Instant(NOW + 61)) == 1
        uow.attempts.purge(Instant(NOW + 60))
        assert uow.attempts.hit("b", 60, Instant(NOW + 61)) == 1


def test_a_clock_set_back_locks_nobody_out(store: SqlStore) -> None:
    with store.write() as uow:
        uow.attempts.hit("a", 60, Instant(NOW + 3600))
        assert [uow.attempts.hit("a", 60, NOW), uow.attempts.hit("a", 60, NOW)] == [1, 2]


def test_attempts_at_once_are_all_counted(store: SqlStore) -> None:
    def hit(_: int) -> int:
        with store.write() as uow:
            return uow.attempts.hit("a", 60, NOW)

    assert sorted(at_once(6, hit)) == [1, 2, 3, 4, 5, 6]


class Stop(Exception):
    """What goes wrong in the middle of a block."""


def test_a_failed_block_leaves_nothing_behind(store: SqlStore) -> None:
    def fail() -> None:
        with store.write() as uow:
            uow.accounts.add(account())
            raise Stop

    with pytest.raises(Stop):
        fail()
    with store.read() as uow:
        assert uow.accounts.get(JANE) is None
        assert uow.accounts.list() == []


def test_a_read_cannot_write(store: SqlStore) -> None:
    with pytest.raises(RuntimeError, match="change within"), store.read() as uow:
        uow.accounts.add(account())


def test_a_read_sees_one_state_while_others_write(file_store: SqlStore, postgres_store: SqlStore) -> None:
    for one in (file_store, postgres_store):
        with one.read() as uow:
            assert uow.accounts.list() == []
            with one.write() as other:
                other.accounts.add(account())
            assert uow.accounts.list() == []
        with one.read() as uow:
            assert len(uow.accounts.list()) == 1


def test_credentials_are_no_part_of_what_is_printed(store: SqlStore) -> None:
    hold(store)
    with store.read() as uow:
        assert "plain" not in repr(uow.profiles.credentials(JANE, PROFILE))
        assert uow.profiles.credentials(JANE, PROFILE) == CREDENTIALS


def test_a_store_in_memory_refuses_a_block_within_a_block(memory_store: SqlStore) -> None:
    with pytest.raises(RuntimeError, match="within another"), memory_store.write(), memory_store.read():
        pass
    with memory_store.read() as uow:
        assert uow.accounts.list() == []


def test_many_threads_share_a_store(store: SqlStore) -> None:
    hold(store)

    def act(number: int) -> int:
        keep(store, event(f"k{number}", at(NOW), at(NOW + 60)))
        with store.read() as uow:
            found: list[Event] = list(uow.events.load(JANE, uow.events.keys(JANE, query(window(NOW, NOW + 10)))))
        return len(found)

    assert max(at_once(8, act)) <= 8
    with store.read() as uow:
        assert len(uow.events.keys(JANE, query())) == 8
