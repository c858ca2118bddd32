"""Writing events on the wire (contract events 4, 5, 11)."""

import json
from typing import Any

import pytest

from api.api_world import ApiWorld, code_of, keys_of
from api.wrong_fields import INVITED, WRONG
from usecases.write_world import uid


def written(world: ApiWorld, headers: dict[str, str], query: str = "") -> dict[str, Any]:
    """The one own event, as it is read back."""
    answer = world.call("GET", f"/v1/events?tzid=Etc/UTC&only_managed=true{query}", headers)
    (event,) = answer.json()["events"]
    return event  # type: ignore[no-any-return]


def test_every_field_of_the_contract_is_taken_and_read_back(world: ApiWorld) -> None:
    headers = world.bearer()
    body = {
        "event_id": "rehearsal-4711",
        "summary": "Rehearsal, second act \U0001f3ad",
        "description": "Bring the marked score.\nAnd a pencil.",
        "start": "2030-04-05T15:30:00Z",
        "end": {"time": "2030-04-05T17:00:00Z", "tzid": "Europe/Paris"},
        "tzid": "Europe/Paris",
        "location": {"description": "Hall B", "lat": "48.8566", "long": "2.3522"},
        "url": "https://app.example.org/rehearsals/4711",
        "reminders": [{"minutes": 60}, {"minutes": 0}],
        "reminders_create_only": True,
        "transparency": "opaque",
        "color": "#49BED8",
        "event_private": True,
        "attendees": {"invite": [INVITED], "remove": [{"email": "max@example.org"}]},
        "conferencing": {
            "profile_id": "explicit",
            "join_url": "https://meet.example.org/1",
            "provider_description": "M",
        },
        "subscriptions": [],
        "tags": {"private": [{"value": "rehearsal"}]},
        "event_classes": ["a"],
        "locale": "fr",
        "recurrence": {"rules": []},
        "something_new": {"of": "tomorrow"},
    }
    answer = world.call("POST", world.events_path(), headers, json=body)
    assert (answer.status_code, answer.content) == (202, b"")
    assert world.woken == [(world.jane, world.profile.profile_id)]
    event = written(world, headers, "&include_geo=true")
    assert event.pop("event_uid").startswith("evt_")
    # An application that invites becomes the organizer's hand: whom a calendar names as such is the calendar's.
    event.pop("organizer", None)
    assert event == {
        "calendar_id": world.work,
        "event_id": "rehearsal-4711",
        "summary": "Rehearsal, second act \U0001f3ad",
        "description": "Bring the marked score.\nAnd a pencil.",
        "start": "2030-04-05T15:30:00Z",
        "end": "2030-04-05T17:00:00Z",
        "deleted": False,
        "created": "2030-03-17T17:46:40Z",
        "updated": "2030-03-17T17:46:40Z",
        "location": {"description": "Hall B", "lat": "48.8566", "long": "2.3522"},
        "attendees": [{**INVITED, "status": "needs_action"}],
        "transparency": "opaque",
        "extended_transparency": "opaque",
        "status": "confirmed",
        "categories": [],
        "recurring": False,
        "event_private": True,
        "url": "https://app.example.org/rehearsals/4711",
        "meeting_url": "https://meet.example.org/1",
        "conferencing": {"provider_name": "explicit", "join_url": "https://meet.example.org/1"},
        "options": {"delete": True, "update": True, "change_participation_status": False},
    }
    draft = world.owed()[0].draft
    assert draft is not None
    assert (draft.reminders, draft.reminders_create_only, draft.color) == ((60, 0), True, "#49BED8")
    assert draft.remove == ("max@example.org",)


TIMES: list[tuple[dict[str, Any], tuple[object, object]]] = [
    (
        {"start": "2030-04-05T15:30:00Z", "end": "2030-04-05T15:30:00Z"},
        ("2030-04-05T15:30:00Z", "2030-04-05T15:30:00Z"),
    ),
    (
        {"start": "2030-04-05 15:30:00Z", "end": "2030-04-05 16:00:00Z"},
        ("2030-04-05T15:30:00Z", "2030-04-05T16:00:00Z"),
    ),
    (
        {"start": "2030-04-05T15:30:00+02:00", "end": "2030-04-05T16:00:00.000+02:00"},
        ("2030-04-05T13:30:00Z", "2030-04-05T14:00:00Z"),
    ),
    ({"start": "2030-04-05", "end": "2030-04-06"}, ("2030-04-05", "2030-04-06")),
    (
        {"start": {"time": "2030-04-05", "tzid": "Europe/Paris"}, "end": {"time": "2030-04-07"}},
        ("2030-04-05", "2030-04-07"),
    ),
]


def test_times_are_taken_in_every_form_that_the_clients_send(world: ApiWorld) -> None:
    headers = world.bearer()
    for changes, expected in TIMES:
        assert world.call("POST", world.events_path(), headers, json=world.body(**changes)).status_code == 202, changes
        event = written(world, headers)
        assert (event["start"], event["end"]) == expected


def test_an_event_is_shown_in_its_own_zone(world: ApiWorld) -> None:
    headers = world.bearer()
    body = world.body(tzid="Europe/Paris", end={"time": "2030-07-01T10:00:00Z", "tzid": "America/New_York"})
    assert world.call("POST", world.events_path(), headers, json=body).status_code == 202
    event = written(world, headers, "&localized_times=true")
    assert event["start"] == {"time": "2030-03-18T10:00:00+01:00", "tzid": "Europe/Paris"}
    assert event["end"] == {"time": "2030-07-01T06:00:00-04:00", "tzid": "America/New_York"}


def test_a_day_blocks_nobodys_time_unless_somebody_says_so(world: ApiWorld) -> None:
    headers = world.bearer()
    day = {"start": "2030-04-05", "end": "2030-04-06"}
    for number, (changes, shown) in enumerate(
        [
            (day, ("transparent", "transparent", "confirmed")),
            ({**day, "transparency": "opaque"}, ("opaque", "opaque", "confirmed")),
            ({}, ("opaque", "opaque", "confirmed")),
            (
                {"extended_transparency": "tentative", "transparency": "transparent"},
                ("opaque", "tentative", "tentative"),
            ),
            ({"extended_transparency": "working_elsewhere"}, ("transparent", "transparent", "confirmed")),
            ({"extended_transparency": "out_of_office"}, ("opaque", "opaque", "confirmed")),
        ]
    ):
        body = world.body(event_id=f"event-{number}", **changes)
        assert world.call("POST", world.events_path(), headers, json=body).status_code == 202
        events = world.call("GET", "/v1/events?tzid=Etc/UTC&only_managed=true", headers).json()["events"]
        event = next(one for one in events if one["event_id"] == body["event_id"])
        assert (event["transparency"], event["extended_transparency"], event["status"]) == shown


def test_what_is_not_stated_stays_and_null_removes_a_url(world: ApiWorld) -> None:
    headers = world.bearer()
    full = world.body(url="https://a.example/1", description="Text", location={"description": "Hall"}, color="#49BED8")
    world.call("POST", world.events_path(), headers, json=full)
    nulls = dict.fromkeys(("description", "location", "color", "reminders", "attendees", "conferencing", "tzid"))
    world.call("POST", world.events_path(), headers, json=world.body(**nulls))
    event = written(world, headers)
    assert (event["url"], event["description"], event["location"]["description"]) == (
        "https://a.example/1",
        "Text",
        "Hall",
    )
    world.call("POST", world.events_path(), headers, json=world.body(url=None, description=""))
    event = written(world, headers)
    assert "url" not in event
    assert event["description"] == ""


RULES: list[tuple[dict[str, Any], str]] = [
    ({"frequency": "daily"}, "FREQ=DAILY"),
    ({"frequency": "weekly", "interval": 2, "by_day": ["monday", "friday"]}, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"),
    ({"frequency": "weekly", "by_day": [{"day": "sunday"}], "count": 10}, "FREQ=WEEKLY;BYDAY=SU;COUNT=10"),
    ({"frequency": "monthly", "by_day": [{"day": "tuesday", "nth_of_period": -1}]}, "FREQ=MONTHLY;BYDAY=-1TU"),
    ({"frequency": "yearly", "until": "2031-06-30"}, "FREQ=YEARLY;UNTIL=20310630T235959Z"),
]


def test_recurrence_is_one_rule(world: ApiWorld) -> None:
    headers = world.bearer()
    for rule, text in RULES:
        body = world.body(recurrence={"rules": [rule]})
        assert world.call("POST", world.events_path(), headers, json=body).status_code == 202
        draft = world.owed()[-1].draft
        assert draft is not None
        assert draft.rule.text(timed=True) == text  # type: ignore[union-attr]
    body = world.body(recurrence={"rules": [{"frequency": "weekly", "by_day": ["monday"]}]})
    world.call("POST", world.events_path(), headers, json=body)
    path = "/v1/events?tzid=Etc/UTC&only_managed=true&from=2030-03-18&to=2030-04-09"
    events = world.call("GET", path, headers).json()["events"]
    assert len(events) == 4
    assert all(one["recurring"] for one in events)
    assert len({one["series_identifier"] for one in events}) == 1
    assert len({one["event_uid"] for one in events}) == 4
    assert "/" not in events[0]["series_identifier"]


def test_every_field_that_can_not_be_used_is_named_and_nothing_is_stored(world: ApiWorld) -> None:
    headers = {**world.bearer(), "Content-Type": "application/json"}
    before = world.state()
    for changes, problems in WRONG:
        content = json.dumps(world.body(**changes)).encode()
        answer = world.call("POST", world.events_path(), headers, content=content)
        assert keys_of(answer) == {name: f"errors.{key}" for name, key in problems.items()}, changes
    assert world.state() == before
    assert world.woken == []


@pytest.mark.parametrize(
    "changes",
    [
        {"summary": "x" * 1024},
        {"summary": "\U0001f3b5" * 1024},
        {"description": "x" * 8192},
        {"event_id": "x" * 512},
        {"url": "https://a.example/".ljust(2048, "x")},
        {"reminders": [{"minutes": n} for n in range(5)]},
        {"attendees": {"invite": [{"email": f"a{n}@example.org"} for n in range(200)]}},
        {"start": "1970-01-01T00:00:00Z", "end": "1970-01-01T00:00:01Z"},
        {"start": "2199-12-31T23:59:58Z", "end": "2199-12-31T23:59:59Z"},
        {"start": "2030-03-18T09:00:00Z", "end": "2040-03-15T09:00:00Z"},
        {"summary": "\u05e9\u05dc\u05d5\u05dd \u200f\U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301"},
    ],
    ids="+".join,
)
def test_what_is_just_within_a_limit_is_taken_and_kept_uncut(world: ApiWorld, changes: dict[str, Any]) -> None:
    answer = world.call("POST", world.events_path(), json=world.body(**changes))
    assert (answer.status_code, answer.text) == (202, "")
    query = {"only_managed": "true", "tzid": "Etc/UTC"}
    [kept] = world.call("GET", "/v1/events", params=query).json()["events"]
    for name, value in changes.items():
        if name == "attendees":
            assert len(kept[name]) == 200
        elif name != "reminders":
            assert kept[name] == value, name


def test_event_id_wins_over_event_uid_usable_or_not(world: ApiWorld) -> None:
    (event,) = world.put()
    headers = world.bearer()
    assert world.call("POST", world.events_path(), headers, json=world.body(event_uid=uid(event))).status_code == 202
    assert world.own() is not None
    answer = world.call("POST", world.events_path(), headers, json=world.body(event_id=5, event_uid=uid(event)))
    assert keys_of(answer) == {"event_id": "errors.invalid_format"}


def test_an_external_event_is_changed_where_it_is_allowed_and_states_what_it_likes(world: ApiWorld) -> None:
    (event,) = world.put()
    body = {"event_uid": uid(event), "summary": "Lunch, later"}
    refused = world.call("POST", world.events_path(), json=body)
    assert (refused.status_code, code_of(refused)) == (403, "calendar_not_elevated")
    headers = world.bearer(elevated=(world.work,))
    assert world.call("POST", world.events_path(), headers, json=body).status_code == 202
    (shown,) = world.call("GET", "/v1/events?tzid=Etc/UTC", headers).json()["events"]
    assert (shown["summary"], shown["options"]["update"]) == ("Lunch, later", True)
    own = {**body, "event_uid": "evt_of_ours"}
    assert keys_of(world.call("POST", world.events_path(), headers, json=own)) == {
        "event_uid": "errors.must_be_external_event_uid"
    }
    wrong = {**body, "event_uid": 5}
    assert "event_uid" in keys_of(world.call("POST", world.events_path(), headers, json=wrong))
    removed = world.call("DELETE", world.events_path(), headers, json={"event_uid": uid(event)})
    assert removed.status_code == 202


@pytest.mark.parametrize("place", ["json", "data", "params"])
def test_an_event_is_deleted_by_body_form_or_query(world: ApiWorld, place: str) -> None:
    headers = world.bearer()
    world.call("POST", world.events_path(), headers, json=world.body())
    answer = world.call("DELETE", world.events_path(), headers, **{place: {"event_id": "one"}})
    assert (answer.status_code, answer.content) == (202, b"")
    assert world.call("DELETE", world.events_path(), headers, json={"event_id": "one"}).status_code == 202
    assert world.call("GET", "/v1/events?tzid=Etc/UTC&only_managed=true", headers).json()["events"] == []


def test_a_deletion_that_says_two_things_is_refused(world: ApiWorld) -> None:
    answer = world.call("DELETE", f"{world.events_path()}?event_id=one", json={"event_id": "two"})
    assert keys_of(answer) == {"base": "errors.invalid_format"}


def test_bulk_deletion_wants_exactly_one_of_its_two_forms(world: ApiWorld) -> None:
    headers = world.bearer()
    world.call("POST", world.events_path(), headers, json=world.body())
    wrong = [
        ({}, "base"), ({"delete_all": True, "calendar_ids": [world.work]}, "base"),
        ({"delete_all": False}, "delete_all"), ({"delete_all": "true"}, "delete_all"),
        ({"calendar_ids": []}, "calendar_ids"),
        ({"calendar_ids": ["cal_none"]}, "calendar_ids"), ({"calendar_ids": [world.work, 5]}, "calendar_ids"),
        ({"calendar_ids": "all"}, "calendar_ids"), ({"calendar_ids": [world.work] * 501}, "calendar_ids"),
        ({"calendar_ids": [world.team]}, "calendar_ids"),
    ]  # fmt: skip
    for body, field in wrong:
        answer = world.call("DELETE", "/v1/events", headers, json=body)
        assert field in keys_of(answer), body
    assert world.own().components  # type: ignore[union-attr]
    for body in ({"calendar_ids": [world.home]}, {"calendar_ids": [world.work]}, {"delete_all": True}):
        assert world.call("DELETE", "/v1/events", headers, json=body).status_code == 202
    assert not world.own().components  # type: ignore[union-attr]


def test_an_invitation_is_answered(world: ApiWorld) -> None:
    invitation = world.invited()
    path = f"{world.events_path()}/{uid(invitation)}/participation_status"
    headers = world.bearer()
    for body, key in (({}, "errors.required"), ({"status": "maybe"}, "errors.not_recognized")):
        assert keys_of(world.call("POST", path, headers, json=body)) == {"status": key}
    assert world.call("POST", path, headers, json={"status": "tentative"}).status_code == 202
    (event,) = world.call("GET", "/v1/events?tzid=Etc/UTC", headers).json()["events"]
    assert event["participation_status"] == "tentative"
    assert event["options"] == {"delete": False, "update": False, "change_participation_status": True}


def test_userinfo_comes_with_a_write_that_asks_for_it(world: ApiWorld) -> None:
    headers = world.bearer()
    answer = world.call("POST", world.events_path(), headers, json=world.body(include_userinfo=True))
    assert (answer.status_code, set(answer.json())) == (202, {"userinfo"})
    assert answer.json()["userinfo"] == world.call("GET", "/v1/userinfo", headers).json()


def test_a_refusal_hides_behind_no_other(world: ApiWorld) -> None:
    """The order of answers on the wire (ruling 2): every body here is wrong as well."""
    (event,) = world.put()
    bad = {"event_id": "one", "summary": 5}
    edit = {"event_uid": uid(event), "summary": 5}
    foreign = world.foreign_calendar()
    everything = world.bearer()
    assert world.call("POST", world.events_path("cal_none"), {}, json=bad).status_code == 401
    assert world.call("POST", world.events_path("cal_none"), world.bearer("free_busy"), json=bad).status_code == 403
    everything = world.bearer()
    hidden = [world.call("POST", world.events_path(one), everything, json=bad)
              for one in ("cal_none", foreign, world.team, world.gone, "x" * 600, "caf\u00e9", "a b")]  # fmt: skip
    assert [one.status_code for one in hidden] == [404] * 7
    assert len({one.content for one in hidden}) == 1
    assert code_of(world.call("POST", world.events_path(), everything, json=edit)) == "calendar_not_elevated"
    nothing = {"event_uid": "evt_external_" + "0" * 24, "summary": 5}
    assert code_of(world.call("POST", world.events_path(), everything, json=nothing)) == "calendar_not_elevated"
    assert code_of(world.call("POST", world.events_path(world.locked), everything, json=bad)) == "calendar_readonly"
    elevated = world.bearer(elevated=(world.work,))
    assert world.call("POST", world.events_path(), elevated, json=nothing).status_code == 404
    invitation = world.invited()
    attended = {"event_uid": uid(invitation), "summary": 5}
    assert code_of(world.call("POST", world.events_path(), elevated, json=attended)) == "event_not_changeable"
    assert keys_of(world.call("POST", world.events_path(), elevated, json=edit)) == {"summary": "errors.invalid_format"}
    world.disconnect()
    locked = world.call("POST", world.events_path(), elevated, json=bad)
    assert (locked.status_code, code_of(locked)) == (423, "profile_disconnected")


def test_an_event_uid_that_is_none_of_an_external_event_is_named_truly_whatever_it_is(world: ApiWorld) -> None:
    headers = world.bearer(elevated=(world.work,))
    for event_uid in ("evt_own_1", "evt_external_", "nonsense", 5):
        for method in ("POST", "DELETE"):
            answer = world.call(method, world.events_path(), headers, json={"event_uid": event_uid, "summary": "x"})
            assert answer.status_code == 422
            [problem] = answer.json()["errors"]["event_uid"]
            assert problem["key"] == "errors.must_be_external_event_uid"
            assert problem["description"].startswith("event_uid is not that of an external event: ")


def test_an_edit_keeps_the_zone_of_the_event_unless_one_is_stated(world: ApiWorld) -> None:
    plain = world.put()[0]
    headers = world.bearer(elevated=(world.work,))
    times = {"start": "2030-04-05T15:30:00Z", "end": "2030-04-05T17:00:00Z"}

    def zones(**stated: object) -> list[str]:
        body = {"event_uid": uid(plain), **times, **stated}
        assert world.call("POST", world.events_path(), headers, json=body).status_code == 202
        query = "/v1/events?tzid=Etc/UTC&localized_times=true&from=2030-04-01&to=2030-04-10"
        (event,) = world.call("GET", query, headers).json()["events"]
        return [event["start"]["tzid"], event["end"]["tzid"]]

    assert zones() == ["Europe/Paris", "Europe/Paris"]
    assert zones(end={"time": times["end"], "tzid": "Asia/Tokyo"}) == ["Europe/Paris", "Asia/Tokyo"]
    assert zones(tzid="Etc/UTC") == ["Etc/UTC", "Etc/UTC"]
