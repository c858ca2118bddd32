"""External Events: changed, deleted and answered. P-numbers: authorization.md 11."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from calwarden.domain.audit import Outcome
from calwarden.domain.draft import DraftRule, EventDraft
from calwarden.domain.errors import Refusal, Refused
from calwarden.domain.event import Attendee, Busy, Component, Details, Event, Participation, Person, Repeat
from calwarden.domain.ids import ApplicationId
from calwarden.domain.times import DAY_SECONDS, Instant, Zoned
from calwarden.domain.write import WriteKind
from calwarden.policy.elevation import without_terms
from calwarden.usecases.access import Bearer
from calwarden.usecases.events import delete_event, respond, upsert_event
from usecases.write_world import EVERYTHING, PROBLEM, Writing, invalid, newest, refused, uid

NOBODY = "evt_external_000000000000000000000000"
NOT_EXTERNAL = {"event_uid": "errors.must_be_external_event_uid"}
NOT_ELEVATED = ("calendar_not_elevated", Refusal.FORBIDDEN)
NOT_FOUND = ("not_found", Refusal.HIDDEN)


@pytest.fixture
def world() -> Iterator[Writing]:
    world = Writing()
    yield world
    world.store.close()


def elevated(world: Writing, *scopes: str, **changes: Any) -> Bearer:
    return world.token(*scopes, elevated=(world.work, world.locked), **changes)


def shown(world: Writing, event: Event) -> Event:
    with world.store.read() as uow:
        held = uow.events.get(world.jane, event.calendar_id, event.key)
    assert held is not None
    return held


def own_uids(world: Writing, token: Bearer, app: str = "demo") -> tuple[str, str]:
    """An event of the Application: its uid for it, and its uid for everybody else."""
    upsert_event(world.kit, token, world.upsert())
    resource = world.own(app=app)
    assert resource is not None
    (event,) = world.events_of(resource.resource_id)
    world.deliver()
    return f"evt_{event.key}", uid(event)


# Editing.


@pytest.mark.parametrize("scopes", [("write_only",), ("free_busy_write",), ("read_write",), EVERYTHING])
def test_p16_p23_p28_without_elevation_external_events_are_neither_edited_nor_deleted(
    world: Writing, scopes: tuple[str, ...]
) -> None:
    (lunch,) = world.put()
    token = world.token(*scopes, elevated=(world.home,))
    own, _ = own_uids(world, token)
    for named in (uid(lunch), NOBODY, own, "nonsense", ""):
        for problem in (None, PROBLEM):
            assert refused(world, upsert_event, token, world.edit(named, problem=problem)) == NOT_ELEVATED
            assert refused(world, delete_event, token, world.remove(named, problem=problem)) == NOT_ELEVATED


def test_p28_an_elevated_calendar_lets_its_external_events_be_edited_and_no_other_calendar(world: Writing) -> None:
    (lunch,) = world.put()
    (elsewhere,) = world.put("dinner", world.home)
    token, entries = elevated(world, "write_only"), len(world.ledger())
    accepted = upsert_event(world.kit, token, world.edit(uid(lunch), EventDraft(start=world.at(14))))
    assert accepted.profiles == {(world.jane, world.profile.profile_id)}
    now = shown(world, lunch)
    assert (now.start, now.end, now.component.details) == (world.at(14), world.at(15), lunch.component.details)
    (write,) = world.owed()
    assert (write.kind, write.resource_id, write.uid) == (WriteKind.EDIT, lunch.resource_id, lunch.component.uid)
    assert (write.draft, write.occurrence) == (EventDraft(start=world.at(14)), None)
    entry = newest(world, entries)
    assert (entry.what, entry.outcome) == ("event.edit", Outcome.ALLOWED)
    assert entry.on == {"calendar_id": world.work, "event_uid": uid(lunch)}
    assert refused(world, upsert_event, token, world.edit(uid(elsewhere), calendar_id=world.home)) == NOT_ELEVATED


def test_elevation_is_of_one_application_alone(world: Writing) -> None:
    (lunch,) = world.put()
    elevated(world)
    assert refused(world, upsert_event, world.token(app="other"), world.edit(uid(lunch))) == NOT_ELEVATED


@pytest.mark.parametrize("scope", ["free_busy", "read_only", "delete_event"])
def test_p31_elevation_adds_no_scope_to_edit(world: Writing, scope: str) -> None:
    (lunch,) = world.put()
    assert refused(world, upsert_event, elevated(world, scope), world.edit(uid(lunch)))[0] == "scope_missing"


@pytest.mark.parametrize("scope", ["free_busy", "read_only", "create_event"])
def test_p31_elevation_adds_no_scope_to_delete(world: Writing, scope: str) -> None:
    (lunch,) = world.put()
    assert refused(world, delete_event, elevated(world, scope), world.remove(uid(lunch)))[0] == "scope_missing"


def test_p33_elevation_makes_no_read_only_calendar_writable(world: Writing) -> None:
    (fixed,) = world.put("fixed", world.locked)
    token = elevated(world)
    for named in (uid(fixed), NOBODY):
        command = world.edit(named, calendar_id=world.locked)
        assert refused(world, upsert_event, token, command) == ("calendar_readonly", Refusal.FORBIDDEN)
    gone = world.remove(uid(fixed), calendar_id=world.locked)
    assert refused(world, delete_event, token, gone)[0] == "calendar_readonly"


def test_p33_an_event_the_person_only_attends_can_be_left_but_not_changed(world: Writing) -> None:
    invitation = world.invited()
    token = elevated(world)
    for problem in (None, PROBLEM):
        command = world.edit(uid(invitation), problem=problem)
        assert refused(world, upsert_event, token, command) == ("event_not_changeable", Refusal.FORBIDDEN)
    delete_event(world.kit, token, world.remove(uid(invitation)))
    assert shown(world, invitation).deleted


def test_an_edit_never_creates_and_what_is_not_there_is_one_404(world: Writing) -> None:
    (lunch,) = world.put()
    (elsewhere,) = world.put("dinner", world.home)
    token = elevated(world)
    delete_event(world.kit, token, world.remove(uid(lunch)))
    for named in (uid(lunch), uid(elsewhere), NOBODY):
        for problem in (None, PROBLEM):
            assert refused(world, upsert_event, token, world.edit(named, problem=problem)) == NOT_FOUND
            assert refused(world, delete_event, token, world.remove(named, problem=problem)) == NOT_FOUND


def test_a_uid_of_an_own_event_or_of_no_form_is_422(world: Writing) -> None:
    token = elevated(world)
    own, as_others_see_it = own_uids(world, token)
    for named in (own, as_others_see_it, "nonsense", "", f"{NOBODY}0", NOBODY.upper(), f"{NOBODY}\n", "evt_\ud800"):
        assert invalid(world, upsert_event, token, world.edit(named), refusal=True) == NOT_EXTERNAL
        assert invalid(world, delete_event, token, world.remove(named), refusal=True) == NOT_EXTERNAL


def test_p3_another_applications_event_is_an_external_event(world: Writing) -> None:
    _, theirs = own_uids(world, world.token(app="other"), "other")
    assert refused(world, upsert_event, world.token(), world.edit(theirs)) == NOT_ELEVATED
    upsert_event(world.kit, elevated(world), world.edit(theirs))
    resource = world.own(app="other")
    assert resource is not None
    assert resource.components[0].details.summary == "Changed"
    assert [one.application_id for one in world.owed()] == ["demo"]


def test_the_events_of_a_calendar_are_reached_through_no_other(world: Writing) -> None:
    (elsewhere,) = world.put("dinner", world.home)
    token = world.token(elevated=(world.work, world.home))
    assert refused(world, upsert_event, token, world.edit(uid(elsewhere))) == NOT_FOUND


def test_p41_in_a_calendar_it_created_the_application_edits_what_the_person_adds(world: Writing) -> None:
    made = world.add_calendar("made", created_by=ApplicationId("demo"))
    token = world.token("write_only", "create_calendar", elevated=(made,))
    (added,) = world.put("by-hand", made)
    upsert_event(world.kit, token, world.edit(uid(added), calendar_id=made))
    assert shown(world, added).component.details.summary == "Changed"
    delete_event(world.kit, token, world.remove(uid(added), calendar_id=made))
    assert shown(world, added).deleted


def test_create_calendar_alone_writes_no_event_even_there(world: Writing) -> None:
    made = world.add_calendar("made", created_by=ApplicationId("demo"))
    token = world.token("create_calendar", elevated=(made,))
    assert refused(world, upsert_event, token, world.upsert(calendar_id=made))[0] == "scope_missing"


def test_the_answers_come_in_their_order(world: Writing) -> None:
    """One command with every cause at once; each is lifted in turn (ruling 2)."""
    invitation = world.invited(calendar_id=world.work)
    token = world.token("free_busy")
    command = world.edit(uid(invitation), EventDraft(end=world.at(1)), problem=PROBLEM, calendar_id=world.team)
    assert refused(world, upsert_event, token, command)[0] == "scope_missing"
    world.change_grant(scopes=("write_only",))
    assert refused(world, upsert_event, token, command)[0] == "not_found"
    command = replace(command, calendar_id=world.locked)
    assert refused(world, upsert_event, token, command)[0] == "calendar_not_elevated"
    world.change_grant(elevations=without_terms({world.work, world.locked}))
    world.disconnect()
    assert refused(world, upsert_event, token, command)[0] == "calendar_readonly"
    command = replace(command, calendar_id=world.work, event_uid=NOBODY)
    assert refused(world, upsert_event, token, command)[0] == "profile_disconnected"
    with world.store.write() as uow:
        uow.profiles.save(world.profile)
    assert refused(world, upsert_event, token, command)[0] == "not_found"
    command = replace(command, event_uid=uid(invitation))
    assert refused(world, upsert_event, token, command)[0] == "event_not_changeable"
    world.put("invitation")
    assert invalid(world, upsert_event, token, command) == {"summary": "errors.required"}
    command = replace(command, problem=None)
    assert invalid(world, upsert_event, token, command) == {"end": "errors.invalid_time_pair"}
    upsert_event(world.kit, token, replace(command, draft=EventDraft(end=world.at(20))))


def test_an_edit_that_leaves_no_possible_event_is_422(world: Writing) -> None:
    (lunch,) = world.put()
    (holiday,) = world.put("holiday", start=date(2030, 4, 1), end=date(2030, 4, 2))
    token = elevated(world)
    for event, draft in (
        (lunch, EventDraft(end=world.at(11))),
        (lunch, EventDraft(end=date(2030, 4, 2))),
        (holiday, EventDraft(end=date(2030, 4, 1))),
        (holiday, EventDraft(start=world.at(1), end=date(2030, 4, 2))),
    ):
        assert invalid(world, upsert_event, token, world.edit(uid(event), draft)) == {"end": "errors.invalid_time_pair"}
    upsert_event(world.kit, token, world.edit(uid(holiday), EventDraft(start=date(2030, 5, 1))))
    assert shown(world, holiday).end == date(2030, 5, 2)


# Recurring ones: instance by instance (ruling 6).


def test_one_occurrence_is_edited_and_the_others_stay(world: Writing) -> None:
    first, second, third, *_ = world.weekly()
    upsert_event(world.kit, elevated(world), world.edit(uid(second), EventDraft(start=world.at(24 * 7 + 18))))
    assert shown(world, second).start == world.at(24 * 7 + 18)
    assert (shown(world, first), shown(world, third)) == (first, third)
    (write,) = world.owed()
    assert write.kind is WriteKind.EDIT
    assert isinstance(second.start, Zoned)
    assert write.occurrence == second.start


def test_an_edited_occurrence_is_edited_again_by_the_same_uid(world: Writing) -> None:
    _, second, *_ = world.weekly()
    token = elevated(world)
    upsert_event(world.kit, token, world.edit(uid(second), EventDraft(start=world.at(24 * 7 + 18))))
    upsert_event(world.kit, token, world.edit(uid(second), EventDraft(summary="Moved")))
    now = shown(world, second)
    assert (now.start, now.component.details.summary) == (world.at(24 * 7 + 18), "Moved")
    assert {sort_of(one.occurrence) for one in world.owed()} == {sort_of(second.start)}


def sort_of(when: object) -> Instant:
    assert isinstance(when, Zoned)
    return when.at


def test_one_occurrence_is_deleted_and_the_others_stay(world: Writing) -> None:
    first, second, third, *_ = world.weekly()
    delete_event(world.kit, elevated(world), world.remove(uid(second)))
    assert [shown(world, one).deleted for one in (first, second, third)] == [False, True, False]
    (write,) = world.owed()
    assert (write.kind, write.occurrence) == (WriteKind.REMOVE, second.start)
    assert refused(world, delete_event, elevated(world), world.remove(uid(second))) == NOT_FOUND


def test_all_day_occurrences_are_named_by_their_day(world: Writing) -> None:
    today = Instant(world.clock())
    day = date.fromordinal(date(1970, 1, 1).toordinal() + today // DAY_SECONDS)
    following = date.fromordinal(day.toordinal() + 1)
    first, second, *_ = world.weekly(start=day, end=following)
    upsert_event(world.kit, elevated(world), world.edit(uid(second)))
    delete_event(world.kit, elevated(world), world.remove(uid(first)))
    assert [one.occurrence for one in world.owed()] == [second.start, day]


def test_a_rule_of_its_own_is_nothing_for_one_occurrence(world: Writing) -> None:
    _, second, *_ = world.weekly()
    token = elevated(world)
    for rule in (DraftRule("daily"), None):
        command = world.edit(uid(second), EventDraft(rule=rule))
        assert invalid(world, upsert_event, token, command) == {"recurrence": "errors.not_supported"}


def test_a_series_held_as_one_event_is_not_changed_as_a_whole(world: Writing) -> None:
    (hostile,) = world.put("hostile", repeat=Repeat(("FREQ=SECONDLY",)))
    token = elevated(world)
    expected = {"event_uid": "errors.not_supported"}
    assert invalid(world, upsert_event, token, world.edit(uid(hostile))) == expected
    assert invalid(world, delete_event, token, world.remove(uid(hostile))) == expected


def test_the_last_instance_of_a_series_one_was_invited_to_in_part_takes_the_resource_along(world: Writing) -> None:
    part = Component("part@example.net", world.at(3), world.at(4), replaces=world.at(2))
    (only,) = world.put_resource("part", (part,))
    delete_event(world.kit, elevated(world), world.remove(uid(only)))
    assert shown(world, only).deleted
    with world.store.read() as uow:
        resource = uow.events.resource(world.jane, world.work, only.resource_id)
    assert resource is not None
    assert (resource.components, resource.etag) == ((), '"1"')


# Deleting.


def test_a_deleted_external_event_is_gone_at_once_and_owed_with_its_etag(world: Writing) -> None:
    (lunch,) = world.put()
    token, entries = elevated(world, "write_only"), len(world.ledger())
    delete_event(world.kit, token, world.remove(uid(lunch)))
    now = shown(world, lunch)
    assert (now.deleted, now.component.details) == (True, Details())
    with world.store.read() as uow:
        resource = uow.events.resource(world.jane, world.work, lunch.resource_id)
    assert resource is not None
    assert (resource.etag, resource.components) == ('"1"', ())
    (write,) = world.owed()
    assert (write.kind, write.uid, write.occurrence) == (WriteKind.REMOVE, lunch.component.uid, None)
    assert newest(world, entries).what == "event.delete"


# Answering.


def test_answering_needs_its_own_scope_and_no_elevation(world: Writing) -> None:
    invitation = world.invited(
        details=Details(attendees=(Attendee(Person("Jane@example.org")), Attendee(Person("lou@example.org"))))
    )
    assert refused(world, respond, elevated(world, "read_write"), world.answer(uid(invitation)))[0] == "scope_missing"
    token = world.token("change_participation_status")
    entries = len(world.ledger())
    accepted = respond(world.kit, token, world.answer(uid(invitation)))
    assert accepted.profiles
    now = shown(world, invitation)
    assert (now.component.participation, now.busy) == (Participation.ACCEPTED, Busy.BUSY)
    assert [one.participation for one in now.component.details.attendees] == [
        Participation.ACCEPTED,
        Participation.NEEDS_ACTION,
    ]
    (write,) = world.owed()
    assert (write.kind, write.answer, write.draft) == (WriteKind.RESPOND, "accepted", None)
    assert newest(world, entries).on == {"calendar_id": world.work, "event_uid": uid(invitation)}


def test_a_declined_event_takes_no_time(world: Writing) -> None:
    invitation = world.invited()
    respond(world.kit, world.token(), world.answer(uid(invitation), "declined"))
    assert shown(world, invitation).busy is None


def test_one_occurrence_is_answered_by_itself(world: Writing) -> None:
    first, second, *_ = world.weekly(organized_elsewhere=True, participation=Participation.NEEDS_ACTION)
    respond(world.kit, world.token(), world.answer(uid(second), "tentative"))
    assert shown(world, first) == first
    assert shown(world, second).component.participation is Participation.TENTATIVE
    assert world.owed()[0].occurrence == second.start


def test_an_own_event_is_answered_by_its_uid_for_the_reader(world: Writing) -> None:
    event = world.invited()
    with world.store.write() as uow:
        resource = uow.events.resource(world.jane, world.work, event.resource_id)
        assert resource is not None
        mine = replace(event, created_by=ApplicationId("demo"), event_id="one")
        uow.events.save(replace(resource, created_by=ApplicationId("demo"), event_id="one"), [mine])
    token = world.token()
    assert refused(world, respond, token, world.answer(uid(event))) == NOT_FOUND
    assert refused(world, respond, world.token(app="other"), world.answer(f"evt_{event.key}")) == NOT_FOUND
    respond(world.kit, token, world.answer(f"evt_{event.key}"))
    respond(world.kit, world.token(app="other"), world.answer(uid(event)))
    assert len(world.owed()) == 2


def test_the_answers_to_an_answer_come_in_their_order(world: Writing) -> None:
    (lunch,) = world.put()
    invitation = world.invited()
    token = world.token("free_busy")
    command = world.answer(NOBODY, "maybe", problem=PROBLEM, calendar_id="cal_unknown")
    assert refused(world, respond, token, command)[0] == "scope_missing"
    world.change_grant(scopes=("change_participation_status",))
    assert refused(world, respond, token, command)[0] == "not_found"
    assert refused(world, respond, token, replace(command, calendar_id=world.locked))[0] == "calendar_readonly"
    command = replace(command, calendar_id=world.work)
    for named in (NOBODY, "nonsense", "", "evt_\x00"):
        assert refused(world, respond, token, replace(command, event_uid=named)) == NOT_FOUND
    assert refused(world, respond, token, replace(command, event_uid=uid(lunch)))[0] == "event_not_changeable"
    command = replace(command, event_uid=uid(invitation))
    assert invalid(world, respond, token, command) == {"summary": "errors.required"}
    for answer in ("maybe", "", "needs_action", "unknown", "ACCEPTED"):
        wrong = replace(command, problem=None, answer=answer)
        assert invalid(world, respond, token, wrong) == {"status": "errors.not_recognized"}
    respond(world.kit, token, replace(command, problem=None, answer="accepted"))


def test_after_revocation_and_after_its_end_a_grant_writes_nothing(world: Writing) -> None:
    (lunch,) = world.put()
    token = elevated(world)
    world.change_grant(ends=world.clock())
    assert refused(world, upsert_event, token, world.edit(uid(lunch)))[0] == "grant_ended"
    before = world.state()
    with pytest.raises(Refused) as caught:
        upsert_event(world.kit, Bearer("revoked"), world.edit(uid(lunch)))
    assert caught.value.kind is Refusal.UNAUTHENTICATED
    assert world.state() == before
