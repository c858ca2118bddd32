"""A calendar full of what strangers may put there, read over HTTP and stored: nothing hangs, nothing crashes, and the
ordinary event beside it is where it should be (security 7.6).
"""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bench.hostile import resources
from calwarden.connectors.caldav import Surroundings, caldav_factory
from calwarden.domain.event import Busy, Event
from calwarden.domain.profile import Profile
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.net import OutboundRules
from calwarden.usecases.access import Bearer
from calwarden.usecases.connect import Connected, Login, connect_calendar
from calwarden.usecases.freebusy import read_busy
from calwarden.usecases.sync import SyncEnd, SyncOutcome, sync_profile
from calwarden.wiring.rules import RulesApart
from ics import event
from servers.script import CALENDAR_PROPERTIES, HOME, WORK, data, etag, multi, one, person
from servers.web import Got, response, serving
from usecases.auth_world import World
from usecases.calendar_world import asked_busy

NOW = Instant(1_811_000_000)  # 22 May 2027, some weeks before what strangers wrote
HEALTHY = event("UID:h", "DTSTART:20270601T080000Z", "DTEND:20270601T090000Z", "SUMMARY:Healthy", "RRULE:FREQ=DAILY")
HEALTHY_STARTS = 100
HOUR = 3_600
_WHO = "<d:current-user-principal><d:href>/principals/jane/</d:href></d:current-user-principal>"


class Reading:
    """Jane's server has these resources; ``asked`` is what was asked for."""

    def __init__(self, bodies: dict[str, bytes], *, many: bool) -> None:
        self.bodies = {f"{WORK}{name}.ics": body for name, body in bodies.items()}
        self.many = many
        self.asked: list[str] = []
        self.world = World(busy_per_page=100_000)
        self.world.clock.now = NOW
        self.library = RulesApart()
        self.world.kit = replace(self.world.kit, library=self.library)

    def answer(self, got: Got) -> bytes:
        if got.method == "PROPFIND" and got.target in self.bodies:
            return multi(etag(got.target))
        if got.method == "PROPFIND":
            return (
                person()
                if got.target == "/principals/jane/"
                else multi(one(HOME, _WHO), one(WORK, CALENDAR_PROPERTIES))
            )
        if got.method == "GET":
            self.asked.append(got.target)
            return response(200, self.bodies[got.target], ETag='"1"', Content_Type="text/calendar")
        if b"calendar-multiget" not in got.body:
            return multi(*map(etag, self.bodies), token="t1")
        if not self.many:
            return response(501)
        return multi(*(data(href, self.bodies[href]) for href in re.findall(r">([^<]+\.ics)<", got.body.decode())))

    def sync(self) -> tuple[SyncOutcome, Profile]:
        world = self.world
        with serving(self.answer) as web:
            around = Surroundings(OutboundRules.of([web.allowed]), world.clock, lambda: "nonce")
            opening = caldav_factory(around)
            login = Login(f"{web.url}{HOME}", "jane", "password")
            found = asyncio.run(connect_calendar(world.kit, opening, world.jane, login))
            assert isinstance(found, Connected), found
            profile = found.profile
            outcome = asyncio.run(sync_profile(world.kit, opening, world.jane, profile.profile_id, holder="worker"))
            again = asyncio.run(sync_profile(world.kit, opening, world.jane, profile.profile_id, holder="worker"))
            assert again.end is SyncEnd.DONE
        return outcome, profile

    def shown(self) -> list[Event]:
        with self.world.store.read() as uow:
            [calendar] = uow.calendars.of_account(self.world.jane)
            rows = uow.events.etags(self.world.jane, calendar.calendar_id)
            return [
                one
                for resource_id in rows
                for one in uow.events.of_resource(self.world.jane, calendar.calendar_id, resource_id)
            ]

    def busy_days(self) -> int:
        """On how many days an application that sees free/busy alone finds the ordinary event's hour taken."""
        page = read_busy(self.world.kit, Bearer(self.world.tokens(scope="free_busy").access_token), asked_busy())
        hours = {(one.start_at, one.end_at) for one in page.periods if one.status is Busy.BUSY}
        return sum(start % DAY_SECONDS == 8 * HOUR and end - start == HOUR for start, end in hours)


@contextmanager
def reading(bodies: dict[str, bytes], *, many: bool = False) -> Iterator[Reading]:
    held = Reading(bodies, many=many)
    try:
        yield held
    finally:
        held.library.close()
        held.world.store.close()


def healthy(found: list[Event]) -> int:
    return sum(one.component.details.summary == "Healthy" for one in found)


@pytest.mark.timeout(240)
def test_a_calendar_of_everything_hostile_hides_no_ordinary_event_and_takes_no_more_than_its_share() -> None:
    hostile = dict(resources())
    bodies = {"a-first": HEALTHY, **hostile, "z-last": HEALTHY.replace(b"UID:h", b"UID:z")}
    with reading(bodies) as held:
        begun = time.process_time()
        outcome, _ = held.sync()
        spent = time.process_time() - begun
        assert outcome.end is SyncEnd.DONE
        found = held.shown()
        assert healthy(found) > 2 * HEALTHY_STARTS
        asked = {one: held.asked.count(one) for one in held.bodies}
        assert set(asked.values()) == {1}, {name: many for name, many in asked.items() if many != 1}
        assert spent < len(bodies)  # a second each, and far less on any machine
        assert held.busy_days() > HEALTHY_STARTS
        kept = {one.resource_id.rpartition("/")[2].removesuffix(".ics") for one in found}
        assert {f"rule-{name}" for name in ("interval-0", "count-0", "secondly", "february-30")} <= kept


def test_what_can_not_be_put_in_xml_hides_nothing_that_comes_in_the_same_answer() -> None:
    odd = {name: body for name, body in resources() if name in {"controls", "nul", "separators", "carriage-returns"}}
    with reading({"a": HEALTHY, **odd}, many=True) as held:
        outcome, _ = held.sync()
        assert outcome.end is SyncEnd.DONE
        assert healthy(held.shown()) > HEALTHY_STARTS
        assert held.busy_days() > HEALTHY_STARTS
