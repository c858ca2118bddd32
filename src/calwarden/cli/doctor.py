"""``calwarden doctor``: looks at everything the server stands on, and says what to do. Changes nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path

import httpx
import typer
from sqlalchemy import make_url

from calwarden.cli.console import AsJson
from calwarden.cli.failures import answering
from calwarden.domain.times import DAY_SECONDS
from calwarden.ports.store import StoreUnavailable
from calwarden.settings import Settings, SettingsError, SmtpTls, WorkerMode
from calwarden.store import open_store
from calwarden.usecases.people import SignUpMode
from calwarden.vault import Keyring, KeyringError
from calwarden.wiring.logs import set_up_logs
from calwarden.wiring.opening import embedded, is_empty, load_keyring, sqlite_path
from calwarden.wiring.system import read_settings, system_clock

_FIRST_RELEASE = 1_795_500_000  # 24 November 2026: a clock before it is wrong
_CLOCK_SLACK = 120  # seconds
_PATIENCE = 3  # seconds
_METADATA = "/.well-known/oauth-authorization-server"


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``fix`` is empty if there is nothing to do."""

    check: str
    status: Status
    message: str
    fix: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Look at configuration, database, keys, clock, public URL, mail and outbound rules; say what to do."""
    with answering(as_json) as console:
        findings = list(examine())
        ok = not any(one.status is Status.PROBLEM for one in findings)
        console.show({"ok": ok, "findings": [asdict(one) for one in findings]}, _lines(findings))
    if not ok:
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Every finding, in the order of what depends on what."""
    try:
        settings = read_settings()
    except SettingsError as error:
        for one in error.complaints:
            yield Finding("configuration", Status.PROBLEM, f"{one.variable} {one.problem}", one.fix)
        return
    set_up_logs(settings.log_format, development=settings.development)
    yield Finding("configuration", Status.OK, "every setting can be used")
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _data_folder, _keys, _database, _clock, _public_url, _mail, _outbound,
    )  # fmt: skip
    for check in checks:
        yield from check(settings)


def _data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.exists():
        yield Finding("data", Status.WARNING, f'there is no folder "{folder}" yet', '"calwarden serve" makes it')
    elif not folder.is_dir():
        yield Finding("data", Status.PROBLEM, f'"{folder}" is no folder', "set CALWARDEN_DATA_DIR to one")
    elif folder.stat().st_mode & 0o077:
        yield Finding("data", Status.WARNING, f'others may look into "{folder}"', f'chmod 700 "{folder}"')
    else:
        yield Finding("data", Status.OK, f'"{folder}" is there, and closed to others')


def _keys(settings: Settings) -> Iterator[Finding]:
    try:
        if not settings.key_file.exists() and is_empty(settings.database_url):
            yield Finding("keys", Status.WARNING, "there are no keys yet", '"calwarden serve" makes them')
            return
        keyring = load_keyring(settings)
    except (KeyringError, StoreUnavailable) as error:
        message, _, fix = str(error).partition(": ")
        yield Finding("keys", Status.PROBLEM, message, fix or "see the database")
        return
    versions = ", ".join(map(str, keyring.versions))
    yield Finding("keys", Status.OK, f'"{settings.key_file}" holds keys of version {versions}; keep a copy elsewhere')


def _database(settings: Settings) -> Iterator[Finding]:
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    try:
        if is_empty(settings.database_url):
            yield Finding("database", Status.WARNING, f"{shown} is empty", '"calwarden serve" makes the tables')
            return
        store = open_store(settings.database_url, Keyring.ephemeral())
        try:
            store.ping()
            current = store.is_current()
            unbound = store.not_separated() if current else ()
        finally:
            store.close()
    except StoreUnavailable as error:
        yield Finding("database", Status.PROBLEM, f"{shown}: {error}", "start it, or correct CALWARDEN_DATABASE_URL")
        return
    if not current:
        yield Finding("database", Status.PROBLEM, f"{shown} has the tables of another version", '"calwarden migrate"')
        return
    yield Finding("database", Status.OK, f"{shown} answers, and its tables are up to date")
    if not embedded(settings):
        yield _tenancy(unbound)
    elif settings.worker is WorkerMode.SEPARATE:
        yield Finding("database", Status.OK, "a separate worker on SQLite must run on the same machine")


def _tenancy(unbound: Sequence[str]) -> Finding:
    """Whether the database itself keeps accounts apart: policies do not bind superusers (security 1.6)."""
    if not unbound:
        return Finding("tenancy", Status.OK, "row-level security keeps every statement to the account it names")
    tables = ", ".join(sorted(unbound))
    message = f"row-level security does not bind this database role in: {tables}"
    return Finding("tenancy", Status.WARNING, message, "connect as a role with NOSUPERUSER and NOBYPASSRLS")


def _clock(settings: Settings) -> Iterator[Finding]:
    now, path = system_clock(), sqlite_path(settings.database_url)
    written = _newest(path) if path is not None else 0.0
    fix = "set the clock, and let NTP keep it: tokens and codes expire by it"
    if now < _FIRST_RELEASE:
        yield Finding("clock", Status.PROBLEM, "the clock is years behind", fix)
    elif written > now + _CLOCK_SLACK:
        yield Finding("clock", Status.PROBLEM, "the database was written at a later time than now", fix)
    elif now > _FIRST_RELEASE + 30 * 365 * DAY_SECONDS:
        yield Finding("clock", Status.PROBLEM, "the clock is decades ahead", fix)
    else:
        yield Finding("clock", Status.OK, "the clock shows a time that can be right")


def _newest(path: Path) -> float:
    files = (path, path.with_name(f"{path.name}-wal"))
    return max((one.stat().st_mtime for one in files if one.exists()), default=0.0)


def _public_url(settings: Settings) -> Iterator[Finding]:
    if settings.development:
        message = f"{settings.public_url} is a development server: browsers on this machine alone reach it"
        yield Finding(
            "public url", Status.WARNING, message, "set CALWARDEN_PUBLIC_URL to an https:// address for people"
        )
    answer = _ask(settings)
    if answer is None:
        message = f"{settings.public_url} does not answer from here"
        yield Finding("public url", Status.WARNING, message, "start the server; if it runs, look at the reverse proxy")
    elif not answer:
        message = f"at {settings.public_url} something else answers"
        yield Finding("public url", Status.PROBLEM, message, "correct CALWARDEN_PUBLIC_URL, or the reverse proxy")
    else:
        yield Finding("public url", Status.OK, f"{settings.public_url} leads to this server")


def _ask(settings: Settings) -> bool | None:
    """Whether our own metadata is found at the public address; None: nothing answers. The address is the operator's."""
    try:
        answer = httpx.get(f"{settings.public_url}{_METADATA}", timeout=_PATIENCE, trust_env=False)
        return answer.status_code == HTTPStatus.OK and answer.json().get("issuer") == settings.public_url
    except httpx.HTTPError:
        return None
    except (ValueError, AttributeError):
        return False


def _mail(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_host:
        yield Finding("mail", Status.OK, f"mails go through {settings.smtp_host}:{settings.smtp_port}")
        if settings.smtp_tls is SmtpTls.NONE and settings.smtp_host not in {"localhost", "127.0.0.1", "::1"}:
            yield Finding("mail", Status.PROBLEM, "mails cross the network in the clear", "set CALWARDEN_SMTP_TLS")
    elif settings.development:
        yield Finding("mail", Status.WARNING, "mails are shown in the log", "set CALWARDEN_SMTP_HOST for real ones")
    elif settings.sign_up is SignUpMode.CLOSED:
        yield Finding("mail", Status.WARNING, "nobody can reset a password", "set CALWARDEN_SMTP_HOST and SMTP_FROM")
    else:
        message = "nobody can sign up, since no mail can be sent"
        yield Finding("mail", Status.PROBLEM, message, "set CALWARDEN_SMTP_HOST and CALWARDEN_SMTP_FROM")


def _outbound(settings: Settings) -> Iterator[Finding]:
    if not settings.outbound_allow:
        how = "" if settings.development else " over https"
        yield Finding("outbound", Status.OK, f"only public addresses are spoken to{how}")
        return
    listed = ", ".join(sorted(settings.outbound_allow))
    yield Finding("outbound", Status.OK, f"public addresses are spoken to, and by exception {listed}")


def _lines(findings: list[Finding]) -> Iterator[str]:
    for one in findings:
        yield f"{one.status.upper():<8} {one.check:<14} {one.message}"
        if one.fix:
            yield f"{'':<23} -> {one.fix}"
