"""What is accepted is what reaches the Provider: use case, queue and delivery, on the memory provider."""

import asyncio
from collections.abc import Iterator

import pytest

from calwarden.connectors.memory import MemoryProvider, memory_factory
from calwarden.domain.draft import EventDraft
from calwarden.domain.event import Event
from calwarden.domain.ids import ApplicationId, CalendarId, ProfileId
from calwarden.usecases.calendars import NewCalendar, create_calendar
from calwarden.usecases.connect import Connected, Login, connect_calendar
from calwarden.usecases.deliver import DeliverEnd, deliver_writes
from calwarden.usecases.events import delete_event, respond, upsert_event
from calwarden.usecases.sync import sync_profile
from usecases.write_world import Writing, uid

SERIES = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//example//EN\r
BEGIN:VEVENT\r
UID:choir@example.net\r
DTSTAMP:20300101T000000Z\r
DTSTART;TZID=Europe/Paris:20300320T180000\r
DTEND;TZID=Europe/Paris:20300320T190000\r
RRULE:FREQ=WEEKLY\r
SUMMARY:Choir\r
X-NOTE:kept\r
END:VEVENT\r
END:VCALENDAR\r
"""

INVITATION = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//example//EN\r
BEGIN:VEVENT\r
UID:party@example.net\r
DTSTAMP:20300101T000000Z\r
DTSTART:20300320T180000Z\r
DTEND:20300320T190000Z\r
SUMMARY:Party\r
ORGANIZER:mailto:lou@example.org\r
ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:jane@example.org\r
ATTENDEE;PARTSTAT=ACCEPTED:mailto:max@example.org\r
END:VEVENT\r
END:VCALENDAR\r
"""


class Delivering(Writing):
    def __init__(self) -> None:
        super().__init__(calendar_wait=5)
        self.provider = MemoryProvider()
        self.provider.add_user("jane", "secret", addresses=("jane@example.org",))
        self.remote = self.provider.add_calendar("jane", "concerts", "Concerts", primary=True)
        self.factory = memory_factory(self.provider, self.clock)
        login = Login("https://dav.example.org", "jane", "secret")
        connected = asyncio.run(connect_calendar(self.kit, self.factory, self.jane, login))
        assert isinstance(connected, Connected)
        self.profile = connected.profile
        self.work = connected.calendars[0].calendar_id

    def sync(self) -> None:
        asyncio.run(self.synced(self.profile.profile_id))

    async def synced(self, profile_id: ProfileId) -> None:
        await sync_profile(self.kit, self.factory, self.jane, profile_id, holder="test")

    def send(self) -> int:
        return asyncio.run(self.sent())

    async def sent(self) -> int:
        outcome = await deliver_writes(self.kit, self.factory, self.jane, self.profile.profile_id, holder="test")
        assert outcome.end is DeliverEnd.DONE
        assert self.owed() == []
        return outcome.delivered

    def bodies(self) -> list[str]:
        return [body.decode() for _, body in self.remote.resources.values()]

    def external(self, calendar_id: CalendarId | None = None) -> list[Event]:
        with self.store.read() as uow:
            resources = sorted(uow.events.etags(self.jane, calendar_id or self.work))
            return [
                event
                for one in resources
                for event in uow.events.of_resource(self.jane, calendar_id or self.work, one)
                if event.created_by is None and not event.deleted
            ]


@pytest.fixture
def world() -> Iterator[Delivering]:
    world = Delivering()
    yield world
    world.store.close()


def test_p8_p9_p10_an_own_event_appears_changes_and_goes_at_the_provider(world: Delivering) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    assert world.send() == 1
    (body,) = world.bodies()
    assert "SUMMARY:Rehearsal" in body
    upsert_event(world.kit, token, world.upsert(draft=world.draft(summary="Second act")))
    world.send()
    (body,) = world.bodies()
    assert "SUMMARY:Second act" in body
    delete_event(world.kit, token, world.delete())
    world.send()
    assert world.bodies() == []


def test_writes_that_wait_together_arrive_in_order_and_the_last_one_counts(world: Delivering) -> None:
    token = world.token("write_only")
    for summary in ("first", "second", "third"):
        upsert_event(world.kit, token, world.upsert(draft=world.draft(summary=summary)))
    delete_event(world.kit, token, world.delete())
    upsert_event(world.kit, token, world.upsert(draft=world.draft(summary="again")))
    assert world.send() == 5
    (body,) = world.bodies()
    assert "SUMMARY:again" in body
    resource = world.own()
    assert resource is not None
    assert resource.etag is not None
    assert resource.components[0].details.summary == "again"


def test_a_repeat_sends_nothing_where_the_provider_says_the_same(world: Delivering) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    world.send()
    puts, before = world.provider.count("put"), world.bodies()
    upsert_event(world.kit, token, world.upsert())
    world.send()
    assert (world.provider.count("put"), world.bodies()) == (puts, before)


def test_a_repeat_wins_over_a_change_by_the_person_that_we_have_not_seen(world: Delivering) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    world.send()
    ((name, (_, body)),) = world.remote.resources.items()
    world.provider.put(world.remote.remote_id, name, body.replace(b"SUMMARY:Rehearsal", b"SUMMARY:Something else"))
    upsert_event(world.kit, token, world.upsert())
    world.send()
    (now,) = world.bodies()
    assert "SUMMARY:Rehearsal" in now


def test_an_event_deleted_at_the_provider_is_created_again(world: Delivering) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    world.send()
    ((name, _),) = world.remote.resources.items()
    world.provider.delete(world.remote.remote_id, name)
    world.sync()
    upsert_event(world.kit, token, world.upsert())
    world.send()
    assert [one != name for one in world.remote.resources] == [True]


def test_an_occurrence_is_edited_and_another_deleted_in_the_persons_series(world: Delivering) -> None:
    world.provider.put(world.remote.remote_id, "choir.ics", SERIES)
    world.sync()
    _, second, third, fourth, *_ = world.external()
    token = world.token("write_only", elevated=(world.work,))
    upsert_event(world.kit, token, world.edit(uid(second), EventDraft(summary="Concert")))
    delete_event(world.kit, token, world.remove(uid(third)))
    intended = [(one.key, one.start, one.component.details.summary) for one in world.external()]
    assert world.send() == 2
    (body,) = world.bodies()
    assert body.count("BEGIN:VEVENT") == 2
    assert "EXDATE;TZID=Europe/Paris" in body
    assert "X-NOTE:kept" in body
    assert [(one.key, one.start, one.component.details.summary) for one in world.external()] == intended
    keys = {key for key, *_ in intended}
    assert third.key not in keys
    assert fourth.key in keys


def test_an_answer_reaches_the_provider_and_changes_nobody_elses(world: Delivering) -> None:
    world.provider.put(world.remote.remote_id, "party.ics", INVITATION)
    world.sync()
    (party,) = world.external()
    respond(world.kit, world.token("change_participation_status"), world.answer(uid(party), "declined"))
    intended = [one.component for one in world.external()]
    assert world.send() == 1
    (body,) = world.bodies()
    assert "PARTSTAT=DECLINED:mailto:jane@example.org" in body
    assert "PARTSTAT=ACCEPTED:mailto:max@example.org" in body
    assert [one.component.details for one in world.external()] == [one.details for one in intended]


def test_what_was_accepted_before_a_lowering_never_leaves_and_the_event_is_shown_as_it_is(world: Delivering) -> None:
    world.provider.put(world.remote.remote_id, "choir.ics", SERIES)
    world.sync()
    before = world.external()
    token = world.token("write_only", elevated=(world.work,))
    delete_event(world.kit, token, world.remove(uid(before[1])))
    world.change_grant(elevations=frozenset(), generation=world.grant().generation + 1)
    assert world.send() == 0
    assert world.bodies() == [SERIES.decode()]
    assert [one.key for one in world.external()] == [one.key for one in before]


def test_p26_p41_a_created_calendar_is_the_applications_to_write_in_by_event_id_and_by_uid(world: Delivering) -> None:
    token = world.token("write_only", "create_calendar")
    running: list[asyncio.Task[int]] = []

    async def create() -> CalendarId:
        entry = await create_calendar(
            world.kit,
            token,
            NewCalendar(world.profile.profile_id, "Rehearsals", None),
            lambda *_: running.append(asyncio.ensure_future(world.sent())),
        )
        await running[0]
        await world.synced(world.profile.profile_id)
        return entry.calendar.calendar_id

    made = asyncio.run(create())
    assert world.grant().elevated == {made}
    with world.store.read() as uow:
        calendar = uow.calendars.get(world.jane, made)
    assert calendar is not None
    assert (calendar.created_by, calendar.name) == (ApplicationId("demo"), "Rehearsals")
    world.provider.put(calendar.remote_id, "by-hand.ics", SERIES)
    world.sync()
    first, *_ = world.external(made)
    upsert_event(world.kit, token, world.edit(uid(first), EventDraft(summary="Ours"), calendar_id=made))
    upsert_event(world.kit, token, world.upsert(calendar_id=made))
    assert world.send() == 2
    texts = [body.decode() for _, body in world.provider.calendars[calendar.remote_id].resources.values()]
    assert sum("SUMMARY:Ours" in one for one in texts) == 1
    assert sum("SUMMARY:Rehearsal" in one for one in texts) == 1
