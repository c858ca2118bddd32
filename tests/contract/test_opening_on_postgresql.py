"""A server whose database role is not the one that owns the tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from calwarden.ports.store import StoreUnavailable
from calwarden.settings import Settings, load
from calwarden.store import open_store
from calwarden.vault import Keyring
from calwarden.wiring.opening import NotReady, opened
from contract.postgres import as_role, let_in, running_postgres


@pytest.fixture
def owner_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


def settings(folder: Path, url: str) -> Settings:
    return load({"CALWARDEN_DATA_DIR": str(folder), "CALWARDEN_DATABASE_URL": url})


def refused(chosen: Settings) -> NotReady:
    with pytest.raises(NotReady) as caught, opened(chosen):
        pass
    return caught.value


def test_a_role_that_owns_nothing_is_told_who_makes_the_tables_and_what_to_grant(
    owner_url: str, tmp_path: Path
) -> None:
    weak, owner = settings(tmp_path, as_role(owner_url, "calwarden")), settings(tmp_path, owner_url)
    empty = refused(weak)
    assert str(empty) == "the database is empty, and its role may not make tables"
    assert '"calwarden migrate"' in empty.fix
    with opened(owner):
        pass
    unread = refused(weak)
    assert str(unread) == "the database role may not read the tables"
    assert "GRANT SELECT, INSERT, UPDATE, DELETE" in unread.fix
    let_in(owner_url)
    with opened(weak) as held:
        assert held.store.is_current()


def test_migrating_as_a_role_that_owns_nothing_is_no_mistake_of_ours(owner_url: str) -> None:
    store = open_store(as_role(owner_url, "calwarden"), Keyring.ephemeral())
    try:
        with pytest.raises(StoreUnavailable, match="may not make or change tables"):
            store.migrate()
        assert store.version() is None
    finally:
        store.close()
