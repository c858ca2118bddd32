"""A healthy place for the doctor to look at, and what is around it."""

import json
import shutil
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from calwarden.domain.times import Instant
from calwarden.store import SqlStore, open_store
from calwarden.vault import Keyring
from cli.conftest import Operator
from cli.test_serving import PROGRAM
from contract.store_world import JANE, at, event, grant, hold, resource, token
from servers.dav import free_port
from servers.front import passed_on
from servers.smtp import Smtp, running_smtp
from servers.web import Web, serving

NOW = int(time.time())


@dataclass
class Surroundings:
    """What a healthy server has around it: itself behind TLS, and a mail server."""

    public: Web
    smtp: Smtp
    folder: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.public.port}"


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    folder = tmp_path_factory.mktemp("around")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    trustme.CA().cert_pem.write_to_path(folder / "other.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    port = free_port()
    with (
        serving(lambda got: passed_on(f"http://127.0.0.1:{port}", got), tls=tls) as public,
        running_smtp("calwarden", "password") as smtp,
    ):
        made = Surroundings(public, smtp, folder)
        environ = {**well(made, folder / "running"), "CALWARDEN_PORT": str(port)}
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([PROGRAM, "serve", "--json"], env=environ, stdout=subprocess.PIPE, stderr=log)
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), (folder / "log").read_text()
            yield made
        finally:
            process.kill()
            process.wait(30)
            process.stdout.close()


def well(around: Surroundings, data: Path) -> dict[str, str]:
    """The settings of a server for people."""
    (around.folder / "smtp").write_text("password\n")
    return {
        "CALWARDEN_DATA_DIR": str(data),
        "CALWARDEN_PUBLIC_URL": around.url,
        "CALWARDEN_TRUSTED_PROXIES": "127.0.0.1",
        "CALWARDEN_SMTP_HOST": "127.0.0.1",
        "CALWARDEN_SMTP_PORT": str(around.smtp.port),
        "CALWARDEN_SMTP_TLS": "none",
        "CALWARDEN_SMTP_FROM": "calwarden@example.org",
        "CALWARDEN_SMTP_USERNAME": "calwarden",
        "CALWARDEN_SMTP_PASSWORD_FILE": str(around.folder / "smtp"),
        "SSL_CERT_FILE": str(around.folder / "ca.pem"),
    }


@pytest.fixture(scope="module")
def template(around: Surroundings) -> Path:
    """A data folder in use: an account with a calendar that was just synced, and an application with access to it."""
    data = around.folder / "data"
    assert Operator(well(around, data)).json("account", "list") == []
    place = Place(data, {})
    with place.store() as store:
        hold(store)
        one = event("k1", at(NOW), at(NOW + 60))
        with store.write() as uow:
            [profile] = uow.profiles.of_account(JANE)
            uow.profiles.save(replace(profile, **synced(NOW)))
            uow.events.save(resource(one), [one])
            uow.grants.add(grant())
            uow.tokens.add(token())
    return data


def synced(when: int) -> dict[str, Any]:
    return {"created": Instant(NOW - 86_400), "synced_at": Instant(when), "sync_due_at": Instant(when + 300)}


@dataclass
class Place:
    """A data folder that a test may harm."""

    data: Path
    environ: dict[str, str]

    @property
    def keys(self) -> Path:
        return self.data / "keys.json"

    def store(self) -> Any:
        """The store, as a context."""
        return _closing(open_store(f"sqlite:///{self.data}/calwarden.sqlite", Keyring.load(self.keys)))

    def sql(self, *statements: str) -> None:
        """What somebody with the file in hand does to it."""
        with sqlite3.connect(self.data / "calwarden.sqlite") as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount != 0, statement
        connection.close()

    def profile(self, **changes: Any) -> None:
        with self.store() as store, store.write() as uow:
            [profile] = uow.profiles.of_account(JANE)
            uow.profiles.save(replace(profile, **changes))

    def found(self) -> list[dict[str, str]]:
        """What there is to do."""
        result = Operator(self.environ).run("doctor", "--json")
        findings = json.loads(result.stdout)["findings"]
        assert result.exit_code == (1 if any(one["status"] == "problem" for one in findings) else 0)
        return [one for one in findings if one["status"] != "ok"]


class _closing:  # noqa: N801  used like a function
    def __init__(self, store: SqlStore) -> None:
        self.store = store

    def __enter__(self) -> SqlStore:
        return self.store

    def __exit__(self, *_: object) -> None:
        self.store.close()


@pytest.fixture
def place(around: Surroundings, template: Path, tmp_path: Path) -> Place:
    data = tmp_path / "data"
    shutil.copytree(template, data)
    data.chmod(0o700)
    return Place(data, well(around, data))
