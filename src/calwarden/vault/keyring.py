"""The Keyring: key-encryption keys by version, and the secret that keyed hashes are derived from.

Kept in a JSON file of mode 0600 beside the database, never in it. Data keys in the database are wrapped by the newest
version; older versions stay so that a backup and a server that has not noticed a rotation go on working.
"""

import base64
import binascii
import fcntl
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from calwarden.vault.placing import placed
from calwarden.vault.sealing import KEY_BYTES, Key, random_secret

_FORMAT = 1


class KeyringError(Exception):
    """The key file cannot be used; the message says why and what to do."""


class UnknownKey(KeyringError):
    """A value needs a key version that the key file does not hold."""


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """The key file: ``keys`` by version, ``lookup`` for keyed hashes; all base64."""

    format: int
    keys: dict[str, str]
    lookup: str

    def __repr__(self) -> str:
        return "_Stored(...)"


@lru_cache(maxsize=32)
def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=f"calwarden/1/{purpose}".encode()).derive(secret)


class Keyring:
    """Versioned keys. Make one with ``generate``, ``load`` or ``ephemeral``; safe to use from several threads."""

    def __init__(self, keys: dict[int, bytes], lookup: bytes, path: Path | None = None) -> None:
        self._keys = dict(keys)
        self._lookup = lookup
        self._path = path
        self._seen = _signature(path)
        self._guard = threading.Lock()

    def __repr__(self) -> str:
        return f"Keyring(versions={sorted(self._keys)})"

    @classmethod
    def ephemeral(cls) -> "Keyring":
        """A Keyring without a file, for a store that lives in memory."""
        return cls({1: random_secret()}, random_secret())

    @classmethod
    def generate(cls, path: Path) -> "Keyring":
        """Make a new key file. Refuses to replace one that is there (KeyringError)."""
        made = cls({1: random_secret()}, random_secret(), path)
        made._store(path, replace=False)
        return made

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Read a key file. Raises KeyringError if it is missing, open to others, or no key file."""
        seen = _signature(path)
        keys, lookup = _read(path)
        made = cls(keys, lookup, path)
        made._seen = seen
        return made

    @classmethod
    def of_copy(cls, raw: bytes, path: Path) -> "Keyring":
        """The keys of a copy of a key file, which is to be at ``path`` and is not there yet. Raises KeyringError."""
        keys, lookup = _parse(raw, path)
        made = cls(keys, lookup)
        made._path = path
        return made

    def copy(self) -> bytes:
        """What a key file of these keys holds, those of a rotation by another process too. Raises KeyringError."""
        self.newest()
        return self._content()

    def put_in_place(self) -> None:
        """Write the file of :meth:`of_copy`. Raises KeyringError; never replaces one that is there."""
        if self._path is not None:
            self._store(self._path, replace=False)

    def holds(self, copy: bytes) -> bool:
        """Whether these are the keys of the same server as in the copy of a key file, and all of them. Raises
        KeyringError if it is no such copy.
        """
        keys, lookup = _parse(copy, Path("copy"))
        return hmac.compare_digest(lookup, self._lookup) and keys.items() <= self._keys.items()

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions at hand, oldest first."""
        return tuple(sorted(self._keys))

    def newest(self) -> Key:
        """The key that new data keys are wrapped with; notices a rotation by another process."""
        if self._path is not None and _signature(self._path) != self._seen:
            self._reload()
        version = max(self._keys)
        return Key.of(version, self._keys[version])

    def key(self, version: int) -> Key:
        """One version; reads the file again if it is not known yet. Raises UnknownKey."""
        if version not in self._keys and self._path is not None:
            self._reload()
        if version not in self._keys:
            raise UnknownKey(f"the key file holds no key of version {version}: restore the one that does")
        return Key.of(version, self._keys[version])

    def rotate(self) -> int:
        """Add a new version, in the file first; gives its number. Data keys are wrapped anew by the store."""
        if self._path is None:
            with self._guard:
                version = max(self._keys) + 1
                self._keys[version] = random_secret()
            return version
        with _locked(self._path):
            self._reload()
            version = max(self._keys) + 1
            with self._guard:
                self._keys[version] = random_secret()
            self._store(self._path, replace=True)
        return version

    def keyed_hash(self, purpose: str, value: str) -> str:
        """HMAC-SHA256 of ``value`` in hex, under a key for ``purpose`` alone (HKDF, RFC 5869).

        Rotation does not change it: it serves look-ups, not secrecy of what can be guessed by somebody with the file.
        """
        return self.mac(purpose, value.encode(errors="surrogatepass")).hex()

    def mac(self, purpose: str, message: bytes) -> bytes:
        """HMAC-SHA256 of ``message`` under a key for ``purpose`` alone."""
        return hmac.new(_derive(self._lookup, purpose), message, hashlib.sha256).digest()

    def sign(self, purpose: str, message: bytes) -> bytes:
        """The Ed25519 signature (RFC 8032) of ``message`` under a key pair for ``purpose`` alone; it never changes."""
        return self._signing(purpose).sign(message)

    def public_key(self, purpose: str) -> bytes:
        """What anybody can check signatures of :meth:`sign` with: 32 bytes."""
        return self._signing(purpose).public_key().public_bytes_raw()

    def has_signed(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is ours."""
        try:
            self._signing(purpose).public_key().verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def _signing(self, purpose: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(_derive(self._lookup, f"signing: {purpose}"))

    def _reload(self) -> None:
        if self._path is None:
            return
        seen = _signature(self._path)
        keys, lookup = _read(self._path)
        if not hmac.compare_digest(lookup, self._lookup):
            raise KeyringError(f'"{self._path}" was replaced by the key file of another server')
        with self._guard:
            self._keys = keys
            self._seen = seen

    def _store(self, path: Path, *, replace: bool) -> None:
        _write(path, self._content(), replace=replace)
        self._seen = _signature(path)

    def _content(self) -> bytes:
        stored = _Stored(_FORMAT, {str(v): _encode(self._keys[v]) for v in sorted(self._keys)}, _encode(self._lookup))
        return msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n"


def _encode(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def _decode(text: str) -> bytes:
    secret = base64.b64decode(text, validate=True)
    if len(secret) != KEY_BYTES:
        raise ValueError("wrong length")
    return secret


def _signature(path: Path | None) -> tuple[int, int, int] | None:
    """What changes when the file does; None without one."""
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def _read(path: Path) -> tuple[dict[int, bytes], bytes]:
    try:
        if path.stat().st_mode & 0o077:
            raise KeyringError(f'others may read the key file "{path}": set its mode to 0600')
        raw = path.read_bytes()
    except FileNotFoundError:
        raise KeyringError(f'there is no key file "{path}": restore it, or make one with "keys generate"') from None
    except OSError as error:
        raise KeyringError(f'the key file "{path}" cannot be read: {error.strerror}') from None
    return _parse(raw, path)


def _parse(raw: bytes, path: Path) -> tuple[dict[int, bytes], bytes]:
    try:
        stored = msgspec.json.decode(raw, type=_Stored)
        keys = {int(version): _decode(text) for version, text in stored.keys.items()}
        lookup = _decode(stored.lookup)
    except (msgspec.DecodeError, msgspec.ValidationError, binascii.Error, ValueError):
        raise KeyringError(f'"{path}" is not a key file: restore it from a copy') from None
    if stored.format != _FORMAT or not keys or min(keys) < 1:
        raise KeyringError(f'"{path}" is a key file of another version of calwarden')
    return keys, lookup


def _write(path: Path, content: bytes, *, replace: bool) -> None:
    """Put the file in place whole or not at all, on disk before this returns."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with placed(path, replace=replace) as file:
            file.write(content)
    except OSError as error:
        if isinstance(error, FileExistsError) and path.is_file():
            raise KeyringError(f'there is a key file "{path}" already: its keys are not replaced') from None
        raise KeyringError(f'the key file "{path}" cannot be written: {error.strerror}') from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep two rotations apart."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise KeyringError(f'the key file "{path}" cannot be read: {error.strerror}') from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
