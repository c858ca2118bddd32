"""Values to put into a store: short to write, complete enough to compare."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from calwarden.domain.account import Account
from calwarden.domain.application import Application
from calwarden.domain.event import Busy, Component, Details, Event, EventStatus, Resource, Transparency
from calwarden.domain.grant import Grant, Token, TokenKind
from calwarden.domain.ids import (
    AccountId,
    ApplicationId,
    CalendarId,
    EventKey,
    GrantId,
    ProfileId,
    ResourceId,
    WriteId,
)
from calwarden.domain.profile import Calendar, Credentials, Profile, Provider
from calwarden.domain.times import DAY_SECONDS, EventTime, Instant, Window, Zoned, instant_day, sort_key
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.ports.store import EventQuery
from calwarden.store import SqlStore

T = TypeVar("T")

NOW = Instant(1_900_000_000)
JANE, MARCEL = AccountId("acc_jane"), AccountId("acc_marcel")
PROFILE = ProfileId("pro_1")
WORK, HOME = CalendarId("cal_1_work"), CalendarId("cal_1_home")
APP, OTHER = ApplicationId("app"), ApplicationId("other")
GRANT = GrantId("grant")
CREDENTIALS = Credentials("https://dav.example/", "jane-login", "plain-password-of-jane")


def account(account_id: AccountId = JANE, **changes: Any) -> Account:
    values = {"email": f"{account_id}@Example.org", "name": "Jane Doe", "tzid": "Europe/Paris", "created": NOW}
    return Account(account_id, **{**values, **changes})


def application(application_id: ApplicationId = APP, **changes: Any) -> Application:
    values = {"name": "Demo", "redirect_uris": ("https://a.example/cb", "https://b.example/"), "created": NOW}
    return Application(application_id, **{**values, **changes})


def grant(account_id: AccountId = JANE, **changes: Any) -> Grant:
    values = {"grant_id": GRANT, "application_id": APP, "scopes": ("read_events", "free_busy"), "created": NOW}
    return Grant(**{**values, "account_id": account_id, **changes})


def token(token_hash: str = "hash", **changes: Any) -> Token:
    values: dict[str, Any] = {
        "kind": TokenKind.ACCESS,
        "account_id": JANE,
        "application_id": APP,
        "grant_id": GRANT,
        "issued": NOW,
        "expires": Instant(NOW + 3600),
        "family": "family",
    }
    return Token(token_hash, **{**values, **changes})


def profile(account_id: AccountId = JANE, profile_id: ProfileId = PROFILE, **changes: Any) -> Profile:
    values = {"name": "jane-login", "url": "https://dav.example/jane/", "created": NOW}
    return Profile(account_id, profile_id, Provider.CALDAV, **{**values, **changes})


def calendar(account_id: AccountId = JANE, calendar_id: CalendarId = WORK, **changes: Any) -> Calendar:
    values = {"profile_id": PROFILE, "remote_id": "/jane/work/", "name": "Work", "owned": True}
    return Calendar(account_id, calendar_id, **{**values, **changes})


def write(write_id: str, resource: str = "r1", **changes: Any) -> PendingWrite:
    values: dict[str, Any] = {
        "account_id": JANE,
        "profile_id": PROFILE,
        "calendar_id": WORK,
        "resource_id": ResourceId(resource),
        "kind": WriteKind.UPSERT,
        "application_id": APP,
        "grant_id": GRANT,
        "generation": 1,
        "accepted": NOW,
    }
    return PendingWrite(**{**values, "write_id": WriteId(write_id), **changes})


def at(instant: int, tzid: str = "Europe/Paris") -> Zoned:
    return Zoned(Instant(instant), tzid)


def component(start: EventTime, end: EventTime, uid: str = "uid", **changes: Any) -> Component:
    return Component(uid, start, end, **{"details": Details(summary="Secret Meeting"), **changes})


def event(key: str, start: EventTime, end: EventTime, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "account_id": JANE,
        "calendar_id": WORK,
        "resource_id": ResourceId(f"r-{key}"),
        "occurrence": "",
        "busy": Busy.BUSY,
        "status": EventStatus.CONFIRMED,
        "transparency": Transparency.OPAQUE,
        "recurring": False,
        "created": NOW,
        "updated": NOW,
        "busy_updated": NOW,
    }
    values |= changes
    values.setdefault("component", component(start, end))
    return Event(key=EventKey(key), start=start, end=end, **values)


def resource(*events: Event, **changes: Any) -> Resource:
    """The Resource that these occurrences are of."""
    first = events[0]
    components = tuple(dict.fromkeys(one.component for one in events))
    values: dict[str, Any] = {"etag": '"1"', "components": components, "created": NOW}
    values |= {"created_by": first.created_by, "event_id": first.event_id}
    return Resource(first.account_id, first.calendar_id, first.resource_id, **{**values, **changes})


def window(start: int, end: int) -> Window:
    return Window(Instant(start), Instant(end), instant_day(Instant(start)), instant_day(Instant(end)))


def query(within: Window | None = None, **changes: Any) -> EventQuery:
    values: dict[str, Any] = {
        "calendar_ids": frozenset({WORK, HOME}),
        "application_id": APP,
        "own": True,
        "external": True,
        "window": within,
    }
    return EventQuery(**{**values, **changes})


def day(number: int) -> date:
    """The day so many days after 2030-03-17, on which NOW is."""
    return instant_day(Instant(NOW + number * DAY_SECONDS))


def hold(store: SqlStore, *account_ids: AccountId) -> None:
    """Accounts with one Profile and two Calendars each, and both Applications."""
    with store.write() as uow:
        for application_id in (APP, OTHER):
            if uow.applications.get(application_id) is None:
                uow.applications.add(application(application_id))
        for account_id in account_ids or (JANE,):
            uow.accounts.add(account(account_id))
            uow.profiles.add(profile(account_id), CREDENTIALS)
            uow.calendars.add(calendar(account_id))
            uow.calendars.add(calendar(account_id, HOME, name="Home"))


def keep(store: SqlStore, *events: Event) -> None:
    """Each occurrence as a Resource of its own."""
    with store.write() as uow:
        for one in events:
            uow.events.save(resource(one), [one])


def naive_keys(events: list[Event], asked: EventQuery) -> list[str]:
    """What ``asked`` is to give, worked out one event at a time."""
    fitting = [one for one in events if one.calendar_id in asked.calendar_ids and _fits(one, asked)]
    return [one.key for one in sorted(fitting, key=lambda one: (sort_key(one.start), sort_key(one.end), one.key))]


def _fits(one: Event, asked: EventQuery) -> bool:
    own = one.created_by == asked.application_id
    if not (asked.own if own else asked.external) or (one.deleted and not asked.deleted):
        return False
    if asked.modified_since is not None and one.updated < asked.modified_since:
        return False
    if asked.busy_modified_since is not None and one.busy_updated < asked.busy_modified_since:
        return False
    windows = [asked.window, None if own else asked.external_window]
    return all(_inside(one, bounds) for bounds in windows if bounds is not None)


def _inside(one: Event, bounds: Window) -> bool:
    if isinstance(one.start, Zoned) and isinstance(one.end, Zoned):
        return one.start.at < bounds.end and one.end.at >= bounds.start
    assert isinstance(one.start, date)
    assert isinstance(one.end, date)
    return one.start < bounds.end_day and one.end >= bounds.start_day


def at_once(count: int, act: Callable[[int], T]) -> list[T]:
    """Run ``act`` in so many threads that start together; gives the answers, or raises what one of them raised."""
    answers: list[Any] = [None] * count
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            answers[number] = act(number)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers
