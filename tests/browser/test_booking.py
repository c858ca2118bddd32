"""The example application and ``make serve``, as somebody who tries them: real programs, a real browser."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from browser.axe import faults
from demo import pictures, weeks
from demo.people import PASSWORDS
from demo.processes import free_port, listens
from demo.radicale import CalendarServer
from demo.standing import NotPossible, Ports, Standing, standing
from demo.world import EMAIL, HOME, WORK

ROOT = Path(__file__).parents[2]


def today() -> date:
    return datetime.fromtimestamp(time.time(), ZoneInfo("Europe/Paris")).date()


def next_monday() -> date:
    return today() + timedelta(days=7 - today().weekday())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def world(kept: Path) -> Iterator[Standing]:
    ports = Ports(free_port(), free_port(), free_port())
    with standing(kept, ports, today(), lambda _: None) as running:
        yield running


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Page]:
    """Anything the page's own policy blocks fails the test."""
    context = chromium.new_context(viewport={"width": 1100, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    blocked: list[str] = []
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert blocked == []


def connected(page: Page, world: Standing, choice: str) -> None:
    pictures.connect(page, world, choice)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Week of")


def stored(calendars: CalendarServer, title: str) -> list[str]:
    """The resources at the calendar server itself that have the title."""
    jane = calendars.account("jane")
    return [text for path in (WORK, HOME) for text in jane.events(path).values() if f"SUMMARY:{title}" in text]


def test_it_books_moves_and_cancels_in_a_week_without_titles(visitor: Page, world: Standing) -> None:
    monday = next_monday()
    connected(visitor, world, "When you are busy")
    visitor.goto(f"{world.booking}/week?of={monday}")
    expect(visitor.locator(".block.busy").first).to_be_visible()
    assert [title for title in weeks.SECRETS if title in visitor.content()] == []

    pictures.book(visitor, "Interview for the paper", f"{monday}", "16:00", 60)
    expect(visitor.get_by_role("status")).to_contain_text("is booked")
    visitor.get_by_role("link", name="Interview for the paper").click()
    visitor.get_by_label("Time", exact=True).fill("16:30")
    visitor.get_by_role("button", name="Move").click()
    expect(visitor.get_by_role("link", name=re.compile("16:30.17:30 Interview for the paper"))).to_be_visible()
    deadline = time.monotonic() + 20
    while not any("T163000" in text for text in stored(world.calendars, "Interview for the paper")):
        assert time.monotonic() < deadline, "what was booked and moved did not come to the calendar"
        time.sleep(0.2)
    assert len(stored(world.calendars, "Interview for the paper")) == 1

    visitor.get_by_role("link", name="Interview for the paper").click()
    visitor.get_by_role("button", name="Cancel this booking").click()
    expect(visitor.get_by_role("status")).to_contain_text("is cancelled")
    while stored(world.calendars, "Interview for the paper"):
        assert time.monotonic() < deadline, "what was cancelled is still in the calendar"
        time.sleep(0.2)


def test_what_it_may_not_see_is_refused_in_words(visitor: Page, world: Standing) -> None:
    connected(visitor, world, "When you are busy")
    visitor.get_by_role("button", name="Try to read the titles anyway").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("The calendar server refused")
    expect(visitor.locator("main")).to_contain_text("To lift it:")
    assert [title for title in weeks.SECRETS if title in visitor.content()] == []
    visitor.get_by_role("button", name="Disconnect").click()
    expect(visitor.get_by_role("status")).to_contain_text("Disconnected")
    visitor.goto(f"{world.booking}/week")
    expect(visitor.get_by_role("button", name="Connect your calendar")).to_be_visible()


def test_an_event_of_the_person_moves_only_after_a_yes_on_another_page(visitor: Page, world: Standing) -> None:
    monday = next_monday()
    connected(visitor, world, "Everything you do")
    for answer, said in (("Refuse", "You did not agree"), ("Allow unrestricted access", "Now it can be done")):
        visitor.goto(f"{world.booking}/week?of={monday}")
        visitor.get_by_role("link", name=weeks.DENTIST).click()
        visitor.get_by_label("Time", exact=True).fill("17:15")
        visitor.get_by_role("button", name="Move").click()
        expect(visitor.locator("main")).to_contain_text("calendar_not_elevated")
        visitor.get_by_role("button", name="Ask for permission").click()
        visitor.get_by_role("button", name=answer, exact=True).click()
        expect(visitor.get_by_role("status")).to_contain_text(said)
        expect(visitor.get_by_label("Time", exact=True)).to_have_value("17:15")
    visitor.get_by_role("button", name="Move").click()
    expect(visitor.get_by_role("link", name=re.compile(rf"17:15.*{weeks.DENTIST}"))).to_be_visible()


def test_a_no_connects_nothing(visitor: Page, world: Standing) -> None:
    pictures.connect(visitor, world, "Everything you do")
    visitor.get_by_role("button", name="Refuse").click()
    expect(visitor.get_by_role("status")).to_have_text("Nothing is connected: you did not agree.")
    expect(visitor.get_by_label("Everything you do")).to_be_checked()


def test_whoever_connects_on_the_way_shows_nothing_that_was_shared_with_them(visitor: Page, world: Standing) -> None:
    pictures.connect(visitor, world, "Everything you do", "marcel")
    marcel = world.calendars.account("marcel")
    for label, value in (("Address", marcel.url), ("User name", marcel.name), ("Password", marcel.password)):
        visitor.get_by_label(label, exact=True).fill(value)
    visitor.get_by_role("button", name="Connect").click()
    visitor.get_by_role("button", name="Allow").click()
    expect(visitor.get_by_label("Calendar").locator("option")).to_have_text(["Bicycle"])
    visitor.goto(f"{world.booking}/week?of={next_monday()}")
    expect(visitor.get_by_role("link", name=weeks.RIDE)).to_be_visible()
    assert [title for title in weeks.SECRETS if title in visitor.content()] == []


def test_access_that_ended_on_the_account_page_has_ended_here(visitor: Page, world: Standing) -> None:
    connected(visitor, world, "Everything you do")
    visitor.goto(f"{world.server.url}/account")
    visitor.get_by_text("End access", exact=True).click()
    visitor.get_by_role("button", name="End the access of Booking").click()
    visitor.goto(f"{world.booking}/week")
    expect(visitor.get_by_role("status")).to_contain_text("no access to your calendar any more")
    assert [title for title in weeks.SECRETS if title in visitor.content()] == []


def test_forms_and_answers_from_elsewhere_do_nothing(visitor: Page, world: Standing) -> None:
    connected(visitor, world, "When you are busy")
    here = visitor.context.request
    assert here.post(f"{world.booking}/disconnect", form={"csrf": "guessed"}).status == 403
    assert here.get(f"{world.booking}/callback?code=stolen&state=guessed").status == 400
    visitor.goto(f"{world.booking}/week")
    expect(visitor.get_by_role("button", name="Disconnect")).to_be_visible()


def test_a_phone_scrolls_one_way_only(chromium: Browser, world: Standing) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=True)
    page = context.new_page()
    connected(page, world, "When you are busy")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


@pytest.mark.parametrize("size", [{"width": 390, "height": 844}, {"width": 1100, "height": 900}])
def test_its_pages_are_for_everybody(chromium: Browser, world: Standing, size: ViewportSize) -> None:
    context = chromium.new_context(viewport=size)
    page = context.new_page()
    page.goto(world.booking)
    wrong = {"front": faults(page)}
    connected(page, world, "Everything you do")
    wrong["week"] = faults(page)
    page.goto(f"{world.booking}/week?of={next_monday()}")
    page.get_by_role("link", name=weeks.DENTIST).click()
    wrong["event"] = faults(page)
    context.close()
    assert {name: found for name, found in wrong.items() if found} == {}


def test_the_applications_owner_finds_it_on_his_pages(visitor: Page, world: Standing) -> None:
    visitor.goto(f"{world.server.url}/sign-in")
    visitor.get_by_label("E-mail address").fill(EMAIL["marcel"])
    visitor.get_by_label("Password").fill(PASSWORDS["marcel"])
    visitor.get_by_role("button", name="Sign in").click()
    visitor.get_by_role("link", name="Applications that you look after").click()
    visitor.get_by_role("link", name="Booking").click()
    expect(visitor.get_by_role("region", name="What it was refused")).to_be_visible()
    expect(visitor.get_by_label("Redirect addresses")).to_have_value(re.compile(re.escape(f"{world.booking}/callback")))


@contextmanager
def serve(folder: Path, ports: list[int], mark: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """``make serve`` up to the line with ``mark``, and what it has said by then. Whoever uses it ends it."""
    command = [sys.executable, "-u", "-m", "demo.serve", "--keep", str(folder), "--ports", *map(str, ports)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        said = ""
        for line in program.stdout:
            said += line
            if mark in line:
                break
        yield program, said


def ends(program: "subprocess.Popen[str]", number: int, ports: list[int]) -> None:
    assert program.stdout is not None
    os.kill(program.pid, number)
    assert "stopped" in program.stdout.read()
    assert program.wait(20) == 0
    assert not any(listens(port) for port in ports)


def test_make_serve_says_what_to_open_and_ends_clean_and_comes_back(tmp_path: Path) -> None:
    ports, folder = [free_port(), free_port(), free_port()], tmp_path / "kept"
    seen = set()
    for number in (signal.SIGINT, signal.SIGTERM):
        with serve(folder, ports, "Ctrl-C") as (program, said):
            assert f"http://127.0.0.1:{ports[1]}" in said, said
            assert f"http://127.0.0.1:{ports[0]}/account" in said
            assert all(listens(port) for port in ports)
            with pytest.raises(NotPossible, match="is taken"), standing(folder, Ports(), today(), lambda _: None):
                pass
            ends(program, number, ports)
        seen.add((folder / "world.json").read_text(encoding="utf-8"))
    assert len(seen) == 1, "a world that comes back is the same one"


def test_a_world_that_was_interrupted_while_it_was_made_is_made_anew(tmp_path: Path) -> None:
    ports = [free_port(), free_port(), free_port()]
    with serve(tmp_path, ports, "making accounts") as (program, _):
        ends(program, signal.SIGINT, ports)
    with standing(tmp_path, Ports(), today(), lambda _: None) as world:
        assert asdict(world.ports) == dict(zip(("calwarden", "booking", "radicale"), ports, strict=True))
        assert listens(world.ports.booking)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(NotPossible, match="is not empty"), standing(tmp_path, Ports(), today(), lambda _: None):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
