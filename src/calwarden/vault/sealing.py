"""AES-256-GCM over one value in one place of the database (security 10.1; NIST SP 800-38D).

A sealed value names the version of the key it was made with; the place it belongs to is associated data, so that a
ciphertext moved to another row, column, account or table does not open.
"""

import os
import struct
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT = 1
_HEADER = struct.Struct(">BI")  # format, key version
_NONCE = 12  # 96 random bits (SP 800-38D 8.2.2)
_TAG = 16
KEY_BYTES = 32


class SealBroken(Exception):
    """The value does not open: another key, another place, or changed bytes."""


class Place(NamedTuple):
    """Where a sealed value belongs. ``row`` is the rest of the primary key, after the account."""

    table: str
    account: str
    row: tuple[str, ...]
    column: str


@dataclass(frozen=True, slots=True)
class Key:
    """One version of one AES-256 key, ready for use. Prints nothing of itself."""

    version: int
    cipher: AESGCM

    @classmethod
    def of(cls, version: int, secret: bytes) -> "Key":
        """A key from its 32 bytes. Refuses any other length."""
        if len(secret) != KEY_BYTES:
            raise ValueError("a key has 32 bytes")
        return cls(version, AESGCM(secret))

    def __repr__(self) -> str:
        return f"Key(version={self.version})"


def random_secret() -> bytes:
    """32 fresh bytes from the operating system, for a new key."""
    return os.urandom(KEY_BYTES)


def _associated(place: Place, version: int) -> bytes:
    # Each part goes with its length: no two places share one encoding.
    parts = (place.table, place.account, place.column, str(version), *place.row)
    encoded = [part.encode() for part in parts]
    return b"".join(struct.pack(">I", len(part)) + part for part in encoded)


def seal(key: Key, plain: bytes, place: Place) -> bytes:
    """Encrypt ``plain`` for ``place``."""
    nonce = os.urandom(_NONCE)
    return (
        _HEADER.pack(_FORMAT, key.version) + nonce + key.cipher.encrypt(nonce, plain, _associated(place, key.version))
    )


def key_version(sealed: bytes) -> int:
    """Which version of its key ``sealed`` needs. Raises SealBroken for what was never sealed."""
    if len(sealed) < _HEADER.size + _NONCE + _TAG:
        raise SealBroken("too short to be a sealed value")
    form, version = _HEADER.unpack_from(sealed)
    if form != _FORMAT:
        raise SealBroken("unknown format of a sealed value")
    return int(version)


def open_sealed(key: Key, sealed: bytes, place: Place) -> bytes:
    """Decrypt what :func:`seal` made for the same place with the same key. Raises SealBroken for anything else."""
    if key_version(sealed) != key.version:
        raise SealBroken("sealed with another version of the key")
    start = _HEADER.size + _NONCE
    try:
        return key.cipher.decrypt(sealed[_HEADER.size : start], sealed[start:], _associated(place, key.version))
    except InvalidTag:
        raise SealBroken(f"a sealed value in {place.table}.{place.column} does not open") from None
