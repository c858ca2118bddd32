"""Data keys: a random key for each Account, wrapped by the Keyring, and the sealing of columns with it.

Unwrapped keys are kept in memory, bounded; but whether a key still exists is asked of the database in every
transaction, so nothing of a deleted Account opens afterwards, whichever process deleted it.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import bindparam, select

from calwarden.domain.errors import NotFound
from calwarden.store import tables as t
from calwarden.store.codec import pack, unpack
from calwarden.store.compiled import Hot
from calwarden.store.transaction import Transaction
from calwarden.vault import Key, Keyring, KeyringError, Place, SealBroken, key_version, open_sealed, seal
from calwarden.vault.sealing import random_secret

T = TypeVar("T")

SERVER = "server"
"""Owner of the data key for what belongs to nobody yet, such as an invited address."""

_KEYS = Hot(
    lambda _: (
        select(t.data_keys.c.version, t.data_keys.c.wrapped)
        .where(t.data_keys.c.owner == bindparam("owner"))
        .order_by(t.data_keys.c.version.desc())
    )
)


class KeyCache:
    """Unwrapped keys by what wraps them; the least recently used go first. Shared by all threads."""

    def __init__(self, keyring: Keyring, size: int = 2_048) -> None:
        self.keyring = keyring
        self._size = size
        self._kept: OrderedDict[bytes, Key] = OrderedDict()
        self._guard = threading.Lock()

    def unwrap(self, owner: str, version: int, wrapped: bytes) -> Key:
        """The data key in ``wrapped``. Raises SealBroken or UnknownKey."""
        name = hashlib.sha256(b"%d/%s/%s" % (version, owner.encode(), wrapped)).digest()
        with self._guard:
            if (kept := self._kept.get(name)) is not None:
                self._kept.move_to_end(name)
                return kept
        secret = open_sealed(self.keyring.key(key_version(wrapped)), wrapped, _place(owner, version))
        key = Key.of(version, secret)
        with self._guard:
            self._kept[name] = key
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return key

    def clear(self) -> None:
        """Forget all of them."""
        with self._guard:
            self._kept.clear()


def _place(owner: str, version: int) -> Place:
    return Place("data_keys", owner, (str(version),), "wrapped")


class DataKeys:
    """Seals and opens columns within one transaction."""

    def __init__(self, tx: Transaction, cache: KeyCache) -> None:
        self._tx = tx
        self._cache = cache
        self._known: dict[str, dict[int, Key]] = {}

    @property
    def keyring(self) -> Keyring:
        return self._cache.keyring

    def make(self, owner: str) -> Key:
        """A first data key for ``owner``."""
        kek = self.keyring.newest()
        secret = random_secret()
        wrapped = seal(kek, secret, _place(owner, 1))
        self._tx.add(t.data_keys, {"owner": owner, "version": 1, "wrapped": wrapped, "wrapped_by": kek.version})
        self._known.pop(owner, None)
        return Key.of(1, secret)

    def destroy(self, owner: str) -> None:
        """Nothing sealed for ``owner`` opens from here on."""
        self._tx.drop(t.data_keys, owner=owner)
        self._known.pop(owner, None)
        self._tx.after_commit.append(self._cache.clear)

    def exists(self, owner: str) -> bool:
        return bool(self._keys(owner))

    def seal(self, owner: str, table: str, row: Sequence[str], value: object, *, column: str = "sealed") -> bytes:
        """``value`` for one column of one row. Raises NotFound if the owner has no key (never was, or is deleted)."""
        keys = self._keys(owner)
        if not keys:
            raise NotFound("the account is gone")
        return seal(keys[max(keys)], pack(value), Place(table, owner, tuple(row), column))

    def open(
        self, owner: str, table: str, row: Sequence[str], sealed: bytes, kind: type[T], *, column: str = "sealed"
    ) -> T:
        """What :meth:`seal` stored. Raises NotFound without a key, SealBroken, UnknownFormat."""
        key = self._keys(owner).get(key_version(sealed))
        if key is None:
            raise NotFound("the account is gone")
        return unpack(open_sealed(key, sealed, Place(table, owner, tuple(row), column)), kind)

    def prove(self) -> None:
        """Open every data key. Raises KeyringError unless the keys at hand open them all."""
        for row in self._tx.all(t.data_keys):
            try:
                self._cache.unwrap(row.owner, row.version, bytes(row.wrapped))
            except SealBroken:
                raise KeyringError("the key file is not the one of this data: restore the one that is") from None

    def rewrap(self) -> int:
        """Wrap every data key by the newest key-encryption key; gives how many were not."""
        newest = self.keyring.newest()
        old = [row for row in self._tx.all(t.data_keys) if row.wrapped_by != newest.version]
        for row in old:
            place = _place(row.owner, row.version)
            secret = open_sealed(self.keyring.key(row.wrapped_by), row.wrapped, place)
            values = {"wrapped": seal(newest, secret, place), "wrapped_by": newest.version}
            self._tx.set(t.data_keys, values, owner=row.owner, version=row.version)
        return len(old)

    def _keys(self, owner: str) -> dict[int, Key]:
        known = self._known.get(owner)
        if known is None:
            rows = self._tx.hot(_KEYS, {"owner": owner})
            known = {version: self._cache.unwrap(owner, version, bytes(wrapped)) for version, wrapped in rows}
            if known:
                self._known[owner] = known
        return known
