from urllib.parse import quote

import pytest

from calwarden.domain.application import Application
from calwarden.domain.ids import ApplicationId
from calwarden.domain.times import Instant
from calwarden.oauth.authorize_request import Answerable, AuthorizeRequest, Fault, Unredirectable, Verdict, judge
from calwarden.oauth.metadata import metadata
from calwarden.oauth.tokens import hash_token

CB = "https://app.example.org/cb"
APP = Application(ApplicationId("demo"), "Demo", (CB,), Instant(0))
PUBLIC = Application(ApplicationId("native"), "Native", (CB,), Instant(0), public=True)
GOOD = f"response_type=code&client_id=demo&redirect_uri={quote(CB, safe='')}&scope=one"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def scopes(text: str) -> tuple[str, ...] | None:
    names = tuple(text.split())
    return names if names and set(names) <= {"one", "two"} else None


def judged(query: str) -> Verdict:
    return judge(query, {"demo": APP, "native": PUBLIC}.get, scopes)


def test_a_good_request_is_accepted_as_it_was_meant() -> None:
    verdict = judged(GOOD + "+two&state=n%200nce&unknown=x&provider_name=apple&avoid_linking=True")
    assert verdict == AuthorizeRequest(APP, CB, ("one", "two"), "n%200nce", None, "apple", True)


def test_empty_parameters_count_as_absent_as_pycronofy_sends_them() -> None:
    verdict = judged(GOOD + "&state=&provider_name=&avoid_linking=False")
    assert verdict == AuthorizeRequest(APP, CB, ("one",), None, None, None, False)


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("", Fault.UNKNOWN_APPLICATION),
        (GOOD.replace("demo", "Demo"), Fault.UNKNOWN_APPLICATION),
        (GOOD + "&client_id=demo", Fault.UNKNOWN_APPLICATION),
        (GOOD.replace("%2Fcb", "%2Fcb2"), Fault.BAD_REDIRECT),
        ("response_type=code&client_id=demo&scope=one", Fault.BAD_REDIRECT),
        (GOOD + f"&redirect_uri={CB}", Fault.BAD_REDIRECT),
        ("&".join(f"x{number}=1" for number in range(101)), Fault.UNREADABLE),
    ],
)
def test_nothing_is_sent_anywhere_while_application_and_address_are_not_right(query: str, fault: Fault) -> None:
    verdict = judged(query)
    assert isinstance(verdict, Unredirectable)
    assert verdict.fault == fault


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (GOOD.replace("=code", "=token"), "unsupported_response_type"),
        (GOOD.replace("=code", "=code+id_token"), "unsupported_response_type"),
        (GOOD.replace("response_type=code&", ""), "invalid_request"),
        (GOOD.replace("=one", "="), "invalid_scope"),
        (GOOD.replace("=one", "=one+three"), "invalid_scope"),
        (GOOD + "&scope=two", "invalid_request"),
        (GOOD + "&provider_name=a&provider_name=b", "invalid_request"),
        (GOOD + "&code_challenge=" + CHALLENGE, "invalid_request"),
        (GOOD + "&code_challenge_method=plain&code_challenge=" + CHALLENGE, "invalid_request"),
        (GOOD.replace("demo", "native"), "invalid_request"),
        (GOOD + "&state=" + "x" * 5000, "invalid_request"),
    ],
)
def test_everything_else_is_told_to_the_application(query: str, error: str) -> None:
    verdict = judged(query)
    assert isinstance(verdict, Answerable)
    assert verdict.error.code == error
    assert verdict.redirect_uri == CB


def test_state_goes_back_with_errors_but_not_when_it_is_ambiguous() -> None:
    verdict = judged(GOOD.replace("=one", "=") + "&state=keep")
    assert isinstance(verdict, Answerable)
    assert verdict.state == "keep"
    verdict = judged(GOOD + "&state=one&state=two")
    assert isinstance(verdict, Answerable)
    assert verdict.state is None


def test_a_public_application_with_a_challenge_is_accepted() -> None:
    verdict = judged(GOOD.replace("demo", "native") + f"&code_challenge={CHALLENGE}&code_challenge_method=S256")
    assert isinstance(verdict, AuthorizeRequest)
    assert verdict.code_challenge == CHALLENGE


def test_metadata_states_the_configured_issuer_and_what_is_supported() -> None:
    document = metadata("https://cal.example.net", ["read_only"])
    assert document["issuer"] == "https://cal.example.net"
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True


def test_the_hash_of_a_token_is_its_sha_256() -> None:
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(hash_token("\ud800" * 10_000)) == 64
