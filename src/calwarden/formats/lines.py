r"""Content lines and components of RFC 5545 3.1-3.6: the text, apart from what it means.

Ours rather than the library's, for four reasons shown in docs/decisions: its escaping turns ``\N`` in a text into a
new line, a name ending in a backslash runs into the address after it, time zones of one resource are remembered for
the next one, and a line we do not touch must come back as it was, byte for byte.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from icalendar.parser import Contentline

MOST_BYTES = 1_000_000
MOST_DEPTH = 8

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NAME = re.compile(r"[ \t]*([A-Za-z0-9-]+)[ \t]*(?=[;:])", flags=re.ASCII)
_PARAMETER = re.compile(r";[ \t]*([A-Za-z0-9-]+)[ \t]*=", flags=re.ASCII)
_PARAMETER_VALUE = re.compile(r'[ \t]*(?:"([^"]*)"|([^,;:]*))([,;:])')
_CARET = re.compile(r"\^(\^|n|')")
_ESCAPED = re.compile(r"\\([\\;,nN:\"])")
_LIST_PART = re.compile(r"(?:[^\\,]|\\.)+", flags=re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9/+_.-]+", flags=re.ASCII)
_TEXT = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_ALONE = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY"})


class FormatError(ValueError):
    """The bytes are no iCalendar object, or a larger one than anybody's event is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One property. ``raw`` is how it was folded where it was read, if that is fit to be sent again."""

    name: str
    params: Mapping[str, str]  # of several values of one parameter, the first
    value: str
    text: str
    raw: str | None = None


@dataclass(slots=True)
class Block:
    """One component: its lines and inner components in order. Made afresh for each reading, changed in place."""

    name: str
    items: "list[Line | Block]" = field(default_factory=list)

    def lines(self, name: str) -> list[Line]:
        return [one for one in self.items if isinstance(one, Line) and one.name == name]

    def first(self, name: str) -> Line | None:
        return next((one for one in self.items if isinstance(one, Line) and one.name == name), None)

    def value(self, name: str) -> str:
        """The raw value of the first such property, ``""`` without one."""
        found = self.first(name)
        return "" if found is None else found.value

    def blocks(self, name: str) -> "list[Block]":
        return [one for one in self.items if isinstance(one, Block) and one.name == name]

    def put(self, name: str, *lines: Line) -> None:
        """Have exactly ``lines`` for ``name``, where the first was; new ones stand before inner components."""
        kept: list[Line | Block] = []
        at = None
        for one in self.items:
            if isinstance(one, Line) and one.name == name:
                at = len(kept) if at is None else at
            else:
                kept.append(one)
        if at is None:
            at = next((number for number, one in enumerate(kept) if isinstance(one, Block)), len(kept))
        self.items = [*kept[:at], *lines, *kept[at:]]

    def drop(self, *names: str) -> None:
        self.items = [one for one in self.items if isinstance(one, Block) or one.name not in names]

    def copy(self) -> "Block":
        return Block(self.name, [one.copy() if isinstance(one, Block) else one for one in self.items])


def read(body: bytes) -> list[Block]:
    """The calendar objects in ``body``, in time linear in its size; lines that are none are left out.

    Raises FormatError if there is none, or ``body`` is larger than 1 MB.
    """
    if len(body) > MOST_BYTES:
        raise FormatError("the resource is larger than 1 MB")
    reading = _Reading()
    for text, raw in _unfolded(body.decode("utf-8-sig", errors="replace")):
        name, _, rest = text.partition(":")
        word = name.strip().upper()
        if word == "BEGIN":
            reading.begin(rest.strip().upper())
        elif word == "END":
            reading.end(rest.strip().upper())
        else:
            reading.line(text, raw)
    if not reading.calendars:
        raise FormatError("the resource is no iCalendar object")
    return reading.calendars


class _Reading:
    """The components that are open while the lines go by."""

    def __init__(self) -> None:
        self.calendars: list[Block] = []
        self._open: list[Block] = []
        self._too_deep = 0

    def begin(self, name: str) -> None:
        if name == "VCALENDAR":
            self._open, self._too_deep = [Block(name)], 0
            self.calendars.append(self._open[0])
            return
        if name in _ALONE:
            self._too_deep = 0
            del self._open[1:]  # what was never ended before it must not swallow it
        if len(self._open) >= MOST_DEPTH:
            self._too_deep += 1
        elif self._open:
            inner = Block(name)
            self._open[-1].items.append(inner)
            self._open.append(inner)

    def end(self, name: str) -> None:
        if self._too_deep:
            self._too_deep -= 1
            return
        names = [one.name for one in self._open]
        if name in names:
            del self._open[len(names) - 1 - names[::-1].index(name) :]

    def line(self, text: str, raw: str | None) -> None:
        line = parse_line(text, raw) if self._open and not self._too_deep else None
        if line is not None:
            self._open[-1].items.append(line)


def _unfolded(text: str) -> Iterator[tuple[str, str | None]]:
    """Logical lines, each with its folded form if that holds no control characters."""
    parts: list[str] = []
    for physical in text.replace("\r\n", "\n").split("\n"):
        if not physical:
            continue
        if physical[0] in " \t" and parts:
            parts.append(physical)
            continue
        if parts:
            yield _joined(parts)
        parts = [physical]
    if parts:
        yield _joined(parts)


def _joined(parts: list[str]) -> tuple[str, str | None]:
    text = parts[0] + "".join(part[1:] for part in parts[1:])
    plain = _CONTROL.sub("", text)
    return plain, "\r\n".join(parts) if len(plain) == len(text) else None


def parse_line(text: str, raw: str | None = None) -> Line | None:
    """Name, parameters and value; None if it is no content line."""
    found = _NAME.match(text)
    if found is None:
        return None
    name, at = found.group(1).upper(), found.end()
    params: dict[str, str] = {}
    while at < len(text) and text[at] == ";":
        key = _PARAMETER.match(text, at)
        if key is None:
            return None
        values, at = _values(text, key.end())
        if at < 0:
            return None
        params.setdefault(key.group(1).upper(), values[0])
    if at >= len(text) or text[at] != ":":
        return None
    return Line(name, params, text[at + 1 :], text, raw)


def _values(text: str, at: int) -> tuple[list[str], int]:
    """The values of one parameter, and where its delimiter stands; -1 if it never ends."""
    values: list[str] = []
    while True:
        found = _PARAMETER_VALUE.match(text, at)
        if found is None:
            return [""], -1
        quoted, bare, delimiter = found.groups()
        values.append(_uncaret(bare.strip() if quoted is None else quoted))
        if delimiter != ",":
            return values, found.end() - 1
        at = found.end()


def _uncaret(value: str) -> str:
    return _CARET.sub(lambda found: {"^": "^", "n": "\n", "'": '"'}[found.group(1)], value)


def clean(text: str, *, most: int = 100_000) -> str:
    """Text without control characters; line ends become plain newlines, tabs and emoji stay (security 7.3)."""
    lines = text[:most].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_CONTROL.sub("", line) for line in lines)


def plain(text: str) -> str:
    """``clean`` on one line, for values that have no escape for a line end: addresses, links, words."""
    return "".join(clean(text).split("\n"))


def escape(text: str) -> str:
    """A TEXT value (RFC 5545 3.3.11)."""
    return clean(text).translate(_TEXT)


def unescape(value: str) -> str:
    """What a TEXT value says; a backslash before anything that needs none is itself."""
    return _ESCAPED.sub(lambda found: "\n" if found.group(1) in "nN" else found.group(1), value)


def split_list(value: str) -> list[str]:
    """The texts of a comma-separated value."""
    return [unescape(part) for part in _LIST_PART.findall(value)]


def make_line(name: str, value: str, params: Iterable[tuple[str, str]] = ()) -> Line:
    """A property; ``value`` is in its final form, parameters are quoted and escaped (RFC 6868) here."""
    pairs = [(key, clean(said)) for key, said in params]
    head = "".join(f";{key}={_quoted(said)}" for key, said in pairs)
    one = plain(value)
    return Line(name, dict(pairs), one, f"{name}{head}:{one}")


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    safe = value.replace("^", "^^").replace("\n", "^n").replace('"', "^'")
    return f'"{safe}"'


def write(calendars: Iterable[Block]) -> bytes:
    """The text of ``calendars``, folded at 75 octets; lines that were read are as they were."""
    out: list[str] = []
    for one in calendars:
        _write(one, out)
    return "".join(out).encode("utf-8", errors="replace")


def _write(block: Block, out: list[str]) -> None:
    out.append(f"BEGIN:{block.name}\r\n")
    for one in block.items:
        if isinstance(one, Block):
            _write(one, out)
        else:
            out.append((one.raw if one.raw is not None else _folded(one.text)) + "\r\n")
    out.append(f"END:{block.name}\r\n")


def _folded(text: str) -> str:
    folded: bytes = Contentline(text).to_ical()  # type: ignore[no-untyped-call]  # the library has no types here
    return folded.decode()
