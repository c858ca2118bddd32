"""Keys and database are made once, together, and never apart from each other."""

from pathlib import Path

import pytest

from calwarden.domain.ids import AccountId
from calwarden.settings import Settings, load
from calwarden.vault import Keyring
from calwarden.wiring.opening import NotReady, is_empty, open_keyring, opened
from calwarden.wiring.system import SystemRandom, environment, system_clock


def settings(folder: Path) -> Settings:
    return load({"CALWARDEN_DATA_DIR": str(folder)})


def test_an_empty_folder_is_made_ready(tmp_path: Path) -> None:
    with opened(settings(tmp_path / "data")) as held:
        assert held.store.is_current()
        assert held.kit.public_url == "http://127.0.0.1:8000"
    assert not is_empty(held.settings.database_url)
    with opened(settings(tmp_path / "data")) as again, again.store.read() as uow:
        assert uow.accounts.get(AccountId("nobody")) is None


def test_two_processes_that_start_at_once_use_the_same_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings(tmp_path)
    generate = Keyring.generate

    def slower(path: Path) -> Keyring:
        generate(path)  # the other process
        return generate(path)

    monkeypatch.setattr(Keyring, "generate", slower)
    assert open_keyring(chosen).keyed_hash("x", "y") == Keyring.load(chosen.key_file).keyed_hash("x", "y")


def test_no_new_keys_are_made_for_data_that_others_were_used_for(tmp_path: Path) -> None:
    with opened(settings(tmp_path)):
        pass
    (tmp_path / "keys.json").unlink()
    with pytest.raises(NotReady) as caught, opened(settings(tmp_path)):
        pass
    assert "restore the key file" in caught.value.fix
    assert not (tmp_path / "keys.json").exists()


def test_random_values_have_their_forms_and_do_not_repeat() -> None:
    random = SystemRandom()
    assert len(random.token()) == 32
    assert len(random.hex24()) == 24
    assert len(random.account_id()) == 28
    assert random.account_id().startswith("acc_")
    assert random.profile_id().startswith("pro_")
    assert len({random.token() for _ in range(100)}) == 100


def test_only_our_own_variables_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALWARDEN_PORT", "1")
    monkeypatch.setenv("PORT", "2")
    assert environment()["CALWARDEN_PORT"] == "1"
    assert "PORT" not in environment()
    assert system_clock() > 1_790_000_000
