"""Codes, tokens and links: random text of which only the hash is kept (security 4.5, 4.7).

They carry at least 128 random bits, so a plain SHA-256 can not be searched; nothing slower is needed.
"""

from hashlib import sha256
from hmac import compare_digest

_LONGEST = 512  # what we issue has 32 characters; longer input is not ours and is not worth hashing


def hash_token(value: str) -> str:
    """What is stored of ``value`` and looked up by. Total: any text has a hash, only ours is found by it."""
    return sha256(value[:_LONGEST].encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Equality in constant time."""
    return compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
