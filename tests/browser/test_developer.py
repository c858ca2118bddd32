"""Applications in the hands of their owners, in Chromium without JavaScript, on a desktop and on a phone."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from browser.running import Pages, pages
from browser.test_browser_flows import enter, fits, title
from browser.test_pages_hold import enter as sign_in
from browser.test_pages_hold import fields
from calwarden.connectors.memory.connector import memory_factory
from calwarden.connectors.memory.provider import MemoryProvider
from calwarden.domain.application import Imprint
from calwarden.domain.errors import NotFound
from calwarden.domain.ids import ApplicationId
from calwarden.oauth.errors import InvalidClient
from calwarden.usecases.authorize import authenticate_client
from calwarden.usecases.develop import (
    NewApplication,
    Registration,
    create_application,
    give_application,
    look_at,
    own_applications,
)
from calwarden.usecases.people import NewAccount, create_account
from usecases.auth_world import World


def at_home(page: Page, served: Pages) -> None:
    """Jane is signed in, at the list of her applications."""
    page.goto(f"{served.url}/account")
    enter(page)
    page.get_by_role("link", name="Applications that you look after").click()
    title(page, "Your applications")


def register(page: Page, name: str = "Booking", redirect: str = "https://booking.example/cb") -> str:
    """Fill the form in; gives the client_id that is shown."""
    page.get_by_role("link", name=re.compile("Register an")).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Redirect addresses").fill(redirect)
    page.get_by_role("button", name="Register it").click()
    return page.locator("dd code").first.inner_text()


def secret_of(page: Page) -> str:
    return page.locator("dd code").nth(1).inner_text()


def works(served: Pages, client_id: str, secret: str) -> bool:
    try:
        authenticate_client(served.world.kit, client_id, secret)
    except InvalidClient:
        return False
    return True


def test_an_application_is_registered_and_its_secret_shown_once(page: Page, served: Pages) -> None:
    at_home(page, served)
    client_id = register(page)
    title(page, "Booking is registered")
    secret = secret_of(page)
    assert works(served, client_id, secret)
    fits(page)
    page.get_by_role("link", name="I have kept it").click()
    title(page, "Booking")
    assert secret not in page.content()
    assert client_id in page.content()
    fits(page)
    page.goto(f"{served.url}/developer")
    expect(page.get_by_text("No account is connected")).to_be_visible()


def test_one_secret_takes_the_place_of_another_without_a_break(page: Page, served: Pages) -> None:
    at_home(page, served)
    client_id = register(page)
    old = secret_of(page)
    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_role("button", name=re.compile("Withdraw"))).to_have_count(0)
    page.get_by_role("button", name="Add a secret").click()
    title(page, "A new secret for Booking")
    new = secret_of(page)
    assert works(served, client_id, old)
    assert works(served, client_id, new)
    page.get_by_role("link", name="I have kept it").click()
    page.get_by_role("button", name=re.compile("Withdraw")).first.click()
    assert not works(served, client_id, old)
    assert works(served, client_id, new)
    page.goto(f"{served.url}/account/activity")
    expect(page.get_by_text("Secret of an application of yours withdrawn")).to_be_visible()
    assert new not in page.content()


def test_what_is_wrong_is_named_and_what_was_typed_stays(page: Page, served: Pages) -> None:
    at_home(page, served)
    page.get_by_role("link", name=re.compile("Register an")).click()
    page.get_by_label("Name", exact=True).fill("Booking")
    page.get_by_label("Redirect addresses").fill("https://booking.example/*\nhttps://*.example/")
    page.get_by_label("Website").fill("http://booking.example")
    page.get_by_role("button", name="Register it").click()
    assert page.title().startswith("Error: ")
    expect(page.get_by_role("link", name=re.compile("must not have a wildcard"))).to_be_visible()
    expect(page.get_by_role("link", name="An address that starts with https://")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Booking")
    expect(page.get_by_label("Redirect addresses")).to_have_value("https://booking.example/*\nhttps://*.example/")
    assert own_applications(served.world.kit, served.world.jane) == []
    fits(page)


def test_who_is_behind_it_is_shown_when_people_are_asked(page: Page, served: Pages) -> None:
    give_application(served.world.kit, served.world.app.application_id, served.world.jane)
    at_home(page, served)
    page.get_by_role("link", name="Demo Booking").click()
    page.get_by_label("You or your company").fill("Booking <b>Ltd</b>")
    page.get_by_label("Website").fill("https://booking.example")
    page.get_by_label("E-mail address for questions").fill("help@booking.example")
    page.get_by_label("Redirect addresses").fill(f"{served.app_url}/cb")
    page.get_by_label(re.compile("Show busy periods that touch")).check()
    page.get_by_role("button", name="Save").click()
    known = look_at(served.world.kit, served.world.app.application_id).known.application
    assert known.imprint == Imprint("Booking <b>Ltd</b>", "https://booking.example", "help@booking.example")
    assert known.redirect_uris == (f"{served.app_url}/cb",)
    assert known.merge_busy
    expect(page.get_by_label(re.compile("Show busy periods that touch"))).to_be_checked()
    page.goto(served.authorize())
    page.get_by_label("Address").fill("https://dav.example.org")
    page.get_by_label("User name").fill("jane")
    page.get_by_label("Password").fill("app-password")
    page.get_by_role("button", name="Connect").click()
    title(page, "Demo Booking asks for access to your calendar")
    said = page.get_by_role("region", name="Who is behind it, as they say")
    expect(said).to_contain_text("Booking <b>Ltd</b>, https://booking.example, help@booking.example.")
    expect(said).to_contain_text("This server has not checked that.")


def test_refusals_are_told_with_why_and_what_to_do(page: Page, served: Pages) -> None:
    world = served.world
    give_application(world.kit, world.app.application_id, world.jane)
    page.goto(f"{served.url}/oauth/authorize?{world.query(redirect_uri='https://booking.example/typo')}")
    for _ in range(3):
        world.kit.tally.refuse(world.store, world.app.application_id, "events.read", "scope_missing", world.clock())
    at_home(page, served)
    page.get_by_role("link", name="Demo Booking").click()
    told = page.get_by_role("region", name="What it was refused")
    expect(told).to_contain_text("Read events with their details: the grant does not include the scope")
    expect(told).to_contain_text("To do: send the person through /oauth/authorize again with the scope added")
    expect(told).to_contain_text("3 times")
    expect(told).to_contain_text("Ask a person for access: the redirect_uri is not one of the registered addresses")
    fits(page)


def test_the_end_says_what_it_means_and_takes_everything(page: Page, served: Pages) -> None:
    world = served.world
    give_application(world.kit, world.app.application_id, world.jane)
    answer = world.tokens()
    at_home(page, served)
    expect(page.get_by_text("1 account is connected")).to_be_visible()
    page.get_by_role("link", name="Demo Booking").click()
    page.get_by_role("link", name="Delete Demo Booking").click()
    fits(page)
    page.get_by_role("link", name="Keep it").click()
    page.get_by_role("link", name="Delete Demo Booking").click()
    page.get_by_role("button", name="Delete Demo Booking").click()
    title(page, "Your applications")
    assert world.live(answer.access_token) is None
    with pytest.raises(NotFound):
        look_at(world.kit, world.app.application_id)


def test_a_public_application_is_told_of_no_secret(page: Page, served: Pages) -> None:
    at_home(page, served)
    page.get_by_role("link", name=re.compile("Register an")).click()
    page.get_by_label("Name", exact=True).fill("Widget")
    page.get_by_label("Redirect addresses").fill("https://widget.example/cb\n\nhttp://127.0.0.1/cb\n")
    page.get_by_label(re.compile("In a browser or on")).check()
    page.get_by_role("button", name="Register it").click()
    expect(page.get_by_text("client_secret")).to_have_count(0)
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("heading", name="Secrets")).to_have_count(0)
    made = own_applications(served.world.kit, served.world.jane)[0].application
    assert made.public
    assert made.redirect_uris == ("https://widget.example/cb", "http://127.0.0.1/cb")


# What the forms refuse, by plain requests.


@pytest.fixture
def browser(served: Pages) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        yield client


def registered(browser: httpx.Client, served: Pages) -> str:
    """Jane's own application, by the form; gives its path."""
    sign_in(browser)
    data = {**fields(browser.get("/developer/new")), "name": "Booking", "redirect_uri": "https://b.example/cb"}
    assert browser.post("/developer/new", data=data).status_code == 200
    return f"/developer/{own_applications(served.world.kit, served.world.jane)[0].application.application_id}"


def test_a_form_that_comes_twice_makes_one_and_shows_no_secret_again(browser: httpx.Client, served: Pages) -> None:
    sign_in(browser)
    hidden = fields(browser.get("/developer/new"))
    data = {**hidden, "name": "Booking", "redirect_uri": "https://b.example/cb"}
    first, second = browser.post("/developer/new", data=data), browser.post("/developer/new", data=data)
    (made,) = own_applications(served.world.kit, served.world.jane)
    path = f"/developer/{made.application.application_id}"
    assert "client_secret" in first.text
    assert (second.status_code, second.headers["location"]) == (303, path)
    hidden = {"csrf": hidden["csrf"], "once": "a word"}
    assert "client_secret" in browser.post(f"{path}/secrets", data=hidden).text
    assert browser.post(f"{path}/secrets", data=hidden).headers["location"] == path
    assert len(look_at(served.world.kit, made.application.application_id).known.secrets) == 2


def test_somebody_elses_application_is_a_page_that_never_was(browser: httpx.Client, served: Pages) -> None:
    path = registered(browser, served)
    world = served.world
    eve = create_account(world.kit, NewAccount("eve@example.org", "Eve", "Europe/Paris", "a password of eve"))
    before = look_at(world.kit, ApplicationId(path.rpartition("/")[2]))
    with httpx.Client(base_url=served.url, trust_env=False) as other:
        sign_in(other, "a password of eve", "eve@example.org")
        csrf = fields(other.get("/account"))["csrf"]
        for rest in ("", "/delete"):
            theirs, nobodys = other.get(path + rest), other.get(f"/developer/never{rest}")
            assert theirs.status_code == nobodys.status_code == 404
            assert theirs.text == nobodys.text
        stated = {"name": "Mine", "redirect_uri": "https://evil.example/", "once": "x", "secret_id": "x", "csrf": csrf}
        for rest in ("", "/secrets", "/withdraw", "/delete"):
            theirs = other.post(path + rest, data=stated)
            nobodys = other.post(f"/developer/never{rest}", data=stated)
            assert theirs.status_code == nobodys.status_code == 404
            assert theirs.text == nobodys.text
        assert "Booking" not in other.get("/developer").text
    assert look_at(world.kit, before.known.application.application_id) == before
    assert own_applications(world.kit, eve.account_id) == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_forms_from_elsewhere_and_without_their_token_do_nothing(
    browser: httpx.Client, served: Pages, headers: dict[str, str]
) -> None:
    path = registered(browser, served)
    before = look_at(served.world.kit, ApplicationId(path.rpartition("/")[2]))
    csrf = fields(browser.get(path))["csrf"]
    stated = {"name": "Mine", "redirect_uri": "https://evil.example/", "once": "x", "secret_id": "x"}
    for rest in ("", "/secrets", "/withdraw", "/delete"):
        assert browser.post(path + rest, data={**stated, "csrf": csrf}, headers=headers).status_code == 403
        assert browser.post(path + rest, data={**stated, "csrf": "x"}).status_code == 403
    assert browser.post("/developer/new", data={**stated, "csrf": csrf}, headers=headers).status_code == 403
    assert look_at(served.world.kit, before.known.application.application_id) == before
    assert len(own_applications(served.world.kit, served.world.jane)) == 1


def test_there_is_an_end_to_what_may_be_added(browser: httpx.Client, served: Pages) -> None:
    path = registered(browser, served)
    csrf = fields(browser.get(path))["csrf"]
    most = served.world.kit.limits.secrets_per_application
    statuses = [browser.post(f"{path}/secrets", data={"csrf": csrf, "once": str(n)}).status_code for n in range(most)]
    assert statuses == [200] * (most - 1) + [422]
    assert browser.post(f"{path}/withdraw", data={"csrf": csrf, "secret_id": "never"}).status_code == 404


def test_only_who_runs_the_server_registers_unless_it_is_opened() -> None:
    world = World()
    closed = pages(world, memory_factory(MemoryProvider(), world.clock), registration=Registration.OPERATOR)
    with closed as served, httpx.Client(base_url=served.url, trust_env=False) as browser:
        create_application(world.kit, NewApplication("Given", ("https://g.example/",), owner=world.jane))
        sign_in(browser)
        listed = browser.get("/developer")
        assert "Given" in listed.text
        assert "/developer/new" not in listed.text
        assert browser.get("/developer/new").status_code == 403
        csrf = fields(browser.get("/account"))["csrf"]
        stated = {"csrf": csrf, "once": "x", "name": "Mine", "redirect_uri": "https://m.example/"}
        assert browser.post("/developer/new", data=stated).status_code == 403
        assert len(own_applications(world.kit, world.jane)) == 1
    world.store.close()
