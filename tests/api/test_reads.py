"""What applications read, as the wire has it (contract authorization 4, events 2, 6, 7)."""

from typing import Any

from api.api_world import ApiWorld, code_of, keys_of
from calwarden.domain.event import Attendee, Details, Participation, Person, Place
from calwarden.domain.ids import calendar_id_of
from calwarden.domain.profile import Calendar
from calwarden.domain.times import Day, Instant
from calwarden.usecases.events import upsert_event
from usecases.auth_world import REDIRECT
from usecases.write_world import uid


def listed(world: ApiWorld, calendar_id: str, name: str, **facts: Any) -> dict[str, Any]:
    return {
        "calendar_id": calendar_id, "calendar_name": name, "calendar_readonly": False, "calendar_deleted": False,
        "calendar_primary": False, "calendar_integrated_conferencing_available": False,
        "calendar_attachments_available": False, "permission_level": "sandbox", **facts,
    }  # fmt: skip


def calendars(world: ApiWorld) -> list[dict[str, Any]]:
    return [
        listed(world, world.work, "Work", calendar_primary=True, permission_level="unrestricted"),
        listed(world, world.home, "Home"),
        listed(world, world.locked, "Locked", calendar_readonly=True),
        listed(world, world.gone, "Gone", calendar_deleted=True),
    ]


def by_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda one: str(one["calendar_id"]))


def test_userinfo_says_who_what_was_granted_and_what_is_connected(world: ApiWorld) -> None:
    answer = world.call("GET", "/v1/userinfo", world.bearer("read_only", "write_only", elevated=(world.work,)))
    assert answer.status_code == 200
    body = answer.json()
    (profile,) = body["cronofy.data"]["profiles"]
    assert by_id(profile.pop("profile_calendars")) == by_id(calendars(world))
    assert body == {
        "sub": world.jane,
        "email": "jane@example.org",
        "name": "Jane Doe",
        "zoneinfo": "Europe/Paris",
        "cronofy.type": "account",
        "cronofy.data": {
            "authorization": {"scope": "read_only write_only", "status": "active"},
            "profiles": [
                {
                    "provider_name": "caldav",
                    "provider_service": "caldav",
                    "profile_id": "pro_jane",
                    "profile_name": "jane@example.org",
                    "profile_connected": True,
                    "profile_initial_sync_required": False,
                }
            ],
        },
    }


def test_userinfo_alone_answers_when_the_time_is_over(world: ApiWorld) -> None:
    headers = world.bearer(ends=Instant(world.clock() - 1))
    answer = world.call("GET", "/v1/userinfo", headers)
    assert answer.json()["cronofy.data"] == {
        "authorization": {"scope": "read_write change_participation_status create_calendar", "status": "ended"},
        "profiles": [],
    }
    for method, path in (
        ("GET", "/v1/account"), ("GET", "/v1/profiles"), ("GET", "/v1/calendars"), ("POST", "/v1/calendars"),
        ("GET", "/v1/events?tzid=Etc/UTC"), ("GET", "/v1/free_busy?tzid=Etc/UTC"), ("POST", world.events_path()),
        ("DELETE", world.events_path()), ("DELETE", "/v1/events"), ("POST", "/v1/permissions"),
        ("POST", "/v1/profiles/pro_jane/revoke"), ("GET", "/v1/events/pages/x"), ("GET", "/v1/free_busy/pages/x"),
        ("POST", f"{world.events_path()}/evt_x/participation_status"),
    ):  # fmt: skip
        refused = world.call(method, path, headers)
        assert (refused.status_code, code_of(refused)) == (403, "grant_ended"), path


def test_the_account_in_its_older_form(world: ApiWorld) -> None:
    assert world.call("GET", "/v1/account", world.bearer("free_busy_write")).json() == {
        "account": {
            "account_id": world.jane,
            "email": "jane@example.org",
            "name": "Jane Doe",
            "scope": "free_busy_write",
            "default_tzid": "Europe/Paris",
        },
        "sub": world.jane,
    }


def test_a_profile_that_does_not_work_says_where_to_mend_it(world: ApiWorld) -> None:
    world.disconnect()
    (profile,) = world.call("GET", "/v1/profiles").json()["profiles"]
    assert profile["profile_connected"] is False
    assert profile["profile_relink_url"] == "https://cal.example.net/relink/pro_jane"


def test_a_profile_is_taken_out_of_the_authorization_once(world: ApiWorld) -> None:
    headers = world.bearer()
    answer = world.call("POST", "/v1/profiles/pro_jane/revoke", headers)
    assert (answer.status_code, answer.content) == (202, b"")
    for gone in ("pro_jane", "pro_none", "caf\u00e9"):
        assert world.call("POST", f"/v1/profiles/{gone}/revoke", headers).status_code == 404
    assert world.call("GET", "/v1/profiles", headers).json() == {"profiles": []}


def test_calendars_are_those_the_person_owns(world: ApiWorld) -> None:
    body = world.call("GET", "/v1/calendars", world.bearer("free_busy", elevated=(world.work,))).json()
    whole = {"provider_name": "caldav", "profile_id": "pro_jane", "profile_name": "jane@example.org"}
    assert body["sub"] == world.jane
    assert by_id(body["calendars"]) == by_id([{**whole, **one} for one in calendars(world)])


def test_a_calendar_is_made_and_shown_once_the_calendar_service_has_it(world: ApiWorld) -> None:
    def make() -> None:
        with world.store.write() as uow:
            for write in uow.writes.owed(world.jane, world.profile.profile_id):
                remote = str(write.resource_id)
                made = calendar_id_of(write.profile_id, remote)
                uow.calendars.add(Calendar(world.jane, made, write.profile_id, remote, str(write.name), owned=True))
                uow.writes.done(world.jane, write.write_id)

    world.on_wake = make
    body = {"profile_id": "pro_jane", "name": "Rehearsals", "color": "#49BED8"}
    answer = world.call("POST", "/v1/calendars", json=body)
    assert answer.status_code == 200
    assert {"calendar_name": "Rehearsals", "profile_id": "pro_jane"}.items() <= answer.json()["calendar"].items()
    again = world.call("POST", "/v1/calendars", json=body)
    assert keys_of(again) == {"name": "errors.duplicate_calendar_name"}


def test_a_calendar_that_takes_long_is_423_and_still_made() -> None:
    world = ApiWorld(calendar_wait=0)
    answer = world.call("POST", "/v1/calendars", json={"profile_id": "pro_jane", "name": "Slow"})
    assert (answer.status_code, code_of(answer), answer.headers["retry-after"]) == (423, "calendar_pending", "10")
    assert [one.name for one in world.owed()] == ["Slow"]
    world.close()


def test_a_calendar_that_can_not_be_made_says_what_is_wrong(world: ApiWorld) -> None:
    for body, problems in (
        ({}, {"profile_id": "errors.required", "name": "errors.required"}),
        ({"profile_id": "pro_none", "name": "X"}, {"profile_id": "errors.not_recognized"}),
        ({"profile_id": "pro_jane", "name": "X" * 201}, {"name": "errors.invalid_format"}),
        ({"profile_id": "pro_jane", "name": "X", "color": "blue"}, {"color": "errors.invalid_format"}),
    ):
        assert keys_of(world.call("POST", "/v1/calendars", json=body)) == problems


DETAILS = Details(
    summary="Sound check",
    description="Two hours",
    place=Place("Hall B", "48.8", "2.3"),
    url="https://hall.example/1",
    meeting_url="https://zoom.us/j/1",
    organizer=Person("lou@example.org", "Lou"),
    attendees=(
        Attendee(Person("jane@example.org", "Jane"), Participation.ACCEPTED),
        Attendee(Person("max@example.org")),
    ),
    categories=("work",),
    private=True,
)


def test_an_event_in_full(world: ApiWorld) -> None:
    event = world.invited("check", details=DETAILS, participation=Participation.ACCEPTED)
    headers = world.bearer("read_only")
    expected = {
        "calendar_id": world.work,
        "event_uid": uid(event),
        "summary": "Sound check",
        "description": "Two hours",
        "start": "2030-03-18T12:00:00Z",
        "end": "2030-03-18T13:00:00Z",
        "deleted": False,
        "created": "2030-03-17T17:46:40Z",
        "updated": "2030-03-17T17:46:40Z",
        "location": {"description": "Hall B"},
        "participation_status": "accepted",
        "attendees": [
            {"email": "jane@example.org", "display_name": "Jane", "status": "accepted"},
            {"email": "max@example.org", "display_name": "", "status": "needs_action"},
        ],
        "organizer": {"email": "lou@example.org", "display_name": "Lou"},
        "transparency": "opaque",
        "extended_transparency": "opaque",
        "status": "confirmed",
        "categories": ["work"],
        "recurring": False,
        "event_private": True,
        "url": "https://hall.example/1",
        "meeting_url": "https://zoom.us/j/1",
        "options": {"delete": False, "update": False, "change_participation_status": False},
    }
    path = "/v1/events?tzid=Etc/UTC&include_managed=True&google_event_ids=true"
    assert world.call("GET", path, headers).json() == {"pages": {"current": 1, "total": 1}, "events": [expected]}
    shown = world.call("GET", f"{path}&include_geo=true&localized_times=true&include_userinfo=1", headers).json()
    assert shown["events"][0]["location"] == {"description": "Hall B", "lat": "48.8", "long": "2.3"}
    assert shown["events"][0]["start"] == {"time": "2030-03-18T13:00:00+01:00", "tzid": "Europe/Paris"}
    assert shown["userinfo"]["sub"] == world.jane


def test_free_busy_says_when_and_nothing_else_whatever_is_asked(world: ApiWorld) -> None:
    event = world.put("check", details=DETAILS)[0]
    world.put("day", start=Day(2030, 3, 20), end=Day(2030, 3, 21), details=DETAILS)
    plain = [
        {
            "calendar_id": world.work, "start": "2030-03-18T12:00:00Z", "end": "2030-03-18T13:00:00Z",
            "free_busy_status": "busy",
        },
        {"calendar_id": world.work, "start": "2030-03-20", "end": "2030-03-21", "free_busy_status": "busy"},
    ]  # fmt: skip
    switches = "include_ids=true&include_geo=true&include_deleted=true&include_managed=true&google_event_ids=true"
    for query in ("", switches, "last_modified=2030-01-01", "from=2030-03-18&to=2030-03-21"):
        answer = world.call("GET", f"/v1/free_busy?tzid=Etc/UTC&{query}", world.bearer("free_busy"))
        assert answer.json() == {"pages": {"current": 1, "total": 1}, "free_busy": plain}, query
    localized = world.call("GET", "/v1/free_busy?tzid=Etc/UTC&localized_times=true", world.bearer("free_busy")).json()
    assert localized["free_busy"][1]["start"] == {"time": "2030-03-20", "tzid": "Etc/UTC"}
    reader = world.call("GET", "/v1/free_busy?tzid=Etc/UTC&include_ids=true", world.bearer("read_only")).json()
    assert reader["free_busy"][0]["event_uid"] == uid(event)


def test_own_events_carry_their_ids_in_free_busy(world: ApiWorld) -> None:
    token = world.token("free_busy_write")
    upsert_event(world.kit, token, world.upsert())
    headers = {"Authorization": f"Bearer {token.token}"}
    (entry,) = world.call("GET", "/v1/free_busy?tzid=Etc/UTC&include_managed=true&include_ids=true", headers).json()[
        "free_busy"
    ]
    assert (entry["event_id"], entry["event_uid"][:4]) == ("one", "evt_")


QUERIES: list[tuple[str, dict[str, str]]] = [
    ("", {"tzid": "errors.required"}),
    ("tzid=", {"tzid": "errors.required"}),
    ("tzid=Nowhere", {"tzid": "errors.tzid_unrecognized"}),
    ("tzid=Etc/UTC&tzid=Etc/UTC", {"tzid": "errors.tzid_unrecognized"}),
    ("tzid=Etc/UTC&from=soon", {"from": "errors.must_be_date"}),
    ("tzid=Etc/UTC&to=2030-02-30", {"to": "errors.must_be_date"}),
    ("tzid=Etc/UTC&last_modified=x", {"last_modified": "errors.must_be_date"}),
    ("tzid=Etc/UTC&include_deleted=maybe", {"include_deleted": "errors.must_be_boolean"}),
    ("tzid=Etc/UTC&include_managed=true&include_managed=false", {"include_managed": "errors.must_be_boolean"}),
    ("tzid=Etc/UTC&calendar_ids[]=cal_none", {"calendar_ids": "errors.invalid_calendar_ids"}),
    ("tzid=Etc/UTC&calendar_ids%5B%5D=a%00b", {"calendar_ids": "errors.invalid_calendar_ids"}),
    ("tzid=Etc/UTC&" + "&".join(["calendar_ids[]=x"] * 501), {"calendar_ids": "errors.invalid_calendar_ids"}),
    ("tzid=%FF", {"base": "errors.invalid_format"}),
    ("&".join(f"x{number}=1" for number in range(300)), {"base": "errors.invalid_format"}),
]


def test_a_question_that_makes_no_sense_is_told_where(world: ApiWorld) -> None:
    headers = world.bearer()
    for query, problems in QUERIES:
        for path in ("/v1/events", "/v1/free_busy"):
            assert keys_of(world.call("GET", f"{path}?{query}", headers)) == problems, (path, query)
    wide = "tzid=Etc/UTC&from=2030-01-01&to=2031-12-31"
    assert "to" in keys_of(world.call("GET", f"/v1/events?{wide}", headers))
    for query in ("only_managed=true&only_managed=true", "only_managed=yes"):
        assert "only_managed" in keys_of(world.call("GET", f"/v1/events?tzid=Etc/UTC&{query}", headers))
        assert world.call("GET", f"/v1/events?tzid=Etc/UTC&{query}", world.bearer("write_only")).status_code == 403
        headers = world.bearer()


def test_pages_that_are_not_ones_own_are_404(world: ApiWorld) -> None:
    for path in (
        "/v1/events/pages/x",
        "/v1/free_busy/pages/x",
        "/v1/events/pages/caf\u00e9",
        "/v1/free_busy/pages/%00",
    ):
        answer = world.call("GET", path)
        assert (answer.status_code, code_of(answer)) == (404, "not_found")


def test_extended_permissions_are_asked_for_and_given_back(world: ApiWorld) -> None:
    headers = world.bearer(elevated=(world.home,))
    raised = [{"calendar_id": world.work, "permission_level": "unrestricted"}]
    answer = world.call("POST", "/v1/permissions", headers, json={"permissions": raised, "redirect_uri": REDIRECT})
    assert answer.status_code == 200
    (request,) = answer.json().values()
    assert set(request) == {"url"}
    lowered = [{"calendar_id": world.home, "permission_level": "sandbox"}]
    answer = world.call("POST", "/v1/permissions", headers, json={"permissions": lowered})
    assert answer.json() == {"permissions_request": {"accepted": True}}
    assert world.grant().elevated == frozenset()
    for body, problems in (
        ({}, {"permissions": "errors.required"}),
        ({"permissions": []}, {"permissions": "errors.invalid_format"}),
        ({"permissions": raised}, {"redirect_uri": "errors.required"}),
        ({"permissions": raised, "redirect_uri": "https://evil.example/"}, {"redirect_uri": "errors.not_recognized"}),
        (
            {"permissions": [{"calendar_id": 5, "permission_level": "root"}], "redirect_uri": REDIRECT},
            {
                "permissions[0].calendar_id": "errors.invalid_format",
                "permissions[0].permission_level": "errors.not_recognized",
            },
        ),
        (
            {"permissions": [{**raised[0], "calendar_id": world.team}], "redirect_uri": REDIRECT},
            {"permissions": "errors.invalid_calendar_ids"},
        ),
    ):
        assert keys_of(world.call("POST", "/v1/permissions", headers, json=body)) == problems
