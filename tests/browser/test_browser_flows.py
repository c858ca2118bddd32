"""What people do, in Chromium without JavaScript, on a desktop and on a phone."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from browser.running import Pages
from calwarden.domain.audit import Outcome
from calwarden.domain.grant import Elevation
from calwarden.domain.ids import CalendarId
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.usecases.authorize import exchange_code
from usecases.auth_world import PASSWORD, answer_of

ROSAS = "the password rosa chose"


def enter(page: Page, email: str = "jane@example.org", password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def connect(page: Page, username: str = "jane", password: str = "app-password") -> None:
    page.get_by_label("Address").fill("https://dav.example.org")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Connect").click()


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    box, view = page.locator("main").bounding_box(), page.viewport_size
    assert box is not None
    assert view is not None
    assert box["x"] + box["width"] <= view["width"]


def consented(page: Page, served: Pages, scope: str = "read_write") -> list[CalendarId]:
    """Jane has let the application in, which has its tokens; gives her calendars."""
    page.goto(served.authorize(scope=scope))
    enter(page)
    connect(page)
    return allowed(page, served)


def allowed(page: Page, served: Pages) -> list[CalendarId]:
    """From the consent page on."""
    page.get_by_role("button", name="Allow").click()
    exchange_code(served.world.kit, served.world.app, answer_of(page.url)["code"], f"{served.app_url}/cb")
    with served.world.store.read() as uow:
        return [one.calendar_id for one in uow.calendars.of_account(served.world.jane)]


def test_signing_up_on_the_way_to_an_application_leads_all_the_way_back(page: Page, served: Pages) -> None:
    page.goto(served.authorize(state="s 1"))
    page.get_by_role("link", name="Create one").click()
    page.get_by_label("Your name").fill("Rosa")
    page.get_by_label("E-mail address").fill("rosa@example.org")
    page.get_by_label("Password").fill(ROSAS)
    page.get_by_label("Time zone").select_option("Europe/Lisbon")
    fits(page)
    page.get_by_role("button", name="Create account").click()
    title(page, "Look into your mail")
    expect(page.get_by_text("the link stands in the server's log")).to_be_visible()
    page.goto(served.link())
    page.get_by_label("Password").fill(ROSAS)
    page.get_by_role("button", name="Confirm").click()
    title(page, "Connect your calendar")
    connect(page, "rosa")
    title(page, "Demo Booking asks for access to your calendar")
    expect(page.get_by_text("rosa@example.org")).to_be_visible()
    page.get_by_role("button", name="Allow").click()
    assert page.url.startswith(f"{served.app_url}/cb?code=")
    assert answer_of(page.url)["state"] == "s 1"
    answer = exchange_code(served.world.kit, served.world.app, answer_of(page.url)["code"], f"{served.app_url}/cb")
    assert answer.linking_profile is not None
    assert answer.linking_profile.profile_name == "rosa@dav.example.org"
    assert [account for account, _ in served.woken] == [answer.sub]


def test_a_wrong_field_at_sign_up_is_named_and_what_was_typed_stays(page: Page, served: Pages) -> None:
    page.goto(f"{served.url}/sign-up")
    page.get_by_label("Your name").fill("Rosa")
    page.get_by_label("E-mail address").fill("rosa@example.org, eve@example.org")
    page.get_by_label("Password").fill(ROSAS)
    page.get_by_label("Time zone").select_option("Europe/Lisbon")
    page.locator("form").first.evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter an e-mail address")
    expect(page.get_by_label("E-mail address")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Your name")).to_have_value("Rosa")
    expect(page.get_by_label("Password")).to_have_value("")
    fits(page)


def test_signing_in_with_a_wrong_and_with_the_right_password(page: Page, served: Pages) -> None:
    page.goto(served.url)
    title(page, "Sign in")
    enter(page, password="wrong")
    expect(page.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong")
    assert page.title().startswith("Error")
    enter(page)
    title(page, "Your account")
    page.get_by_role("button", name="Sign out").click()
    title(page, "Sign in")


def test_a_forgotten_password_is_replaced_by_mail(page: Page, served: Pages) -> None:
    page.goto(f"{served.url}/sign-in")
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("E-mail address").fill("jane@example.org")
    page.get_by_role("button", name="Send the link").click()
    title(page, "Look into your mail")
    page.goto(served.link())
    page.get_by_label("New password", exact=True).fill("a new password of jane")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("status")).to_contain_text("Your new password is set")
    enter(page, password="a new password of jane")
    title(page, "Your account")


@pytest.mark.parametrize(
    ("username", "password", "message"),
    [
        ("jane", "wrong", "The calendar service refused the user name or the password"),
        ("empty", "app-password", "No calendar of your own was found there"),
    ],
)
def test_a_calendar_that_can_not_be_connected_says_why(
    page: Page, served: Pages, username: str, password: str, message: str
) -> None:
    page.goto(served.authorize())
    enter(page)
    connect(page, username, password)
    expect(page.get_by_role("alert")).to_contain_text(message)
    expect(page.get_by_label("User name")).to_have_value(username)
    expect(page.get_by_label("Password")).to_have_value("")
    fits(page)
    connect(page)
    title(page, "Demo Booking asks for access to your calendar")


def test_icloud_asks_for_no_address_and_says_which_password(page: Page, served: Pages) -> None:
    page.goto(served.authorize())
    enter(page)
    page.get_by_label("iCloud").check()
    expect(page.get_by_label("Address")).to_be_hidden()
    expect(page.get_by_text("app-specific password only")).to_be_visible()
    page.get_by_label("User name").fill("jane")
    page.get_by_label("Password").fill("app-password")
    page.get_by_role("button", name="Connect").click()
    with served.world.store.read() as uow:
        profile = uow.profiles.of_account(served.world.jane)[0]
        held = uow.profiles.credentials(served.world.jane, profile.profile_id)
    assert held is not None
    assert held.url == "https://caldav.icloud.com"


def test_what_is_wrong_at_icloud_is_shown_at_a_field_that_is_there(page: Page, served: Pages) -> None:
    page.goto(served.authorize())
    enter(page)
    page.get_by_label("iCloud").check()
    page.get_by_label("User name").fill("empty")
    page.get_by_label("Password").fill("app-password")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_label("User name")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#username-problem")).to_be_visible()


def test_an_application_that_names_icloud_has_it_chosen(page: Page, served: Pages) -> None:
    page.goto(served.authorize(provider_name="apple"))
    enter(page)
    expect(page.get_by_label("iCloud")).to_be_checked()
    expect(page.get_by_label("Address")).to_be_hidden()


def test_the_consent_page_says_what_will_and_will_not_be_possible(page: Page, served: Pages) -> None:
    page.goto(served.authorize(scope="free_busy_write"))
    enter(page)
    connect(page)
    will, will_not = page.locator(".marks.yes"), page.locator(".marks.no")
    expect(will).to_contain_text("see when you are busy or free")
    expect(will).to_contain_text("add events, and change the ones it added")
    expect(will_not).to_contain_text("no titles, places, people or notes")
    expect(will_not).to_contain_text("change or delete events that it did not add")
    expect(page.get_by_text("Work", exact=True)).to_be_visible()
    expect(page.get_by_text("Family", exact=True)).to_be_visible()
    fits(page)
    for name in ("Allow", "Refuse"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_refusing_sends_back_no_and_stores_nothing(page: Page, served: Pages) -> None:
    page.goto(served.authorize(state="s"))
    enter(page)
    connect(page)
    asked_at = page.url
    page.get_by_role("button", name="Refuse").click()
    assert answer_of(page.url) == {"error": "access_denied", "state": "s", "iss": served.url}
    with served.world.store.read() as uow:
        assert uow.grants.get(served.world.jane, served.world.app.application_id) is None
    page.goto(asked_at)
    title(page, "There is nothing to do here")


def test_whoever_does_not_want_to_sign_in_can_go_back(page: Page, served: Pages) -> None:
    page.goto(served.authorize(state="s"))
    page.get_by_role("button", name="Cancel and go back to Demo Booking").click()
    assert answer_of(page.url) == {"error": "access_denied", "state": "s", "iss": served.url}


def test_the_keyboard_alone_is_enough(page: Page, served: Pages) -> None:
    page.goto(served.authorize())
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_label("E-mail address").focus()
    page.keyboard.type("jane@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    title(page, "Connect your calendar")
    connect(page)
    page.get_by_role("button", name="Refuse").focus()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Allow")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.app_url}/cb?code=*")


def test_accepting_extended_permissions_opens_these_calendars_and_no_other(page: Page, served: Pages) -> None:
    work, family = consented(page, served)
    page.goto(served.ask_for([work]))
    title(page, "Demo Booking asks to change events it did not make")
    expect(page.locator(".marks.yes")).to_contain_text("change any event there")
    expect(page.get_by_text("Family", exact=True)).to_have_count(0)
    fits(page)
    page.get_by_role("button", name="Allow unrestricted access").click()
    assert page.url == f"{served.app_url}/cb?step=2"
    with served.world.store.read() as uow:
        grant = uow.grants.get(served.world.jane, served.world.app.application_id)
    assert grant is not None
    assert grant.elevated == {work}
    assert family not in grant.elevated


def test_extended_permissions_may_be_less_than_was_asked_for(page: Page, served: Pages) -> None:
    work, _ = consented(page, served)
    page.goto(served.ask_for([work]))
    page.get_by_label("It may also delete events there").uncheck()
    page.get_by_label("How long").select_option("Until a day that I name")
    page.get_by_role("button", name="Allow unrestricted access").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a day")
    expect(page.get_by_label("It may also delete events there")).not_to_be_checked()  # what was chosen is kept
    expect(page.get_by_label("How long")).to_have_value("date")
    page.get_by_label("How long").select_option("For 24 hours")
    fits(page)
    page.get_by_role("button", name="Allow unrestricted access").click()
    assert page.url == f"{served.app_url}/cb?step=2"
    with served.world.store.read() as uow:
        grant = uow.grants.get(served.world.jane, served.world.app.application_id)
    assert grant is not None
    assert grant.elevations == {Elevation(work, deletes=False, ends=Instant(served.world.clock() + DAY_SECONDS))}
    page.goto(f"{served.url}/account")
    said = page.get_by_text("it can also change any event there")
    expect(said).to_contain_text("until")
    expect(said).not_to_contain_text("delete")
    fits(page)


def test_refused_extended_permissions_can_not_be_accepted_later(page: Page, served: Pages) -> None:
    work, _ = consented(page, served)
    url = served.ask_for([work])
    page.goto(url)
    page.get_by_role("button", name="Refuse").click()
    assert page.url == f"{served.app_url}/cb?step=2&error=access_denied"
    page.goto(url)
    title(page, "There is nothing to do here")
    assert served.world.ledger()[0].outcome is Outcome.REFUSED


def test_extended_permissions_ask_who_is_signed_out_to_sign_in_first(page: Page, served: Pages) -> None:
    work, _ = consented(page, served)
    page.goto(f"{served.url}/account")
    page.get_by_role("button", name="Sign out").click()
    page.goto(served.ask_for([work]))
    title(page, "Sign in")
    expect(page.get_by_text("Work")).to_have_count(0)
    enter(page)
    title(page, "Demo Booking asks to change events it did not make")


def test_the_account_page_shows_who_has_access_and_takes_it_back(page: Page, served: Pages) -> None:
    work, _ = consented(page, served)
    page.goto(served.ask_for([work]))
    page.get_by_role("button", name="Allow unrestricted access").click()
    page.goto(f"{served.url}/account")
    expect(page.get_by_role("heading", name="Demo Booking")).to_be_visible()
    expect(page.get_by_text("Being copied for the first time")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Take back for Work").click()
    expect(page.get_by_role("button", name=re.compile("Take back"))).to_have_count(0)
    page.get_by_role("link", name="What Demo Booking did").click()
    expect(page.get_by_text("Unrestricted access taken back")).to_be_visible()
    page.get_by_role("link", name="Back to your account").click()
    page.get_by_text("End access").click()
    page.get_by_role("button", name="End the access of Demo Booking").click()
    expect(page.get_by_text("No application has access to your calendars")).to_be_visible()


def test_a_lost_calendar_is_connected_again_where_it_was(page: Page, served: Pages) -> None:
    calendars = consented(page, served)
    with served.world.store.write() as uow:
        profile = uow.profiles.of_account(served.world.jane)[0]
        uow.profiles.save(replace(profile, connected=False))
    page.goto(f"{served.url}/relink/{profile.profile_id}")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Connect again").click()
    expect(page.get_by_role("alert")).to_contain_text("refused")
    page.get_by_label("Password").fill("app-password")
    page.get_by_role("button", name="Connect again").click()
    title(page, "Your account")
    expect(page.get_by_text("Not connected")).to_have_count(0)
    with served.world.store.read() as uow:
        assert [one.calendar_id for one in uow.calendars.of_account(served.world.jane)] == calendars


def test_leaving_asks_once_more_and_takes_everything(page: Page, served: Pages) -> None:
    consented(page, served)
    page.goto(f"{served.url}/account")
    page.get_by_role("link", name="Delete your account").click()
    page.get_by_label("Your password").fill("wrong")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("alert")).to_contain_text("That is not your password")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete my account").click()
    title(page, "Your account is deleted")
    page.goto(f"{served.url}/account")
    title(page, "Sign in")
    with served.world.store.read() as uow:
        assert uow.accounts.get(served.world.jane) is None
        assert uow.grants.list() == []
