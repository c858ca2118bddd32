"""The token endpoints on the wire (contract authorization 1.2 to 1.4, RFC 6749 5, RFC 7009)."""

import json
from base64 import b64encode
from typing import Any

import httpx

from api.api_world import JSON, ApiWorld, code_of
from usecases.auth_world import REDIRECT, SECRET

CLIENT = {"client_id": "demo", "client_secret": SECRET}


def exchange(world: ApiWorld, **changes: Any) -> httpx.Response:
    code = changes.pop("code", None) or world.code()  # a new one voids those of before
    body = {**CLIENT, "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **changes}
    return world.call("POST", "/oauth/token", {}, json=body)


def live(world: ApiWorld, token: str) -> bool:
    return world.call("GET", "/v1/userinfo", {"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_code_becomes_tokens(world: ApiWorld) -> None:
    answer = exchange(world)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == JSON
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    body = answer.json()
    access, renewing = body.pop("access_token"), body.pop("refresh_token")
    assert body == {
        "token_type": "bearer",
        "expires_in": 3600,
        "scope": "free_busy_write",
        "account_id": world.jane,
        "sub": world.jane,
        "linking_profile": {
            "provider_name": "caldav",
            "provider_service": "caldav",
            "profile_id": "pro_jane",
            "profile_name": "jane@example.org",
        },
    }
    assert live(world, access)
    assert not live(world, renewing)


def test_a_refresh_token_stays_and_gives_another_access_token(world: ApiWorld) -> None:
    first = exchange(world).json()
    body = {**CLIENT, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = world.call("POST", "/oauth/token", {}, json=body).json()
    assert second["refresh_token"] == first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert set(second) == {"token_type", "access_token", "expires_in", "refresh_token", "scope", "account_id", "sub"}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"client_secret": "wrong"}, "invalid_client"),
    ({"client_id": "unknown"}, "invalid_client"),
    ({"client_secret": None}, "invalid_client"),
    ({"client_id": ""}, "invalid_request"),
    ({"code": "unknown"}, "invalid_grant"),
    ({"code": ""}, "invalid_request"),
    ({"redirect_uri": "https://app.example.org/other"}, "invalid_grant"),
    ({"redirect_uri": None}, "invalid_request"),
    ({"grant_type": None}, "invalid_request"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ({"code": 5}, "invalid_request"),
    ({"code": ["a", "b"]}, "invalid_request"),
    ({"client_id": "d\0emo"}, "invalid_request"),
    ({"client_secret": "\ud800"}, "invalid_request"),
    ({"code_verifier": "x" * 50}, "invalid_grant"),
    ({"redirect_uri": "https://app.example.org/" + "x" * 3_000}, "invalid_request"),
]


def test_what_is_wrong_with_a_token_request_is_said_as_rfc_6749_says_it(world: ApiWorld) -> None:
    code = world.code()
    for changes, error in WRONG:
        body = {**CLIENT, "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **changes}
        sent = json.dumps(body).encode()
        answer = world.call("POST", "/oauth/token", {"Content-Type": "application/json"}, content=sent)
        assert (answer.status_code, answer.json()["error"]) == (400, error), changes
        assert set(answer.json()) == {"error", "error_description"}
        assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert exchange(world, code=code).status_code == 200


def test_a_repeated_parameter_is_refused(world: ApiWorld) -> None:
    fields = {**CLIENT, "grant_type": "authorization_code", "code": world.code(), "redirect_uri": REDIRECT}
    form = "&".join(f"{name}={httpx.QueryParams({name: value})[name]}" for name, value in fields.items())
    repeats = [(twice, again) for twice in fields for again in (fields[twice], "")]
    for twice, again in repeats:
        answer = world.call(
            "POST",
            "/oauth/token",
            {"Content-Type": "application/x-www-form-urlencoded"},
            content=f"{form}&{twice}={again}",
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_credentials_are_taken_from_the_body_alone_and_never_from_the_query(world: ApiWorld) -> None:
    query = {**CLIENT, "grant_type": "authorization_code", "code": world.code(), "redirect_uri": REDIRECT}
    answer = world.call("POST", "/oauth/token", {}, params=query)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert world.call("GET", "/oauth/token", {}, params=query).status_code == 405


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


def test_basic_proves_a_client_only_where_the_body_proves_nothing(world: ApiWorld) -> None:
    fields = {"grant_type": "authorization_code", "redirect_uri": REDIRECT}
    good = world.call("POST", "/oauth/token", basic("demo", SECRET), data={**fields, "code": world.code()})
    assert good.status_code == 200
    wrong = world.call("POST", "/oauth/token", basic("demo", "no"), data={**fields, "code": world.code()})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")
    body = {**fields, "client_id": "demo", "client_secret": "no", "code": world.code()}
    beside = world.call("POST", "/oauth/token", basic("demo", SECRET), data=body)
    assert beside.json()["error"] == "invalid_client"
    for header in ("Basic !!!", "Basic Zm9v", "Basic"):
        answer = world.call("POST", "/oauth/token", {"Authorization": header}, data={**fields, "code": "x"})
        assert answer.json()["error"] == "invalid_request"


def test_a_body_that_can_not_be_read_is_an_invalid_request(world: ApiWorld) -> None:
    for body in (b"{", b'{"client_id":"demo","client_id":"demo"}', b"[1]", b'"x"', b"null"):
        answer = world.call("POST", "/oauth/token", {"Content-Type": "application/json"}, content=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_revoking_answers_200_and_nothing_whatever_the_token_is(world: ApiWorld) -> None:
    tokens = exchange(world).json()
    for token in ("unknown", tokens["access_token"], tokens["access_token"]):
        answer = world.call("POST", "/oauth/token/revoke", {}, json={**CLIENT, "token": token})
        assert (answer.status_code, answer.content) == (200, b"")
        assert "content-type" not in answer.headers
    assert not live(world, tokens["access_token"])


def test_revoking_nothing_is_an_invalid_request(world: ApiWorld) -> None:
    for body in ({}, {"token": ""}, {"request_pii_erasure": True}):
        answer = world.call("POST", "/oauth/token/revoke", {}, json={**CLIENT, **body})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_revoking_with_a_wrong_secret_revokes_nothing(world: ApiWorld) -> None:
    tokens = exchange(world).json()
    body = {"client_id": "demo", "client_secret": "wrong", "token": tokens["access_token"]}
    answer = world.call("POST", "/oauth/token/revoke", {}, json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
    assert live(world, tokens["access_token"])


def test_guessing_secrets_is_throttled_and_the_right_secret_still_let_in() -> None:
    world = ApiWorld(client_failures=2)
    wrong = {**CLIENT, "client_secret": "wrong", "grant_type": "refresh_token", "refresh_token": "x"}
    for _ in range(2):
        assert world.call("POST", "/oauth/token", {}, json=wrong).status_code == 400
    answer = world.call("POST", "/oauth/token", {}, json=wrong)
    assert (answer.status_code, code_of(answer), answer.headers["retry-after"]) == (429, "throttled", "60")
    assert exchange(world).status_code == 200
    world.close()


def test_asking_for_tokens_counts_against_the_rate_limit() -> None:
    world = ApiWorld(requests_per_second=1)
    body = {**CLIENT, "grant_type": "refresh_token", "refresh_token": "unknown"}
    assert world.call("POST", "/oauth/token", {}, json=body).status_code == 400
    assert world.call("POST", "/oauth/token", {}, json=body).status_code == 429
    world.close()


def test_the_metadata_says_what_there_is(world: ApiWorld) -> None:
    answer = world.call("GET", "/.well-known/oauth-authorization-server", {})
    assert answer.status_code == 200
    body = answer.json()
    assert body["issuer"] == "https://cal.example.net"
    assert body["token_endpoint"] == "https://cal.example.net/oauth/token"
    assert body["response_types_supported"] == ["code"]
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert body["authorization_response_iss_parameter_supported"] is True
    for endpoint in ("token", "revocation"):  # all three are taken: RFC 6749 2.3.1, and nothing for public applications
        ways = body[f"{endpoint}_endpoint_auth_methods_supported"]
        assert ways == ["client_secret_post", "client_secret_basic", "none"]
    assert not any(name.startswith("service_account") for name in body["scopes_supported"])
