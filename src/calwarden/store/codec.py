"""Values to bytes and back: JSON behind a version tag.

Fields are only ever added, with a default (house style 9.13).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_TAG = b"\x01"
_encoder = msgspec.json.Encoder()
_names = msgspec.json.Decoder(tuple[str, ...])


class UnknownFormat(Exception):
    """Stored by a later calwarden than this one, or no stored value at all."""


_decoder: Callable[[Any], msgspec.json.Decoder[Any]] = lru_cache(maxsize=64)(msgspec.json.Decoder)


def pack(value: object) -> bytes:
    """The stored form of a value."""
    return _TAG + _encoder.encode(value)


def unpack(stored: bytes, kind: type[T]) -> T:
    """The value of type ``kind`` that :func:`pack` stored. Raises UnknownFormat."""
    if stored[:1] != _TAG:
        raise UnknownFormat("a stored value has a format that this version does not know")
    value: T = _decoder(kind).decode(stored[1:])
    return value


def text(value: object) -> str:
    """Compact JSON for small lists of ids in clear columns."""
    return _encoder.encode(value).decode()


def names(stored: str) -> tuple[str, ...]:
    """The inverse of :func:`text` for a list of strings."""
    return _names.decode(stored)
