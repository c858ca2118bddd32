"""Whether the database answers, is up to date, can be written, and keeps accounts apart."""

import shutil
from collections.abc import Iterator, Sequence

from sqlalchemy import make_url

from calwarden.cli.doctor.finding import Code, Finding, fine, problem, warning
from calwarden.ports.store import StoreUnavailable
from calwarden.settings import Settings, WorkerMode
from calwarden.store import SqlStore, open_store
from calwarden.store.tenancy import SEPARATED
from calwarden.vault import Keyring
from calwarden.wiring.opening import GRANT, embedded, is_empty, sqlite_path

_LITTLE = 500_000_000  # bytes


def database(settings: Settings) -> Iterator[Finding]:
    """Everything about it but what is in it."""
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    try:
        if is_empty(settings.database_url):
            message, fix = f"{shown} is empty", '"calwarden serve" makes the tables'
            yield warning("database", Code.DATABASE_EMPTY, message, fix)
            return
        store = open_store(settings.database_url, Keyring.ephemeral())
        try:
            yield from _tables(settings, store, shown)
        finally:
            store.close()
    except StoreUnavailable as error:
        fix = "start it, or correct CALWARDEN_DATABASE_URL"
        yield problem("database", Code.DATABASE_UNREACHABLE, f"{shown}: {error}", fix)


def _tables(settings: Settings, store: SqlStore, shown: str) -> Iterator[Finding]:
    store.ping()
    if not store.is_current():
        message, fix = f"{shown} has the tables of another version", 'stop the servers, then "calwarden migrate"'
        yield problem("database", Code.DATABASE_NOT_MIGRATED, message, fix)
        return
    lacking = store.lacks_grants()
    if lacking:
        message = f"the database role may not read, add, change and delete rows in: {', '.join(lacking)}"
        yield problem("database", Code.ROLE_LACKS_GRANTS, message, f"as the role that owns them: {GRANT}")
    try:
        store.try_writing()
    except StoreUnavailable as error:
        fix = "see who owns the file and its folder, what holds a lock, and whether it is a standby"
        yield problem("database", Code.DATABASE_NOT_WRITABLE, f"{shown} can not be written: {error}", fix)
        return
    if not lacking:
        yield fine("database", f"{shown} answers, can be written, and its tables are up to date")
    yield from _room(settings)
    if not embedded(settings):
        yield _tenancy(store.not_separated())
    elif settings.worker is WorkerMode.SEPARATE:
        yield fine("database", "a separate worker on SQLite must run on the same machine")


def _room(settings: Settings) -> Iterator[Finding]:
    path = sqlite_path(settings.database_url)
    if path is not None and (left := shutil.disk_usage(path.parent).free) < _LITTLE:
        message = f'{left // 1_000_000} MB are left in "{path.parent}"'
        yield warning("database", Code.DISK_NEARLY_FULL, message, "make room: a full disk stops every write")


def _tenancy(unbound: Sequence[str]) -> Finding:
    """Whether the database itself keeps accounts apart: policies do not bind superusers (security 1.6)."""
    if not unbound:
        return fine("tenancy", "row-level security keeps every statement to the account it names")
    tables = ", ".join(sorted(unbound))
    if set(unbound) == set(SEPARATED):
        message = f"row-level security does not bind this database role in: {tables}"
        fix = "connect as a role with NOSUPERUSER and NOBYPASSRLS"
        return warning("tenancy", Code.ROLE_PASSES_BY, message, fix)
    fix = "as the role that owns them: ALTER TABLE ... ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    return problem("tenancy", Code.POLICIES_MISSING, f"row-level security is off in: {tables}", fix)
