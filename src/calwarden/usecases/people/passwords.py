"""Passwords: argon2id with its parameters in every hash, so that they can be changed later (RFC 9106).

The parameters are two and a half times OWASP's minimum (19 MiB, two passes). More memory would make two attempts at a
time take as much as all the rest of a server.
"""

import unicodedata

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from calwarden.domain.errors import Invalid

SHORTEST, LONGEST = 10, 256
_HASHER = PasswordHasher(time_cost=3, memory_cost=32_768, parallelism=1, hash_len=32, type=Type.ID)
# What an address without an account is checked against: the same parameters, hence the same work. It fits no password.
_NOBODY = (
    "$argon2id$v=19$m=32768,t=3,p=1$bm9ib2R5LWhhcy1hLXBhc3N3b3JkLWhlcmU$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


def hash_password(password: str, salt: str) -> str:
    """The argon2id hash. ``salt`` is fresh randomness, at least 16 characters (``kit.random.token()``).

    Takes about a tenth of a second and 32 MB: never run it on the event loop or within a transaction.
    """
    return _HASHER.hash(_prepared(password), salt=salt.encode())


def check_password(password_hash: str | None, password: str) -> bool:
    """Whether ``password`` fits; does the same work if there is no hash to compare with."""
    try:
        _HASHER.verify(password_hash or _NOBODY, _prepared(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def acceptable(password: str, field: str = "password") -> str:
    """``password`` if a person may choose it: its length is all that is asked. Raises Invalid."""
    if len(password) < SHORTEST:
        raise Invalid.of(field, "errors.too_short", f"choose at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise Invalid.of(field, "errors.too_long", f"choose at most {LONGEST} characters")
    return password


def _prepared(password: str) -> bytes:
    """One byte form for one typed text, whatever the keyboard composed (RFC 8265 4.2); bounded work."""
    return unicodedata.normalize("NFC", password[: 4 * LONGEST]).encode("utf-8", "surrogatepass")
