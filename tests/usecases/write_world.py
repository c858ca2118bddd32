"""A person with calendars and events of her own, and Applications that want to write to them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from calwarden.domain.application import Application
from calwarden.domain.audit import AuditEntry, Outcome
from calwarden.domain.draft import EventDraft
from calwarden.domain.errors import Invalid, Refusal, Refused
from calwarden.domain.event import Component, Details, Event, Participation, Repeat, Resource
from calwarden.domain.grant import Grant
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, ProfileId, ResourceId, calendar_id_of
from calwarden.domain.profile import Calendar, Credentials, Profile, Provider
from calwarden.domain.times import DAY_SECONDS, Instant, Zoned
from calwarden.domain.write import PendingWrite
from calwarden.policy.elevation import without_terms
from calwarden.syncplan.reconcile import reconcile
from calwarden.timetable.horizon import horizon
from calwarden.timetable.recurrence import expand
from calwarden.usecases.access import Bearer
from calwarden.usecases.authorize import issue_grant
from calwarden.usecases.events import DeleteEvent, DeleteEvents, Respond, UpsertEvent
from calwarden.usecases.kit import Kit
from calwarden.usecases.people import NewAccount, create_account
from usecases.auth_world import World

HOUR = 3_600
EVERYTHING = ("read_write", "change_participation_status", "create_calendar")
PROBLEM = Invalid.of("summary", "errors.required", "what the edge could not read")


class Writing(World):
    """``work`` and ``home`` can be written in; ``locked`` is read-only, ``team`` somebody else's, ``gone`` deleted."""

    def __init__(self, **limits: int) -> None:
        super().__init__(**limits)
        self.other = Application(ApplicationId("other"), "Other", ("https://other.example.org/cb",), self.clock())
        with self.store.write() as uow:
            uow.applications.add(self.other)
        self.profile = self.add_profile("pro_jane")
        self.work = self.add_calendar("work", primary=True)
        self.home = self.add_calendar("home")
        self.locked = self.add_calendar("locked", readonly=True)
        self.team = self.add_calendar("team", owned=False)
        self.gone = self.add_calendar("gone", deleted=True)

    def add_profile(self, name: str, account: AccountId | None = None) -> Profile:
        profile = Profile(
            account or self.jane,
            ProfileId(name),
            Provider.CALDAV,
            "jane@example.org",
            "https://dav.example.org/jane/",
            self.clock(),
        )
        with self.store.write() as uow:
            uow.profiles.add(profile, Credentials(profile.url, "jane", "secret"))
        return profile

    def add_calendar(self, name: str, profile: Profile | None = None, **facts: Any) -> CalendarId:
        profile = profile or self.profile
        remote_id = f"/jane/{name}/"
        calendar = Calendar(
            profile.account_id,
            calendar_id_of(profile.profile_id, remote_id),
            profile.profile_id,
            remote_id,
            name.title(),
            **{"owned": True, **facts},
        )
        with self.store.write() as uow:
            uow.calendars.add(calendar)
        return calendar.calendar_id

    def foreign_calendar(self) -> CalendarId:
        """A calendar of another account."""
        marcel = create_account(self.kit, NewAccount("marcel@example.org", "Marcel", "Etc/UTC"))
        return self.add_calendar("his", self.add_profile("pro_marcel", marcel.account_id))

    def token(self, *scopes: str, app: str = "demo", elevated: tuple[CalendarId, ...] = (), **changes: Any) -> Bearer:
        """A live grant, with these facts changed."""
        answer = issue_grant(self.kit, ApplicationId(app), self.jane, scopes or EVERYTHING)
        self.change_grant(app, **{"elevations": without_terms(elevated), **changes})
        return Bearer(answer.access_token)

    def change_grant(self, app: str = "demo", **changes: Any) -> None:
        with self.store.write() as uow:
            grant = uow.grants.get(self.jane, ApplicationId(app))
            assert grant is not None
            uow.grants.save(replace(grant, **changes))

    def grant(self, app: str = "demo") -> Grant:
        with self.store.read() as uow:
            grant = uow.grants.get(self.jane, ApplicationId(app))
        assert grant is not None
        return grant

    def disconnect(self, profile: Profile | None = None) -> None:
        with self.store.write() as uow:
            uow.profiles.save(replace(profile or self.profile, connected=False))

    def at(self, hours: int) -> Zoned:
        """So many hours from the beginning of tomorrow."""
        return Zoned(Instant((self.clock() // DAY_SECONDS + 1) * DAY_SECONDS + hours * HOUR), "Europe/Paris")

    def draft(self, **changes: Any) -> EventDraft:
        return EventDraft(**{"summary": "Rehearsal", "start": self.at(9), "end": self.at(10), **changes})

    def put(self, name: str = "lunch", calendar_id: CalendarId | None = None, **facts: Any) -> list[Event]:
        """Store an event as a sync would: made by the person; gives its occurrences."""
        component = Component(
            **{
                "uid": f"{name}@example.net",
                "start": self.at(12),
                "end": self.at(13),
                "details": Details(summary="Lunch with Lou"),
                **facts,
            }
        )
        return self.put_resource(name, (component,), calendar_id)

    def put_resource(
        self, name: str, components: tuple[Component, ...], calendar_id: CalendarId | None = None, **facts: Any
    ) -> list[Event]:
        resource = Resource(
            self.jane,
            calendar_id or self.work,
            ResourceId(f"/jane/x/{name}.ics"),
            **{"etag": '"1"', "components": components, "created": self.clock(), **facts},
        )
        now = self.clock()
        with self.store.write() as uow:
            held = uow.events.of_resource(self.jane, resource.calendar_id, resource.resource_id)
            events = reconcile(resource, expand(components, horizon(now), "Etc/UTC"), held, now)
            uow.events.save(resource, events)
        return events

    def weekly(self, name: str = "choir", **facts: Any) -> list[Event]:
        return self.put(name, repeat=Repeat(("FREQ=WEEKLY",)), **facts)

    def invited(self, name: str = "invitation", **facts: Any) -> Event:
        """An event of somebody else that the person is invited to."""
        return self.put(name, organized_elsewhere=True, **{"participation": Participation.NEEDS_ACTION, **facts})[0]

    def deliver(self, etag: str = '"2"') -> list[PendingWrite]:
        """As if every owed write had reached the Provider; gives them."""
        owed = self.owed()
        with self.store.write() as uow:
            for write in owed:
                resource = uow.events.resource(self.jane, write.calendar_id, write.resource_id)
                if resource is not None and resource.components:
                    uow.events.set_etag(self.jane, write.calendar_id, write.resource_id, etag)
                elif resource is not None:
                    uow.events.forget(self.jane, write.calendar_id, write.resource_id)
                uow.writes.done(self.jane, write.write_id)
        return owed

    def owed(self, profile: Profile | None = None) -> list[PendingWrite]:
        with self.store.read() as uow:
            return list(uow.writes.owed(self.jane, (profile or self.profile).profile_id))

    def own(self, event_id: str = "one", calendar_id: CalendarId | None = None, app: str = "demo") -> Resource | None:
        with self.store.read() as uow:
            return uow.events.own_resource(self.jane, calendar_id or self.work, ApplicationId(app), event_id)

    def events_of(self, resource_id: ResourceId, calendar_id: CalendarId | None = None) -> list[Event]:
        with self.store.read() as uow:
            return list(uow.events.of_resource(self.jane, calendar_id or self.work, resource_id))

    def state(self) -> object:
        """All that a write could change, the ledger left out."""
        with self.store.read() as uow:
            calendars = [one.calendar_id for one in uow.calendars.of_account(self.jane)]
            held = [
                (calendar_id, resource, tuple(uow.events.of_resource(self.jane, calendar_id, resource)))
                for calendar_id in calendars
                for resource in uow.events.etags(self.jane, calendar_id)
            ]
            profiles = uow.profiles.of_account(self.jane)
            owed = [write for one in profiles for write in uow.writes.owed(self.jane, one.profile_id)]
            return calendars, held, owed, list(uow.grants.of_account(self.jane))

    # Commands with the ordinary in place.

    def upsert(self, **changes: Any) -> UpsertEvent:
        return UpsertEvent(
            **{"calendar_id": self.work, "event_id": "one", "event_uid": None, "draft": self.draft(), **changes}
        )

    def edit(self, uid: str, draft: EventDraft | None = None, **changes: Any) -> UpsertEvent:
        stated = draft or EventDraft(summary="Changed")
        return UpsertEvent(**{"calendar_id": self.work, "event_id": None, "event_uid": uid, "draft": stated, **changes})

    def delete(self, **changes: Any) -> DeleteEvent:
        return DeleteEvent(**{"calendar_id": self.work, "event_id": "one", "event_uid": None, **changes})

    def remove(self, uid: str, **changes: Any) -> DeleteEvent:
        return DeleteEvent(**{"calendar_id": self.work, "event_id": None, "event_uid": uid, **changes})

    def answer(self, uid: str, answer: str = "accepted", **changes: Any) -> Respond:
        return Respond(**{"calendar_id": self.work, "event_uid": uid, "answer": answer, **changes})

    def bulk(self, *calendar_ids: str, **changes: Any) -> DeleteEvents:
        return DeleteEvents(**{"calendar_ids": calendar_ids or None, **changes})


def uid(event: Event) -> str:
    """The event_uid that every Application but its own sees."""
    return f"evt_external_{event.key}"


UseCase = Callable[[Kit, Bearer, Any], object]


def refused(world: Writing, use_case: UseCase, token: Bearer, command: object) -> tuple[str, Refusal]:
    """The code and kind of a refusal; it must have changed nothing and left one entry in the ledger."""
    before, entries = world.state(), len(world.ledger())
    with pytest.raises(Refused) as caught:
        use_case(world.kit, token, command)
    assert world.state() == before
    entry = newest(world, entries)
    assert (entry.outcome, entry.reason) == (Outcome.REFUSED, caught.value.reason_code)
    return caught.value.reason_code, caught.value.kind


def invalid(
    world: Writing, use_case: UseCase, token: Bearer, command: object, *, refusal: bool = False
) -> dict[str, str]:
    """The keys of a 422 by field; it must have stored nothing, the ledger included unless it is a refusal."""
    before, entries = world.state(), len(world.ledger())
    with pytest.raises(Invalid) as caught:
        use_case(world.kit, token, command)
    assert world.state() == before
    assert len(world.ledger()) == entries + refusal
    return {name: problems[0].key for name, problems in caught.value.fields.items()}


def newest(world: Writing, entries: int) -> AuditEntry:
    """The one entry that was added to so many."""
    ledger = world.ledger()
    assert len(ledger) == entries + 1
    return ledger[0]
