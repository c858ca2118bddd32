"""What the unmodified clients need (contract authorization 8): the ten points of its acceptance list, on the wire."""

import json
from typing import Any

import httpx
import pytest

from api.api_world import ApiWorld, keys_of
from usecases.auth_world import REDIRECT, SECRET

CLIENT = {"client_id": "demo", "client_secret": SECRET}
STALE = ["Bearer None", "Bearer undefined", "Bearer a-token-of-last-week", "Bearer", "nonsense", ""]
BOTH = [lambda body: {"json": body}, lambda body: {"data": body}]


def tokens(world: ApiWorld, **more: Any) -> Any:
    body = {**CLIENT, "grant_type": "authorization_code", "code": world.code(), "redirect_uri": REDIRECT}
    answer = world.call("POST", "/oauth/token", more.pop("headers", {}), **more.pop("send", BOTH[0])(body))
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_revoked(world: ApiWorld, held: Any) -> bool:
    headers = {"Authorization": f"Bearer {held['access_token']}"}
    return world.call("GET", "/v1/userinfo", headers).status_code == 401


@pytest.mark.parametrize("send", BOTH, ids=["json", "form"])
def test_1_and_2_a_meaningless_bearer_disturbs_no_token_call_as_json_or_form(world: ApiWorld, send: Any) -> None:
    for stale in STALE:
        headers = {"Authorization": stale}
        held = tokens(world, headers=headers, send=send)
        body = {**CLIENT, "grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
        assert world.call("POST", "/oauth/token", headers, **send(body)).status_code == 200
        body = {**CLIENT, "token": held["refresh_token"]}
        assert world.call("POST", "/oauth/token/revoke", headers, **send(body)).status_code == 200
        assert is_revoked(world, held)


def test_2_every_host_name_answers_alike(world: ApiWorld) -> None:
    for host in ("api.example.net", "app.example.net", "localhost:1"):
        tokens(world, headers={"Host": host})


def test_3_an_authorization_is_revoked_by_either_token_by_sub_or_by_what_node_sends(world: ApiWorld) -> None:
    for ours, theirs in (
        ("access_token", "token"),
        ("refresh_token", "token"),
        ("sub", "sub"),
        ("refresh_token", "refresh_token"),
    ):
        held = tokens(world)
        answer = world.call("POST", "/oauth/token/revoke", {}, json={**CLIENT, theirs: held[ours]})
        assert answer.status_code == 200
        assert is_revoked(world, held)


def test_4_a_body_of_a_get_is_ignored(world: ApiWorld) -> None:
    headers = {**world.bearer(), "Content-Type": "application/json; charset=utf-8"}
    for path in ("/v1/userinfo", "/v1/calendars", "/v1/events?tzid=Etc/UTC", "/v1/free_busy?tzid=Etc/UTC"):
        plain = world.call("GET", path, headers)
        for body in (b"{}", b"[]", b'{"only_managed": true, "tzid": 5}', b"not json"):
            answer = world.call("GET", path, headers, content=body)
            assert (answer.status_code, answer.content) == (200, plain.content)


def test_5_where_nothing_is_asked_for_any_empty_body_will_do(world: ApiWorld) -> None:
    headers = {**world.bearer(), "Content-Type": "application/json"}
    for number, body in enumerate((b"", b"{}", b"[]", b" \r\n", b'{"profile_id": "pro_0"}')):
        profile = world.add_profile(f"pro_{number}")
        world.add_calendar("some", profile)
        answer = world.call("POST", f"/v1/profiles/{profile.profile_id}/revoke", headers, content=body)
        assert (answer.status_code, answer.content) == (202, b"")


def test_5_a_body_without_a_content_type_is_fine_if_it_is_none(world: ApiWorld) -> None:
    assert world.call("POST", "/v1/profiles/pro_jane/revoke").status_code == 202


def test_6_booleans_of_queries_are_read_in_any_form_and_empty_ones_are_absent(world: ApiWorld) -> None:
    headers = world.bearer()
    world.call("POST", world.events_path(), headers, json=world.body())
    rest = "include_moved=&from=&to=&last_modified=&include_deleted=False"
    for flag in ("True", "true", "1", "TRUE"):
        answer = world.call("GET", f"/v1/events?tzid=Etc/UTC&only_managed={flag}&{rest}", headers)
        assert [one["event_id"] for one in answer.json()["events"]] == ["one"]


def test_7_a_list_of_codings_is_not_a_coding(world: ApiWorld) -> None:
    headers = world.bearer()
    for coding in ("gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "gzip;q=1.0", "identity", "utf-8", ""):
        sent = {**headers, "Content-Encoding": coding}
        assert world.call("POST", world.events_path(), sent, json=world.body()).status_code == 202


def test_8_a_calendar_name_that_is_taken_is_the_first_thing_said_of_name(world: ApiWorld) -> None:
    body = {"profile_id": "pro_jane", "name": "Work"}
    answer = world.call("POST", "/v1/calendars", json=body)
    assert keys_of(answer)["name"] == "errors.duplicate_calendar_name"


def test_8_no_other_refusal_of_a_calendar_has_an_entry_for_name(world: ApiWorld) -> None:
    body = {"profile_id": "pro_jane", "name": "New"}
    answers = [world.call("POST", "/v1/calendars", headers, json=body) for headers in ({}, world.bearer("write_only"))]
    world.disconnect()
    answers.append(world.call("POST", "/v1/calendars", json=body))
    assert [one.status_code for one in answers] == [401, 403, 423]
    assert all("errors" not in one.json() for one in answers)


def test_9_a_refresh_gives_everything_that_clients_store(world: ApiWorld) -> None:
    held = tokens(world)
    body = {**CLIENT, "grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
    answer = world.call("POST", "/oauth/token", {}, data=body).json()
    assert {"access_token", "refresh_token", "expires_in"} <= answer.keys()


def test_10_a_redirect_address_with_escaped_slashes_is_the_same_in_json(world: ApiWorld) -> None:
    """PHP escapes slashes in JSON; ``state`` is held by the authorize endpoint's own tests."""
    body = {**CLIENT, "grant_type": "authorization_code", "code": world.code(), "redirect_uri": REDIRECT}
    escaped = json.dumps(body).replace("/", "\\/").encode()
    answer = world.call("POST", "/oauth/token", {"Content-Type": "application/json"}, content=escaped)
    assert answer.status_code == 200


def test_pycronofy_deletes_in_bulk_by_the_query(world: ApiWorld) -> None:
    headers = {**world.bearer(), "Content-Type": "application/json; charset=utf-8"}
    for query in ("delete_all=True", f"calendar_ids%5B%5D={world.work}", f"calendar_ids[]={world.work}"):
        world.call("POST", world.events_path(), headers, json=world.body())
        assert world.own() is not None
        answer = world.call("DELETE", f"/v1/events?{query}", headers, content=b"{}")
        assert (answer.status_code, answer.content) == (202, b"")
        assert not world.own().components  # type: ignore[union-attr]
        world.deliver()


def test_pycronofy_gives_one_permission_instead_of_a_list(world: ApiWorld) -> None:
    body = {
        "permissions": {"calendar_id": world.work, "permission_level": "unrestricted"},
        "redirect_uri": REDIRECT,
    }
    answer = world.call("POST", "/v1/permissions", json=body)
    assert answer.status_code == 200
    assert answer.json()["permissions_request"]["url"].startswith("https://cal.example.net/permissions/")


def test_node_repeats_the_parameters_at_the_next_page() -> None:
    world = ApiWorld(events_per_page=1)
    headers = world.bearer()
    for number in range(3):
        world.put(f"event-{number}")
    first = world.call("GET", "/v1/events?tzid=Etc/UTC&localized_times=true", headers).json()
    seen = [one["event_uid"] for one in first["events"]]
    page = first["pages"]
    while "next_page" in page:
        assert page["next_page"].startswith("https://cal.example.net/v1/events/pages/")
        path = page["next_page"].removeprefix("https://cal.example.net")
        answer: httpx.Response = world.call("GET", f"{path}?tzid=Nowhere&only_managed=maybe", headers)
        body = answer.json()
        assert set(body["events"][0]["start"]) == {"time", "tzid"}
        seen += [one["event_uid"] for one in body["events"]]
        page = body["pages"]
    assert (page, len(set(seen))) == ({"current": 3, "total": 3}, 3)
    world.close()


def test_an_event_by_form_is_an_event(world: ApiWorld) -> None:
    """Forms are accepted wherever JSON is (ruling 18)."""
    form = {
        **world.body(),
        "location[description]": "Hall B",
        "attendees[invite][][email]": "lou@example.org",
        "event_private": "true",
        "reminders[][minutes]": "30",
    }
    headers = world.bearer()
    assert world.call("POST", world.events_path(), headers, data=form).status_code == 202
    (event,) = world.call("GET", "/v1/events?tzid=Etc/UTC&only_managed=true", headers).json()["events"]
    assert event["location"] == {"description": "Hall B"}
    assert event["attendees"] == [{"email": "lou@example.org", "display_name": "", "status": "needs_action"}]
    assert event["event_private"] is True
