"""What a stolen database shows, what opens and what does not, and how durable a write is."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.draft import EventDraft
from calwarden.domain.errors import NotFound
from calwarden.domain.event import Attendee, Details, Person, Place
from calwarden.domain.ids import AccountId, EventKey, GrantId, SecretId
from calwarden.domain.times import Instant
from calwarden.ports.store import Listing
from calwarden.store import SqlStore, open_store
from calwarden.store.codec import UnknownFormat, unpack
from calwarden.store.tables import metadata
from calwarden.vault import Keyring, KeyringError, SealBroken
from contract.postgres import in_hand
from contract.store_world import (
    APP,
    JANE,
    MARCEL,
    NOW,
    PROFILE,
    WORK,
    account,
    at,
    component,
    event,
    hold,
    keep,
    query,
    write,
)

DETAILS = Details(
    summary="marker-summary",
    description="marker-description",
    place=Place("marker-place"),
    url="https://marker-url.example/",
    organizer=Person("marker-organizer@example.org", "marker-organizer-name"),
    attendees=(Attendee(Person("marker-attendee@example.org")),),
    categories=("marker-category",),
)
MARKERS = [
    b"marker",
    b"plain-password-of-jane",
    b"jane-login",
    b"example.org",
    b"Jane Doe",
    b"first-secret",
    b"dav.example",
]


def fill(store: SqlStore) -> None:
    """One of everything that is nobody else's business."""
    hold(store, JANE, MARCEL)
    keep(store, event("k", at(NOW), at(NOW + 60), component=component(at(NOW), at(NOW + 60), details=DETAILS)))
    page = Listing("p", JANE, APP, GrantId("g"), "events", 1, 2, (EventKey("k"),), "marker-page", "marker-view", NOW)
    entry = AuditEntry(JANE, NOW, Actor.ACCOUNT, "marker-what", Outcome.ALLOWED, APP, "marker-reason")
    with store.write() as uow:
        uow.accounts.save(account(password_hash="marker-password-hash"))
        uow.applications.add_secret(APP, SecretId("one"), "first-secret", NOW)
        uow.writes.add(write("w", draft=EventDraft(summary="marker-draft"), name="marker-name"))
        uow.one_time.add("h", "verify", "marker@example.org", NOW)
        uow.attempts.hit("marker@example.org", 60, NOW)
        uow.listings.add([page])
        uow.audit.append(entry)


def test_nothing_private_is_in_the_files_of_the_database(file_store: SqlStore, tmp_path: Path) -> None:
    fill(file_store)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    stored = b"".join(path.read_bytes() for path in files)
    assert len(files) == 3  # the database, its journal, the journal's index
    assert b"cal_1_work" in stored
    assert not [marker for marker in MARKERS if marker in stored]


def test_nothing_private_is_in_a_dump_of_the_tables(store: SqlStore) -> None:
    fill(store)
    with in_hand(store) as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(table.select())]
    dump = b"\0".join(cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in tuple(row))
    assert len(rows) > 15
    assert not [marker for marker in MARKERS if marker in dump]


def test_the_database_file_is_its_owners_alone(keyring: Keyring, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/new/calwarden.db", keyring)
    store.migrate()
    hold(store)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()} == {0o600}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    store.close()


@pytest.mark.parametrize(
    ("table", "column", "where"),
    [
        ("resources", "components", "calendar_id = 'cal_1_work'"),
        ("profiles", "credentials", "profile_id = 'pro_1'"),
        ("profiles", "sealed", "profile_id = 'pro_1'"),
        ("accounts", "sealed", "1 = 1"),
    ],
)
def test_a_ciphertext_moved_to_another_account_does_not_open(
    memory_store: SqlStore, table: str, column: str, where: str
) -> None:
    fill(memory_store)
    keep(memory_store, event("k", at(NOW), at(NOW + 60), account_id=MARCEL))
    janes = f"SELECT {column} FROM {table} WHERE {where} AND account_id = '{JANE}'"
    change(memory_store, f"UPDATE {table} SET {column} = ({janes}) WHERE {where} AND account_id = '{MARCEL}'")

    def read_everything() -> None:
        with memory_store.read() as uow:
            uow.accounts.list()
            uow.profiles.of_account(MARCEL)
            uow.profiles.credentials(MARCEL, PROFILE)
            uow.events.load(MARCEL, [EventKey("k")])

    with pytest.raises(SealBroken):
        read_everything()


def change(store: SqlStore, statement: str) -> None:
    with in_hand(store) as connection:
        connection.execute(text(statement))


def test_a_ciphertext_moved_to_another_column_does_not_open(memory_store: SqlStore) -> None:
    hold(memory_store)
    change(memory_store, "UPDATE profiles SET sealed = credentials")
    with pytest.raises(SealBroken), memory_store.read() as uow:
        uow.profiles.get(JANE, PROFILE)


def test_free_busy_needs_no_key(store: SqlStore) -> None:
    fill(store)
    change(store, "DELETE FROM data_keys")
    with store.read() as uow:
        assert [row.key for row in uow.events.busy(JANE, query())] == ["k"]
        assert list(uow.events.keys(JANE, query())) == ["k"]
        with pytest.raises(NotFound):
            uow.events.load(JANE, [EventKey("k")])


def test_another_keyring_opens_nothing(file_store: SqlStore, tmp_path: Path) -> None:
    fill(file_store)
    stolen = open_store(f"sqlite:///{tmp_path}/calwarden.db", Keyring.ephemeral())
    with pytest.raises(SealBroken), stolen.read() as uow:
        uow.accounts.list()
    stolen.close()


def test_nothing_of_a_deleted_account_opens_again_even_from_a_copy_of_its_rows(store: SqlStore) -> None:
    fill(store)
    with store.read() as uow:
        assert uow.accounts.get(JANE) is not None
        (copy,) = uow._tx.all(metadata.tables["accounts"], account_id=JANE)
    with store.write() as uow:
        uow.accounts.delete(JANE)
    with store.write() as uow:
        uow._tx.add(metadata.tables["accounts"], copy._asdict())
        with pytest.raises(NotFound):
            uow.accounts.get(JANE)


def test_a_key_that_another_process_destroyed_is_not_used_from_memory(file_store: SqlStore, tmp_path: Path) -> None:
    fill(file_store)
    with file_store.read() as uow:
        assert uow.accounts.get(JANE) is not None
    with sqlite3.connect(tmp_path / "calwarden.db") as other:
        other.execute("DELETE FROM data_keys WHERE owner = ?", (JANE,))
    other.close()
    with file_store.read() as uow, pytest.raises(NotFound):
        uow.accounts.get(JANE)


def test_rotation_wraps_every_data_key_anew_while_the_store_is_in_use(tmp_path: Path, migrated_file: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "calwarden.db")
    url, path = f"sqlite:///{tmp_path}/calwarden.db", tmp_path / "keys.json"
    running = open_store(url, Keyring.generate(path))
    fill(running)
    operator = open_store(url, keyring := Keyring.load(path))
    assert keyring.rotate() == 2
    assert operator.rewrap_data_keys() == 5  # two accounts, two applications, the server's own
    assert operator.rewrap_data_keys() == 0
    with running.write() as uow:
        assert uow.accounts.get(JANE) is not None
        assert uow.applications.by_secret("first-secret") is not None
        uow.accounts.add(account(AccountId("acc_new")))
        assert {row.wrapped_by for row in uow._tx.all(metadata.tables["data_keys"])} == {2}
        assert uow.accounts.get(AccountId("acc_new")) is not None
        assert uow.audit.verify() == []
    running.close()
    operator.close()


def test_a_lost_key_version_is_named(tmp_path: Path, migrated_file: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "calwarden.db")
    url, path = f"sqlite:///{tmp_path}/calwarden.db", tmp_path / "keys.json"
    keyring = Keyring.generate(path)
    before = path.read_bytes()
    keyring.rotate()
    store = open_store(url, keyring)
    hold(store)
    store.close()
    path.write_bytes(before)
    reopened = open_store(url, Keyring.load(path))
    with pytest.raises(KeyringError, match="version 2"), reopened.read() as uow:
        uow.accounts.list()
    reopened.close()


def test_a_value_of_a_later_format_is_refused() -> None:
    with pytest.raises(UnknownFormat):
        unpack(b"\x02{}", dict)


def test_what_is_acknowledged_is_on_disk_and_what_can_be_derived_again_is_not_waited_for(file_store: SqlStore) -> None:
    for durable, level in ((True, 2), (False, 1), (True, 2), (False, 1)):
        with file_store.write(durable=durable) as uow:
            uow.attempts.hit("a", 60, NOW)
            assert uow._tx.connection.execute(text("PRAGMA synchronous")).scalar() == level
            assert uow._tx.connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_postgresql_waits_for_the_disk_only_where_it_matters(postgres_store: SqlStore) -> None:
    for durable, level in ((True, "on"), (False, "off"), (True, "on")):
        with postgres_store.write(durable=durable) as uow:
            assert uow._tx.connection.execute(text("SHOW synchronous_commit")).scalar() == level


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The database of a process that was killed right after a durable write."""
    program = """
import os, sys
from calwarden.domain.account import Account
from calwarden.store import open_store
from calwarden.vault import Keyring
from pathlib import Path
folder = Path(sys.argv[1])
store = open_store(f"sqlite:///{folder}/calwarden.db", Keyring.generate(folder / "keys.json"))
store.migrate()
with store.write() as uow:
    uow.accounts.add(Account("acc_jane", "jane@example.org", "Jane", "UTC", 0))
with store.write() as uow:
    uow.accounts.add(Account("acc_marcel", "marcel@example.org", "Marcel", "UTC", 0))
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    return tmp_path


def test_a_killed_process_loses_nothing_acknowledged_and_leaves_nothing_half_done(killed: Path) -> None:
    store = open_store(f"sqlite:///{killed}/calwarden.db", Keyring.load(killed / "keys.json"))
    with store.read() as uow:
        assert [one.account_id for one in uow.accounts.list()] == [JANE]
        assert uow.audit.verify() == []
    with store.write() as uow:
        uow.accounts.add(account(MARCEL, created=Instant(NOW)))
        assert uow.events.keys(JANE, query(calendar_ids=frozenset({WORK}))) == []
    store.close()
