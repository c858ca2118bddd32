import pytest

from calwarden.oauth.errors import InvalidGrant, InvalidRequest
from calwarden.oauth.pkce import accept_challenge, challenge_of, verify

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_vector_of_rfc_7636_appendix_b() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE
    verify(CHALLENGE, VERIFIER)


@pytest.mark.parametrize(
    "verifier", [None, "", "short", VERIFIER[:-1] + "x", VERIFIER + "\n", "\u00e9" * 43, CHALLENGE]
)
def test_another_verifier_is_refused(verifier: str | None) -> None:
    with pytest.raises(InvalidGrant):
        verify(CHALLENGE, verifier)


def test_a_verifier_for_a_code_without_challenge_is_a_downgrade_and_refused() -> None:
    with pytest.raises(InvalidGrant):
        verify(None, VERIFIER)
    verify(None, None)


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (CHALLENGE, None),
        (CHALLENGE, "plain"),
        (CHALLENGE, "s256"),
        ("short", "S256"),
        (None, "S256"),
        (CHALLENGE + "=", "S256"),
    ],
)
def test_only_s256_is_accepted_and_no_method_means_plain(challenge: str | None, method: str | None) -> None:
    with pytest.raises(InvalidRequest):
        accept_challenge(challenge, method, required=False)


def test_a_public_application_must_send_a_challenge() -> None:
    assert accept_challenge(None, None, required=False) is None
    assert accept_challenge(CHALLENGE, "S256", required=True) == CHALLENGE
    with pytest.raises(InvalidRequest):
        accept_challenge(None, None, required=True)
