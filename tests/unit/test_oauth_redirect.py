from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calwarden.oauth.redirect import (
    is_registered,
    is_registered_with_state,
    keep_state,
    origin,
    problem_with,
    with_parameters,
)

CB = "https://app.example.org/cb?tenant=1"


def test_only_the_exact_address_is_registered() -> None:
    assert is_registered(CB, [CB])


@pytest.mark.parametrize(
    "near",
    [
        "https://app.example.org/cb",
        "https://app.example.org/cb?tenant=1&x=2",
        "https://app.example.org/cb/?tenant=1",
        "https://app.example.org/%63b?tenant=1",
        "https://APP.example.org/cb?tenant=1",
        "http://app.example.org/cb?tenant=1",
        "https://app.example.org:443/cb?tenant=1",
        "https://app.example.org/x/../cb?tenant=1",
        "https://app.example.org/cb?tenant=1#",
        "https://app.example.org@evil.example/cb?tenant=1",
        "https://evil.example/https://app.example.org/cb?tenant=1",
        " https://app.example.org/cb?tenant=1",
        "https://app.example.org/cb?tenant=1\n",
        "",
    ],
)
def test_anything_that_is_not_the_same_bytes_is_refused(near: str) -> None:
    assert not is_registered(near, [CB])


@pytest.mark.parametrize(
    ("uri", "registered", "same"),
    [
        ("http://127.0.0.1:51234/cb", "http://127.0.0.1/cb", True),
        ("http://127.0.0.1:51234/cb", "http://127.0.0.1:80/cb", True),
        ("http://[::1]:51234/cb", "http://[::1]/cb", True),
        ("http://127.0.0.1:51234/other", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1/a:5/cb", "http://127.0.0.1/a:6/cb", False),
        ("http://127.0.0.1:1@evil.example/cb", "http://127.0.0.1/cb", False),
        ("https://127.0.0.1:51234/cb", "https://127.0.0.1/cb", False),
        ("http://localhost:51234/cb", "http://localhost:3000/cb", False),
        ("http://app.example.org:51234/cb", "http://app.example.org/cb", False),
        ("http://127.0.0.1.example.org:1/cb", "http://127.0.0.1.example.org/cb", False),
    ],
)
def test_of_a_loopback_address_the_port_alone_may_differ(uri: str, registered: str, same: bool) -> None:
    assert is_registered(uri, [registered]) is same


@pytest.mark.parametrize(
    "bad",
    [
        "myapp://cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://*.example.org/cb",
        "https://user:pw@example.org/",
        "https://@example.org/",
        "https://example.org/#f",
        "https://exa mple.org/",
        "https://example.org/\\x",
        "https:///cb",
        "https://example.org:99999/",
        "//example.org/cb",
        "https://ex\u00e4mple.org/",
        "https:example.org/cb",
    ],
)
def test_what_is_no_plain_web_address_can_not_be_registered(bad: str) -> None:
    assert problem_with(bad) is not None
    assert not is_registered(bad, [bad])


def test_the_query_of_the_address_stays_and_parameters_come_after_it() -> None:
    assert with_parameters(CB, {"code": "a&b"}, "s%2F1") == f"{CB}&code=a%26b&state=s%2F1"
    assert with_parameters("https://a.example/cb", {"code": "x"}) == "https://a.example/cb?code=x"
    assert with_parameters("https://a.example/cb?", {"code": "x"}) == "https://a.example/cb?code=x"
    assert with_parameters(CB, {}) == CB


def test_state_sent_without_escapes_comes_back_as_it_was() -> None:
    assert keep_state("/next?page=1:a,b;c+d") == "/next?page=1:a,b%3Bc+d"
    assert keep_state("%E2%9C%93%2f") == "%E2%9C%93%2f"
    assert keep_state("50%") == "50%25"


@given(st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=255), max_size=40))
def test_state_means_the_same_on_the_way_back_and_breaks_nothing(raw: str) -> None:
    raw = raw.replace("&", "")
    location = with_parameters("https://a.example/cb", {"code": "x"}, keep_state(raw))
    assert location.isascii()
    assert location.isprintable()
    assert " " not in location
    back = parse_qs(urlsplit(location).query, keep_blank_values=True)
    assert set(back) == {"code", "state"}
    assert back["state"] == [unquote_plus(raw)]


def test_the_origin_is_scheme_host_and_port() -> None:
    assert origin("https://app.example.org:8443/cb?x=1") == "https://app.example.org:8443"


PLAIN = "https://app.example.org/cb"


@pytest.mark.parametrize(
    ("uri", "same"),
    [
        (PLAIN, True),
        (f"{PLAIN}?state=x", True),
        (f"{PLAIN}?state=", True),
        (f"{CB}&state=a%2Fb", True),
        (f"{CB}?state=x", False),
        (f"{PLAIN}&state=x", False),
        (f"{PLAIN}?state=x&more=1", False),
        (f"{PLAIN}?state=x?more=1", False),
        (f"{PLAIN}?state=x#there", False),
        (f"{PLAIN}?other=x", False),
        (f"{PLAIN}?state=x&state=y", False),
        (f"{CB}&state=x&state=y", False),
        (f"{PLAIN}?state=x y", False),
        (f"{PLAIN}?state=" + "x" * 2_048, False),
        ("https://evil.example/cb?state=x", False),
        ("http://127.0.0.1:51234/cb?state=x", True),
        ("", False),
    ],
)
def test_a_state_is_all_that_may_have_come_in(uri: str, same: bool) -> None:
    assert is_registered_with_state(uri, [PLAIN, CB, "http://127.0.0.1/cb"]) is same
    assert not is_registered_with_state(uri, [])


def test_a_registered_address_with_a_state_of_its_own_gets_no_second_one() -> None:
    own = f"{PLAIN}?state=fixed"
    assert is_registered_with_state(own, [own])
    assert not is_registered_with_state(f"{own}&state=x", [own])
