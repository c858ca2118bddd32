"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a Unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    """The URL of an empty database. The locale is not "C", so that only our own collations compare byte for byte."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="cw-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, pwd.getpwnam("postgres").pw_uid)
        data = folder / "data"
        locale = ("--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8", "--encoding=UTF8")
        _run(programs / "initdb", "-D", data, "--auth=trust", "--username=calwarden", "--no-sync", *locale)
        options = f"-c listen_addresses= -k {folder} -c fsync=off -c max_connections=60 -c shared_buffers=16MB"
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://calwarden@/postgres?host={folder}"
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
