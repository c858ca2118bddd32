"""Every page, on a phone in the light and on a desktop in the dark, has nothing that axe-core finds wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from playwright.sync_api import Browser, Page

import calwarden.web
from browser.axe import faults
from browser.running import Pages, pages
from browser.test_browser_flows import allowed, connect, enter
from calwarden.connectors.memory.connector import memory_factory
from calwarden.connectors.memory.provider import MemoryProvider
from calwarden.domain.application import Imprint
from calwarden.usecases.develop import Changes, change_application, give_application
from calwarden.usecases.people import SignUp, SignUpMode
from usecases.auth_world import World

PARTS = {"base.html", "macros.html", "developer_fields.html"}
TEMPLATES = {path.name for path in (Path(calwarden.web.__file__).parent / "templates").iterdir()} - PARTS


class Looker:
    """Judges what is shown."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: dict[str, list[str]] = {}

    def look(self, name: str, url: str | None = None) -> None:
        if url is not None:
            self.page.goto(url)
        if found := faults(self.page):
            self.wrong[name] = found

    def send(self, button: str) -> None:
        """Send the form as it is: what the browser would ask for first is the server's to say here."""
        self.page.evaluate("document.querySelectorAll('form').forEach(one => one.noValidate = true)")
        self.page.get_by_role("button", name=button).click()


@pytest.fixture(params=["phone", "desktop"])
def looker(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Looker]:
    phone = request.param == "phone"
    context = chromium.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1100, "height": 800},
        color_scheme="light" if phone else "dark",
    )
    yield Looker(context.new_page())
    context.close()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the templates that pages were made from."""
    names: set[str] = set()
    render = jinja2.Template.render

    def rendering(template: jinja2.Template, *values: Any, **more: Any) -> str:
        names.add(str(template.name))
        return render(template, *values, **more)

    monkeypatch.setattr(jinja2.Template, "render", rendering)
    return names


def test_every_page_is_for_everybody(looker: Looker, served: Pages, shown: set[str]) -> None:
    _before_signing_in(looker, served)
    _asking(looker, served)
    _ones_own(looker, served)
    _as_a_developer(looker, served)
    looker.look("delete", f"{served.url}/account/delete")
    looker.send("Delete my account")
    looker.look("delete, without a password")
    looker.look("lost", f"{served.url}/verify/never-was")
    looker.look("fault", f"{served.url}/oauth/authorize?client_id=nobody")
    _where_nobody_may_sign_up(looker)
    assert looker.wrong == {}
    assert shown >= TEMPLATES


def _before_signing_in(looker: Looker, served: Pages) -> None:
    page = looker.page
    looker.look("sign in", f"{served.url}/sign-in")
    looker.send("Sign in")
    looker.look("sign in, wrong")
    looker.look("sign up", f"{served.url}/sign-up")
    looker.send("Create account")
    looker.look("sign up, empty")
    page.get_by_label("Your name").fill("Rosa")
    page.get_by_label("E-mail address").fill("rosa@example.org")
    page.get_by_label("Password").fill("the password rosa chose")
    page.get_by_label("Time zone").select_option("Europe/Lisbon")
    looker.send("Create account")
    looker.look("sent")
    looker.look("verify", served.link())
    served.mails.clear()
    looker.look("forgotten", f"{served.url}/reset")
    page.get_by_label("E-mail address").fill("jane@example.org")
    looker.send("Send the link")
    looker.look("reset", served.link())


def _asking(looker: Looker, served: Pages) -> None:
    page, world = looker.page, served.world
    imprint = Imprint("Demo Ltd", "https://demo.example", "help@demo.example")
    changes = Changes(world.app.name, world.app.redirect_uris, imprint, merge_busy=False)
    change_application(world.kit, world.app.application_id, changes)
    page.goto(served.authorize())
    enter(page)
    looker.look("connect")
    connect(page, password="wrong")
    looker.look("connect, wrong")
    connect(page)
    looker.look("consent")
    calendars = allowed(page, served)
    looker.look("extension", served.ask_for(calendars))
    page.get_by_role("button", name="Allow unrestricted access").click()


def _ones_own(looker: Looker, served: Pages) -> None:
    page = looker.page
    looker.look("account", f"{served.url}/account")
    for one in page.locator("summary").all():
        one.click()
    looker.look("account, all open")
    looker.look("activity", f"{served.url}/account/activity")
    looker.look("less", f"{served.url}/account/access/{served.world.app.application_id}")
    looker.look("sees", f"{served.url}/account/sees/{served.world.app.application_id}")
    with served.world.store.read() as uow:
        profile_id = uow.profiles.of_account(served.world.jane)[0].profile_id
    looker.look("relink", f"{served.url}/relink/{profile_id}")
    looker.send("Connect again")
    looker.look("relink, wrong")


def _as_a_developer(looker: Looker, served: Pages) -> None:
    page, world = looker.page, served.world
    looker.look("no applications", f"{served.url}/developer")
    looker.look("new application", f"{served.url}/developer/new")
    looker.send("Register it")
    looker.look("new application, wrong")
    give_application(world.kit, world.app.application_id, world.jane)
    world.kit.tally.refuse(world.store, world.app.application_id, "events.read", "scope_missing", world.clock())
    looker.look("applications", f"{served.url}/developer")
    path = f"{served.url}/developer/{world.app.application_id}"
    page.goto(path)
    page.get_by_role("button", name="Add a secret").click()
    looker.look("secret")
    looker.look("application", path)
    page.get_by_label("Name", exact=True).fill("")
    looker.send("Save")
    looker.look("application, wrong")
    looker.look("end of an application", f"{path}/delete")


def _where_nobody_may_sign_up(looker: Looker) -> None:
    world = World()
    closed = pages(world, memory_factory(MemoryProvider(), world.clock), SignUp(SignUpMode.CLOSED))
    with closed as served:
        looker.look("sign up, closed", f"{served.url}/sign-up")
    world.store.close()
