"""``calwarden backup`` and ``restore`` as an operator meets them."""

import getpass
import json
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from calwarden.cli.backups import Reporter
from calwarden.cli.failures import Failure
from calwarden.cli.secret import read_passphrase
from cli.conftest import Operator
from contract.postgres import as_role, let_in, running_postgres

PASSPHRASE = "correct horse battery staple\n"


@pytest.fixture
def lived_in(operator: Operator) -> Operator:
    """An account, an application, and access of one to the other."""
    sub, client_id = operator.account(), operator.application()["client_id"]
    grant(operator, client_id, sub)
    return operator


@pytest.fixture
def second(tmp_path: Path) -> Operator:
    """Another machine."""
    return Operator({"CALWARDEN_DATA_DIR": str(tmp_path / "second"), "CALWARDEN_ALLOW_OPERATOR_GRANTS": "1"})


def grant(operator: Operator, client_id: str, sub: str) -> None:
    operator.json("grant", "issue", "--application", client_id, "--account", sub, "--scope", "read_only")


def back_up(operator: Operator, tmp_path: Path, *more: str, name: str = "backup") -> str:
    path = str(tmp_path / name)
    made = operator.json("backup", path, "--passphrase-stdin", *more, typed=PASSPHRASE)
    assert made["file"] == path
    assert made["rows"] > 5
    assert made["bytes"] == Path(path).stat().st_size
    return path


def restore(operator: Operator, path: str, *more: str) -> Any:
    return operator.json("restore", path, "--passphrase-stdin", *more, typed=PASSPHRASE)


def refused(operator: Operator, path: str, *more: str, typed: str = PASSPHRASE) -> dict[str, str]:
    return operator.refused("restore", path, "--passphrase-stdin", *more, typed=typed)


def nothing_is_there(operator: Operator) -> bool:
    folder = Path(operator.environ["CALWARDEN_DATA_DIR"])
    return not folder.exists() or not any(folder.iterdir())


def events(operator: Operator) -> list[str]:
    lines = operator.run("audit", "export").stdout.splitlines()
    return [one["content"]["what"] for one in map(json.loads, lines) if one["kind"] == "entry"]


def test_a_backup_is_one_encrypted_file_for_its_owner_alone(lived_in: Operator, tmp_path: Path) -> None:
    path = Path(back_up(lived_in, tmp_path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"jane" not in path.read_bytes()
    again = lived_in.refused("backup", str(path), "--passphrase-stdin", typed=PASSPHRASE)
    assert again["code"] == "file_not_written"
    assert [one.name for one in tmp_path.iterdir()].count("backup") == 1
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_everything_comes_back_on_another_machine_and_access_has_ended(
    lived_in: Operator, second: Operator, tmp_path: Path
) -> None:
    back = restore(second, back_up(lived_in, tmp_path))
    assert (back["accounts"], back["access_ended"], back["access_kept"]) == (1, 1, 0)
    assert back["keys"] is True
    assert back["ledger_problems"] == []
    assert second.json("account", "list") == [{**lived_in.json("account", "list")[0], "grants": 0}]
    assert second.json("grant", "list") == []
    assert second.json("audit", "verify")["ok"] is True
    assert events(second)[-2:] == ["backup.restored", "grant.revoked"]
    keys = tmp_path / "second" / "keys.json"
    assert keys.read_bytes() == (tmp_path / "data" / "keys.json").read_bytes()
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600


def test_access_that_was_revoked_after_the_backup_does_not_come_back_by_itself(
    lived_in: Operator, second: Operator, tmp_path: Path
) -> None:
    path = back_up(lived_in, tmp_path)
    [line] = lived_in.json("grant", "list")
    who = ("--application", line["client_id"], "--account", line["sub"])
    lived_in.json("grant", "revoke", *who)
    result = second.run("restore", path, "--passphrase-stdin", typed=PASSPHRASE)
    assert result.exit_code == 0
    assert "1 grants have ended" in result.stderr
    assert second.json("grant", "list") == []


def test_access_is_kept_on_demand_and_the_command_says_what_that_means(
    lived_in: Operator, second: Operator, tmp_path: Path
) -> None:
    path = back_up(lived_in, tmp_path)
    result = second.run("restore", path, "--passphrase-stdin", "--keep-access", "--json", typed=PASSPHRASE)
    back = json.loads(result.stdout)
    assert (back["access_ended"], back["access_kept"]) == (0, 1)
    assert f"revoked, narrowed or lowered after {back['made']} is good again" in result.stderr
    assert second.json("grant", "list") == lived_in.json("grant", "list")
    assert events(second)[-1] == "backup.restored"


def test_a_wrong_passphrase_or_a_damaged_file_changes_nothing(
    lived_in: Operator, second: Operator, tmp_path: Path
) -> None:
    path = Path(back_up(lived_in, tmp_path))
    assert "passphrase" in refused(second, str(path), typed="another passphrase\n")["message"]
    content = path.read_bytes()
    changed = bytearray(content)
    changed[len(content) // 2] ^= 1
    for damaged in (content[:-1], bytes(changed), content + b"x", content[:40], b"", b"no backup at all"):
        path.write_bytes(damaged)
        assert refused(second, str(path))["code"] == "backup_unusable"
    assert refused(second, str(tmp_path / "none"))["code"] == "file_unreadable"
    assert nothing_is_there(second)


def test_a_database_in_use_is_replaced_on_demand_alone(lived_in: Operator, tmp_path: Path) -> None:
    path = back_up(lived_in, tmp_path)
    lived_in.account("marcel@example.org")
    assert refused(lived_in, path)["code"] == "database_in_use"
    assert len(lived_in.json("account", "list")) == 2
    assert restore(lived_in, path, "--replace", "--yes")["accounts"] == 1
    [line] = lived_in.json("account", "list")
    assert line["email"] == "jane@example.org"


def test_a_backup_without_keys_takes_the_key_file(lived_in: Operator, second: Operator, tmp_path: Path) -> None:
    path = back_up(lived_in, tmp_path, "--without-keys")
    keys = tmp_path / "data" / "keys.json"
    assert "key file" in refused(second, path)["message"]
    assert nothing_is_there(second)
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "keys.json").write_bytes(keys.read_bytes())
    (tmp_path / "second" / "keys.json").chmod(0o600)
    assert restore(second, path)["keys"] is False
    assert len(second.json("account", "list")) == 1


def test_the_keys_of_another_server_are_never_replaced(lived_in: Operator, second: Operator, tmp_path: Path) -> None:
    assert second.json("account", "list") == []  # it has been started once, and made keys
    keys = tmp_path / "second" / "keys.json"
    before = keys.read_bytes()
    error = refused(second, back_up(lived_in, tmp_path))
    assert error["code"] == "other_keys"
    assert keys.read_bytes() == before
    keys.rename(tmp_path / "set-aside")
    assert restore(second, str(tmp_path / "backup"))["accounts"] == 1
    assert restore(second, str(tmp_path / "backup"), "--replace", "--yes")["keys"] is False


def test_an_earlier_backup_opens_after_a_rotation_of_the_keys(lived_in: Operator, tmp_path: Path) -> None:
    path = back_up(lived_in, tmp_path)
    lived_in.json("keys", "rotate")
    assert restore(lived_in, path, "--replace", "--yes")["accounts"] == 1
    assert lived_in.json("account", "list")[0]["email"] == "jane@example.org"


def test_a_failed_restore_leaves_no_keys_and_the_next_one_works(
    lived_in: Operator, second: Operator, tmp_path: Path
) -> None:
    path = back_up(lived_in, tmp_path)
    (tmp_path / "second").mkdir(mode=0o700)
    holder = sqlite3.connect(tmp_path / "second" / "calwarden.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert refused(second, path)["code"] == "database_unavailable"
    holder.execute("ROLLBACK")
    holder.close()
    assert not (tmp_path / "second" / "keys.json").exists()
    assert restore(second, path)["accounts"] == 1


def test_a_ledger_that_is_not_whole_is_restored_as_it_is_and_told(
    lived_in: Operator, second: Operator, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "data" / "calwarden.sqlite") as connection:
        connection.execute("DELETE FROM audit_entries WHERE sequence = (SELECT max(sequence) FROM audit_entries)")
    connection.close()
    result = second.run("restore", back_up(lived_in, tmp_path), "--passphrase-stdin", "--json", typed=PASSPHRASE)
    assert result.exit_code == 0
    back = json.loads(result.stdout)
    assert back["ledger_problems"] == ledger_problems(lived_in)
    assert "audit verify" in result.stderr
    assert second.json("grant", "list") == []
    assert ledger_problems(second) == ledger_problems(lived_in)


def ledger_problems(operator: Operator) -> list[str]:
    result = operator.run("audit", "verify", "--json")
    assert result.exit_code == 1
    return list(json.loads(result.stdout)["problems"])


def test_passphrases_come_from_a_file_too_and_short_ones_are_refused(lived_in: Operator, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("short")
    words = ("backup", str(tmp_path / "b"), "--passphrase-file", str(tmp_path / "passphrase"))
    assert lived_in.refused(*words)["code"] == "no_passphrase"
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    lived_in.json(*words)
    assert restore(lived_in, str(tmp_path / "b"), "--replace", "--yes")["accounts"] == 1
    assert lived_in.run("backup", str(tmp_path / "c")).exit_code == 2
    assert lived_in.run(*words, "--passphrase-stdin").exit_code == 2


def test_at_a_terminal_the_passphrase_is_asked_for_without_echo_and_a_new_one_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typed = iter(["a passphrase of mine", "a passphrase of mine", "a passphrase of mine", "one", "two"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda *_: next(typed))
    assert read_passphrase(stdin=False, file=None, new=True) == "a passphrase of mine"
    assert read_passphrase(stdin=False, file=None, new=False) == "a passphrase of mine"
    with pytest.raises(Failure, match="not the same"):
        read_passphrase(stdin=False, file=None, new=True)


def test_a_long_run_says_now_and_then_how_far_it_has_got(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    report = Reporter()
    for rows in range(1, 12):
        now[0] += 1
        report("written", rows)
    assert capsys.readouterr().err == "5 rows written\n10 rows written\n"


def test_a_backup_goes_from_sqlite_to_postgresql_and_back(lived_in: Operator, second: Operator, tmp_path: Path) -> None:
    before = lived_in.json("grant", "list")
    with running_postgres() as owner:
        moved = Operator({**lived_in.environ, "CALWARDEN_DATA_DIR": str(tmp_path / "moved")})
        moved.environ["CALWARDEN_DATABASE_URL"] = as_role(owner, "calwarden")
        path = back_up(lived_in, tmp_path)
        assert refused(moved, path)["code"] == "role_too_weak"
        moved.environ["CALWARDEN_DATABASE_URL"] = owner
        assert restore(moved, path, "--keep-access")["access_kept"] == 1
        moved.environ["CALWARDEN_DATABASE_URL"] = let_in(owner)
        assert moved.json("grant", "list") == before
        assert moved.json("audit", "verify")["ok"] is True
        back = back_up(moved, tmp_path, name="back")
    assert restore(second, back, "--keep-access")["access_kept"] == 1
    assert second.json("grant", "list") == before
    assert second.json("audit", "verify")["ok"] is True
