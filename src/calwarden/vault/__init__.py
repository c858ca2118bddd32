"""Encryption at rest and keyed hashes: the keys live in a file of their own, never in the database (security 10)."""

from calwarden.vault.envelope import EnvelopeBroken, Opening, Sealing
from calwarden.vault.keyring import Keyring, KeyringError, UnknownKey
from calwarden.vault.placing import placed
from calwarden.vault.sealing import Key, Place, SealBroken, key_version, open_sealed, seal

__all__ = [
    "EnvelopeBroken",
    "Key",
    "Keyring",
    "KeyringError",
    "Opening",
    "Place",
    "SealBroken",
    "Sealing",
    "UnknownKey",
    "key_version",
    "open_sealed",
    "placed",
    "seal",
]
