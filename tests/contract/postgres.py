"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a Unix socket.

Three roles: ``owner`` owns the database and everything in it, ``calwarden`` may read and write rows and no more,
``operator`` is the superuser, whom no policy binds. Only the last passes over row-level security.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text

from calwarden.store import SqlStore


def _programs() -> Path:
    """Where Debian keeps the server's programs. Their absence fails the run: nothing is skipped."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise RuntimeError('PostgreSQL is not installed: run "make test-deps"')
    return found[-1].parent


def _run(*command: str | Path) -> None:
    """As the user ``postgres`` if we are root, who may not run a server."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*as_user, *map(str, command)], capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of an empty database, for its owner.

    The locale is not "C", so that only our own collations compare byte for byte.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="cw-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, pwd.getpwnam("postgres").pw_uid)
        data = folder / "data"
        locale = ("--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8", "--encoding=UTF8")
        _run(programs / "initdb", "-D", data, "--auth=trust", "--username=operator", "--no-sync", *locale)
        options = f"-c listen_addresses= -k {folder} -c fsync=off -c max_connections=60 -c shared_buffers=16MB"
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            url = f"postgresql+psycopg://owner@/calwarden?host={folder}"
            _make_roles(f"postgresql+psycopg://operator@/postgres?host={folder}")
            yield url
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def become_standby(url: str) -> None:
    """From here on the server only reads, as one that follows another does."""
    folder, programs = Path(str(make_url(url).query["host"])), _programs()
    _run(programs / "pg_ctl", "-D", folder / "data", "-m", "fast", "-w", "stop")
    _run("touch", folder / "data" / "standby.signal")
    options = f"-c listen_addresses= -k {folder} -c max_connections=60"
    _run(programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")


def _make_roles(url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in (
            "CREATE ROLE owner LOGIN NOSUPERUSER NOBYPASSRLS",
            "CREATE ROLE calwarden LOGIN NOSUPERUSER NOBYPASSRLS",
            "CREATE DATABASE calwarden OWNER owner",
        ):
            connection.execute(text(statement))
    engine.dispose()


def as_role(url: str, role: str) -> str:
    """The same database for another role."""
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@contextmanager
def in_hand(store: SqlStore) -> Iterator[Connection]:
    """What somebody with the database itself in hand works on: every row of it, whichever database."""
    if store._engine.dialect.name != "postgresql":
        with store._turn(), store._engine.begin() as connection:
            yield connection
        return
    engine = create_engine(store._engine.url.set(username="operator"))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def let_in(owner_url: str) -> str:
    """Grant the role ``calwarden`` what a server needs, and no more; gives its URL."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        connection.execute(text("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO calwarden"))
    engine.dispose()
    return as_role(owner_url, "calwarden")
