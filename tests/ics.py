"""What tests about iCalendar and time share: fixture files, and short ways to write moments."""

from datetime import date
from pathlib import Path

from calwarden.domain.times import Day, Instant, Window, Zoned, instant_day
from calwarden.timetable.wiretime import parse_instant

FIXTURES = Path(__file__).parent / "fixtures"
NOBODY: frozenset[str] = frozenset()
NOW = parse_instant("2031-01-01T00:00:00Z")


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.ics").read_bytes()


def at(text: str) -> Instant:
    return parse_instant(text)


def zoned(text: str, tzid: str = "Etc/UTC") -> Zoned:
    return Zoned(at(text), tzid)


def day(text: str) -> Day:
    return date.fromisoformat(text)


def window(first: str, last: str) -> Window:
    start, end = at(f"{first}T00:00:00Z"), at(f"{last}T00:00:00Z")
    return Window(start, end, instant_day(start), instant_day(end))


def event(*lines: str, zones: str = "") -> bytes:
    """A calendar object with one event of these lines."""
    inside = "\r\n".join(lines)
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{zones}BEGIN:VEVENT\r\n{inside}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode()
    )
