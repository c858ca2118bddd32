"""``calwarden doctor`` finds nothing where all is well, and each thing that can go wrong by itself."""

import os
import shutil
import sqlite3
import ssl
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from calwarden.cli.doctor import MEANING, Code
from calwarden.domain.times import Instant
from calwarden.vault import Keyring
from cli.doctor_place import NOW, Place, Surroundings, around, place, synced, template
from contract.store_world import GRANT, PROFILE, write
from servers.dav import free_port
from servers.web import response, serving

__all__ = ["around", "place", "template"]  # the fixtures


def test_where_all_is_well_there_is_nothing_to_do(place: Place, around: Surroundings) -> None:
    assert place.found() == []
    assert any(line.startswith("AUTH") for line in around.smtp.got)
    assert not any(line.startswith("MAIL") for line in around.smtp.got)


def test_looking_changes_nothing(place: Place) -> None:
    def state() -> dict[str, bytes]:
        return {one.name: one.read_bytes() for one in sorted(place.data.iterdir())}

    place.found()
    before = state()
    place.found()
    assert state() == before


def key_file_open(place: Place) -> None:
    place.keys.chmod(0o644)


def key_file_missing(place: Place) -> None:
    place.keys.unlink()


def key_file_damaged(place: Place) -> None:
    place.keys.write_text("{}")


def key_file_of_another_server(place: Place) -> None:
    place.keys.unlink()
    Keyring.generate(place.keys)


def data_folder_open(place: Place) -> None:
    place.data.chmod(0o755)


def data_folder_missing(place: Place) -> None:
    place.environ["CALWARDEN_DATA_DIR"] = str(place.data / "none")
    place.environ["CALWARDEN_DATABASE_URL"] = f"sqlite:///{place.data}/calwarden.sqlite"
    place.environ["CALWARDEN_KEY_FILE"] = str(place.keys)


def data_folder_a_file(place: Place) -> None:
    data_folder_missing(place)
    (place.data / "none").write_text("")


def database_damaged(place: Place) -> None:
    for side in ("-wal", "-shm"):
        (place.data / f"calwarden.sqlite{side}").unlink(missing_ok=True)
    (place.data / "calwarden.sqlite").write_bytes(b"not a database at all" * 1_000)


def database_not_migrated(place: Place) -> None:
    place.sql("UPDATE alembic_version SET version_num = '0001'")


def public_url_without_tls(place: Place) -> None:
    place.environ["CALWARDEN_PUBLIC_URL"] = "http://calendar.example.org"


def public_url_of_a_development_server(place: Place) -> None:
    place.environ["CALWARDEN_PUBLIC_URL"] = f"http://localhost:{free_port()}"


def public_url_silent(place: Place) -> None:
    place.environ["CALWARDEN_PUBLIC_URL"] = f"https://localhost:{free_port()}"


def certificate_of_an_unknown_authority(place: Place) -> None:
    place.environ["SSL_CERT_FILE"] = place.environ["SSL_CERT_FILE"].replace("ca.pem", "other.pem")


def proxy_not_named(place: Place) -> None:
    del place.environ["CALWARDEN_TRUSTED_PROXIES"]


def listening_on_every_address(place: Place) -> None:
    place.environ["CALWARDEN_HOST"] = "0.0.0.0"


def operator_grants(place: Place) -> None:
    place.environ["CALWARDEN_ALLOW_OPERATOR_GRANTS"] = "1"


def mail_server_missing(place: Place) -> None:
    for name in [one for one in place.environ if one.startswith("CALWARDEN_SMTP")]:
        del place.environ[name]


def mail_server_unreachable(place: Place) -> None:
    place.environ["CALWARDEN_SMTP_PORT"] = str(free_port())


def mail_server_without_tls(place: Place) -> None:
    place.environ["CALWARDEN_SMTP_TLS"] = "starttls"


def mail_password_refused(place: Place) -> None:
    (place.data / "smtp").write_text("another")
    place.environ["CALWARDEN_SMTP_PASSWORD_FILE"] = str(place.data / "smtp")


def mail_password_missing(place: Place) -> None:
    place.environ["CALWARDEN_SMTP_PASSWORD_FILE"] = str(place.data / "none")


def mail_in_clear(place: Place) -> None:
    place.environ["CALWARDEN_SMTP_HOST"] = "mail.example.org"


def provider_refuses_the_password(place: Place) -> None:
    place.profile(connected=False, disconnected_reason="refused", failures=1)


def provider_not_read_for_long(place: Place) -> None:
    place.profile(failures=9, synced_at=Instant(NOW - 7_200), sync_due_at=Instant(NOW + 3_600))


def nobody_works(place: Place) -> None:
    place.profile(**synced(NOW - 7_200))


def writes_stuck(place: Place) -> None:
    with place.store() as store, store.write() as uow:
        uow.writes.add(write("w", accepted=Instant(NOW - 7_200), attempts=12, due_at=Instant(NOW + 600)))


def ledger_entry_gone(place: Place) -> None:
    place.sql("UPDATE audit_heads SET sequence = 7")


def ledger_lost(place: Place) -> None:
    place.sql("DELETE FROM audit_heads")


def event_without_calendar(place: Place) -> None:
    place.sql("UPDATE events SET calendar_id = 'cal_gone'")


def token_without_grant(place: Place) -> None:
    place.sql(f"DELETE FROM grants WHERE grant_id = '{GRANT}'")


def calendar_without_profile(place: Place) -> None:
    place.sql(f"DELETE FROM profiles WHERE profile_id = '{PROFILE}'")


def grant_without_application(place: Place) -> None:
    place.sql("DELETE FROM applications WHERE application_id = 'app'")


def rows_without_account(place: Place) -> None:
    place.sql("INSERT INTO sessions VALUES ('s', 'acc_gone', 1, 2, 'csrf')")


FAULTS: list[tuple[Callable[[Place], None], set[Code], str]] = [
    (key_file_open, {Code.KEYS_UNFIT}, "set its mode to 0600"),
    (key_file_missing, {Code.KEYS_MISSING}, "restore the key file from its backup"),
    (key_file_damaged, {Code.KEYS_UNFIT}, "restore it from a copy"),
    (key_file_of_another_server, {Code.KEYS_OTHER}, "restore the key file that was used with this database"),
    (data_folder_open, {Code.DATA_OPEN}, "chmod 700"),
    (data_folder_missing, {Code.DATA_MISSING}, "calwarden serve"),
    (data_folder_a_file, {Code.DATA_NO_FOLDER}, "CALWARDEN_DATA_DIR"),
    (database_damaged, {Code.DATABASE_UNREACHABLE}, "CALWARDEN_DATABASE_URL"),
    (database_not_migrated, {Code.DATABASE_NOT_MIGRATED}, "calwarden migrate"),
    (public_url_without_tls, {Code.SETTING_INVALID}, "https://"),
    (
        public_url_of_a_development_server,
        {Code.PUBLIC_URL_LOCAL, Code.PUBLIC_URL_SILENT},
        "set CALWARDEN_PUBLIC_URL to an https:// address",
    ),
    (public_url_silent, {Code.PUBLIC_URL_SILENT}, "start the server"),
    (certificate_of_an_unknown_authority, {Code.PUBLIC_URL_CERTIFICATE}, "add its authority"),
    (proxy_not_named, {Code.PROXY_NOT_TRUSTED}, "CALWARDEN_TRUSTED_PROXIES"),
    (listening_on_every_address, {Code.LISTENS_OPENLY}, "CALWARDEN_HOST"),
    (operator_grants, {Code.OPERATOR_GRANTS}, "unset CALWARDEN_ALLOW_OPERATOR_GRANTS"),
    (mail_server_missing, {Code.MAIL_MISSING}, "CALWARDEN_SMTP_HOST"),
    (mail_server_unreachable, {Code.MAIL_UNREACHABLE}, "CALWARDEN_SMTP_HOST"),
    (mail_server_without_tls, {Code.MAIL_UNREACHABLE}, "_TLS"),
    (mail_password_refused, {Code.MAIL_PASSWORD}, "CALWARDEN_SMTP_PASSWORD_FILE"),
    (mail_password_missing, {Code.SETTING_INVALID}, "correct the path"),
    (mail_in_clear, {Code.MAIL_IN_CLEAR}, "CALWARDEN_SMTP_TLS"),
    (provider_refuses_the_password, {Code.PASSWORD_REFUSED}, "connect again"),
    (provider_not_read_for_long, {Code.SYNC_FAILING}, "calwarden profile sync"),
    (nobody_works, {Code.WORKER_NOT_RUNNING}, "calwarden worker"),
    (writes_stuck, {Code.WRITES_STUCK}, "they are not lost"),
    (ledger_entry_gone, {Code.LEDGER_BROKEN}, "calwarden audit verify"),
    (ledger_lost, {Code.LEDGER_BROKEN}, "calwarden audit verify"),
    (event_without_calendar, {Code.ROWS_ORPHANED}, "restore an earlier backup"),
    (token_without_grant, {Code.ROWS_ORPHANED}, "restore an earlier backup"),
    (calendar_without_profile, {Code.ROWS_ORPHANED}, "restore an earlier backup"),
    (grant_without_application, {Code.ROWS_ORPHANED}, "restore an earlier backup"),
    (rows_without_account, {Code.ROWS_ORPHANED}, "restore an earlier backup"),
]
"""Each fault, all that is found then, and what the first finding says to do."""


@pytest.mark.parametrize(("seed", "codes", "remedy"), FAULTS, ids=[one[0].__name__ for one in FAULTS])
def test_each_fault_is_found_by_itself(
    place: Place, seed: Callable[[Place], None], codes: set[Code], remedy: str
) -> None:
    seed(place)
    found = place.found()
    assert {one["code"] for one in found} == codes
    assert remedy in found[0]["fix"]
    assert all(one["fix"] for one in found)


def test_something_else_at_the_public_address_is_told(place: Place) -> None:
    with serving(lambda _: response(200, b"<h1>It works!</h1>")) as web:
        place.environ["CALWARDEN_PUBLIC_URL"] = web.url.replace("127.0.0.1", "localhost")
        codes = {one["code"] for one in place.found()}
    assert codes == {Code.PUBLIC_URL_LOCAL, Code.PUBLIC_URL_ELSEWHERE}


def test_a_database_that_is_locked_for_long_is_told(place: Place) -> None:
    holder = sqlite3.connect(place.data / "calwarden.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    [said] = place.found()
    holder.close()
    assert said["code"] == Code.DATABASE_NOT_WRITABLE
    assert "locked" in said["message"]


def test_a_database_that_the_servers_account_may_not_write_is_told(place: Place) -> None:
    """As an account that permissions bind; root passes them by."""
    (place.data / "calwarden.sqlite").chmod(0o400)
    found = _as_nobody(place) if os.geteuid() == 0 else place.found()
    codes = {one["code"] for one in found}
    assert codes <= {Code.DATABASE_NOT_WRITABLE, Code.DATABASE_UNREACHABLE}
    assert codes


def _as_nobody(place: Place) -> list[dict[str, str]]:
    """What the doctor says to the account nobody, to whom everything belongs for that."""
    nobody = 65_534
    folder = Path(f"/tmp/calwarden-nobody-{os.getpid()}")
    shutil.copytree(place.data, folder)
    place.environ |= {"CALWARDEN_DATA_DIR": str(folder)}
    for one in (folder, *folder.iterdir()):
        os.chown(one, nobody, nobody)
    (folder / "smtp").write_text("password")
    (folder / "ca.pem").write_bytes(Path(place.environ["SSL_CERT_FILE"]).read_bytes())
    place.environ |= {
        "CALWARDEN_SMTP_PASSWORD_FILE": str(folder / "smtp"), "SSL_CERT_FILE": str(folder / "ca.pem"),
    }  # fmt: skip
    try:
        os.setegid(nobody)
        os.seteuid(nobody)
        return place.found()
    finally:
        os.seteuid(0)
        os.setegid(0)
        shutil.rmtree(folder)


def test_a_disk_that_is_nearly_full_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024  as the real one
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**10, 10**10, 10**8))
    [said] = place.found()
    assert said["code"] == Code.DISK_NEARLY_FULL
    assert "100 MB" in said["message"]


def test_a_clock_behind_the_database_is_told(place: Place) -> None:
    ahead = time.time() + 86_400
    os.utime(place.data / "calwarden.sqlite", (ahead, ahead))
    assert [one["code"] for one in place.found()] == [Code.CLOCK_WRONG]


def test_every_code_is_explained() -> None:
    assert set(MEANING) == set(Code)
    assert all(text.endswith(".") for text in MEANING.values())


def test_the_running_server_is_really_behind_the_public_address(around: Surroundings) -> None:
    """What the healthy place stands on."""
    trusted = ssl.create_default_context(cafile=str(around.folder / "ca.pem"))
    with httpx.Client(verify=trusted, trust_env=False) as client:
        assert client.get(f"{around.url}/.well-known/oauth-authorization-server").json()["issuer"] == around.url
