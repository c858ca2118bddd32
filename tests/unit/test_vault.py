"""The key file, sealed values and keyed hashes."""

import base64
import hmac
import json
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from calwarden.vault import Key, Keyring, KeyringError, Place, SealBroken, UnknownKey, key_version, open_sealed, seal

PLACE = Place("events", "acc_1", ("cal_1", "r1"), "components")
KEY = Key.of(1, b"k" * 32)


def test_what_was_sealed_opens_in_its_place() -> None:
    for plain in (b"", b"x", b"long" * 10_000):
        assert open_sealed(KEY, seal(KEY, plain, PLACE), PLACE) == plain


@pytest.mark.parametrize(
    "place",
    [
        PLACE._replace(table="resources"),
        PLACE._replace(account="acc_2"),
        PLACE._replace(row=("cal_1", "r2")),
        PLACE._replace(row=("cal_1r1",)),
        PLACE._replace(row=("cal_1", "r1", "")),
        PLACE._replace(row=()),
        PLACE._replace(column="etag"),
        PLACE._replace(account="acc_1c", row=("al_1", "r1")),
    ],
)
def test_what_was_sealed_opens_nowhere_else(place: Place) -> None:
    with pytest.raises(SealBroken):
        open_sealed(KEY, seal(KEY, b"secret", PLACE), place)


def test_another_key_or_another_version_does_not_open() -> None:
    sealed = seal(KEY, b"secret", PLACE)
    assert key_version(sealed) == 1
    for other in (Key.of(1, b"o" * 32), Key.of(2, b"k" * 32)):
        with pytest.raises(SealBroken):
            open_sealed(other, sealed, PLACE)


def test_every_changed_byte_is_noticed() -> None:
    sealed = seal(KEY, b"secret", PLACE)
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(SealBroken):
            open_sealed(KEY, bytes(changed), PLACE)
    for cut in (0, 4, 20, len(sealed) - 1):
        with pytest.raises(SealBroken):
            open_sealed(KEY, sealed[:cut], PLACE)


def test_one_value_is_sealed_differently_each_time() -> None:
    nonces = {seal(KEY, b"secret", PLACE)[5:17] for _ in range(1_000)}
    assert len(nonces) == 1_000


def test_the_cipher_is_aes_256_gcm_with_a_nonce_of_96_bits() -> None:
    sealed = seal(KEY, b"secret", PLACE)
    parts = ("events", "acc_1", "components", "1", "cal_1", "r1")
    associated = b"".join(len(part).to_bytes(4, "big") + part.encode() for part in parts)
    assert AESGCM(b"k" * 32).decrypt(sealed[5:17], sealed[17:], associated) == b"secret"


def test_a_key_has_32_bytes_and_prints_none_of_them() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Key.of(1, b"short")
    assert repr(KEY) == "Key(version=1)"


def test_a_key_file_is_made_for_its_owner_alone_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    made = Keyring.generate(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]
    read = Keyring.load(path)
    assert read.versions == made.versions == (1,)
    assert read.keyed_hash("email", "a") == made.keyed_hash("email", "a")
    assert open_sealed(read.newest(), seal(made.newest(), b"secret", PLACE), PLACE) == b"secret"


def test_a_key_file_is_never_replaced_by_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    Keyring.generate(path)
    before = path.read_bytes()
    with pytest.raises(KeyringError, match="already"):
        Keyring.generate(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


def test_of_servers_that_start_together_one_makes_the_key_file(tmp_path: Path) -> None:
    made: list[Keyring] = []

    def make() -> None:
        with suppress(KeyringError):
            made.append(Keyring.generate(tmp_path / "keys.json"))

    threads = [Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert Keyring.load(tmp_path / "keys.json").keyed_hash("p", "v") == made[0].keyed_hash("p", "v")


def test_rotation_adds_a_version_and_keeps_the_older_ones(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keyring = Keyring.generate(path)
    sealed, hashed = seal(keyring.newest(), b"secret", PLACE), keyring.keyed_hash("email", "a")
    assert keyring.rotate() == 2
    assert (keyring.newest().version, keyring.versions) == (2, (1, 2))
    assert path.stat().st_mode & 0o777 == 0o600
    read = Keyring.load(path)
    assert open_sealed(read.key(1), sealed, PLACE) == b"secret"
    assert read.keyed_hash("email", "a") == hashed


def test_a_running_server_notices_a_rotation_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    running, reading = Keyring.generate(path), Keyring.load(path)
    Keyring.load(path).rotate()
    assert running.newest().version == 2
    assert reading.key(2).version == 2


def test_rotations_one_after_the_other_by_different_processes_lose_no_version(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    one, two = Keyring.generate(path), Keyring.load(path)
    assert [one.rotate(), two.rotate(), one.rotate()] == [2, 3, 4]
    assert Keyring.load(path).versions == (1, 2, 3, 4)


def test_a_version_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownKey, match="version 7"):
        Keyring.ephemeral().key(7)


def test_a_keyring_without_a_file_rotates_in_memory() -> None:
    keyring = Keyring.ephemeral()
    assert keyring.rotate() == keyring.newest().version == 2


def test_a_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    Keyring.generate(path)
    for mode in (0o640, 0o604, 0o666):
        path.chmod(mode)
        with pytest.raises(KeyringError, match="0600"):
            Keyring.load(path)


def test_a_missing_key_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="keys generate"):
        Keyring.load(tmp_path / "keys.json")


def test_a_key_file_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyringError, match="cannot be written"):
        Keyring.generate(tmp_path / "file" / "keys.json")


def damaged() -> dict[str, bytes]:
    key, lookup = (base64.b64encode(letter * 32).decode() for letter in (b"k", b"l"))
    good = {"format": 1, "keys": {"1": key}, "lookup": lookup}
    changes: dict[str, dict[str, object]] = {
        "short key": {"keys": {"1": "YWJj"}},
        "no base64": {"keys": {"1": "!" * 44}},
        "no keys": {"keys": {}},
        "no number": {"keys": {"one": good["lookup"]}},
        "zero": {"keys": {"0": good["lookup"]}},
        "no lookup": {"lookup": None},
        "later format": {"format": 2},
    }
    files = {name: json.dumps({**good, **change}).encode() for name, change in changes.items()}
    return {**files, "empty": b"", "no JSON": b"{", "binary": bytes(range(256)), "list": b"[]"}


@pytest.mark.parametrize("content", damaged().values(), ids=damaged().keys())
def test_a_file_that_is_no_key_file_is_refused_without_showing_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(KeyringError) as refused:
        Keyring.load(path)
    assert base64.b64encode(b"k" * 32).decode() not in str(refused.value)


def test_a_key_file_of_another_server_is_not_taken_for_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    running = Keyring.generate(path)
    path.unlink()
    Keyring.generate(path)
    with pytest.raises(KeyringError, match="another server"):
        running.newest()


def test_keyed_hashes_differ_by_purpose_and_by_server_and_hold_for_good() -> None:
    keyring = Keyring({1: b"k" * 32}, b"l" * 32)
    assert keyring.keyed_hash("email", "a") == keyring.keyed_hash("email", "a")
    assert keyring.keyed_hash("email", "a") != keyring.keyed_hash("client-secret", "a")
    assert keyring.keyed_hash("email", "a") != Keyring.ephemeral().keyed_hash("email", "a")
    assert keyring.keyed_hash("email", "a") != keyring.keyed_hash("email", "A")


def test_a_keyed_hash_is_hmac_sha256_under_a_key_by_hkdf() -> None:
    """RFC 5869 2.2 and 2.3 by hand. Hashes are stored: another construction would lose every look-up."""
    keyring = Keyring({1: b"k" * 32}, b"l" * 32)
    extracted = hmac.digest(bytes(32), b"l" * 32, "sha256")
    derived = hmac.digest(extracted, b"calwarden/1/email\x01", "sha256")
    assert keyring.keyed_hash("email", "a") == hmac.digest(derived, b"a", "sha256").hex()


def test_a_keyring_prints_none_of_its_keys() -> None:
    keyring = Keyring({1: b"k" * 32}, b"l" * 32)
    assert repr(keyring) == "Keyring(versions=[1])"


def test_the_lock_of_a_rotation_needs_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keyring = Keyring.generate(path)
    path.unlink()
    with pytest.raises(KeyringError, match="cannot be read"):
        keyring.rotate()
