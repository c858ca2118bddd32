"""What an application would see, on the consent page and the account page, in Chromium without JavaScript."""

from dataclasses import replace

from playwright.sync_api import Page, expect

from browser.running import Pages
from browser.test_browser_flows import allowed, connect, enter, fits
from calwarden.domain.event import Busy, Component, Details, Event, EventStatus, Resource, Transparency
from calwarden.domain.ids import EventKey, ResourceId
from calwarden.domain.times import DAY_SECONDS, Instant, Zoned

WORDS = ("Dentist", "Family dinner")


def synced(served: Pages) -> None:
    """A copy of Jane's calendars: an event of two hours in each, tomorrow and the day after."""
    world = served.world
    with world.store.write() as uow:
        for profile in uow.profiles.of_account(world.jane):
            uow.profiles.save(replace(profile, initial_sync_done=True, synced_at=world.clock()))
        for number, calendar in enumerate(
            sorted(uow.calendars.of_account(world.jane), key=lambda one: one.name != "Work")
        ):
            uow.calendars.save(replace(calendar, synced=True))
            at = world.clock() // DAY_SECONDS * DAY_SECONDS + (number + 1) * DAY_SECONDS + 9 * 3_600
            start, end = (Zoned(Instant(at + more), "Europe/Paris") for more in (0, 7_200))
            part = Component(f"uid-{number}", start, end, details=Details(summary=WORDS[number]))
            resource = ResourceId(f"{number}.ics")
            event = Event(
                account_id=world.jane, calendar_id=calendar.calendar_id, key=EventKey(f"{number:024x}"),
                resource_id=resource, occurrence="", start=start, end=end, busy=Busy.BUSY,
                status=EventStatus.CONFIRMED, transparency=Transparency.OPAQUE, recurring=False, component=part,
                created=world.clock(), updated=world.clock(), busy_updated=world.clock(),
            )  # fmt: skip
            uow.events.save(Resource(world.jane, calendar.calendar_id, resource, '"1"', (part,)), [event])


def looked(page: Page) -> None:
    page.get_by_text("would see of your next days").click()


def asked(page: Page, served: Pages, scope: str) -> None:
    page.goto(served.authorize(scope=scope))
    enter(page)
    connect(page)
    synced(served)
    page.reload()


def test_for_free_busy_it_is_grey_blocks_and_no_word(page: Page, served: Pages) -> None:
    asked(page, served, "free_busy_write")
    looked(page)
    expect(page.get_by_text("When, and nothing else")).to_be_visible()
    expect(page.locator(".bars rect.busy")).to_have_count(2)
    expect(page.get_by_text(": busy, in Work")).to_be_visible()
    fits(page)
    for word in WORDS:
        assert word not in page.content()
    allowed(page, served)
    page.goto(f"{served.url}/account")
    page.get_by_role("link", name="What Demo Booking sees").click()
    expect(page.locator(".bars rect.busy")).to_have_count(2)
    assert WORDS[0] not in page.content()
    fits(page)


def test_it_follows_the_ticks_and_agrees_to_nothing(page: Page, served: Pages) -> None:
    asked(page, served, "read_write")
    looked(page)
    for word in WORDS:
        expect(page.get_by_text(word)).to_be_visible()
    page.get_by_label("Family").uncheck()
    page.get_by_label("How long").select_option("For 30 days")
    page.get_by_role("button", name="Show it for the calendars ticked above").click()
    expect(page.get_by_text("Dentist")).to_be_visible()
    expect(page.get_by_text("Family dinner")).to_have_count(0)
    expect(page.get_by_label("Family")).not_to_be_checked()
    expect(page.get_by_label("How long")).to_have_value("month")
    fits(page)
    with served.world.store.read() as uow:
        assert uow.grants.get(served.world.jane, served.world.app.application_id) is None


def test_who_only_writes_sees_nothing(page: Page, served: Pages) -> None:
    asked(page, served, "write_only")
    looked(page)
    expect(page.get_by_text("Nothing of what is in your calendars")).to_be_visible()
    expect(page.locator(".bars")).to_have_count(0)
