"""What a database that cannot help looks like to the edges: StoreUnavailable, and recovery without hands."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from calwarden.ports.store import StoreUnavailable
from calwarden.store import SqlStore, engine, open_store
from calwarden.vault import Keyring
from contract.postgres import running_postgres
from contract.store_world import JANE, NOW, account, at, event, hold, keep, query


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keyring: Keyring) -> SqlStore:
    """A store on a file that does not wait for locks."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 10)
    store = open_store(f"sqlite:///{tmp_path}/calwarden.db", keyring)
    store.migrate()
    return store


def test_a_locked_database_is_unavailable_for_writes_and_answers_reads(impatient: SqlStore, tmp_path: Path) -> None:
    hold(impatient)
    other = sqlite3.connect(tmp_path / "calwarden.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"), impatient.write() as uow:
        uow.accounts.list()
    with impatient.read() as uow:
        assert len(uow.accounts.list()) == 1
    other.execute("ROLLBACK")
    other.close()
    with impatient.write() as uow:
        assert len(uow.accounts.list()) == 1
    impatient.close()


def test_a_full_disk_is_unavailable_and_stores_nothing_of_the_block(file_store: SqlStore) -> None:
    hold(file_store)
    with file_store.read() as uow:
        raw = uow._tx._raw
    pages = raw.execute("PRAGMA page_count").fetchone()[0]
    raw.execute(f"PRAGMA max_page_count = {pages}")  # what SQLite sees of a full disk

    def fill() -> None:
        keep(file_store, *(event(f"k{number}", at(NOW), at(NOW + 60)) for number in range(500)))

    with pytest.raises(StoreUnavailable, match="full"):
        fill()
    with file_store.read() as uow:
        assert uow.events.keys(JANE, query()) == []
    raw.execute("PRAGMA max_page_count = 1000000")
    fill()
    with file_store.read() as uow:
        assert len(uow.events.keys(JANE, query())) == 500


@pytest.mark.parametrize("content", [b"this is no database at all, whatever its name may say" * 50])
def test_a_damaged_file_is_unavailable(tmp_path: Path, keyring: Keyring, content: bytes) -> None:
    (tmp_path / "calwarden.db").write_bytes(content)
    store = open_store(f"sqlite:///{tmp_path}/calwarden.db", keyring)
    with pytest.raises(StoreUnavailable, match="damaged"):
        store.ping()
    store.close()


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path, keyring: Keyring) -> None:
    (tmp_path / "calwarden.db").mkdir()
    store = open_store(f"sqlite:///{tmp_path}/calwarden.db", keyring)
    with pytest.raises(StoreUnavailable, match="opened"):
        store.ping()
    store.close()


def test_tables_that_were_never_made_are_a_mistake_and_no_failure(tmp_path: Path, keyring: Keyring) -> None:
    store = open_store(f"sqlite:///{tmp_path}/calwarden.db", keyring)
    with pytest.raises(OperationalError, match="no such table"), store.read() as uow:
        uow.accounts.list()
    store.close()


def test_a_message_carries_no_statement_and_no_value(impatient: SqlStore, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "calwarden.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable) as failure, impatient.write() as uow:
        uow.accounts.add(account())
    assert str(failure.value) == "the database is locked"
    assert failure.value.__cause__ is None
    other.close()
    impatient.close()


def test_other_databases_are_refused(keyring: Keyring) -> None:
    for url in ("mysql://localhost/x", "sqlite://", "sqlite:///:memory:"):
        with pytest.raises(ValueError, match=r"supported|open_memory"):
            open_store(url, keyring)


def test_a_postgresql_that_is_restarted_is_used_again(postgres_store: SqlStore, migrated_postgres: str) -> None:
    with postgres_store.write() as uow:
        uow.accounts.add(account())
    operator = create_engine(migrated_postgres, isolation_level="AUTOCOMMIT")

    def cut() -> None:
        with operator.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            connection.execute(text(others + " AND datname IS NOT NULL"))

    def cut_within() -> None:
        with postgres_store.read() as uow:
            cut()
            uow.accounts.list()

    with pytest.raises(StoreUnavailable):
        cut_within()
    with postgres_store.read() as uow:
        assert len(uow.accounts.list()) == 1
    cut()
    with postgres_store.write() as uow:
        assert len(uow.accounts.list()) == 1
    operator.dispose()


def test_a_postgresql_that_is_gone_is_unavailable(keyring: Keyring) -> None:
    with running_postgres() as url:
        pass
    store = open_store(url, keyring)
    with pytest.raises(StoreUnavailable):
        store.ping()
    store.close()
