"""What the server finds on its machine: the data folder, the keys, the clock."""

from collections.abc import Iterator
from pathlib import Path

from calwarden.cli.doctor.finding import Code, Finding, fine, problem, warning
from calwarden.domain.times import DAY_SECONDS
from calwarden.ports.store import StoreUnavailable
from calwarden.settings import Settings
from calwarden.vault import Keyring, KeyringError
from calwarden.wiring.opening import is_empty, sqlite_path
from calwarden.wiring.system import system_clock

_FIRST_RELEASE = 1_795_500_000  # 24 November 2026: a clock before it is wrong
_CLOCK_SLACK = 120  # seconds


def data_folder(settings: Settings) -> Iterator[Finding]:
    """Whether it is there, and closed to others."""
    folder = settings.data_dir
    if not folder.exists():
        message = f'there is no folder "{folder}" yet'
        yield warning("data", Code.DATA_MISSING, message, '"calwarden serve" makes it')
    elif not folder.is_dir():
        yield problem("data", Code.DATA_NO_FOLDER, f'"{folder}" is no folder', "set CALWARDEN_DATA_DIR to one")
    elif folder.stat().st_mode & 0o077:
        yield warning("data", Code.DATA_OPEN, f'others may look into "{folder}"', f'chmod 700 "{folder}"')
    else:
        yield fine("data", f'"{folder}" is there, and closed to others')


def keys(settings: Settings) -> Iterator[Finding]:
    """Whether the key file is there, and fit for use. Whether it fits the database is looked at with that."""
    path = settings.key_file
    if not path.exists():
        yield _missing(settings)
        return
    try:
        keyring = Keyring.load(path)
    except KeyringError as error:
        message, _, fix = str(error).partition(": ")
        yield problem("keys", Code.KEYS_UNFIT, message, fix or "correct the mode and owner of the file")
        return
    versions = ", ".join(map(str, keyring.versions))
    yield fine("keys", f'"{path}" holds keys of version {versions}; keep a copy elsewhere')


def _missing(settings: Settings) -> Finding:
    try:
        empty = is_empty(settings.database_url)
    except StoreUnavailable:
        empty = False  # said of the database
    if empty:
        return warning("keys", Code.KEYS_NOT_MADE, "there are no keys yet", '"calwarden serve" makes them')
    return problem(
        "keys",
        Code.KEYS_MISSING,
        f'the key file "{settings.key_file}" is missing, and the database is of no use without it',
        "restore the key file from its backup, or set CALWARDEN_KEY_FILE to where it is",
    )


def clock(settings: Settings) -> Iterator[Finding]:
    """Whether it can be right."""
    now, path = system_clock(), sqlite_path(settings.database_url)
    written = _newest(path) if path is not None else 0.0
    fix = "set the clock, and let NTP keep it: tokens and codes expire by it"
    if now < _FIRST_RELEASE:
        yield problem("clock", Code.CLOCK_WRONG, "the clock is years behind", fix)
    elif written > now + _CLOCK_SLACK:
        yield problem("clock", Code.CLOCK_WRONG, "the database was written at a later time than now", fix)
    elif now > _FIRST_RELEASE + 30 * 365 * DAY_SECONDS:
        yield problem("clock", Code.CLOCK_WRONG, "the clock is decades ahead", fix)
    else:
        yield fine("clock", "the clock shows a time that can be right")


def _newest(path: Path) -> float:
    files = (path, path.with_name(f"{path.name}-wal"))
    return max((one.stat().st_mtime for one in files if one.exists()), default=0.0)
