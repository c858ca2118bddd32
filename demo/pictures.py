"""``make pictures``: the pictures of the documentation, taken in Chromium of the world that ``make serve`` shows."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, sync_playwright

from demo.people import PASSWORDS
from demo.standing import Ports, Standing, standing
from demo.weeks import DENTIST
from demo.world import EMAIL

CHROMIUM = "/usr/bin/chromium"
FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
_DESKTOP, _PHONE = (1180, 820), (390, 844)


def connect(page: Page, world: Standing, choice: str, name: str = "jane") -> None:
    """From the application's first page to calwarden's next one after signing in."""
    page.goto(world.booking)
    page.get_by_label(choice).check()
    page.get_by_role("button", name="Connect your calendar").click()
    if page.get_by_role("heading", level=1).text_content() == "Sign in":
        sign_in(page, name)


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("E-mail address").fill(EMAIL[name])
    page.get_by_label("Password").fill(PASSWORDS[name])
    page.get_by_role("button", name="Sign in").click()


def book(page: Page, title: str, day: str, clock: str, minutes: int) -> None:
    """On the application's page of a week."""
    page.get_by_label("Title").fill(title)
    page.get_by_label("Day").fill(day)
    page.get_by_label("Time", exact=True).fill(clock)
    page.get_by_label("Length").select_option(f"{minutes}")
    page.get_by_role("button", name="Book").click()


def _take(page: Page, name: str, *, whole: bool = True) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png", full_page=whole)


def _story(page: Page, world: Standing, today: datetime) -> None:
    """Jane's way, with a picture of each page that matters."""
    monday = (today - timedelta(days=today.weekday())).date() + timedelta(weeks=1)
    connect(page, world, "When you are busy")
    _take(page, "consent")
    page.get_by_role("button", name="Allow").click()
    for title, day, clock, minutes in (
        ("Call with Ada Ray", 1, "09:30", 45),
        ("Interview for the paper", 2, "14:30", 60),
        ("Demo for Nordwind", 4, "11:00", 90),
    ):
        book(page, title, f"{monday + timedelta(days=day)}", clock, minutes)
    page.goto(f"{world.booking}/week?of={monday}")
    _take(page, "week")
    page.set_viewport_size({"width": _PHONE[0], "height": _PHONE[1]})
    _take(page, "week-on-a-phone", whole=False)
    page.set_viewport_size({"width": _DESKTOP[0], "height": _DESKTOP[1]})
    page.get_by_role("button", name="Try to read the titles anyway").click()
    page.get_by_role("button", name="Disconnect").click()
    connect(page, world, "Everything you do")
    page.get_by_role("button", name="Allow").click()
    page.goto(f"{world.booking}/week?of={monday}")
    _take(page, "week-in-full")
    page.get_by_role("link", name=DENTIST).click()
    page.get_by_label("Time", exact=True).fill("17:00")
    page.get_by_role("button", name="Move").click()
    _take(page, "refused")
    page.get_by_role("button", name="Ask for permission to change this calendar").click()
    _take(page, "extended-permissions")


def _behind(page: Page, world: Standing) -> None:
    """Marcel looks after the application: what it was refused is counted there within a second."""
    page.goto(f"{world.server.url}/account")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "marcel")
    page.goto(f"{world.server.url}/developer")
    page.get_by_role("link", name="Booking").click()
    page.wait_for_timeout(1_500)
    page.reload()
    _take(page, "developer", whole=False)


@contextmanager
def _page(size: tuple[int, int]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, java_script_enabled=False)
        yield context.new_page()
        browser.close()


def main() -> None:
    today = datetime.fromtimestamp(time.time(), ZoneInfo("Europe/Paris"))
    with (
        tempfile.TemporaryDirectory(prefix="calwarden-pictures-") as folder,
        standing(Path(folder), Ports(), today.date(), lambda _: None) as world,
        _page(_DESKTOP) as page,
    ):
        _story(page, world, today)
        _behind(page, world)


if __name__ == "__main__":
    main()
