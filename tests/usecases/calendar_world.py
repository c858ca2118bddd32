"""Jane's calendars: two of her own and one that Marcel shares with her, with events put straight into the store."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from calwarden.domain.application import Application
from calwarden.domain.event import Busy, Component, Details, Event, EventStatus, Resource, Transparency
from calwarden.domain.grant import Grant, Token, TokenKind
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, EventKey, GrantId, ProfileId, ResourceId
from calwarden.domain.profile import Calendar, Credentials, Profile, Provider
from calwarden.domain.times import DAY_SECONDS, Day, EventTime, Instant, Zoned, instant_day
from calwarden.oauth.tokens import hash_token
from calwarden.usecases.access import Bearer
from calwarden.usecases.events import Asked
from calwarden.usecases.freebusy import AskedBusy
from usecases.auth_world import REDIRECT, World

HOUR = 3_600
DEMO, RIVAL = ApplicationId("demo"), ApplicationId("rival")
PROFILE = ProfileId("pro_dav")
WORK, HOME, SHARED = CalendarId("cal_dav_work"), CalendarId("cal_dav_home"), CalendarId("cal_dav_shared")
PARIS = "Europe/Paris"


class CalendarWorld(World):
    """Everything is synced; ``self.now`` is the instant the world began at."""

    def __init__(self, **limits: int) -> None:
        super().__init__(**limits)
        self.now = self.clock()
        with self.store.write() as uow:
            uow.applications.add(Application(RIVAL, "Rival", (REDIRECT,), self.now))
            uow.profiles.add(profile_of(self.jane, self.now), Credentials("https://dav.example/", "jane", "secret"))
            for calendar_id, name, owned in ((WORK, "Work", True), (HOME, "Home", True), (SHARED, "Marcel's", False)):
                calendar = Calendar(self.jane, calendar_id, PROFILE, f"/{name}/", name, owned=owned, synced=True)
                uow.calendars.add(calendar)

    def bearer(self, *scopes: str, application: ApplicationId = DEMO, **changes: Any) -> Bearer:
        """A token of Jane's live Grant to ``application``, made with these scopes if there is none, else changed."""
        with self.store.write() as uow:
            held = uow.grants.get(self.jane, application)
            if held is None:
                held = Grant(GrantId(self.kit.random.hex24()), self.jane, application, scopes, self.now)
                uow.grants.add(replace(held, **changes))
            else:
                uow.grants.save(replace(held, scopes=scopes, **changes))
            secret = self.kit.random.token()
            uow.tokens.add(
                Token(hash_token(secret), TokenKind.ACCESS, self.jane, application, held.grant_id, self.now, None, "f")
            )
        return Bearer(secret)

    def grant(self, application: ApplicationId = DEMO) -> Grant:
        with self.store.read() as uow:
            found = uow.grants.get(self.jane, application)
        assert found is not None
        return found

    def change_grant(self, application: ApplicationId = DEMO, **changes: Any) -> None:
        held = self.grant(application)
        with self.store.write() as uow:
            uow.grants.save(replace(held, **changes))

    def change_calendar(self, calendar_id: CalendarId = WORK, **changes: Any) -> None:
        with self.store.write() as uow:
            held = uow.calendars.get(self.jane, calendar_id)
            assert held is not None
            uow.calendars.save(replace(held, **changes))

    def change_profile(self, **changes: Any) -> None:
        with self.store.write() as uow:
            held = uow.profiles.get(self.jane, PROFILE)
            assert held is not None
            uow.profiles.save(replace(held, **changes))

    def change_application(self, application_id: ApplicationId = DEMO, **changes: Any) -> None:
        with self.store.write() as uow:
            held = uow.applications.get(application_id)
            assert held is not None
            uow.applications.save(replace(held, **changes))

    def at(self, hours: float, tzid: str = PARIS) -> Zoned:
        """The moment so many hours after the beginning of this world."""
        return Zoned(Instant(self.now + int(hours * HOUR)), tzid)

    def day(self, days: int) -> Day:
        return instant_day(Instant(self.now + days * DAY_SECONDS))

    def event(self, key: str, start: EventTime | float, end: EventTime | float | None = None, **changes: Any) -> Event:
        """An occurrence in ``WORK``, an hour long unless said, made by the person unless ``created_by`` is given."""
        first = self.at(start) if isinstance(start, int | float) else start
        if end is None:
            end = Zoned(Instant(first.at + HOUR), first.tzid) if isinstance(first, Zoned) else self.day(1)
        last = self.at(end) if isinstance(end, int | float) else end
        values: dict[str, Any] = {
            "account_id": self.jane,
            "calendar_id": WORK,
            "key": EventKey(key),
            "resource_id": ResourceId(f"{key}.ics"),
            "occurrence": "",
            "busy": Busy.BUSY,
            "status": EventStatus.CONFIRMED,
            "transparency": Transparency.OPAQUE,
            "recurring": False,
            "created": self.now,
            "updated": self.now,
            "busy_updated": self.now,
        }
        values |= changes
        details = values.pop("details", Details(summary=f"Title of {key}"))
        values.setdefault("component", Component(f"uid-{key}", first, last, details=details))
        if values.get("created_by") is not None:
            values.setdefault("event_id", f"id-{key}")
        return Event(start=first, end=last, **values)

    def keep(self, *events: Event) -> None:
        """Each as a Resource of its own, in this order."""
        with self.store.write(durable=False) as uow:
            for one in events:
                uow.events.save(resource_of(one), [one])

    def reads(self) -> list[tuple[str, str, str]]:
        """Level, calendar and number of what the ledger counted, once its hour is over."""
        with self.store.write() as uow:
            uow.audit.close_hours(Instant(self.clock() + HOUR))
            entries = uow.audit.entries(self.jane)
        read = [one for one in entries if one.what in {"read", "read.refused"}]
        return sorted((one.reason or one.on["level"], one.on.get("calendar", ""), one.on["reads"]) for one in read)


def resource_of(one: Event) -> Resource:
    """The Resource with nothing but this occurrence in it."""
    return Resource(
        one.account_id,
        one.calendar_id,
        one.resource_id,
        '"1"',
        (one.component,),
        one.created_by,
        one.event_id,
        one.created,
    )


def profile_of(account_id: AccountId, now: Instant) -> Profile:
    """A Profile that works, synced just now."""
    return Profile(
        account_id,
        PROFILE,
        Provider.CALDAV,
        "jane@dav",
        "https://dav.example/",
        now,
        initial_sync_done=True,
        synced_at=now,
    )


def asked(**changes: Any) -> Asked:
    """A question for events with nothing but a zone."""
    return Asked(**{**_PLAIN, **changes})


def asked_busy(**changes: Any) -> AskedBusy:
    """A question for busy times with nothing but a zone, free ones among them."""
    return AskedBusy(**{**_PLAIN, "include_free": True, **changes})


_PLAIN: dict[str, Any] = {"from_": None, "to": None, "tzid": PARIS, "presentation": "as asked"}


def keys(uids: Iterable[str | None]) -> list[str]:
    """The keys in ``event_uid``s, whichever kind."""
    return [uid.removeprefix("evt_").removeprefix("external_") for uid in uids if uid is not None]
