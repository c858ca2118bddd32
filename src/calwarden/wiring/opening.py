"""Keys, store and kit, as the settings say: made on an empty data folder, opened on one in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import make_url

from calwarden.domain.errors import CalwardenError
from calwarden.settings import Settings
from calwarden.store import RoleTooWeak, SqlStore, open_store
from calwarden.usecases.kit import Kit
from calwarden.vault import Keyring, KeyringError
from calwarden.wiring.rules import RulesApart
from calwarden.wiring.system import SystemRandom, system_clock

GRANT = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO the role of the server"


class NotReady(CalwardenError):
    """The server's own things are not in order; ``fix`` says what to do."""

    code = "not_ready"

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Opened:
    """What every command works with."""

    settings: Settings
    keyring: Keyring
    store: SqlStore
    kit: Kit


@contextmanager
def opened(settings: Settings) -> Iterator[Opened]:
    """Open everything; close the store at the end.

    Nothing there yet: database and keys are made. SQLite is brought up to date; PostgreSQL is not, since other
    processes may run on it. Raises NotReady, KeyringError, StoreUnavailable.
    """
    keyring = open_keyring(settings)
    store, library = open_store(settings.database_url, keyring), RulesApart()
    try:
        ready(settings, store)
        yield Opened(settings, keyring, store, replace(make_kit(settings, store), library=library))
    finally:
        library.close()
        store.close()


def make_kit(settings: Settings, store: SqlStore) -> Kit:
    """The use cases' kit on this machine's clock and randomness."""
    return Kit(store, system_clock, SystemRandom(), settings.limits, settings.public_url)


def open_keyring(settings: Settings) -> Keyring:
    """The keys; new ones only while there is no data that others were used for."""
    if settings.key_file.exists() or not is_empty(settings.database_url):
        return load_keyring(settings)
    try:
        return Keyring.generate(settings.key_file)
    except KeyringError:
        if settings.key_file.exists():  # another process was first
            return Keyring.load(settings.key_file)
        raise


def load_keyring(settings: Settings) -> Keyring:
    """The keys that are there. Raises NotReady if there are none, KeyringError if they are not fit for use."""
    if not settings.key_file.exists():
        raise NotReady(
            f'the key file "{settings.key_file}" is missing, and the database is of no use without it',
            "restore the key file from its backup, or set CALWARDEN_KEY_FILE to where it is",
        )
    return Keyring.load(settings.key_file)


def ready(settings: Settings, store: SqlStore) -> None:
    """Bring the tables up to date where this process may do that. Raises NotReady where it may not."""
    try:
        current = store.is_current()
        empty = not current and store.version() is None
    except RoleTooWeak as error:
        raise NotReady(str(error), f"as the role that owns them: {GRANT}") from error
    if current:
        return
    if embedded(settings) or empty:
        _make(store)
        return
    raise NotReady(
        "the database has the tables of another version", 'stop the servers on it and run "calwarden migrate"'
    )


def _make(store: SqlStore) -> None:
    try:
        store.migrate()
    except RoleTooWeak as error:
        raise NotReady(
            "the database is empty, and its role may not make tables",
            f'run "calwarden migrate" once as the role that owns the database; then, as that role: {GRANT}',
        ) from error


def embedded(settings: Settings) -> bool:
    """Whether the database is the embedded default."""
    return settings.database_url.startswith("sqlite")


def is_empty(database_url: str) -> bool:
    """Whether nothing of ours is in the database. Makes nothing. Raises StoreUnavailable."""
    path = sqlite_path(database_url)
    if path is not None and (not path.exists() or path.stat().st_size == 0):
        return True
    store = open_store(database_url, Keyring.ephemeral())
    try:
        return store.version() is None
    finally:
        store.close()


def sqlite_path(database_url: str) -> Path | None:
    """The file of an SQLite database; None for another one."""
    database = make_url(database_url).database if database_url.startswith("sqlite") else None
    return None if database is None else Path(database)
