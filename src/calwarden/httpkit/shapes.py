"""What a request may state: one declaration reads the values, names what is wrong with them, and gives the schema that
the OpenAPI document shows.

A shape never raises for what somebody sent: it adds a Problem under the dotted name of the field (contract
authorization 7.2) and gives ABSENT, so that one answer can name everything that is wrong.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, Protocol

from calwarden.domain.errors import Invalid, Problem

Schema = dict[str, Any]

_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_LINE = re.compile(f"[{_CONTROLS}]")
_LINES = re.compile(f"[{_CONTROLS}]".replace("\x00-\x1f", "\x00-\x08\x0b\x0c\x0e-\x1f"))
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
_WHOLE = re.compile(r"-?[0-9]{1,12}", flags=re.ASCII)


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
Absent = Literal[_Absent.ABSENT]
"""Not stated, or not usable."""


class Plain(str):
    """Text from a query or a form, where everything is text: booleans and numbers may be read from it."""

    __slots__ = ()


@dataclass(slots=True)
class Problems:
    """What is wrong so far, by field."""

    found: dict[str, list[Problem]] = field(default_factory=dict)

    def add(self, at: str, key: str, description: str) -> Absent:
        """Note one problem; gives ABSENT, which is what the field then is."""
        self.found.setdefault(at or "base", []).append(Problem(key, description))
        return ABSENT

    def as_invalid(self) -> Invalid | None:
        """All of it as the exception that carries it; None if nothing is wrong."""
        return Invalid(self.found) if self.found else None


class Shape(Protocol):
    """One kind of value."""

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        """The value in our terms, or ABSENT with its problem noted under ``at``."""
        ...

    def schema(self) -> Schema:
        """JSON Schema (2020-12) of what is accepted in JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Text of at most ``most`` characters without controls or lone surrogates; ``lines``: line breaks and tabs may be
    in it (security 7.2, 7.3). ``keeps_empty``: empty is a value and not an absence.
    """

    most: int
    lines: bool = False
    keeps_empty: bool = False
    key: str = "errors.invalid_format"

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        if not isinstance(value, str):
            return wrong.add(at, self.key, "must be text")
        if (_LINES if self.lines else _LINE).search(value):
            return wrong.add(at, self.key, "must not contain control characters or halves of characters")
        if len(value) > self.most:
            return wrong.add(at, self.key, f"must have at most {self.most} characters")
        return str(value)

    def schema(self) -> Schema:
        return {"type": "string", "maxLength": self.most}


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean; in queries and forms ``true``, ``1``, ``false``, ``0`` in any case (contract authorization 0.4)."""

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        if isinstance(value, bool):
            return value
        said = value.lower() if isinstance(value, Plain) else ""
        if said in _TRUE | _FALSE:
            return said in _TRUE
        return wrong.add(at, "errors.must_be_boolean", "must be true or false")

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``low`` to ``high``."""

    low: int
    high: int

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        if isinstance(value, Plain) and _WHOLE.fullmatch(value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high:
            return value
        if self.low == 1:
            return wrong.add(at, "errors.must_be_integer_greater_than_zero", f"must be from 1 to {self.high}")
        return wrong.add(at, "errors.invalid_format", f"must be a whole number from {self.low} to {self.high}")

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed set of words."""

    words: Sequence[str]

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        if isinstance(value, str) and value in self.words:
            return str(value)
        return wrong.add(at, "errors.not_recognized", f"must be one of {', '.join(self.words)}")

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Read:
    """Text that ``parse`` makes something of; it raises ValueError with a sentence for people."""

    parse: Callable[[str], Any]
    key: str
    example: str
    most: int = 2_048
    format: str | None = None

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        text = Text(self.most, key=self.key).read(value, at, wrong)
        if text is ABSENT:
            return ABSENT
        try:
            return self.parse(text)
        except ValueError as error:
            return wrong.add(at, self.key, str(error))

    def schema(self) -> Schema:
        shown: Schema = {"type": "string", "maxLength": self.most, "examples": [self.example]}
        return shown if self.format is None else {**shown, "format": self.format}


@dataclass(frozen=True, slots=True)
class Items:
    """A list of at most ``most``. One value alone counts as a list of one in queries and forms, and in JSON if
    ``or_one``. ``as_field``: every problem is named at the list itself, with ``key``.
    """

    of: Shape
    most: int
    least: int = 0
    or_one: bool = False
    as_field: bool = False
    key: str = "errors.invalid_format"

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        if isinstance(value, Plain) or (self.or_one and isinstance(value, dict)):
            value = [value]
        if not isinstance(value, list):
            return wrong.add(at, self.key, "must be a list")
        if not self.least <= len(value) <= self.most:
            return wrong.add(at, self.key, f"must have {self.least} to {self.most} entries")
        inner = Problems() if self.as_field else wrong
        read = [self.of.read(one, f"{at}[{index}]", inner) for index, one in enumerate(value)]
        if inner is not wrong and inner.found:
            return wrong.add(at, self.key, "has an entry that can not be used")
        return tuple(one for one in read if one is not ABSENT)

    def schema(self) -> Schema:
        listed = {"type": "array", "items": self.of.schema(), "minItems": self.least, "maxItems": self.most}
        return {"anyOf": [listed, self.of.schema()]} if self.or_one else listed


@dataclass(frozen=True, slots=True)
class Stated:
    """One field of a record. ``nullable``: null says something, namely None; elsewhere it is an absence (Node and PHP
    send it for what was not given).
    """

    shape: Shape
    doc: str = ""
    required: bool = False
    nullable: bool = False


Fields = Mapping[str, Stated]


@dataclass(frozen=True, slots=True)
class Record:
    """An object. Unknown members are ignored (contract events 1.1)."""

    fields: Fields

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        if not isinstance(value, dict):
            return wrong.add(at, "errors.invalid_format", "must be an object")
        return read_fields(self.fields, value, wrong, at)

    def schema(self) -> Schema:
        return schema_of(self.fields)


def read_fields(fields: Fields, values: Mapping[str, object], wrong: Problems, at: str = "") -> dict[str, Any]:
    """What is stated and usable of ``fields``, by name. Problems are noted under dotted names."""
    read: dict[str, Any] = {}
    for name, one in fields.items():
        value = values.get(name, ABSENT)
        place = f"{at}.{name}" if at else name
        if value is None and one.nullable:
            read[name] = None
        elif value is ABSENT or value is None or (value == "" and not getattr(one.shape, "keeps_empty", False)):
            if one.required:
                wrong.add(place, "errors.required", "required")
        else:
            found = one.shape.read(value, place, wrong)
            if found is not ABSENT:
                read[name] = found
    return read


def schema_of(fields: Fields) -> Schema:
    """The JSON Schema of an object with ``fields``."""
    shown: Schema = {"type": "object", "properties": {name: schema_of_field(one) for name, one in fields.items()}}
    required = [name for name, one in fields.items() if one.required]
    return {**shown, "required": required} if required else shown


def schema_of_field(one: Stated) -> Schema:
    """The JSON Schema of one field, with what it means."""
    schema = one.shape.schema()
    if one.nullable:
        schema = {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "description": one.doc} if one.doc else schema
