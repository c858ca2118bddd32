"""JSON as far as we take it (RFC 8259, security 7.1): UTF-8, no duplicate names, no NaN, numbers of a sane size, not
nested for ever, not of more values than fifty of the largest events have.
"""

import json
import math
import re
from typing import Any, NoReturn

MOST_DEPTH = 40
MOST_DIGITS = 12
MOST_VALUES = 50_000
"""A value takes some hundred bytes of memory, however few it was written with."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', flags=re.DOTALL)
"""One that is never closed goes to the end: were it no match, every quote in it would be tried as a beginning."""


class JsonError(ValueError):
    """The text is no JSON we take; the message says what is wrong with it and repeats nothing of it."""


def parse_json(body: bytes) -> Any:
    """The value that ``body`` writes. Raises JsonError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonError("must be UTF-8") from error
    _check_size(text)
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_int=_whole, parse_float=_number, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise JsonError("must be JSON") from error


def _check_size(text: str) -> None:
    """Before parsing, since a parser recurses, and makes every value before anybody looks at one."""
    opened = text.count("[") + text.count("{")
    if opened <= MOST_DEPTH and text.count(",") + opened <= MOST_VALUES:
        return
    marks = _STRING.sub("", text)
    opened = marks.count("[") + marks.count("{")
    if opened + marks.count(",") > MOST_VALUES:
        raise JsonError(f"must not have more than {MOST_VALUES:,} values")
    if opened > MOST_DEPTH:
        _check_depth(marks)


def _check_depth(marks: str) -> None:
    depth = 0
    for mark in re.findall(r"[\[\]{}]", marks):
        depth += 1 if mark in "[{" else -1
        if depth > MOST_DEPTH:
            raise JsonError(f"must not be nested deeper than {MOST_DEPTH}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise JsonError("must not state a name twice")
    return made


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise JsonError(f"must not have a number of more than {MOST_DIGITS} digits")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise JsonError("must not have an infinite number")
    return number


def _constant(_: str) -> NoReturn:
    raise JsonError("must not have NaN or Infinity")
