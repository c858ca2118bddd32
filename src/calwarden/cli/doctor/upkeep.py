"""What is in the database: do the keys open it, does the work get done, is the ledger whole."""

from collections.abc import Iterator, Sequence

from calwarden.cli.doctor.finding import Code, Finding, fine, problem, warning
from calwarden.ports.store import StoreUnavailable
from calwarden.settings import Settings
from calwarden.store import SqlStore, open_store
from calwarden.usecases.operate import Waiting, what_waits
from calwarden.vault import Keyring, KeyringError
from calwarden.wiring.opening import is_empty, make_kit

_SHOWN = 5


def content(settings: Settings) -> Iterator[Finding]:
    """Everything that takes the keys. Nothing where keys or tables are missing: that is said elsewhere."""
    try:
        if not settings.key_file.exists() or is_empty(settings.database_url):
            return
        store = open_store(settings.database_url, Keyring.load(settings.key_file))
    except (KeyringError, StoreUnavailable):
        return
    try:
        if store.is_current() and not store.lacks_grants():
            yield from _looked_into(settings, store)
    except StoreUnavailable:
        return
    finally:
        store.close()


def _looked_into(settings: Settings, store: SqlStore) -> Iterator[Finding]:
    try:
        store.prove_keys()
    except KeyringError as error:
        fix = "restore the key file that was used with this database, or set CALWARDEN_KEY_FILE to it"
        yield problem("keys", Code.KEYS_OTHER, str(error).partition(": ")[0], fix)
        return
    kit = make_kit(settings, store)
    yield from _work(settings, what_waits(kit))
    with store.read() as uow:
        problems = uow.audit.verify()
    if problems:
        fix = '"calwarden audit verify" says it all: find out who wrote to the database, and restore an earlier backup'
        yield problem("ledger", Code.LEDGER_BROKEN, _some(problems), fix)
    else:
        yield fine("ledger", "every chain is whole")
    orphans = store.orphans()
    if orphans:
        rows = ", ".join(f"{count} in {table}" for table, count in sorted(orphans.items()))
        fix = "calwarden leaves none behind: find out who wrote to the database, and restore an earlier backup"
        yield problem("rows", Code.ROWS_ORPHANED, f"rows belong to nothing that is there: {rows}", fix)
    else:
        yield fine("rows", "every row belongs to something that is there")


def _work(settings: Settings, waiting: Waiting) -> Iterator[Finding]:
    if waiting.refused:
        message = f"calendar services refuse the password of {_some(waiting.refused)}"
        fix = f"let them connect again at {settings.public_url}/account, or use profile connect-caldav"
        yield warning("profiles", Code.PASSWORD_REFUSED, message, fix)
    if waiting.failing:
        message = f"not read for longer than {settings.limits.stale_after} s: {_some(waiting.failing)}"
        fix = 'see that their calendar services answer from here: "calwarden profile sync" says what is wrong'
        yield problem("sync", Code.SYNC_FAILING, message, fix)
    if waiting.overdue:
        message = f"nobody looks at what is due: {_some(waiting.overdue)}"
        fix = 'start "calwarden serve" or, where CALWARDEN_WORKER is separate, "calwarden worker"'
        yield problem("worker", Code.WORKER_NOT_RUNNING, message, fix)
    if waiting.stuck:
        message = f"acknowledged writes wait for over an hour: {_some(waiting.stuck)}"
        fix = "see that the calendar service takes changes, in the log and by profile sync; they are not lost"
        yield problem("writes", Code.WRITES_STUCK, message, fix)
    if not any((waiting.refused, waiting.failing, waiting.overdue, waiting.stuck)):
        yield fine("sync", "what is due gets done")


def _some(all_of_them: Sequence[str]) -> str:
    more = len(all_of_them) - _SHOWN
    shown = "; ".join(all_of_them[:_SHOWN])
    return f"{shown}; and {more} more" if more > 0 else shown
