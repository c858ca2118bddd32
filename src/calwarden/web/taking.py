"""The person's ledger as a file: JSON that can be verified, CSV for a spreadsheet."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable

from starlette.responses import Response, StreamingResponse

from calwarden.domain.audit import AuditEntry
from calwarden.domain.ids import AccountId
from calwarden.ports.store import Record
from calwarden.timetable.wiretime import format_instant
from calwarden.usecases.people import Chapter, Names, read_chapter
from calwarden.web.security import protect
from calwarden.web.visit import Visit
from calwarden.web.words import happening, particulars, who

_COLUMNS = ("number", "at", "who", "what", "about", "code", "outcome", "reason", "application", "hash")
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[ \t\r]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r])")
"""Where a spreadsheet takes a cell for a formula, one that parts cells at semicolons too; an application may be called
anything.
"""


async def take_json(visit: Visit) -> Response:
    """An array as ``calwarden audit export --json`` writes: entries with their hashes, and the signed head."""
    return _file(visit, "json", "application/json", _as_json)


async def take_csv(visit: Visit) -> Response:
    """A line each in words, with a heading; times are UTC."""
    return _file(visit, "csv", "text/csv; charset=utf-8", _as_csv)


def _file(visit: Visit, ending: str, media: str, write: Callable[[Chapter, bool], str]) -> Response:
    answer = StreamingResponse(_chapters(visit, visit.me.account_id, write), media_type=media)
    answer.headers["Content-Disposition"] = f'attachment; filename="ledger.{ending}"'
    return protect(answer, visit.site)


async def _chapters(visit: Visit, account_id: AccountId, write: Callable[[Chapter, bool], str]) -> AsyncIterator[bytes]:
    after: int | None = 0
    while after is not None:
        chapter: Chapter = await visit.site.run(read_chapter, account_id, after)
        yield write(chapter, after == 0).encode()
        after = chapter.after


def _as_json(chapter: Chapter, first: bool) -> str:
    records: list[Record] = [record for record, _, _ in chapter.lines]
    if chapter.head is not None:
        records.append(chapter.head)
    text = ",\n".join(json.dumps(one) for one in records)
    begin = "[" if first else ",\n" if text else ""
    return begin + text + ("]\n" if chapter.after is None else "")


def _as_csv(chapter: Chapter, first: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    if first:
        writer.writerow(_COLUMNS)
    writer.writerows(_plain(_row(record, entry, chapter.names)) for record, _, entry in chapter.lines)
    return text.getvalue()


def _row(record: Record, entry: AuditEntry, names: Names) -> Iterable[str]:
    return (
        str(record["sequence"]),
        format_instant(entry.at),
        who(entry, names.applications),
        happening(entry),
        particulars(entry, names.calendars),
        entry.what,
        entry.outcome.value,
        entry.reason or "",
        entry.application_id or "",
        str(record["hash"]),
    )


def _plain(cells: Iterable[str]) -> list[str]:
    """Cells that no spreadsheet works out."""
    return [_FORMULA.sub(r"\1'", one) for one in cells]
