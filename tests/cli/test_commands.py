"""Every command does what the documentation says, in the form it says."""

import json
import stat
from pathlib import Path

import pytest

from calwarden.cli.console import Console
from calwarden.cli.failures import say
from cli.conftest import PASSWORD, Operator


def test_the_first_command_makes_database_and_keys_for_their_owner_alone(operator: Operator, tmp_path: Path) -> None:
    assert operator.json("account", "list") == []
    made = {one.name: stat.S_IMODE(one.stat().st_mode) for one in (tmp_path / "data").iterdir()}
    assert made["keys.json"] == made["calwarden.sqlite"] == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_an_account_is_made_listed_and_deleted(operator: Operator) -> None:
    made = operator.json(
        "account", "create", "--email", "jane@example.org", "--name", "Jane Doe", "--zone", "Europe/Paris",
        "--password-stdin", typed=PASSWORD,
    )  # fmt: skip
    assert set(made) == {"sub", "email"}
    assert made["email"] == "jane@example.org"
    [line] = operator.json("account", "list")
    assert (line["sub"], line["zone"], line["profiles"]) == (made["sub"], "Europe/Paris", 0)
    unsure = operator.refused("account", "delete", "--account", "JANE@example.org")
    assert (unsure["code"], unsure["fix"]) == ("not_confirmed", "say so with --yes")
    assert len(operator.json("account", "list")) == 1
    assert operator.json("account", "delete", "--account", "JANE@example.org", "--yes")["deleted"] is True
    assert operator.json("account", "list") == []


def test_an_account_that_can_not_be_made_says_why(operator: Operator) -> None:
    operator.account()
    words = ("account", "create", "--name", "Jane", "--email")
    assert operator.refused(*words, "jane@example.org", "--zone", "Europe/Paris")["code"] == "conflict"
    assert "--zone" in operator.refused(*words, "x@example.org", "--zone", "Middle/Earth")["message"]
    assert operator.refused(*words, "no address", "--zone", "Europe/Paris")["code"] == "invalid"


def test_a_password_comes_from_a_file_too_and_is_never_shown(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    words = ("account", "create", "--email", "j@example.org", "--name", "J", "--zone", "Etc/UTC")
    result = operator.run(*words, "--password-file", str(tmp_path / "password"))
    assert result.exit_code == 0
    assert PASSWORD.strip() not in result.output
    assert operator.refused(*words, "--password-file", str(tmp_path / "none"))["code"] == "file_unreadable"
    assert operator.refused(*words, "--password-stdin", typed="\n")["code"] == "no_password"


def test_an_invitation_is_a_link_where_no_mail_can_be_sent(operator: Operator) -> None:
    made = operator.json("account", "invite", "--email", "marcel@example.org")
    assert made["sent"] is False
    assert made["link"].startswith("http://127.0.0.1:8000/sign-up?invitation=")


def test_an_application_gets_a_secret_that_is_shown_once(operator: Operator) -> None:
    made = operator.application()
    assert set(made) == {"client_id", "client_secret"}
    assert made["client_secret"] not in operator.run("application", "list").output
    [line] = operator.json("application", "list")
    assert (line["client_id"], line["name"], line["secrets"]) == (made["client_id"], "Demo", 1)
    assert line["redirect_uris"] == ["https://a.example/cb"]


def test_a_public_application_has_no_secret(operator: Operator) -> None:
    made = operator.application("--public")
    assert made["client_secret"] is None
    words = ("application", "rotate-secret", "--application", made["client_id"])
    assert operator.refused(*words)["code"] == "invalid"


def test_secrets_overlap_until_the_old_ones_are_ended(operator: Operator) -> None:
    client_id = operator.application()["client_id"]
    words = ("application", "rotate-secret", "--application", client_id)
    operator.json(*words)
    assert operator.json("application", "list")[0]["secrets"] == 2
    operator.json(*words, "--revoke-old")
    assert operator.json("application", "list")[0]["secrets"] == 1


@pytest.mark.parametrize("uri", ["a.example/cb", "https://*.example/cb", "https://a.example/#x", "custom:/cb"])
def test_a_redirect_address_that_can_not_be_registered_is_refused(operator: Operator, uri: str) -> None:
    error = operator.refused("application", "create", "--name", "Demo", "--redirect-uri", uri)
    assert error["code"] == "invalid"
    assert "--redirect-uri" in error["message"]


def test_deleting_an_application_ends_its_access_and_stands_in_the_ledger(operator: Operator) -> None:
    operator.account()
    client_id = operator.application()["client_id"]
    _issue(operator, client_id)
    gone = operator.json("application", "delete", "--application", client_id, "--yes")
    assert gone["grants_ended"] == 1
    assert operator.json("application", "list") == operator.json("grant", "list") == []
    assert "grant.revoked" in _ledger(operator)


def test_a_grant_is_issued_listed_and_revoked_in_the_operators_name(operator: Operator) -> None:
    sub, client_id = operator.account(), operator.application()["client_id"]
    answer = _issue(operator, client_id)
    assert set(answer) == {"access_token", "refresh_token", "expires_in", "scope", "sub"}
    assert (answer["scope"], answer["sub"], answer["expires_in"]) == ("free_busy_write", sub, 3600)
    [line] = operator.json("grant", "list", "--account", sub)
    assert (line["client_id"], line["scope"], line["elevated"]) == (client_id, "free_busy_write", [])
    operator.json("grant", "revoke", "--application", client_id, "--account", sub)
    assert operator.json("grant", "list") == []
    entries = _ledger(operator)
    assert entries["grant.issued"]["actor"] == entries["grant.revoked"]["actor"] == "operator"


def test_grants_in_a_persons_stead_take_the_setting(operator: Operator) -> None:
    operator.account()
    client_id = operator.application()["client_id"]
    del operator.environ["CALWARDEN_ALLOW_OPERATOR_GRANTS"]
    who = ("--application", client_id, "--account", "jane@example.org")
    assert operator.refused("grant", "issue", *who, "--scope", "read_only")["code"] == "operator_grants_off"
    assert operator.refused("grant", "elevate", *who, "--calendar", "cal_1")["code"] == "operator_grants_off"
    assert operator.json("grant", "list") == []


def test_scopes_and_calendars_that_do_not_exist_are_refused(operator: Operator) -> None:
    operator.account()
    client_id = operator.application()["client_id"]
    who = ("--application", client_id, "--account", "jane@example.org")
    for scope in ("full_access", "", "service_account/accounts/manage"):
        assert operator.refused("grant", "issue", *who, "--scope", scope)["code"] == "invalid"
    assert operator.refused("grant", "elevate", *who, "--calendar", "cal_1")["code"] == "not_found"
    _issue(operator, client_id)
    assert operator.refused("grant", "elevate", *who, "--calendar", "cal_1")["code"] == "invalid"


def test_whoever_is_not_there_is_told_where_to_look(operator: Operator) -> None:
    assert "account list" in operator.refused("account", "delete", "--account", "nobody")["fix"]
    assert "application list" in operator.refused("application", "delete", "--application", "none")["fix"]


def test_keys_are_rotated_under_a_database_in_use(operator: Operator) -> None:
    sub = operator.account()
    assert operator.json("keys", "rotate")["version"] == 2
    assert operator.json("account", "list")[0]["sub"] == sub


def test_keys_are_never_replaced_nor_made_for_a_database_in_use(operator: Operator, tmp_path: Path) -> None:
    assert operator.json("keys", "generate")["versions"] == [1]
    assert operator.refused("keys", "generate")["code"] == "key_file"
    operator.account()
    (tmp_path / "data" / "keys.json").rename(tmp_path / "kept.json")
    assert operator.refused("keys", "generate")["code"] == "keys_missing"
    assert operator.refused("account", "list")["code"] == "not_ready"
    operator.environ["CALWARDEN_KEY_FILE"] = str(tmp_path / "kept.json")
    assert len(operator.json("account", "list")) == 1


def test_the_ledger_is_exported_and_verified(operator: Operator, tmp_path: Path) -> None:
    operator.account()
    lines = [json.loads(line) for line in operator.run("audit", "export").stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["entry", "head"]
    assert lines == operator.json("audit", "export")
    assert "content" not in operator.json("audit", "export", "--sealed")[0]
    target = tmp_path / "export"
    assert operator.json("audit", "export", "--output", str(target)) == {"file": str(target), "lines": 2}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert operator.refused("audit", "export", "--output", str(target))["code"] == "file_not_written"
    assert operator.json("audit", "verify", "--against", str(target)) == {"ok": True, "problems": []}


def test_what_an_earlier_export_has_and_the_ledger_has_not_is_a_problem(operator: Operator, tmp_path: Path) -> None:
    operator.account()
    records = operator.json("audit", "export")
    records[0]["hash"] = "0" * 64
    (tmp_path / "export").write_text(json.dumps(records))
    result = operator.run("audit", "verify", "--against", str(tmp_path / "export"), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["ok"] is False
    (tmp_path / "export").write_text("not json")
    assert operator.refused("audit", "verify", "--against", str(tmp_path / "export"))["code"] == "no_export"


def test_the_doctor_finds_a_new_place_fit_and_says_what_is_open(operator: Operator) -> None:
    found = operator.json("doctor")
    assert found["ok"] is True
    checks = {one["check"] for one in found["findings"]}
    assert checks == {"configuration", "data", "keys", "database", "clock", "public url", "mail", "outbound"}
    assert all((one["code"] is None) == (one["status"] == "ok") for one in found["findings"])
    assert all(one["fix"] for one in found["findings"] if one["status"] != "ok")


def test_the_doctor_names_what_is_wrong(operator: Operator, tmp_path: Path) -> None:
    operator.account()
    (tmp_path / "data" / "keys.json").chmod(0o644)
    result = operator.run("doctor", "--json")
    assert result.exit_code == 1
    problems = [one for one in json.loads(result.stdout)["findings"] if one["status"] == "problem"]
    assert [one["check"] for one in problems] == ["keys"]
    operator.environ["CALWARDEN_PORT"] = "many"
    [said] = json.loads(operator.run("doctor", "--json").stdout)["findings"]
    assert said["fix"] == "set a whole number from 0 to 65535"


def test_a_database_that_does_not_answer_is_said_without_its_password(operator: Operator) -> None:
    operator.environ["CALWARDEN_DATABASE_URL"] = "postgresql://me:hunter2@127.0.0.1:1/none"
    assert operator.refused("account", "list")["code"] == "database_unavailable"
    result = operator.run("doctor")
    assert result.exit_code == 1
    assert "hunter2" not in result.output


def test_wrong_settings_are_all_named(operator: Operator) -> None:
    operator.environ |= {"CALWARDEN_PORT": "x", "CALWARDEN_PUBLIC_ULR": "y"}
    error = operator.refused("account", "list")
    assert error["code"] == "bad_settings"
    assert "CALWARDEN_PORT" in error["message"]
    assert "CALWARDEN_PUBLIC_URL" in error["fix"]


def test_the_settings_file_is_read_and_its_absence_said(operator: Operator, tmp_path: Path) -> None:
    operator.environ["CALWARDEN_CONFIG"] = str(tmp_path / "settings.toml")
    assert "CALWARDEN_CONFIG" in operator.refused("account", "list")["message"]
    (tmp_path / "settings.toml").write_text("allow_operator_grants = [")
    assert "no TOML file" in operator.refused("account", "list")["message"]
    (tmp_path / "settings.toml").write_text(f'key_file = "{tmp_path}/elsewhere/keys.json"')
    assert operator.json("account", "list") == []
    assert (tmp_path / "elsewhere" / "keys.json").exists()


def test_migrating_what_is_up_to_date_changes_nothing(operator: Operator) -> None:
    first = operator.json("migrate")
    assert first["before"] is None
    assert operator.json("migrate") == {"before": first["version"], "version": first["version"]}


def test_people_get_lines_instead_of_json(operator: Operator) -> None:
    operator.account()
    said = operator.run("account", "list").stdout.splitlines()
    assert said[0].split() == ["sub", "email", "name", "profiles", "grants"]
    assert "jane@example.org" in said[1]


def test_what_came_from_outside_can_not_speak_to_the_terminal(operator: Operator) -> None:
    assert operator.refused("application", "create", "--name", "a\x1b[2Jb", "--redirect-uri", "https://a.example/cb")


def test_names_that_services_give_calendars_are_no_orders_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Console().show({}, ["cal_1  Caf\u00e9 \U0001f600 \u202egnp.exe\x9b2J\x1b[31m"])
    assert capsys.readouterr().out == "cal_1  Caf\u00e9 \U0001f600 ?gnp.exe?2J?[31m\n"


def test_what_the_operator_typed_is_no_order_to_the_terminal_when_it_is_repeated(operator: Operator) -> None:
    ended = operator.run("account", "delete", "--account", "a\x1b[2J\u202e\r\x9b2J", "--yes")
    assert ended.exit_code == 1
    assert ended.stderr == 'calwarden: no account "a?[2J???2J"\n  list them with "calwarden account list"\n'


def test_advice_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\ntwo\x1b", "do\tthis")
    assert capsys.readouterr().err == "calwarden: one\ntwo?\n  do?this\n"


def _issue(operator: Operator, client_id: str) -> dict[str, object]:
    who = ("--application", client_id, "--account", "jane@example.org")
    return dict(operator.json("grant", "issue", *who, "--scope", "free_busy_write"))


def _ledger(operator: Operator) -> dict[str, dict[str, str]]:
    records = operator.json("audit", "export")
    return {one["content"]["what"]: one["content"] for one in records if one["kind"] == "entry"}
