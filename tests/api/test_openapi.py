"""The OpenAPI document says what there is, and what it says holds for requests that nobody wrote by hand."""

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.api_world import ApiWorld
from calwarden.api import OPERATIONS
from calwarden.httpkit import Auth, Operation

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BOUNDED = settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_every_operation_is_in_the_document_with_all_its_statuses(world: ApiWorld) -> None:
    answer = world.call("GET", "/openapi.json", {})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["openapi"], body["servers"]) == ("3.1.0", [{"url": "https://cal.example.net"}])
    for one in OPERATIONS:
        shown = body["paths"][one.path][one.method.lower()]
        assert shown["operationId"] == one.name
        assert [int(status) for status in shown["responses"]] == one.statuses
        assert bool(shown["security"]) is (one.auth is Auth.TOKEN)
    names = [one.name for one in OPERATIONS]
    assert len(names) == len(set(names))


def test_every_schema_in_the_document_is_a_json_schema_and_every_reference_leads_somewhere(world: ApiWorld) -> None:
    body = world.call("GET", "/openapi.json", {}).json()
    schemas = body["components"]["schemas"]
    for name in schemas:
        whole = {"$ref": f"#/components/schemas/{name}", "components": body["components"]}
        jsonschema_rs.Draft202012Validator(whole)
    for row in (one for methods in body["paths"].values() for one in methods.values()):
        for kind in row.get("requestBody", {}).get("content", {}).values():
            jsonschema_rs.Draft202012Validator(kind["schema"])


def test_the_page_for_people_shows_every_operation_and_runs_nothing(world: ApiWorld) -> None:
    answer = world.call("GET", "/docs", {})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    for one in OPERATIONS:
        assert f"<code>{one.method} {one.path}</code>" in answer.text
    assert "<code>GET /oauth/authorize</code>" in answer.text  # a page, where every application begins


@pytest.mark.timeout(600)
@pytest.mark.parametrize("row", OPERATIONS, ids=lambda one: one.name)
def test_nothing_that_can_be_generated_leads_to_an_undocumented_answer(row: Operation[Any]) -> None:
    world = ApiWorld(calendar_wait=0)
    headers = world.bearer(elevated=(world.work,))
    event = world.put()[0]
    operation = schemathesis.openapi.from_asgi("/openapi.json", world.app).find_operation_by_id(row.name)
    ours = {"calendar_id": world.work, "event_uid": f"evt_external_{event.key}"}

    def probe(case: Any, ours_too: bool) -> None:
        if ours_too:
            case.path_parameters |= {name: ours[name] for name in ours.keys() & case.path_parameters}
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    states_something = bool(row.fields) or "{" in row.path
    modes = [schemathesis.GenerationMode.POSITIVE, *[schemathesis.GenerationMode.NEGATIVE] * states_something]
    for mode in modes:
        cases = operation.as_strategy(generation_mode=mode)
        BOUNDED(given(cases, st.booleans())(probe))()
    world.close()
