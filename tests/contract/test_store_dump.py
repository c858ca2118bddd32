"""Everything in one database comes to another, whatever kinds they are: all of it, or nothing."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from calwarden.domain.account import Account, Session
from calwarden.domain.audit import Actor, AuditEntry, Looked, Outcome
from calwarden.domain.ids import SecretId, SessionId
from calwarden.domain.times import Instant
from calwarden.store import (
    DumpBroken,
    Head,
    NotEmpty,
    Part,
    RoleTooWeak,
    Rows,
    SqlStore,
    open_store,
    packed,
    parts,
    whole,
)
from calwarden.store.dump import KEPT, End
from calwarden.store.lifetimes import SHORT_LIVED
from calwarden.store.migrate import HEAD, upgrade
from calwarden.store.tables import metadata
from calwarden.vault import Keyring, KeyringError
from contract.postgres import as_role, in_hand
from contract.store_world import APP, JANE, MARCEL, NOW, OTHER, WORK, at, event, grant, hold, resource, token, write

State = dict[str, list[dict[str, Any]]]


def fill(store: SqlStore) -> None:
    """At least one row in every table, and for a third Account nothing but the ledger of an erased one."""
    hold(store, JANE, MARCEL)
    soon = Instant(NOW + 60)
    with store.write() as uow:
        for account_id in (JANE, MARCEL):
            held = [
                event(f"k{number}-{account_id}", at(NOW), at(NOW + 60), account_id=account_id) for number in range(130)
            ]
            for one in held:
                uow.events.save(resource(one), [one])
            uow.grants.add(grant(account_id))
            uow.tokens.add(token(f"token-{account_id}", account_id=account_id, family=f"family-{account_id}"))
            uow.sessions.add(Session(SessionId(f"session-{account_id}"), account_id, NOW, soon, "csrf"))
            uow.writes.add(write("w", account_id=account_id))
            uow.audit.append(AuditEntry(account_id, NOW, Actor.ACCOUNT, "sign-in", Outcome.ALLOWED))
            uow.audit.count_read(account_id, APP, WORK, "events", NOW, looked=Looked())
        uow.applications.add_secret(APP, SecretId("secret"), "a secret", NOW)
        uow.applications.count_refusal(APP, "events.read", "scope_missing", NOW)
        uow.one_time.add("hash", "invitation", "x@example.org", soon)
        uow.attempts.hit("bucket", 60, NOW)


@pytest.fixture
def source(request: pytest.FixtureRequest) -> SqlStore:
    """A store with something in every table."""
    store: SqlStore = request.getfixturevalue(f"{request.param}_store")
    fill(store)
    with store.write() as uow:
        uow.accounts.delete(MARCEL)
    return store


FROM_BOTH = pytest.mark.parametrize("source", ["file", "postgres"], indirect=True)
FROM_FILE = pytest.mark.parametrize("source", ["file"], indirect=True)


def dumped(store: SqlStore, *, with_keys: bool = False) -> list[Part]:
    """The parts of a dump, through their form in a file."""
    file = io.BytesIO()
    with store.dump(NOW, with_keys=with_keys) as found:
        for part in found:
            file.write(packed(part))
    file.seek(0)
    return list(whole(parts(file.read)))


def put(store: SqlStore, found: Iterable[Part], *, replace: bool = False) -> Head:
    with store.restore(iter(list(found)), replace=replace) as (head, _):
        return head


def held(store: SqlStore) -> State:
    """Every row, without what a restore sets on purpose."""
    set_anew = {"sync_due_at", "lease_holder", "lease_until"}
    with in_hand(store) as connection:
        return {
            table.name: [
                {k: v for k, v in row.items() if k not in set_anew}
                for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in metadata.tables.values()
        }


@pytest.fixture
def empty_file(tmp_path: Path, keyring: Keyring) -> Iterator[SqlStore]:
    """A SQLite database without tables."""
    store = open_store(f"sqlite:///{tmp_path}/other.db", keyring)
    yield store
    store.close()


@pytest.fixture
def bare_postgres(migrated_postgres: str, keyring: Keyring) -> Iterator[SqlStore]:
    """A second PostgreSQL database without tables, for the role that owns it."""
    engine = create_engine(as_role(migrated_postgres, "operator"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE other OWNER owner"))
    store = open_store(as_role(migrated_postgres, "owner").replace("/calwarden?", "/other?"), keyring)
    yield store
    store.close()
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE other"))
    engine.dispose()


@FROM_BOTH
@pytest.mark.parametrize("target", ["empty_file", "bare_postgres"])
def test_everything_comes_to_an_empty_database_of_either_kind(
    source: SqlStore, target: str, request: pytest.FixtureRequest
) -> None:
    before = held(source)
    store: SqlStore = request.getfixturevalue(target)
    found = dumped(source)
    assert put(store, found).made == NOW
    after = held(store)
    for name, rows in before.items():
        assert after[name] == ([] if name in SHORT_LIVED else rows), name
        assert rows or name in SHORT_LIVED or name not in {one.name for one in KEPT}, f"nothing in {name} to compare"
    with store.read() as uow:
        assert uow.audit.verify() == []
        assert [one.account_id for one in uow.accounts.list()] == [JANE]
        assert uow.tokens.find(f"token-{JANE}") is not None
        assert uow.sessions.get(SessionId(f"session-{JANE}")) is None
    with store.write() as uow:
        assert uow.writes.add(write("next")).sequence > 1


@FROM_FILE
def test_the_servers_own_role_restores_into_tables_that_are_there(source: SqlStore, postgres_store: SqlStore) -> None:
    found = dumped(source)
    put(postgres_store, found)
    assert held(postgres_store)["events"] == held(source)["events"] != []


@pytest.mark.parametrize("source", ["postgres"], indirect=True)
def test_a_role_that_owns_no_tables_can_not_replace_what_is_there(source: SqlStore) -> None:
    before = held(source)
    found = dumped(source)
    with pytest.raises(RoleTooWeak):
        put(source, found, replace=True)
    assert held(source) == before


@FROM_BOTH
def test_a_dump_is_one_state_of_the_database_while_others_write(source: SqlStore) -> None:
    with source.dump(NOW, with_keys=False) as found:
        first = [next(found), next(found)]
        with source.write() as uow:
            uow.accounts.delete(JANE)
            uow.applications.delete(OTHER)
        seen = [*first, *found]
    rows = [part for part in seen if isinstance(part, Rows)]
    events = sum(len(part.rows) for part in rows if part.table == "events" and part.account_id == JANE)
    assert events == 130
    assert sum(len(part.rows) for part in rows if part.table == "applications") == 2
    assert list(whole(seen)) == seen


@FROM_FILE
def test_a_database_in_use_is_left_alone_unless_it_is_to_be_replaced(source: SqlStore, empty_file: SqlStore) -> None:
    found = dumped(source)
    hold(source, MARCEL)
    before = held(source)
    with pytest.raises(NotEmpty):
        put(source, found)
    assert held(source) == before
    put(source, found, replace=True)
    assert [one["account_id"] for one in held(source)["accounts"]] == [JANE]
    assert held(source)["sessions"] == []


@pytest.mark.parametrize("thing", ["application", "ledger"])
def test_an_application_or_the_ledger_of_an_erased_account_is_not_nothing(
    thing: str, file_store: SqlStore, empty_file: SqlStore
) -> None:
    hold(file_store)
    found = dumped(file_store)
    empty_file.migrate()
    hold(empty_file, MARCEL)
    with empty_file.write() as uow:
        uow.accounts.delete(MARCEL)
        if thing == "ledger":
            uow.applications.delete(APP)
            uow.applications.delete(OTHER)
    with pytest.raises(NotEmpty):
        put(empty_file, found)


@FROM_FILE
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_nothing_changes_if_the_work_on_what_was_restored_fails(
    source: SqlStore, empty_file: SqlStore, error: type[BaseException]
) -> None:
    found = dumped(source)

    def fail(account: Account | None) -> None:
        assert account is not None
        raise error

    with pytest.raises(error), empty_file.restore(iter(found), replace=False) as (_, uow):
        fail(uow.accounts.get(JANE))
    assert empty_file.version() is None


@FROM_FILE
def test_a_dump_without_one_of_its_parts_is_broken_and_changes_nothing(source: SqlStore, empty_file: SqlStore) -> None:
    found = dumped(source)
    for number in range(len(found)):
        with pytest.raises(DumpBroken):
            put(empty_file, whole([*found[:number], *found[number + 1 :]]))
    with pytest.raises(DumpBroken):
        list(whole([*found, found[-1]]))
    assert empty_file.version() is None


@FROM_FILE
def test_rows_of_a_later_version_are_refused_in_words(source: SqlStore, empty_file: SqlStore) -> None:
    head, *rest = dumped(source)
    assert isinstance(head, Head)
    later = Head("9999", head.made, head.columns)
    with pytest.raises(DumpBroken, match=f'version "9999", later than "{HEAD}"'):
        put(empty_file, [later, *rest])
    assert empty_file.version() is None


@FROM_FILE
def test_a_database_of_a_later_version_is_left_alone(source: SqlStore) -> None:
    found = dumped(source)
    with in_hand(source) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DumpBroken, match="the tables of a later version"):
        put(source, found, replace=True)
    assert source.version() == "9999"
    assert held(source)["events"] != []


@FROM_FILE
def test_columns_that_are_not_those_of_the_version_are_refused(source: SqlStore, empty_file: SqlStore) -> None:
    head, *rest = dumped(source)
    assert isinstance(head, Head)
    for columns in (
        {**head.columns, "accounts": [*head.columns["accounts"], "admin"]},
        {**head.columns, "alembic_other": ["version_num"]},
    ):
        with pytest.raises(DumpBroken, match="is not the one of its version"):
            put(empty_file, [Head(head.schema, head.made, columns), *rest])


@pytest.mark.parametrize("target", ["empty_file", "bare_postgres"])
def test_rows_of_an_earlier_version_are_brought_up_to_date(
    target: str, request: pytest.FixtureRequest, tmp_path: Path, keyring: Keyring
) -> None:
    """The first version's tables, filled as they were then."""
    store: SqlStore = request.getfixturevalue(target)
    engine = create_engine(f"sqlite:///{tmp_path}/early.db")
    with engine.begin() as connection:
        upgrade(connection, "0001")
    with engine.begin() as connection:
        table = metadata.tables["audit_heads"]
        connection.execute(table.insert().values(account_id="acc_old", sequence=0, hash="0" * 64, signature="s"))
        columns = {"audit_heads": ["account_id", "sequence", "hash", "signature"]}
        rows = [list(row) for row in connection.execute(text("SELECT * FROM audit_heads"))]
    engine.dispose()
    early = [Head("0001", NOW, columns), Rows("audit_heads", "acc_old", rows), End({"audit_heads": 1})]
    assert put(store, early).schema == "0001"
    assert store.is_current()
    assert [one["account_id"] for one in held(store)["audit_heads"]] == ["acc_old"]
    assert not store.not_separated()


@FROM_BOTH
def test_every_profile_is_looked_at_again_at_once(source: SqlStore, empty_file: SqlStore) -> None:
    with source.write() as uow:
        [profile] = uow.profiles.of_account(JANE)
        assert uow.profiles.lease(JANE, profile.profile_id, "worker", NOW, Instant(NOW + 600))
    put(empty_file, dumped(source))
    with empty_file.read() as uow:
        assert [one.profile_id for one in uow.profiles.due(NOW, 10)] == [profile.profile_id]


@FROM_BOTH
def test_without_the_right_keys_nothing_is_written_and_nothing_restored(
    source: SqlStore, tmp_path: Path, keyring: Keyring
) -> None:
    found = dumped(source)
    other = open_store(f"sqlite:///{tmp_path}/third.db", Keyring.ephemeral())
    with pytest.raises(KeyringError, match="not the one of this data"):
        put(other, found)
    assert other.version() is None
    other.close()
    stranger = SqlStore(source._engine, Keyring.ephemeral())
    with pytest.raises(KeyringError, match="not the one of this data"), stranger.dump(NOW, with_keys=True):
        pass


def test_the_keys_in_a_dump_are_those_of_a_rotation_by_somebody_else_too(file_store: SqlStore, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    mine = Keyring.generate(path)
    store = SqlStore(file_store._engine, mine)
    hold(store)
    Keyring.load(path).rotate()
    head = dumped(store, with_keys=True)[0]
    assert isinstance(head, Head)
    assert head.keys == path.read_bytes()
    assert Keyring.of_copy(head.keys, tmp_path / "elsewhere").versions == (1, 2)
    assert "keys" not in repr(head)


def test_bytes_that_are_no_parts_are_told(tmp_path: Path) -> None:
    for content in (b"\0\0\0\1\xc1", packed(End({}))[:4] + b"x" * 20):
        with pytest.raises(DumpBroken, match="does not know"):
            list(parts(io.BytesIO(content).read))
