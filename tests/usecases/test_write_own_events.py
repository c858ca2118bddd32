"""Partner Events: created, updated and deleted by the Application that made them. P-numbers: authorization.md 11."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from calwarden.domain.audit import Actor, Outcome
from calwarden.domain.draft import DraftRule, EventDraft
from calwarden.domain.errors import Refusal, Refused
from calwarden.domain.ids import ApplicationId
from calwarden.domain.times import Instant, Zoned
from calwarden.domain.write import WriteKind
from calwarden.timetable.horizon import horizon
from calwarden.usecases.access import Bearer
from calwarden.usecases.events import delete_event, upsert_event
from usecases.write_world import HOUR, PROBLEM, Writing, invalid, newest, refused, uid


@pytest.fixture
def world() -> Iterator[Writing]:
    world = Writing()
    yield world
    world.store.close()


def test_p8_write_only_creates_an_event_that_is_owed_shown_and_in_the_ledger(world: Writing) -> None:
    token, entries = world.token("write_only"), len(world.ledger())
    accepted = upsert_event(world.kit, token, world.upsert())
    assert accepted.profiles == {(world.jane, world.profile.profile_id)}
    (write,) = world.owed()
    resource = world.own()
    assert resource is not None
    assert (write.kind, write.resource_id, write.uid) == (
        WriteKind.UPSERT,
        resource.resource_id,
        resource.components[0].uid,
    )
    assert (write.draft, write.generation, write.due_at) == (world.draft(), world.grant().generation, world.clock())
    assert (write.grant_id, write.application_id) == (world.grant().grant_id, ApplicationId("demo"))
    assert (resource.etag, resource.created_by, resource.event_id) == (None, "demo", "one")
    assert resource.resource_id.startswith("/jane/work/")
    (event,) = world.events_of(resource.resource_id)
    assert (event.component.details.summary, event.start, event.event_id) == ("Rehearsal", world.at(9), "one")
    entry = newest(world, entries)
    assert (entry.what, entry.outcome, entry.actor) == ("own_event.write", Outcome.ALLOWED, Actor.APPLICATION)
    assert entry.on == {"calendar_id": world.work, "event_id": "one"}


def test_p9_a_later_write_of_the_same_event_id_changes_the_event(world: Writing) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    world.deliver()
    upsert_event(world.kit, token, world.upsert(draft=world.draft(summary="Second act", start=world.at(8))))
    resource = world.own()
    assert resource is not None
    (event,) = world.events_of(resource.resource_id)
    assert (event.component.details.summary, event.start) == ("Second act", world.at(8))
    assert [one.resource_id for one in world.owed()] == [resource.resource_id]


def test_p10_deleting_marks_the_event_at_once_and_keeps_the_etag_for_the_delivery(world: Writing) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    world.deliver('"7"')
    accepted = delete_event(world.kit, token, world.delete())
    assert accepted.profiles
    (write,) = world.owed()
    resource = world.own()
    assert resource is not None
    assert (write.kind, write.resource_id, resource.etag) == (WriteKind.DELETE, resource.resource_id, '"7"')
    assert resource.components == ()
    assert [one.deleted for one in world.events_of(resource.resource_id)] == [True]


@pytest.mark.parametrize("scope", ["write_only", "free_busy_write"])
def test_p11_p12_writing_needs_no_reading_and_tells_nothing_of_what_is_there(world: Writing, scope: str) -> None:
    free = upsert_event(world.kit, world.token(scope), world.upsert(event_id="before"))
    world.put(start=world.at(9), end=world.at(10))
    busy = upsert_event(world.kit, world.token(scope), world.upsert())
    assert busy == free


@pytest.mark.parametrize("scope", ["free_busy", "read_only", "read_events", "change_participation_status"])
def test_p19_p22_scopes_that_do_not_write_are_refused_before_any_calendar_is_looked_at(
    world: Writing, scope: str
) -> None:
    token = world.token(scope)
    for calendar_id in (world.work, world.locked, "cal_unknown"):
        expected = ("scope_missing", Refusal.FORBIDDEN)
        assert refused(world, upsert_event, token, world.upsert(calendar_id=calendar_id)) == expected
        assert refused(world, delete_event, token, world.delete(calendar_id=calendar_id)) == expected


def test_creating_and_deleting_are_separate_scopes(world: Writing) -> None:
    upsert_event(world.kit, world.token("create_event"), world.upsert())
    assert refused(world, delete_event, world.token("create_event"), world.delete())
    delete_event(world.kit, world.token("delete_event"), world.delete())
    assert refused(world, upsert_event, world.token("delete_event"), world.upsert())


def test_p3_another_applications_event_id_names_nothing_of_ours(world: Writing) -> None:
    upsert_event(world.kit, world.token(app="other"), world.upsert())
    theirs = world.own(app="other")
    assert theirs is not None
    owed = world.owed()
    accepted = delete_event(world.kit, world.token(elevated=(world.work,)), world.delete())
    assert not accepted.profiles
    assert (world.owed(), world.own(app="other")) == (owed, theirs)
    upsert_event(world.kit, world.token(), world.upsert(draft=world.draft(summary="Ours")))
    ours = world.own()
    assert ours is not None
    assert ours.resource_id != theirs.resource_id
    assert world.own(app="other") == theirs


def test_p4_an_event_stays_the_applications_own_whatever_the_person_does_to_it(world: Writing) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    world.deliver()
    resource = world.own()
    assert resource is not None
    moved = replace(resource.components[0], start=world.at(15), end=world.at(16))
    with world.store.write() as uow:
        uow.events.save(
            replace(resource, components=(moved,), etag='"9"'),
            uow.events.of_resource(world.jane, world.work, resource.resource_id),
        )
    upsert_event(world.kit, token, world.upsert())
    (event,) = world.events_of(resource.resource_id)
    assert event.start == world.at(9)
    delete_event(world.kit, token, world.delete())
    assert [one.kind for one in world.owed()] == [WriteKind.UPSERT, WriteKind.DELETE]


def test_a_repeat_changes_nothing_shown_and_is_owed_since_only_the_provider_knows_what_it_has(world: Writing) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    world.deliver()
    resource = world.own()
    assert resource is not None
    events = world.events_of(resource.resource_id)
    world.clock.advance(60)
    upsert_event(world.kit, token, world.upsert())
    assert world.own() == resource
    assert world.events_of(resource.resource_id) == events
    assert [one.draft for one in world.owed()] == [world.draft()]


def test_what_a_write_does_not_state_stays(world: Writing) -> None:
    token = world.token("write_only")
    upsert_event(
        world.kit, token, world.upsert(draft=world.draft(description="Bring the score", url="https://a.example"))
    )
    upsert_event(world.kit, token, world.upsert(draft=world.draft(url=None)))
    resource = world.own()
    assert resource is not None
    details = resource.components[0].details
    assert (details.description, details.url) == ("Bring the score", None)


def test_an_event_the_person_deleted_is_created_again_as_another_resource(world: Writing) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    first = world.own()
    assert first is not None
    world.deliver()
    with world.store.write() as uow:
        events = uow.events.of_resource(world.jane, world.work, first.resource_id)
        uow.events.save(replace(first, components=()), [one.as_deleted(world.clock()) for one in events])
        uow.events.forget(world.jane, world.work, first.resource_id)
    upsert_event(world.kit, token, world.upsert())
    second = world.own()
    assert second is not None
    assert second.resource_id != first.resource_id
    assert second.components[0].uid != first.components[0].uid
    assert [one.deleted for one in world.events_of(first.resource_id)] == [True]
    assert [one.resource_id for one in world.owed()] == [second.resource_id]


def test_deleted_and_written_again_within_a_second_it_is_one_event_at_a_new_address(world: Writing) -> None:
    token = world.token("write_only")
    for _ in range(3):
        upsert_event(world.kit, token, world.upsert())
        delete_event(world.kit, token, world.delete())
    upsert_event(world.kit, token, world.upsert())
    upsert_event(world.kit, token, world.upsert())
    resource = world.own()
    assert resource is not None
    last = [one.kind for one in world.owed() if one.resource_id == resource.resource_id]
    assert last == [WriteKind.UPSERT, WriteKind.UPSERT]
    with world.store.read() as uow:
        held = uow.events.own_resources(world.jane, ApplicationId("demo"), [world.work])
    assert [one.resource_id for one in held] == [resource.resource_id]


def test_deleting_what_is_not_there_answers_the_same_and_owes_nothing(world: Writing) -> None:
    token = world.token("write_only")
    entries = len(world.ledger())
    assert delete_event(world.kit, token, world.delete(event_id="never")).profiles == frozenset()
    assert newest(world, entries).outcome is Outcome.ALLOWED
    upsert_event(world.kit, token, world.upsert())
    delete_event(world.kit, token, world.delete())
    world.deliver()
    delete_event(world.kit, token, world.delete())
    assert world.owed() == []


def test_writes_at_the_same_time_make_one_event(world: Writing) -> None:
    token = world.token("write_only")
    threads = [
        threading.Thread(target=upsert_event, args=(world.kit, token, world.upsert(draft=world.draft(summary=str(n)))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owed = world.owed()
    assert len(owed) == 8
    assert len({one.resource_id for one in owed}) == 1
    assert [one.sequence for one in owed] == sorted(one.sequence for one in owed)
    resource = world.own()
    assert resource is not None
    assert owed[-1].draft is not None
    assert resource.components[0].details.summary == owed[-1].draft.summary


def test_the_same_event_id_in_two_calendars_is_two_events(world: Writing) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    upsert_event(world.kit, token, world.upsert(calendar_id=world.home))
    delete_event(world.kit, token, world.delete(calendar_id=world.home))
    resource = world.own()
    assert resource is not None
    assert resource.components


def test_p32_with_both_ids_event_id_wins_and_the_external_event_is_left_alone(world: Writing) -> None:
    (lunch,) = world.put()
    token = world.token(elevated=(world.work,))
    upsert_event(world.kit, token, world.upsert(event_uid=uid(lunch)))
    assert world.own() is not None
    assert world.events_of(lunch.resource_id) == [lunch]
    delete_event(world.kit, token, world.delete(event_uid=uid(lunch)))
    assert world.events_of(lunch.resource_id) == [lunch]
    assert {one.kind for one in world.owed()} == {WriteKind.UPSERT, WriteKind.DELETE}


def test_a_recurring_event_is_held_as_far_as_the_horizon_goes(world: Writing) -> None:
    token = world.token("write_only")
    weekly = world.draft(rule=DraftRule("weekly"))
    upsert_event(world.kit, token, world.upsert(draft=weekly))
    resource = world.own()
    assert resource is not None
    assert resource.expanded_to == horizon(world.clock()).end
    assert len(world.events_of(resource.resource_id)) > 50
    upsert_event(world.kit, token, world.upsert(draft=world.draft(rule=None)))
    resource = world.own()
    assert resource is not None
    assert resource.expanded_to == 0
    assert [one.occurrence for one in world.events_of(resource.resource_id) if not one.deleted] == [""]


# What is wrong, and in which order it is said (ruling 2).


def test_nobody_without_a_live_token_is_told_anything_else(world: Writing) -> None:
    for token, code in ((Bearer(None), "token_missing"), (Bearer("unknown"), "token_invalid")):
        command = world.upsert(calendar_id="cal_unknown", problem=PROBLEM)
        with pytest.raises(Refused) as caught:
            upsert_event(world.kit, token, command)
        assert (caught.value.reason_code, caught.value.kind) == (code, Refusal.UNAUTHENTICATED)


def test_calendars_outside_the_grants_world_are_all_the_same_404(world: Writing) -> None:
    token = world.token("write_only")
    hidden = [world.team, world.gone, world.foreign_calendar(), "cal_unknown", "", "x\x00y\ud800"]
    for calendar_id in hidden:
        for problem in (None, PROBLEM):
            command = world.upsert(calendar_id=calendar_id, problem=problem)
            assert refused(world, upsert_event, token, command) == (
                "not_found",
                Refusal.HIDDEN,
            )
    world.change_grant(calendars=frozenset({world.home}))
    assert refused(world, upsert_event, token, world.upsert())[0] == "not_found"
    upsert_event(world.kit, token, world.upsert(calendar_id=world.home))


def test_a_read_only_calendar_comes_before_what_is_wrong_with_the_input(world: Writing) -> None:
    token = world.token("write_only")
    for changes in ({}, {"problem": PROBLEM}, {"event_id": None}):
        command = world.upsert(calendar_id=world.locked, **changes)
        assert refused(world, upsert_event, token, command) == (
            "calendar_readonly",
            Refusal.FORBIDDEN,
        )


def test_a_disconnected_profile_is_423(world: Writing) -> None:
    token = world.token("write_only")
    world.disconnect()
    expected = ("profile_disconnected", Refusal.LOCKED)
    assert refused(world, upsert_event, token, world.upsert(problem=PROBLEM)) == expected
    assert refused(world, delete_event, token, world.delete()) == expected
    assert refused(world, upsert_event, token, world.upsert(calendar_id=world.locked))[0] == ("calendar_readonly")


def test_a_write_without_any_id_is_422_once_scope_and_calendar_are_judged(world: Writing) -> None:
    token = world.token("write_only")
    for event_id in (None, ""):
        command = world.upsert(event_id=event_id)
        assert invalid(world, upsert_event, token, command) == {"event_id": "errors.required"}
        gone = world.delete(event_id=event_id)
        assert invalid(world, delete_event, token, gone) == {"event_id": "errors.required"}
    nothing = world.upsert(event_id=None, calendar_id="cal_unknown")
    assert refused(world, upsert_event, token, nothing)[0] == "not_found"
    assert refused(world, upsert_event, world.token("free_busy"), nothing)[0] == "scope_missing"


def test_what_the_edge_could_not_read_is_422_and_stores_nothing(world: Writing) -> None:
    token = world.token("write_only")
    assert invalid(world, upsert_event, token, world.upsert(problem=PROBLEM)) == {"summary": "errors.required"}
    upsert_event(world.kit, token, world.upsert())
    assert invalid(world, delete_event, token, world.delete(problem=PROBLEM))


def test_a_creation_states_summary_start_and_end(world: Writing) -> None:
    token = world.token("write_only")
    assert invalid(world, upsert_event, token, world.upsert(draft=EventDraft())) == {
        "summary": "errors.required",
        "start": "errors.required",
        "end": "errors.required",
    }


@pytest.mark.parametrize(
    "times",
    [
        {"start": Zoned(Instant(2_000_000_000), "Etc/UTC"), "end": Zoned(Instant(1_999_999_999), "Etc/UTC")},
        {"start": date(2033, 5, 2), "end": date(2033, 5, 2)},
        {"start": date(2033, 5, 2), "end": date(2033, 5, 1)},
        {"start": date(2033, 5, 2), "end": Zoned(Instant(2_000_000_000), "Etc/UTC")},
        {"start": date(2033, 5, 2), "end": date(2043, 5, 20)},
    ],
)
def test_an_event_ends_after_it_starts_in_the_same_kind_of_time_and_within_ten_years(
    world: Writing, times: dict[str, object]
) -> None:
    token = world.token("write_only")
    assert invalid(world, upsert_event, token, world.upsert(draft=world.draft(**times))) == {
        "end": "errors.invalid_time_pair"
    }


def test_a_timed_event_may_have_no_length(world: Writing) -> None:
    upsert_event(world.kit, world.token("write_only"), world.upsert(draft=world.draft(end=world.at(9))))


def test_a_partial_update_is_judged_on_the_stored_event(world: Writing) -> None:
    token = world.token("write_only")
    upsert_event(world.kit, token, world.upsert())
    early = EventDraft(end=Zoned(Instant(world.at(9).at - HOUR), "Etc/UTC"))
    assert invalid(world, upsert_event, token, world.upsert(draft=early)) == {"end": "errors.invalid_time_pair"}
    upsert_event(world.kit, token, world.upsert(draft=EventDraft(start=world.at(20))))
    resource = world.own()
    assert resource is not None
    assert resource.components[0].end == world.at(21)


def test_a_rule_that_is_never_expanded_is_not_taken(world: Writing) -> None:
    draft = world.draft(rule=DraftRule("daily", interval=100_000))
    assert invalid(world, upsert_event, world.token("write_only"), world.upsert(draft=draft)) == {
        "recurrence": "errors.not_supported"
    }
