"""Agreeing to less than was asked for, and taking more back later, in Chromium without JavaScript."""

import re
from datetime import date

from playwright.sync_api import Page, expect

from browser.running import Pages
from browser.test_browser_flows import allowed, connect, enter, fits, title
from calwarden.domain.grant import Grant
from calwarden.domain.times import DAY_SECONDS
from calwarden.timetable.zones import to_local


def asked(page: Page, served: Pages) -> None:
    page.goto(served.authorize(scope="read_write"))
    enter(page)
    connect(page)


def held(served: Pages) -> Grant:
    with served.world.store.read() as uow:
        grant = uow.grants.get(served.world.jane, served.world.app.application_id)
    assert grant is not None
    return grant


def names(served: Pages) -> set[str]:
    """The calendars that the grant was narrowed to."""
    with served.world.store.read() as uow:
        found = {one.calendar_id: one.name for one in uow.calendars.of_account(served.world.jane)}
    return {found[one] for one in held(served).calendars or ()}


def test_without_a_choice_it_is_all_calendars_until_the_person_ends_it(page: Page, served: Pages) -> None:
    asked(page, served)
    allowed(page, served)
    assert (held(served).calendars, held(served).ends) == (None, None)


def test_a_calendar_that_is_unticked_and_a_day_that_is_named_hold(page: Page, served: Pages) -> None:
    asked(page, served)
    page.get_by_label("Family").uncheck()
    page.get_by_label("How long").select_option("Until a day that I name")
    page.get_by_label("The last day").fill("2030-05-31")
    fits(page)
    allowed(page, served)
    assert names(served) == {"Work"}
    ends = held(served).ends
    assert ends is not None
    there = to_local(ends, "Europe/Paris")
    assert (there.date(), there.hour) == (date(2030, 6, 1), 0)
    page.goto(f"{served.url}/account")
    expect(page.get_by_text("Only in Work.")).to_be_visible()
    expect(page.get_by_text("until 1 June 2030, 00:00")).to_be_visible()


def test_what_can_not_be_meant_is_said_and_nothing_is_agreed_to(page: Page, served: Pages) -> None:
    asked(page, served)
    for name in ("Work", "Family"):
        page.get_by_label(name).uncheck()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose one calendar at least")
    expect(page.get_by_label("Family")).not_to_be_checked()  # what was chosen is kept
    page.get_by_label("Work", exact=True).check()
    page.get_by_label("How long").select_option("Until a day that I name")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a day")
    page.get_by_label("How long").select_option("Until a day that I name")
    page.get_by_label("The last day").fill("2020-01-01")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a day to come")
    title(page, "Demo Booking asks for access to your calendar")
    with served.world.store.read() as uow:
        assert uow.grants.get(served.world.jane, served.world.app.application_id) is None


def test_less_is_made_of_it_later_and_never_more(page: Page, served: Pages) -> None:
    asked(page, served)
    allowed(page, served)
    page.goto(f"{served.url}/account")
    page.get_by_role("link", name="Fewer calendars, or an end").click()
    title(page, "Less for Demo Booking")
    page.get_by_label("Work").uncheck()
    page.get_by_label("How long").select_option("For 30 days")
    fits(page)
    page.get_by_role("button", name="Save").click()
    title(page, "Your account")
    assert names(served) == {"Family"}
    assert held(served).ends == served.world.clock() + 30 * DAY_SECONDS
    page.get_by_role("link", name="Fewer calendars, or an end").click()
    expect(page.get_by_label("Work")).to_have_count(0)
    page.get_by_label("How long").select_option("For 90 days")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("It has to ask you for more")
    assert held(served).ends == served.world.clock() + 30 * DAY_SECONDS
    page.goto(f"{served.url}/account/activity")
    expect(page.get_by_text(re.compile("Access made less"))).to_be_visible()


def test_an_application_without_access_has_no_such_page(page: Page, served: Pages) -> None:
    page.goto(f"{served.url}/account")
    enter(page)
    for application_id in (served.world.app.application_id, "never"):
        page.goto(f"{served.url}/account/access/{application_id}")
        title(page, "There is nothing to do here")
