"""Backups: everything the server keeps, in one file that a passphrase opens (security 10.5)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from calwarden.domain.times import Instant
from calwarden.settings import Settings
from calwarden.store import (
    DumpBroken,
    Head,
    NotEmpty,
    Part,
    RoleTooWeak,
    Rows,
    open_store,
    packed,
    parts,
    whole,
)
from calwarden.usecases.operate import Restored, settle
from calwarden.vault import EnvelopeBroken, Keyring, Opening, Sealing, placed
from calwarden.wiring.opening import GRANT, NotReady, Opened, load_keyring, make_kit
from calwarden.wiring.system import system_clock

Progress = Callable[[str, int], None]
"""Called again and again with what is being done, and to how many rows that was done by now."""


class Unusable(NotReady):
    """A backup can not be made or restored; nothing has changed. ``fix`` says what to do."""

    def __init__(self, code: str, problem: str, fix: str) -> None:
        super().__init__(problem, fix)
        self.code = code


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What is in a new backup; ``size`` in bytes."""

    made: Instant
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Back:
    """What was restored: when the backup was made, the version of its tables, and what became of access."""

    made: Instant
    schema: str
    rows: int
    keys: bool  # the key file was brought along
    restored: Restored


def back_up(held: Opened, path: Path, passphrase: str, progress: Progress, *, with_keys: bool) -> BackedUp:
    """Write a new file, for its owner alone: whole, or not at all. Works beside running servers.

    Raises Unusable, StoreUnavailable, KeyringError.
    """
    made, rows = system_clock(), 0
    try:
        with placed(path) as file:
            sealing = Sealing(file.write, passphrase)
            with held.store.dump(made, with_keys=with_keys) as found:
                for part in found:
                    sealing.write(packed(part))
                    rows += _rows_in(part)
                    progress("written", rows)
            sealing.finish()
            size = file.tell()
    except OSError as error:
        fix = "name a new file in a folder that can be written"
        raise Unusable("file_not_written", f'"{path}" can not be written: {error.strerror}', fix) from error
    return BackedUp(made, rows, size)


def restore(
    settings: Settings, path: Path, passphrase: str, progress: Progress, *, replace: bool, keep_access: bool
) -> Back:
    """Put a backup in place of an empty database or, if ``replace``, of whatever is there. All of it is looked at
    before anything changes, and everything changes at once.

    Raises Unusable, NotReady, StoreUnavailable, KeyringError.
    """
    with _reasons(path), path.open("rb") as file:
        head, rows = _looked_at(file, passphrase, progress)
        keyring, new = _keys(settings, head)
        file.seek(0)
        store = open_store(settings.database_url, keyring)
        try:
            with _keys_taken_back(settings) as bring:
                found = _counted(whole(parts(Opening(file, passphrase).read)), progress)
                with store.restore(found, replace=replace) as (head, uow):
                    restored = settle(make_kit(settings, store), uow, head.made, keep_access=keep_access)
                    if new:  # before the data, which would be of no use without them
                        bring(keyring)
        finally:
            store.close()
    return Back(head.made, head.schema, rows, new, restored)


def _looked_at(file: BinaryIO, passphrase: str, progress: Progress) -> tuple[Head, int]:
    """How the backup begins, and its number of rows, after all of it was read."""
    head, rows = None, 0
    for part in whole(parts(Opening(file, passphrase).read)):
        if isinstance(part, Head):
            head = part
        rows += _rows_in(part)
        progress("checked", rows)
    if head is None:
        raise DumpBroken("it is empty")
    return head, rows


def _counted(found: Iterator[Part], progress: Progress) -> Iterator[Part]:
    rows = 0
    for part in found:
        yield part
        rows += _rows_in(part)
        progress("restored", rows)


def _rows_in(part: Part) -> int:
    return len(part.rows) if isinstance(part, Rows) else 0


def _keys(settings: Settings, head: Head) -> tuple[Keyring, bool]:
    """The keys that open the backup, and whether their file has yet to be made."""
    if head.keys is None:
        return load_keyring(settings), False
    if not settings.key_file.exists():
        return Keyring.of_copy(head.keys, settings.key_file), True
    keyring = Keyring.load(settings.key_file)
    if keyring.holds(head.keys):
        return keyring, False
    raise Unusable(
        "other_keys",
        f'the key file "{settings.key_file}" does not hold the keys in the backup',
        "move it away, and keep it as long as anything needs it; then restore again: the backup brings its own",
    )


@contextmanager
def _keys_taken_back(settings: Settings) -> Iterator[Callable[[Keyring], None]]:
    """Gives what makes the key file; it goes again if the rest fails."""
    made = False

    def bring(keyring: Keyring) -> None:
        nonlocal made
        keyring.put_in_place()
        made = True

    try:
        yield bring
    except BaseException:
        if made:
            with suppress(OSError):
                settings.key_file.unlink()
        raise


@contextmanager
def _reasons(path: Path) -> Iterator[None]:
    """Say in an operator's words why nothing was restored."""
    try:
        yield
    except OSError as error:
        raise Unusable("file_unreadable", f'"{path}" can not be read: {error.strerror}', "correct the path") from error
    except (EnvelopeBroken, DumpBroken) as error:
        fix = "use the right passphrase, another copy of the file, or the version of calwarden that made it"
        raise Unusable("backup_unusable", f'"{path}" can not be restored: {error}; nothing was changed', fix) from error
    except NotEmpty:
        fix = "restore into an empty database, or state --replace to give up all that is in this one"
        raise Unusable("database_in_use", "the database is in use; nothing was changed", fix) from None
    except RoleTooWeak as error:
        fix = f"set CALWARDEN_DATABASE_URL to the role that owns the tables, for this command alone; then {GRANT}"
        raise Unusable("role_too_weak", f"{error}; nothing was changed", fix) from error
