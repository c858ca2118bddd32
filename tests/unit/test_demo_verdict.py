"""The demo's verdict: what counts as allowed, refused and wrong, and that anything wrong is said."""

import io
import json

import httpx
import pytest

from demo.table import OPERATIONS, Cell
from demo.telling import Narrator

WRITE = next(one for one in OPERATIONS if one.name == "create a Partner Event")


@pytest.mark.parametrize(
    ("status", "done", "seen"),
    [
        (202, True, "Y"),
        (202, False, "202-"),
        (403, False, "n"),
        (403, True, "403+"),
        (404, False, "404-"),
        (500, None, "500"),
        (200, None, "Y"),
        (403, None, "n"),
    ],
)
def test_answer_and_effect_have_to_agree(status: int, done: bool | None, seen: str) -> None:
    assert Cell(WRITE, "WO", status, done).seen == seen


def test_a_cell_is_right_only_as_the_contract_has_it() -> None:
    assert Cell(WRITE, "WO", 202, True).right
    assert Cell(WRITE, "RO", 403, False).right
    assert not Cell(WRITE, "RO", 202, True).right
    assert not Cell(WRITE, "WO", 403, False).right


def test_what_is_not_as_expected_is_counted_and_said() -> None:
    out = io.StringIO()
    tell = Narrator(out)
    tell.expect(True, "this is so")
    tell.expect(False, "this too", instead=[1])
    assert tell.failures == ["this too"]
    assert out.getvalue() == "   ok this is so\n   NOT SO: this too\n           but [1]\n"


def test_no_token_and_no_code_is_shown() -> None:
    out = io.StringIO()
    tell = Narrator(out)
    request = httpx.Request("POST", "http://127.0.0.1:1/oauth/token?code=abc&x=1")
    tell.answered(httpx.Response(200, json={"access_token": "secret", "expires_in": 3600}, request=request))
    back = httpx.Response(302, headers={"location": "https://a.example/cb?code=secret&state=s"}, request=request)
    tell.answered(back)
    assert "secret" not in out.getvalue()
    assert '"expires_in": 3600' in out.getvalue()


def test_a_refusal_is_shown_whole() -> None:
    out = io.StringIO()
    body = json.dumps({"code": "c", "reason": "r " * 100, "remedy": "m"})
    Narrator(out).exchange("GET", "http://a.example/v1/x", 403, body)
    assert " ".join(out.getvalue().split()).endswith(f"403 c: {'r ' * 100}; to lift it, m")
