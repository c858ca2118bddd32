"""What a check says is what the attempt would have been told: on thousands of cases, with no difference."""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace

import pytest

from calwarden.domain.errors import Invalid, Refused
from calwarden.domain.event import Component, Details, Event
from calwarden.domain.grant import Connection, Elevation, GrantState
from calwarden.domain.ids import ApplicationId, CalendarId
from calwarden.domain.profile import AccessMode
from calwarden.domain.times import Instant
from calwarden.policy.decision import Action, Deny, Reason
from calwarden.policy.elevation import Level
from calwarden.policy.explain import refuse
from calwarden.policy.view import event_uid
from calwarden.ports.store import UnitOfWork
from calwarden.store import SqlStore
from calwarden.usecases.access import Bearer
from calwarden.usecases.calendars import list_calendars
from calwarden.usecases.checking import Question, check_permissions
from calwarden.usecases.elevation import AskElevation, request_elevation
from calwarden.usecases.events import (
    DeleteEvent,
    DeleteEvents,
    Respond,
    UpsertEvent,
    delete_event,
    delete_events,
    read_events,
    respond,
    upsert_event,
)
from calwarden.usecases.freebusy import read_busy
from calwarden.usecases.kit import Kit
from proving import PROVING
from usecases.calendar_world import asked, asked_busy
from usecases.write_world import Writing

CASES = 10_000
ROUNDS = 2_300 if PROVING else 230  # of fifty questions each, less those of a grant that has ended
SCOPES = (
    "read_account", "list_calendars", "read_free_busy", "read_events", "create_event", "delete_event",
    "change_participation_status", "create_calendar", "free_busy", "free_busy_write", "read_only", "write_only",
    "read_write",
)  # fmt: skip


_UNTRIED = {
    Action.CHECK_PERMISSIONS,
    Action.READ_USERINFO,  # these four and a new calendar look at no object: they are asked about below
    Action.READ_ACCOUNT,
    Action.LIST_PROFILES,
    Action.REVOKE_PROFILE,
    Action.CREATE_CALENDAR,
}


class Undone(Exception):
    """What was tried has been seen, and never was."""


class Trying:
    """A store in which nothing that is written stays."""

    def __init__(self, inner: SqlStore) -> None:
        self.inner = inner

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.read()

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[UnitOfWork]:
        with suppress(Undone), self.inner.write(durable=durable) as uow:
            yield uow
            raise Undone


def outcome(attempt: Callable[[], object]) -> str | None:
    """None: it is allowed. Else the code of the refusal; 422 for an id of a query or body is the same no (ruling 2)."""
    try:
        attempt()
    except Refused as error:
        return error.reason_code
    except Invalid as error:
        keys = {one.key for problems in error.fields.values() for one in problems}
        if "errors.must_be_external_event_uid" in keys:
            return Reason.EVENT_NOT_EXTERNAL.value
        return Reason.NOT_FOUND.value if "errors.invalid_calendar_ids" in keys else None
    return None


class Matrix:
    """Calendars of every relation, and in each an event of every kind."""

    def __init__(self) -> None:
        self.world = world = Writing(requests_per_second=10**9, requests_per_minute=10**9)
        self.lost = world.add_profile("pro_lost")
        unreached = world.add_calendar("unreached", self.lost)
        world.disconnect(self.lost)
        busy_alone = self._connected_for(AccessMode.FREE_BUSY)
        nothing = self._connected_for(AccessMode.NONE)
        made = (world.work, world.home, world.locked, world.team, world.gone, unreached, busy_alone, nothing)
        self.calendars = [*made, world.foreign_calendar(), CalendarId("cal_never")]
        self.events: dict[CalendarId, list[Event]] = {}
        for calendar_id in made:
            name = calendar_id.replace("/", "-")
            self.events[calendar_id] = [
                *world.put(f"theirs-{name}", calendar_id),
                world.invited(f"invited-{name}", calendar_id=calendar_id),
                *self._of(name, "demo", calendar_id),
                *self._of(name, "other", calendar_id),
            ]
        self.kit: Kit = replace(world.kit, store=Trying(world.store))

    def _connected_for(self, mode: AccessMode) -> CalendarId:
        profile = self.world.add_profile(f"pro_{mode.value}")
        with self.world.store.write() as uow:
            uow.profiles.save(replace(profile, access_mode=mode))
        return self.world.add_calendar(mode.value, profile)

    def _of(self, name: str, app: str, calendar_id: CalendarId) -> list[Event]:
        part = Component(f"{app}-{name}", self.world.at(15), self.world.at(16), details=Details(summary=app))
        more = {"created_by": ApplicationId(app), "event_id": "one"}
        return self.world.put_resource(f"{app}-{name}", (part,), calendar_id, **more)

    def question(self, chance: random.Random) -> Question:
        action = chance.choice([one for one in Action if one not in _UNTRIED])
        calendar_id = chance.choice(self.calendars)
        here = self.events.get(calendar_id) or self.events[self.world.work]
        event = chance.choice(here if chance.random() < 0.8 else self.events[self.world.home])
        uid = event_uid(event, event.created_by == ApplicationId("demo"))
        if chance.random() < 0.15:
            uid = chance.choice(
                ["evt_external_" + "0" * 24, "evt_" + "0" * 24, "nonsense", uid.replace("external_", "")]
            )
        by_id = action in {Action.WRITE_OWN_EVENT, Action.DELETE_OWN_EVENT}
        by_uid = action in {Action.EDIT_EVENT, Action.DELETE_EVENT, Action.RESPOND}
        return Question(
            action,
            calendar_id,
            chance.choice(["one", "new"]) if by_id else None,
            uid if by_uid else None,
        )

    def attempt(self, bearer: Bearer, one: Question) -> Callable[[], object]:
        """The call itself, with input that has nothing else wrong."""
        kit, calendar_id, draft = self.kit, one.calendar_id, self.world.draft()

        def listed() -> None:
            if calendar_id not in {one.calendar.calendar_id for one in list_calendars(kit, bearer).entries}:
                raise refuse(Deny(Reason.NOT_FOUND))

        calls: dict[Action, Callable[[], object]] = {
            Action.LIST_CALENDARS: listed,
            Action.READ_BUSY: lambda: read_busy(kit, bearer, asked_busy(calendar_ids=(calendar_id,))),
            Action.READ_EVENTS: lambda: read_events(kit, bearer, asked(calendar_ids=(calendar_id,))),
            Action.READ_OWN_EVENTS: lambda: read_events(
                kit, bearer, asked(calendar_ids=(calendar_id,), only_managed=True)
            ),
            Action.WRITE_OWN_EVENT: lambda: upsert_event(
                kit, bearer, UpsertEvent(calendar_id, one.event_id, None, draft)
            ),
            Action.EDIT_EVENT: lambda: upsert_event(kit, bearer, UpsertEvent(calendar_id, None, one.event_uid, draft)),
            Action.DELETE_OWN_EVENT: lambda: delete_event(kit, bearer, DeleteEvent(calendar_id, one.event_id, None)),
            Action.DELETE_EVENT: lambda: delete_event(kit, bearer, DeleteEvent(calendar_id, None, one.event_uid)),
            Action.DELETE_OWN_EVENTS: lambda: delete_events(kit, bearer, DeleteEvents((calendar_id,))),
            Action.RESPOND: lambda: respond(kit, bearer, Respond(calendar_id, one.event_uid or "", "accepted")),
            Action.REQUEST_ELEVATION: lambda: request_elevation(
                kit, bearer, AskElevation(((calendar_id, Level.UNRESTRICTED),), self.world.app.redirect_uris[0])
            ),
            Action.LOWER_ELEVATION: lambda: request_elevation(
                kit, bearer, AskElevation(((calendar_id, Level.SANDBOX),), None)
            ),
        }
        return calls[one.action]


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    matrix = Matrix()
    yield matrix
    matrix.world.store.close()


def granted(matrix: Matrix, chance: random.Random) -> Bearer:
    """A grant of some scopes, in some calendars, with some of them elevated, however it came to be."""
    world = matrix.world
    scopes = tuple(chance.sample(SCOPES, chance.randint(1, 3)))
    elevations = frozenset(
        Elevation(one, chance.random() < 0.7, chance.choice([None, Instant(world.clock() + chance.choice([0, 60]))]))
        for one in chance.sample(matrix.calendars, chance.randint(0, len(matrix.calendars)))
    )
    connection = chance.choice([*Connection, *[Connection.INDIVIDUAL] * 8])
    ends = world.clock() if chance.random() < 0.03 else None
    narrowed = frozenset(chance.sample(matrix.calendars, 4)) if chance.random() < 0.2 else None
    bearer = world.token(*scopes)
    world.change_grant(elevations=elevations, calendars=narrowed, connection=connection, ends=ends)
    return bearer


def test_a_check_and_the_attempt_never_differ(matrix: Matrix, record_property: Callable[[str, object], None]) -> None:
    chance = random.Random(41)
    seen: dict[str | None, int] = {}
    for _ in range(ROUNDS):
        bearer = granted(matrix, chance)
        questions = [matrix.question(chance) for _ in range(50)]
        if matrix.world.grant().ends is not None:  # then the check is refused as every attempt is
            codes = {outcome(matrix.attempt(bearer, one)) for one in questions}
            codes.add(outcome(lambda asker=bearer: check_permissions(matrix.kit, asker, [])))
            assert codes == {"grant_ended"}
            continue
        verdicts = check_permissions(matrix.kit, bearer, questions)
        for question, verdict in zip(questions, verdicts, strict=True):
            said = None if verdict.code is None else verdict.code.value
            done = outcome(matrix.attempt(bearer, question))
            assert said == done, (question, matrix.world.grant())
            seen[done] = seen.get(done, 0) + 1
    record_property("cases", sum(seen.values()))
    assert sum(seen.values()) >= CASES
    assert {None, "scope_missing", "not_found", "calendar_not_elevated", "calendar_readonly"} <= seen.keys()
    assert {"profile_disconnected", "event_not_external", "event_not_changeable"} <= seen.keys()
    assert {"beyond_delegation", "elevation_not_offered", "access_mode", "elevation_without_delete"} <= seen.keys()
    assert all(many >= 5 for many in seen.values()), seen


def test_a_check_leaves_no_trace(matrix: Matrix) -> None:
    world = matrix.world
    bearer = world.token("free_busy")
    before, ledger = world.state(), world.ledger()
    check_permissions(world.kit, bearer, [matrix.question(random.Random(7)) for _ in range(50)])
    assert (world.state(), world.ledger(), world.owed()) == (before, ledger, [])


def test_a_calendar_may_be_made_if_one_calendar_service_takes_it() -> None:
    world = Writing()
    bearer = world.token("create_calendar")

    def said() -> str | None:
        [verdict] = check_permissions(world.kit, bearer, [Question(Action.CREATE_CALENDAR)])
        return None if verdict.code is None else verdict.code.value

    assert said() is None
    world.disconnect()
    assert said() == "profile_disconnected"
    second = world.add_profile("pro_second")
    assert said() is None
    with world.store.write() as uow:
        uow.profiles.save(replace(second, access_mode=AccessMode.FREE_BUSY))
    assert said() in {"profile_disconnected", "access_mode"}
    world.store.close()


def test_without_an_event_or_a_calendar_it_is_judged_as_far_as_it_goes(matrix: Matrix) -> None:
    world = matrix.world
    bearer = world.token("read_write")

    def said(action: Action, calendar_id: str = "") -> str | None:
        [verdict] = check_permissions(world.kit, bearer, [Question(action, calendar_id)])
        return None if verdict.code is None else verdict.code.value

    assert said(Action.EDIT_EVENT) is None
    assert said(Action.EDIT_EVENT, world.work) == "calendar_not_elevated"
    assert said(Action.WRITE_OWN_EVENT, world.locked) == "calendar_readonly"
    assert said(Action.CREATE_CALENDAR) == "scope_missing"
    assert said(Action.READ_USERINFO) is None


def test_who_may_do_nothing_may_not_ask(matrix: Matrix) -> None:
    world = matrix.world
    bearer = world.token("read_write")
    world.change_grant(ends=Instant(world.clock() - 1))
    assert outcome(lambda: check_permissions(world.kit, bearer, [Question(Action.READ_BUSY)])) == "grant_ended"
    world.change_grant(state=GrantState.REVOKED)
    assert outcome(lambda: check_permissions(world.kit, bearer, [Question(Action.READ_BUSY)])) == "token_invalid"
    assert outcome(lambda: check_permissions(world.kit, Bearer(None), [])) == "token_missing"
