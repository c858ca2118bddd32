"""A real Chromium, and pages it visits."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from browser.running import Pages, pages
from calwarden.connectors.memory.connector import memory_factory
from calwarden.connectors.memory.provider import MemoryProvider
from usecases.auth_world import World

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")  # Playwright keeps an event loop running: it must be gone when other tests come
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail("Debian's chromium is not installed: make test-deps")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=["desktop", "phone"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """A fresh browser without JavaScript, at both widths. Anything a page's own policy blocks fails the test."""
    size = {"desktop": (1100, 800), "phone": (375, 667)}[request.param]
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, java_script_enabled=False)
    page = context.new_page()
    blocked: list[str] = []
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    if folder := os.environ.get("CALWARDEN_SCREENSHOTS"):  # noqa: TID251  a folder for pictures to look at; no setting
        page.screenshot(path=f"{folder}/{request.node.name}.png", full_page=True)
    context.close()
    assert blocked == []


@pytest.fixture
def served() -> Iterator[Pages]:
    """Jane with an account and no calendar connected; at the calendar service she has two."""
    world = World()
    provider = MemoryProvider()
    provider.add_user("jane", "app-password", name="jane@dav.example.org")
    provider.add_user("rosa", "app-password", name="rosa@dav.example.org")
    provider.add_user("empty", "app-password")
    provider.add_calendar("jane", "work", "Work", primary=True, color="#2E7D32")
    provider.add_calendar("jane", "family", "Family", color="#C62828")
    provider.add_calendar("rosa", "rosa", "Rosa")
    with pages(world, memory_factory(provider, world.clock)) as held:
        yield held
    world.store.close()
