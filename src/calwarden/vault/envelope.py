"""A stream of bytes sealed under a passphrase, to be kept elsewhere (security 10.5).

AES-256-GCM over chunks of 64 KiB, after the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar 2015) in the form
of the age format: the nonce of a chunk is its number and whether it is the last one, so that chunks which were
changed, moved, repeated or cut off do not open. The key comes from the passphrase by argon2id (RFC 9106) and a salt of
the file's own, and serves this file alone. The first line names the format; the format fixes every parameter.
"""

import os
import struct
from collections.abc import Callable
from typing import BinaryIO

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from calwarden.vault.sealing import KEY_BYTES

FIRST_LINE = b"calwarden backup, format 1\n"
CHUNK = 65_536
_SALT, _TAG = 16, 16
_NONCE = struct.Struct(">3xQ?")  # which chunk, and whether it is the last


class EnvelopeBroken(Exception):
    """The stream does not open; the message says what is known of the reason."""


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    secret = passphrase.encode(errors="surrogateescape")
    return AESGCM(hash_secret_raw(secret, salt, 3, 65_536, 4, KEY_BYTES, Type.ID))  # RFC 9106 section 4, the second


class Sealing:
    """Takes plain bytes and hands sealed ones to ``write``. Without ``finish`` the stream does not open."""

    def __init__(self, write: Callable[[bytes], object], passphrase: str) -> None:
        salt = os.urandom(_SALT)
        self._cipher, self._write = _cipher(passphrase, salt), write
        self._held, self._number = bytearray(), 0
        write(FIRST_LINE + salt)

    def write(self, plain: bytes) -> None:
        """The next bytes, as many as you like."""
        self._held += plain
        while len(self._held) > CHUNK:  # what may be the last chunk is kept back
            self._seal(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def finish(self) -> None:
        """That was all."""
        self._seal(bytes(self._held), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._write(self._cipher.encrypt(_NONCE.pack(self._number, last), chunk, FIRST_LINE))
        self._number += 1


class Opening:
    """Gives back what was sealed; nothing of a chunk before it has proved whole."""

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        if source.read(len(FIRST_LINE)) != FIRST_LINE:
            raise EnvelopeBroken("it is no backup, or one of a later version of calwarden")
        salt = _read(source, _SALT)
        if len(salt) < _SALT:
            raise EnvelopeBroken("it is cut off or was changed")
        self._cipher, self._source = _cipher(passphrase, salt), source
        self._next, self._number, self._ended = _read(source, CHUNK + _TAG), 0, False
        self._held = bytearray()

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes, or none at the end. Raises EnvelopeBroken."""
        while len(self._held) < size and not self._ended:
            self._held += self._open()
        if self._held and len(self._held) < size:
            raise EnvelopeBroken("it ends too soon")
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _open(self) -> bytes:
        sealed, self._next = self._next, _read(self._source, CHUNK + _TAG)
        self._ended = not self._next
        nonce = _NONCE.pack(self._number, self._ended)
        try:
            plain = self._cipher.decrypt(nonce, sealed, FIRST_LINE)
        except (InvalidTag, ValueError):
            first = "the passphrase is another one, or it was changed" if self._number == 0 else None
            raise EnvelopeBroken(first or "it is cut off or was changed") from None
        self._number += 1
        return plain


def _read(source: BinaryIO, size: int) -> bytes:
    """As many bytes as there are, up to ``size``: a pipe gives them in pieces."""
    parts = bytearray()
    while len(parts) < size and (part := source.read(size - len(parts))):
        parts += part
    return bytes(parts)
