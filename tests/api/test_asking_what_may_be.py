"""Asking what a grant may do: the wire form of an extension of ours."""

from api.api_world import ApiWorld, code_of, keys_of

PATH = "/v1/permission_checks"
UNUSED = [
    ("events.read", "event_uid"),
    ("busy.read", "event_uid"),
    ("own_events.read", "event_id"),
    ("own_event.write", "event_uid"),
    ("own_event.delete", "event_uid"),
    ("event.edit", "event_id"),
    ("event.delete", "event_id"),
    ("event.respond", "event_id"),
    ("calendars.list", "event_id"),
]
"""Actions, and an id that they do not look at: a yes would look as if it were about that event."""


def test_each_question_is_answered_in_its_place(world: ApiWorld) -> None:
    event = world.put()[0]
    checks = [
        {"action": "busy.read"},
        {"action": "events.read"},
        {"action": "own_event.write", "calendar_id": world.work, "event_id": "new"},
        {"action": "event.edit", "calendar_id": world.work, "event_uid": f"evt_external_{event.key}"},
        {"action": "own_event.write", "calendar_id": world.team},
    ]
    answer = world.call("POST", PATH, world.bearer("free_busy_write"), json={"checks": checks})
    assert answer.status_code == 200
    verdicts = answer.json()["checks"]
    yes = {"allowed": True, "code": None, "reason": None, "remedy": None}
    assert (verdicts[0], verdicts[2]) == (yes, yes)
    codes = ["scope_missing", "calendar_not_elevated", "not_found"]
    assert [verdicts[index]["code"] for index in (1, 3, 4)] == codes
    assert all(one["reason"] for one in verdicts if not one["allowed"])
    assert [verdicts[index]["remedy"] is None for index in (1, 3, 4)] == [False, False, True]


def test_a_no_says_what_the_attempt_itself_would(world: ApiWorld) -> None:
    headers = world.bearer("free_busy")
    tried = world.call("GET", "/v1/events", headers, params={"tzid": "Etc/UTC"})
    asked = world.call("POST", PATH, headers, json={"checks": [{"action": "events.read"}]})
    assert asked.json()["checks"][0] == {"allowed": False, **tried.json()}


def test_questions_that_make_no_sense_are_named(world: ApiWorld) -> None:
    one, unused = {"action": "events.read"}, "errors.not_supported"
    for body, wrong in (
        ({}, {"checks": "errors.required"}),
        ({"checks": []}, {"checks": "errors.invalid_format"}),
        ({"checks": [one] * 51}, {"checks": "errors.invalid_format"}),
        ({"checks": [{"action": "everything"}]}, {"checks[0].action": "errors.not_recognized"}),
        ({"checks": [one, {}]}, {"checks[1].action": "errors.required"}),
        (
            {"checks": [{"action": "event.edit", "event_uid": "evt_external_x"}]},
            {"checks[0].calendar_id": "errors.required"},
        ),
        *(
            ({"checks": [{"action": action, "calendar_id": world.work, name: "x"}]}, {f"checks[0].{name}": unused})
            for action, name in UNUSED
        ),
    ):
        assert keys_of(world.call("POST", PATH, world.bearer("read_write"), json=body)) == wrong
    assert world.call("POST", PATH, json={"checks": [one] * 50}).status_code == 200


def test_who_has_no_grant_learns_nothing(world: ApiWorld) -> None:
    answer = world.call("POST", PATH, {}, json={"checks": [{"action": "everything"}]})
    assert (answer.status_code, code_of(answer)) == (401, "token_missing")
