"""What strangers may put into a calendar to stop whoever reads it: resources by name, each under a megabyte unless that
is the point (security 7.6).
"""

from collections.abc import Iterator

DAY = b"20270610"
_BEGIN, _END = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//hostile//EN\r\n", b"END:VCALENDAR\r\n"
_MOST = 1_000_000

RULES = {
    "interval-0": b"FREQ=DAILY;INTERVAL=0",
    "interval-negative": b"FREQ=DAILY;INTERVAL=-1",
    "interval-huge": b"FREQ=YEARLY;INTERVAL=99999999999999999999",
    "count-0": b"FREQ=DAILY;COUNT=0",
    "count-negative": b"FREQ=DAILY;COUNT=-5",
    "count-huge": b"FREQ=MONTHLY;COUNT=99999999999999999999;BYDAY=MO",
    "secondly": b"FREQ=SECONDLY",
    "minutely": b"FREQ=MINUTELY;INTERVAL=1",
    "hourly": b"FREQ=HOURLY",
    "february-30": b"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "february-31-daily": b"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
    "sixth-monday": b"FREQ=MONTHLY;BYDAY=6MO",
    "week-53-in-february": b"FREQ=YEARLY;BYWEEKNO=53;BYMONTH=2;BYDAY=MO",
    "monday-that-is-tuesday": b"FREQ=WEEKLY;BYDAY=MO;BYMONTH=2;BYMONTHDAY=31",
    "every-second-of-a-day": b"FREQ=DAILY;BYHOUR=%b;BYMINUTE=%b;BYSECOND=%b"
    % tuple(b",".join(b"%d" % one for one in range(most)) for most in (24, 60, 60)),
    "every-five-minutes": b"FREQ=DAILY;BYHOUR=%b;BYMINUTE=%b"
    % (b",".join(b"%d" % one for one in range(24)), b",".join(b"%d" % one for one in range(0, 60, 5))),
    "every-day-of-the-year": b"FREQ=YEARLY;BYYEARDAY=%b;BYHOUR=%b"
    % (b",".join(b"%d" % one for one in range(1, 367)), b",".join(b"%d" % one for one in range(24))),
    "positions": b"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=%b;BYSETPOS=%b"
    % (b",".join(b"%d" % one for one in range(24)), b",".join(b"%d" % one for one in range(1, 367))),
    "until-before-start": b"FREQ=DAILY;UNTIL=19990101T000000Z",
    "until-9999": b"FREQ=YEARLY;UNTIL=99991231T235959Z",
    "until-nonsense": b"FREQ=DAILY;UNTIL=tomorrow",
    "parts-twice": b"FREQ=DAILY;FREQ=SECONDLY;COUNT=3;COUNT=4",
    "no-frequency": b"COUNT=3",
    "not-a-rule": b"%00;;;===\xc3\xa9",
    "a-long-rule": b"FREQ=YEARLY;BYDAY=" + b",".join([b"MO"] * 300_000),
}


def event(*lines: bytes, uid: bytes = b"u", start: bytes = b"DTSTART:" + DAY + b"T090000Z") -> bytes:
    head = (b"BEGIN:VEVENT", b"UID:" + uid, b"SUMMARY:Hostile", start)
    return b"\r\n".join((*head, *lines, b"END:VEVENT", b""))


def calendar(*parts: bytes) -> bytes:
    return _BEGIN + b"".join(parts) + _END


def resources() -> Iterator[tuple[str, bytes]]:
    """Every hostile resource by name."""
    for name, rule in RULES.items():
        yield f"rule-{name}", calendar(event(b"RRULE:" + rule))
        yield f"rule-{name}-since-1500", calendar(event(b"RRULE:" + rule, start=b"DTSTART:15000102T090000Z"))
    yield (
        "every-rule-twelve-times",
        calendar(
            *(event(*[b"RRULE:" + rule] * 3, uid=b"u%d" % number) for number in range(12) for rule in RULES.values())
        )[:_MOST],
    )
    yield from _dates()
    yield from _times()
    yield from _texts()
    yield from _shapes()


def _dates() -> Iterator[tuple[str, bytes]]:
    days = [b"2027%02d%02dT%02d%02d00Z" % (1 + n % 12, 1 + n % 28, n % 24, n % 60) for n in range(58_000)]
    daily = b"RRULE:FREQ=DAILY"
    yield "exdate-flood", calendar(event(daily, b"EXDATE:" + b",".join(days)))
    yield "exdate-lines", calendar(event(daily, *(b"EXDATE:" + one for one in days[:38_000])))
    yield "all-excluded", calendar(event(b"RRULE:FREQ=MONTHLY;BYDAY=2TH;COUNT=3", b"EXDATE:" + b",".join(days)))
    yield "rdate-flood", calendar(event(b"RDATE:" + b",".join(days)))
    periods = b",".join(one + b"/PT%dM" % (1 + n % 60) for n, one in enumerate(days[:40_000]))
    yield "rdate-periods", calendar(event(b"RDATE;VALUE=PERIOD:" + periods))
    changed = [event(b"RECURRENCE-ID:" + one, start=b"DTSTART:" + one) for one in days[:6_500]]
    yield "changed-instances", calendar(event(daily), *changed)
    onwards = [event(b"RECURRENCE-ID;RANGE=THISANDFUTURE:" + one, start=b"DTSTART:" + one) for one in days[:4_800]]
    yield "this-and-future", calendar(event(daily), *onwards)
    far = b"RECURRENCE-ID;RANGE=THISANDFUTURE:" + DAY + b"T090000Z"
    yield "into-the-year-9999", calendar(event(daily), event(far, start=b"DTSTART:99991230T090000Z"))
    yield "out-of-the-year-1", calendar(event(daily), event(far, start=b"DTSTART:00010102T090000Z"))


def _times() -> Iterator[tuple[str, bytes]]:
    starts = {
        "year-1": b"DTSTART:00010101T000000Z",
        "year-9999": b"DTSTART:99991231T235959Z",
        "year-0": b"DTSTART:00000101T000000Z",
        "no-date": b"DTSTART:20270230T090000Z",
        "no-time": b"DTSTART:20270610T996199Z",
        "no-value": b"DTSTART:",
        "words": b"DTSTART:tomorrow",
        "other-digits": "DTSTART:\uff12\uff10\uff12\uff170610T090000Z".encode(),
        "a-path-as-zone": b"DTSTART;TZID=../../../etc/passwd:20270610T090000",
        "an-endless-zone": b"DTSTART;TZID=" + b"Z" * 900_000 + b":20270610T090000",
        "an-unknown-zone": b"DTSTART;TZID=Mars/Olympus:20270610T090000",
        "a-zone-with-nul": b"DTSTART;TZID=a\x00b:20270610T090000",
    }
    for name, start in starts.items():
        yield f"start-{name}", calendar(event(start=start))
    yield "start-missing", calendar(b"BEGIN:VEVENT\r\nUID:x\r\nSUMMARY:Hostile\r\nEND:VEVENT\r\n")
    yield "start-twice", calendar(event(b"DTSTART:19990101T000000Z"))
    lengths = {
        "huge": b"DURATION:P99999999999999W",
        "negative": b"DURATION:-P1D",
        "nonsense": b"DURATION:PT",
        "end-first": b"DTEND:19990101T000000Z",
        "end-9999": b"DTEND:99991231T235959Z",
        "another-kind": b"DTEND;VALUE=DATE:20270611",
    }
    for name, line in lengths.items():
        yield f"length-{name}", calendar(event(line))
    yield "zones", calendar(*_zones(25, 60), *(_in_zone(number) for number in range(5_000)))[:_MOST]
    rule = b"RRULE:FREQ=SECONDLY"
    bomb = b"\r\n".join((
        b"BEGIN:VTIMEZONE", b"TZID:bomb", b"BEGIN:STANDARD", b"DTSTART:19700101T000000", rule,
        b"TZOFFSETFROM:+9999", b"TZOFFSETTO:-9999", b"END:STANDARD", b"END:VTIMEZONE", b"",
    ))  # fmt: skip
    yield "zone-bomb", calendar(bomb, event(start=b"DTSTART;TZID=bomb:20270610T090000"))


def _zones(many: int, observances: int) -> Iterator[bytes]:
    for number in range(many):
        inner = b"".join(
            b"BEGIN:STANDARD\r\nDTSTART:1970%02d01T000000\r\nRRULE:FREQ=YEARLY;BYMONTH=%d\r\n"
            b"TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0%d00\r\nEND:STANDARD\r\n" % (1 + n % 12, 1 + n % 12, 1 + n % 9)
            for n in range(observances)
        )
        yield b"BEGIN:VTIMEZONE\r\nTZID:z%d\r\n" % number + inner + b"END:VTIMEZONE\r\n"


def _in_zone(number: int) -> bytes:
    return event(uid=b"u%d" % number, start=b"DTSTART;TZID=z%d:20270610T090000" % (number % 25))


def _texts() -> Iterator[tuple[str, bytes]]:
    yield "folds", calendar(event(b"DESCRIPTION:" + b"\r\n a" * 240_000))
    yield "folds-of-nothing", calendar(event(b"DESCRIPTION:" + b"\r\n " * 320_000))
    yield "escapes", calendar(event(b"DESCRIPTION:" + b"\\n" * 480_000))
    yield "links", calendar(event(b"DESCRIPTION:" + b"https://zoom.us/j/1 " * 48_000))
    yield "slashes", calendar(event(b"DESCRIPTION:" + b"https://" * 120_000))
    yield "parameters", calendar(event(b"ATTENDEE" + b";X=y" * 240_000 + b":mailto:a@example.org"))
    yield "a-quote-that-never-ends", calendar(event(b'X-A;B="' + b"b" * 900_000))
    yield "semicolons", calendar(event(b"X-A" + b";" * 900_000))
    yield "guests", calendar(event(*(b"ATTENDEE;CN=A%d:mailto:a%d@example.org" % (n, n) for n in range(18_000))))
    yield "categories", calendar(event(b"CATEGORIES:" + b"a," * 480_000))
    yield "nul", calendar(event(b"LOCATION:a\x00b"))
    yield "controls", calendar(event(b"LOCATION:" + bytes(one for one in range(1, 32) if one not in b"\r\n")))
    yield "no-utf-8", calendar(event(b"LOCATION:\xff\xfe\xfa\xc3"))
    yield "surrogates", calendar(event(b"LOCATION:\xed\xa0\x80\xed\xbf\xbf"))
    yield "separators", calendar(event("LOCATION:a\u2028b\u2029c".encode()))
    yield "carriage-returns", calendar(event(b"LOCATION:a\rb\rBEGIN:VEVENT\rUID:y"))
    yield "line-feeds", calendar(event(b"LOCATION:x")).replace(b"\r\n", b"\n")


def _shapes() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b""
    yield "something-else", b"<html>" + b"<p>" * 300_000
    yield "cut", calendar(event(b"LOCATION:x"))[:-40]
    yield "deep", _BEGIN + b"BEGIN:VEVENT\r\n" * 60_000 + _END
    yield "deep-and-closed", _BEGIN + b"BEGIN:VALARM\r\n" * 30_000 + b"END:VALARM\r\n" * 30_000 + _END
    yield "never-opened", _BEGIN + b"END:VEVENT\r\n" * 60_000 + _END
    yield "crossed", _BEGIN + b"BEGIN:VEVENT\r\nBEGIN:VALARM\r\nEND:VEVENT\r\nEND:VALARM\r\n" * 15_000 + _END
    yield "events", calendar(*(event(uid=b"u%d" % number) for number in range(11_000)))[:_MOST]
    yield "alarms", calendar(event(*[b"BEGIN:VALARM", b"END:VALARM"] * 17_000))
    yield "empty-lines", _BEGIN + b"\r\n" * 490_000 + _END
    yield "properties", calendar(event(*(b"X-A%d:b" % number for number in range(80_000))))
    yield "ten-megabytes", calendar(event(b"DESCRIPTION:" + b"x" * 10_000_000))
