"""What surrounds every operation: addresses, methods, headers, limits, and failures of ours."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

import pytest
import structlog

from api.api_world import JSON, ApiWorld, code_of, keys_of
from calwarden.api import OPERATIONS
from calwarden.api.errors import FIXED, explain
from calwarden.domain.errors import CalwardenError, Conflict, Gone, NotFound, Refusal, Refused
from calwarden.httpkit import Auth
from calwarden.ports.store import StoreUnavailable

READS = ["/v1/userinfo", "/v1/account", "/v1/profiles", "/v1/calendars"]


def test_an_address_is_found_as_it_is_written_or_with_one_final_slash(world: ApiWorld) -> None:
    headers = world.bearer()
    for path in READS:
        plain, slash = world.call("GET", path, headers), world.call("GET", f"{path}/", headers)
        assert (plain.status_code, plain.content) == (200, slash.content)
        assert world.call("GET", f"{path}/", {}).status_code == 401


NOWHERE = [
    "/v1",
    "/v1/",
    "/v1/nothing",
    "/V1/calendars",
    "/v1/Calendars",
    "//v1/calendars",
    "/v1//calendars",
    "/v1/calendars//",
    "/v1/./calendars",
    "/v1/x/../calendars",
    "/v1%2Fcalendars",
    "/v1%2fcalendars",
    "/v1/calendars%2F",
    "/v1/%2e/calendars",
    "/v1/%2e%2e/v1/calendars",
    "/v1\\calendars",
    "/v1%5Ccalendars",
    "/v1/calendars;x=1",
    "/v1/calendars.json",
    "/v1/calendars/x/events/y/participation_status/z",
    "/v1/calendars/a%2Fb/events",
    "/v1/profiles/../calendars",
    "/oauth/token/x",
    "/oauth//token",
    "/",
    "/channels",
]


def test_any_other_address_is_404_with_every_method_and_redirects_nowhere(world: ApiWorld) -> None:
    token = world.bearer()["Authorization"].encode()

    async def get(path: str) -> list[tuple[int, dict[str, str]]]:
        return [await asgi(world, method, path, token) for method in ("GET", "POST", "DELETE", "OPTIONS", "HEAD")]

    for path in NOWHERE:
        for status, headers in world.run(get(path)):
            assert status == 404, path
            assert headers["content-type"] == JSON
            assert headers["cache-control"] == "no-store"


async def asgi(world: ApiWorld, method: str, path: str, token: bytes) -> tuple[int, dict[str, str]]:
    """A request that no client has tidied up on the way."""
    sent: list[Any] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"authorization", token)], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await world.app(scope, receive, send)
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_a_method_that_is_not_offered_is_405_and_names_those_that_are(world: ApiWorld) -> None:
    offered: dict[str, set[str]] = {}
    for one in OPERATIONS:
        offered.setdefault(one.path, set()).update({one.method, *(["HEAD"] if one.method == "GET" else [])})
    for path, methods in offered.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "PROPFIND"} - methods:
            answer = world.call(method, path, {})
            assert answer.status_code == 405, (method, path)
            assert set(answer.headers["allow"].split(", ")) == methods
            assert not [name for name in answer.headers if name.startswith("access-control")]


def test_head_is_decided_like_get_and_shows_nothing(world: ApiWorld) -> None:
    headers = world.bearer()
    for path in READS:
        get, head = world.call("GET", path, headers), world.call("HEAD", path, headers)
        assert (head.status_code, head.content, dict(head.headers)) == (200, b"", dict(get.headers))
        assert world.call("HEAD", path, {}).status_code == 401


def test_headers_that_claim_another_method_or_address_are_ignored(world: ApiWorld) -> None:
    world.put()
    claims = {
        "X-HTTP-Method-Override": "DELETE",
        "X-HTTP-Method": "DELETE",
        "X-Method-Override": "DELETE",
        "X-Original-URL": "/v1/userinfo",
        "X-Rewrite-URL": "/v1/userinfo",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
    }
    headers = world.bearer()
    plain = world.call("GET", "/v1/calendars", headers)
    answer = world.call("GET", "/v1/calendars?_method=DELETE", {**headers, **claims})
    assert answer.content == plain.content
    assert "evil.example" not in answer.text


def test_every_answer_says_that_it_is_not_to_be_kept_or_guessed_at(world: ApiWorld) -> None:
    headers = world.bearer()
    for one in OPERATIONS:
        path = one.path.format(calendar_id=world.work, profile_id="pro_none", event_uid="evt_x", page="x")
        for sent in ({}, headers):
            answer = world.call(one.method, path, sent)
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers.get("content-type", JSON) == JSON
            assert ("content-type" in answer.headers) is bool(answer.content)
            assert not {"server", "x-powered-by", "etag", "last-modified", "set-cookie"} & answer.headers.keys()


def test_a_request_without_a_token_and_one_with_a_bad_token_are_told_so(world: ApiWorld) -> None:
    for one in [row for row in OPERATIONS if row.auth is Auth.TOKEN]:
        path = one.path.format(calendar_id="x", profile_id="x", event_uid="x", page="x")
        missing = world.call(one.method, path, {})
        assert (missing.status_code, code_of(missing)) == (401, "token_missing")
        assert missing.headers["www-authenticate"] == 'Bearer realm="calendar", error="invalid_request"'
        bad = world.call(one.method, path, {"Authorization": "Bearer undefined"})
        assert (bad.status_code, code_of(bad)) == (401, "token_invalid")
        assert bad.headers["www-authenticate"] == 'Bearer realm="calendar", error="invalid_token"'


def test_a_token_is_taken_from_the_header_alone(world: ApiWorld) -> None:
    token = world.bearer()["Authorization"].removeprefix("Bearer ")
    for query in (f"access_token={token}", f"token={token}", f"et={token}"):
        assert world.call("GET", f"/v1/userinfo?{query}", {}).status_code == 401
    assert world.call("GET", "/v1/userinfo", {"Cookie": f"access_token={token}"}).status_code == 401
    assert world.call("POST", world.events_path(), {}, json={**world.body(), "access_token": token}).status_code == 401
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert world.send(world.app, "GET", "/v1/userinfo", headers=twice).status_code == 401
    for scheme in ("bearer", "BEARER"):
        assert world.call("GET", "/v1/userinfo", {"Authorization": f"{scheme} {token}"}).status_code == 200
    for scheme in ("Basic", "Token", "Bearer\t"):
        assert world.call("GET", "/v1/userinfo", {"Authorization": f"{scheme} {token}"}).status_code == 401


def test_a_missing_scope_is_named_as_rfc_6750_says(world: ApiWorld) -> None:
    answer = world.call("POST", "/v1/calendars", world.bearer("free_busy"), json={})
    assert (answer.status_code, code_of(answer)) == (403, "scope_missing")
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="create_calendar"'


BAD_BODIES = [
    b"{", b'{"event_id": "a", "event_id": "b"}', b"[" * 50 + b"]" * 50, b'{"a": NaN}', b'{"a": 1e999}',
    b'{"a": 1234567890123}', b'{"summary": "\xff"}', b"[1]", b"null", b"5", b'"text"',
]  # fmt: skip


def test_a_body_that_can_not_be_read_is_said_of_the_base_and_only_to_who_may_write(world: ApiWorld) -> None:
    kind = {"Content-Type": "application/json"}
    allowed = world.bearer()
    for body in BAD_BODIES:
        answer = world.call("POST", world.events_path(), {**allowed, **kind}, content=body)
        assert keys_of(answer) == {"base": "errors.invalid_format"}
        assert world.call("POST", world.events_path(), kind, content=body).status_code == 401
        gone = world.call("POST", world.events_path("cal_none"), {**allowed, **kind}, content=body)
        assert gone.status_code == 404
    not_allowed = world.bearer("read_only")
    for body in BAD_BODIES:
        answer = world.call("POST", world.events_path(), {**not_allowed, **kind}, content=body)
        assert answer.status_code == 403
    assert world.owed() == []


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_a_megabyte_is_refused_whether_it_says_so_or_not(world: ApiWorld, declared: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    body = b" " * 1_100_000 if declared else chunks()
    headers = {**world.bearer(), "Content-Type": "application/json"}
    answer = world.call("POST", world.events_path(), headers, content=body)
    assert (answer.status_code, code_of(answer)) == (413, "body_too_large")


def test_a_chunked_body_within_the_limit_is_taken(world: ApiWorld) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for byte in json.dumps(world.body()).encode():
            yield bytes([byte])

    headers = {**world.bearer(), "Content-Type": "application/json"}
    assert world.call("POST", world.events_path(), headers, content=chunks()).status_code == 202


def test_compressed_bodies_and_other_media_are_415(world: ApiWorld) -> None:
    headers, body = world.bearer(), json.dumps(world.body()).encode()
    sent = [{"Content-Type": "application/json", "Content-Encoding": coding} for coding in ("gzip", "br", "DEFLATE")]
    media = ["", "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json; charset=latin1"]
    for changes in [*sent, *({"Content-Type": one} for one in media)]:
        answer = world.call("POST", world.events_path(), {**headers, **changes}, content=body)
        assert (answer.status_code, code_of(answer)) == (415, "media_unsupported"), changes
    for one in ("application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8"'):
        answer = world.call("POST", world.events_path(), {**headers, "Content-Type": one}, content=body)
        assert answer.status_code == 202


def test_too_many_requests_are_429_with_the_time_to_wait() -> None:
    world = ApiWorld(requests_per_second=2)
    headers = world.bearer()
    answers = [world.call("GET", "/v1/account", headers) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert (code_of(answers[2]), answers[2].headers["retry-after"]) == ("throttled", "1")
    assert world.call("GET", "/v1/account", {"Authorization": "Bearer x"}).status_code == 401
    world.clock.advance(1)
    assert world.call("GET", "/v1/account", headers).status_code == 200
    world.close()


class _Broken:
    """A store that fails in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self) -> NoReturn:
        raise self._error

    def write(self, *, durable: bool = True) -> NoReturn:
        raise self._error


def test_a_database_that_does_not_answer_is_503_and_says_nothing_of_it(world: ApiWorld) -> None:
    error = StoreUnavailable("disk /var/lib full")
    app = world.serve(replace(world.kit, store=_Broken(error)))  # type: ignore[arg-type]
    answer = world.send(app, "GET", "/v1/account", headers=world.bearer())
    assert (answer.status_code, code_of(answer), answer.headers["retry-after"]) == (503, "unavailable", "5")
    assert "disk" not in answer.text


def test_a_mistake_of_ours_is_500_without_detail_and_logged_without_values(world: ApiWorld) -> None:
    app = world.serve(replace(world.kit, store=_Broken(KeyError("a secret title"))))  # type: ignore[arg-type]
    with structlog.testing.capture_logs() as lines:
        answer = world.send(app, "POST", world.events_path(), headers=world.bearer(), json=world.body())
    assert (answer.status_code, code_of(answer)) == (500, "internal_error")
    assert "secret" not in answer.text
    (line,) = lines
    assert (line["event"], line["operation"]) == ("request failed", ["upsertEvent"])
    assert not {"summary", "Rehearsal"} & set(map(str, line.values()))


def test_the_status_table_knows_every_kind_of_refusal_and_nothing_unforeseen() -> None:
    for kind, status in zip(Refusal, (401, 403, 404, 423), strict=True):
        answer = explain(Refused(kind, "code", "reason", "remedy"))
        assert answer is not None
        assert answer.status_code == status
    for error in (NotFound("x"), Gone("x")):
        answer = explain(error)
        assert answer is not None
        assert answer.status_code == 404
    for unforeseen in (CalwardenError("x"), Conflict("x"), ValueError("x")):
        assert explain(unforeseen) is None


def test_every_code_of_the_status_table_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
    for status, code, _, _ in FIXED.values():
        assert re.search(rf"\| {status} \| `{code}` \|", page) or code == "not_found", code
