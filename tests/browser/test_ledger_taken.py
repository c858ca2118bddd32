"""The ledger as a file: all of it, verifiable, in words, and nothing that a spreadsheet would work out."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from browser.running import Pages, pages
from browser.test_pages_hold import enter
from calwarden.connectors.memory.connector import memory_factory
from calwarden.connectors.memory.provider import MemoryProvider
from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.usecases.operate import compare_with_export
from usecases.auth_world import World

LINES = 1_003


@pytest.fixture(scope="module")
def served() -> Iterator[Pages]:
    world = World()
    with pages(world, memory_factory(MemoryProvider(), world.clock)) as held:
        with world.store.write() as uow:
            uow.applications.save(replace(world.app, name='=HYPERLINK("https://example.org")'))
            for number in range(LINES):
                uow.audit.append(
                    AuditEntry(
                        world.jane,
                        world.clock(),
                        Actor.APPLICATION,
                        "own_event.write",
                        Outcome.DELIVERED,
                        world.app.application_id,
                        on={"event_id": str(number)},
                    )
                )
        yield held
    world.store.close()


@pytest.fixture
def browser(served: Pages) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        yield client


def test_the_json_holds_every_line_and_the_operator_can_verify_it(browser: httpx.Client, served: Pages) -> None:
    enter(browser)
    answer = browser.get("/account/activity.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="ledger.json"'
    assert answer.headers["cache-control"] == "no-store"
    records = answer.json()
    with served.world.store.read() as uow:
        assert records == list(uow.audit.export(served.world.jane))
    assert len(records) > LINES
    assert records[-1]["kind"] == "head"
    assert compare_with_export(served.world.kit, records) == []
    records[7]["hash"] = "0" * 64
    [problem] = compare_with_export(served.world.kit, records)
    assert "entry 8 of the export is not in the ledger" in problem


def test_the_csv_says_every_line_in_words(browser: httpx.Client, served: Pages) -> None:
    enter(browser)
    answer = browser.get("/account/activity.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    with served.world.store.read() as uow:
        entries = list(uow.audit.entries(served.world.jane))[::-1]
    assert [int(one["number"]) for one in rows] == list(range(1, len(entries) + 1))
    assert [one["code"] for one in rows] == [one.what for one in entries]
    line = next(one for one in rows if one["code"] == "own_event.write")
    assert line["what"] == "Event added or changed (done at the calendar service)"
    assert line["at"].endswith("Z")
    assert not any(cell.startswith(("=", "+", "-", "@")) for one in rows for cell in one.values())


def test_nobody_else_gets_it(browser: httpx.Client, served: Pages) -> None:
    for path in ("/account/activity.json", "/account/activity.csv"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")
    enter(browser, email="marcel@example.org")
    assert served.world.jane not in browser.get("/account/activity.json").text
