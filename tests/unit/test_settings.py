"""Settings: what is stated counts, what is not has a default, and what is wrong is said with its fix."""

import dataclasses
from pathlib import Path

import pytest

from calwarden.settings import FIELDS, Settings, SettingsError, WorkerMode, is_loopback, load
from calwarden.settings.declaration import _LIMIT_DOCS
from calwarden.usecases.kit import Limits
from calwarden.usecases.people import SignUpMode


def complaints(environ: dict[str, str], file: dict[str, object] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environ, file)
    return [str(one) for one in caught.value.complaints]


def test_nothing_has_to_be_set() -> None:
    settings = load({})
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database_url == "sqlite:///data/calwarden.sqlite"
    assert settings.key_file == Path("data/keys.json")
    assert settings.development
    assert not settings.allow_operator_grants
    assert settings.worker is WorkerMode.EMBEDDED
    assert settings.outbound_allow == frozenset()
    assert settings.limits == Limits()


def test_what_is_derived_follows_what_is_stated() -> None:
    settings = load({"CALWARDEN_DATA_DIR": "/srv/cal", "CALWARDEN_PORT": "9000", "CALWARDEN_HOST": "::1"})
    assert settings.database_url == "sqlite:////srv/cal/calwarden.sqlite"
    assert settings.key_file == Path("/srv/cal/keys.json")
    assert settings.public_url == "http://[::1]:9000"


def test_a_server_that_listens_on_every_address_calls_itself_by_the_loopback_one() -> None:
    assert load({"CALWARDEN_HOST": "0.0.0.0"}).public_url == "http://127.0.0.1:8000"


def test_the_environment_wins_over_the_file() -> None:
    file = {"port": 9000, "sign_up": "closed", "outbound_allow": ["Caldav.lan:5232"], "limit_code_life": 30}
    settings = load({"CALWARDEN_PORT": "9001"}, file)
    assert settings.port == 9001
    assert settings.sign_up is SignUpMode.CLOSED
    assert settings.outbound_allow == {"caldav.lan:5232"}
    assert settings.limits.code_life == 30


def test_an_empty_variable_is_as_if_it_were_not_set() -> None:
    assert load({"CALWARDEN_PORT": ""}, {"port": 9000}).port == 9000


def test_an_unknown_variable_is_an_error_that_names_the_nearest() -> None:
    assert complaints({"CALWARDEN_PUBLIC_ULR": "x"}) == [
        "CALWARDEN_PUBLIC_ULR is not a setting: did you mean CALWARDEN_PUBLIC_URL?"
    ]
    assert complaints({}, {"databse_url": "x"})[0].endswith("did you mean database_url?")
    assert "docs/settings.md" in complaints({"CALWARDEN_QQQ": "x"})[0]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert len(complaints({"CALWARDEN_PORT": "x", "CALWARDEN_SIGN_UP": "maybe", "CALWARDEN_NO": "1"})) == 3


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("PORT", "70000", "set a whole number from 0 to 65535"),
        ("PORT", "-1", "set a whole number from 0 to 65535"),
        ("LIMIT_CODE_LIFE", "3600", "set a whole number from 10 to 600"),
        ("SIGN_UP", "yes", "set one of open, invitation, closed"),
        ("ALLOW_OPERATOR_GRANTS", "maybe", "set 1 or 0"),
        ("OUTBOUND_ALLOW", "caldav.lan", '"caldav.lan" is not host:port'),
        ("OUTBOUND_ALLOW", "*:5232", '"*:5232" is not host:port'),
        ("OUTBOUND_ALLOW", "10.0.0.0/8:80", '"10.0.0.0/8:80" is not host:port'),
        ("OUTBOUND_ALLOW", "a:99999", '"a:99999" is not host:port'),
        ("PUBLIC_URL", "calendar.example.org", "set scheme, host and port alone"),
        ("PUBLIC_URL", "https://calendar.example.org/path", "set scheme, host and port alone"),
        ("PUBLIC_URL", "https://u:p@calendar.example.org", "without a user name"),
        ("PUBLIC_URL", "http://calendar.example.org", "http is for loopback addresses alone"),
        ("DATA_DIR", "  ", "set some text"),
    ],
)
def test_an_unusable_value_is_named_with_what_to_set(name: str, value: str, fix: str) -> None:
    [said] = complaints({f"CALWARDEN_{name}": value})
    assert said.startswith(f"CALWARDEN_{name} is")
    assert fix in said


def test_the_address_of_the_database_is_never_repeated() -> None:
    [said] = complaints({"CALWARDEN_DATABASE_URL": "mysql://root:hunter2@db/x"})
    assert "hunter2" not in said
    assert "set sqlite:///" in said
    assert "hunter2" not in repr(load({"CALWARDEN_DATABASE_URL": "postgresql://root:hunter2@db/x"}))


def test_development_is_for_loopback_alone() -> None:
    assert not load({"CALWARDEN_PUBLIC_URL": "https://calendar.example.org"}).development
    said = complaints({"CALWARDEN_PUBLIC_URL": "https://calendar.example.org", "CALWARDEN_DEVELOPMENT": "1"})
    assert "loopback" in said[0]


def test_settings_that_go_together_are_asked_for_together() -> None:
    assert "CALWARDEN_SMTP_FROM is missing" in complaints({"CALWARDEN_SMTP_HOST": "mail.example.org"})[0]
    assert "go together" in complaints({"CALWARDEN_SMTP_USERNAME": "me"})[0]


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.2", "http://[::1]:80", "http://a.localhost"])
def test_loopback_addresses_are_known(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url", ["http://example.org", "http://127.0.0.1.example.org", "http://10.0.0.1", "http://1270.0.0.1"]
)
def test_others_are_not(url: str) -> None:
    assert not is_loopback(url)


def test_every_limit_is_a_setting_with_a_line_of_its_own_and_a_default_within_its_range() -> None:
    assert set(_LIMIT_DOCS) == {one.name for one in dataclasses.fields(Limits)}
    for field in FIELDS:
        if field.name.startswith("limit_"):
            assert field.kind.parse(field.default) == field.default


def test_every_field_of_the_object_is_declared() -> None:
    declared = {field.name for field in FIELDS if not field.name.startswith("limit_")}
    assert declared == {one.name for one in dataclasses.fields(Settings)} - {"limits"}
    assert all(field.doc.endswith(".") for field in FIELDS)


def test_the_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load({}).port = 1  # type: ignore[misc]  # that is the point


def test_trusted_proxies_are_addresses_and_networks() -> None:
    stated = load({"CALWARDEN_TRUSTED_PROXIES": "10.0.0.5, 192.168.0.1/16 ::1"}).trusted_proxies
    assert stated == ("10.0.0.5/32", "192.168.0.0/16", "::1/128")
    assert load({}).trusted_proxies == ()


@pytest.mark.parametrize("value", ["*", "proxy.lan", "10.0.0.5:80", "10.0.0.300"])
def test_nobody_is_trusted_by_name_or_altogether(value: str) -> None:
    assert "TRUSTED_PROXIES" in complaints({"CALWARDEN_TRUSTED_PROXIES": value})[0]
