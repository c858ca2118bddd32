"""Queries and forms: ``application/x-www-form-urlencoded`` with the bracket notation of the SDKs.

``calendar_ids[]=a&calendar_ids[]=b``, ``calendar_ids=a&calendar_ids=b`` and ``location[description]=x``, brackets
percent-encoded or not (contract events 6.1). Empty values are absent (contract authorization 0.4).
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from calwarden.httpkit.shapes import Plain

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\]){0,8})")
_KEYS = re.compile(r"\[([^\[\]]*)\]")
_MOST_NAMES = 200  # security 7.2
_MOST_PAIRS = 1_000  # names with ``[]`` may repeat: 500 calendar_ids


class FormError(ValueError):
    """The text is no form we take; the message says what is wrong with it and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Form:
    """``values`` by name: Plain, or lists and dicts of it. ``repeated``: names that came more than once, empty ones
    counted; where one value is wanted, that is refused.
    """

    values: dict[str, Any] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()


def parse_form(text: str) -> Form:
    """Take a query string or form body apart. Raises FormError."""
    parts = [part for part in text.split("&") if part]
    if len(parts) > _MOST_PAIRS:  # before any is decoded: a megabyte of names would take a second
        raise FormError(f"must not have more than {_MOST_NAMES} fields")
    pairs = [_pair(part) for part in parts]
    names = [name for name, _ in pairs]
    if len(set(names)) > _MOST_NAMES:
        raise FormError(f"must not have more than {_MOST_NAMES} fields")
    values: dict[str, Any] = {}
    for name, value in pairs:
        if value:
            found = _NAME.fullmatch(name)
            keys = [found[1], *_KEYS.findall(found[2])] if found is not None else [name]
            _put(values, keys, Plain(value))
    counted: dict[str, int] = {}
    for name in names:
        counted[name] = counted.get(name, 0) + 1
    repeated = frozenset(name for name, times in counted.items() if times > 1)
    return Form({name: _settled(value) for name, value in values.items()}, repeated)


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return _decoded(name), _decoded(value)


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeError as error:
        raise FormError("must be percent-encoded UTF-8") from error


def _put(into: dict[str, Any], keys: list[str], value: Plain) -> None:
    """Put ``value`` where ``keys`` lead; ``""`` is the next place of a list."""
    first, rest = keys[0], keys[1:]
    if not rest:
        into[first] = value if first not in into else [*_listed(into[first]), value]
    elif rest[0] == "":
        members = into.setdefault(first, [])
        if not isinstance(members, list):
            members = into[first] = [members]
        _append(members, rest[1:], value)
    else:
        inner = into.setdefault(first, {})
        if not isinstance(inner, dict):
            raise FormError("must not state a name both as text and as an object")
        _put(inner, rest, value)


def _append(members: list[Any], keys: list[str], value: Plain) -> None:
    if not keys:
        members.append(value)
        return
    last = members[-1] if members else None
    if not isinstance(last, dict) or keys[0] in last:
        last = {}
        members.append(last)
    _put(last, keys, value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _settled(value: Any) -> Any:
    """Objects whose names are all numbers are lists (PHP)."""
    if isinstance(value, list):
        return [_settled(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {name: _settled(one) for name, one in value.items()}
    if all(name.isascii() and name.isdigit() and len(name) <= 4 for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
