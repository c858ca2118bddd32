"""Digest access authentication on the vectors of RFC 7616 and RFC 2617, and which origins get credentials."""

import hashlib
from base64 import b64encode

import pytest

from calwarden.net import Login, parse_url
from calwarden.net.auth import Challenge, challenges

HOME = parse_url("http://www.example.org/dir/index.html")
RFC7616_NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
RFC7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
SHA = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256,'
    f' nonce="{RFC7616_NONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
MD5 = SHA.replace("SHA-256", "MD5")


def login(password: str = "Circle of Life", cnonce: str = RFC7616_CNONCE) -> Login:
    return Login("Mufasa", password, HOME, cnonce=lambda: cnonce)


def signed(one: Login) -> dict[str, str]:
    header = one.authorization("GET", HOME)
    assert header is not None
    assert header.startswith("Digest ")
    return dict(challenges([header])[0].parameters)


def test_rfc_7616_3_9_1_with_md5() -> None:
    one = login()
    assert one.challenged(HOME, [MD5])
    assert signed(one) == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": "MD5",
        "nonce": RFC7616_NONCE,
        "nc": "00000001",
        "cnonce": RFC7616_CNONCE,
        "qop": "auth",
        "response": "8ca523f5e9506fed4657c9700eebdbec",
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }


def test_rfc_7616_3_9_1_with_sha_256_which_is_preferred() -> None:
    one = login()
    assert one.challenged(HOME, [MD5, SHA])
    assert signed(one)["response"] == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


def test_rfc_2617_3_5() -> None:
    one = login("Circle Of Life", "0a4f113b")
    offer = 'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    assert one.challenged(HOME, [offer])
    assert signed(one)["response"] == "6629fae49393a05397450978507c4ef1"


def test_without_qop_the_nonce_is_not_counted() -> None:
    one = login()
    assert one.challenged(HOME, ['Digest realm="r", nonce="n"'])
    parts = signed(one)
    assert "nc" not in parts
    secret, asked = (hashlib.md5(text).hexdigest() for text in (b"Mufasa:r:Circle of Life", b"GET:/dir/index.html"))
    assert parts["response"] == hashlib.md5(f"{secret}:n:{asked}".encode()).hexdigest()


def test_a_session_algorithm_hashes_the_nonces_in() -> None:
    one = login(cnonce="c")
    assert one.challenged(HOME, ['Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess'])
    secret = hashlib.md5(b"Mufasa:r:Circle of Life").hexdigest()
    secret = hashlib.md5(f"{secret}:n:c".encode()).hexdigest()
    asked = hashlib.md5(b"GET:/dir/index.html").hexdigest()
    assert signed(one)["response"] == hashlib.md5(f"{secret}:n:00000001:c:auth:{asked}".encode()).hexdigest()


def test_a_nonce_is_used_again_with_a_rising_count() -> None:
    one = login()
    one.challenged(HOME, [SHA])
    assert [signed(one)["nc"] for _ in range(3)] == ["00000001", "00000002", "00000003"]
    one.welcomed(HOME, 'nextnonce="following", qop=auth')
    assert (signed(one)["nonce"], signed(one)["nc"]) == ("following", "00000002")


def test_a_refused_fresh_nonce_is_a_wrong_password_and_an_old_or_stale_one_is_not() -> None:
    one = login()
    assert one.challenged(HOME, [SHA])
    signed(one)
    assert not one.challenged(HOME, [SHA.replace(RFC7616_NONCE, "second")])
    assert signed(one)["nonce"] == RFC7616_NONCE
    assert one.challenged(HOME, [SHA.replace(RFC7616_NONCE, "second") + ", stale=true"])
    one.welcomed(HOME, None)
    assert one.challenged(HOME, [SHA.replace(RFC7616_NONCE, "third")])
    assert signed(one)["nonce"] == "third"


def test_a_server_that_offers_digest_and_cannot_do_it_gets_basic_if_it_offered_that_too() -> None:
    """Cyrus 3.6 offers what SASL has a plugin for, and answers every Digest with one more challenge."""
    one = login()
    assert one.challenged(HOME, [MD5, 'Basic realm="r"'])
    assert signed(one)["algorithm"] == "MD5"
    assert one.challenged(HOME, [MD5.replace(RFC7616_NONCE, "second")])
    assert (one.authorization("GET", HOME) or "").startswith("Basic ")
    assert not one.challenged(HOME, [MD5, 'Basic realm="r"'])
    assert (one.authorization("GET", HOME) or "").startswith("Basic ")


def test_a_digest_that_was_let_in_once_is_never_given_up_for_basic() -> None:
    one = login()
    assert one.challenged(HOME, [MD5, 'Basic realm="r"'])
    signed(one)
    one.welcomed(HOME, None)
    assert one.challenged(HOME, [MD5.replace(RFC7616_NONCE, "second"), 'Basic realm="r"'])
    assert signed(one)["nonce"] == "second"
    assert not one.challenged(HOME, [MD5.replace(RFC7616_NONCE, "third"), 'Basic realm="r"'])
    assert signed(one)["nonce"] == "second"


@pytest.mark.parametrize(
    "offer",
    [
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r", nonce="n", algorithm=SHA-1',
        'Digest realm="r"',
        "Negotiate",
    ],
)
def test_an_offer_that_cannot_be_taken_is_passed_over(offer: str) -> None:
    assert not login().challenged(HOME, [offer])
    assert login().challenged(HOME, [offer, 'Basic realm="r"'])


def test_several_challenges_may_stand_in_one_header() -> None:
    found = challenges(['Negotiate YWJj==, Digest realm="a, \\"b\\"", nonce="n", Basic realm="c"', "Bearer"])
    assert found == (
        Challenge("negotiate", {}),
        Challenge("digest", {"realm": 'a, "b"', "nonce": "n"}),
        Challenge("basic", {"realm": "c"}),
        Challenge("bearer", {}),
    )


def test_without_tls_nothing_is_sent_before_it_is_asked_for() -> None:
    one = login()
    assert one.authorization("GET", HOME) is None
    assert one.challenged(HOME, ['Basic realm="r"'])
    assert one.authorization("GET", HOME) == f"Basic {b64encode(b'Mufasa:Circle of Life').decode()}"
    assert not one.challenged(HOME, ['Basic realm="r"'])


def test_over_tls_a_server_may_still_ask_for_digest_instead() -> None:
    home = parse_url("https://cal.example.org/")
    one = Login("u", "p", home, cnonce=lambda: "c")
    assert (one.authorization("GET", home) or "").startswith("Basic ")
    assert one.challenged(home, [SHA])
    assert (one.authorization("GET", home) or "").startswith("Digest ")
    assert not one.challenged(home, ['Basic realm="r"'])


def test_credentials_go_to_no_other_origin_whatever_it_asks() -> None:
    home = parse_url("https://cal.example.org/")
    one = Login("u", "p", home, cnonce=lambda: "c")
    assert one.authorization("GET", home) is not None
    for other in (
        "https://cal.example.org:8443/",
        "http://cal.example.org/",
        "https://example.org/",
        "https://a.cal.example.org/",
    ):
        assert one.authorization("GET", parse_url(other)) is None
        assert not one.challenged(parse_url(other), ['Basic realm="r"', SHA])
        assert one.authorization("GET", parse_url(other)) is None


def test_names_and_passwords_beyond_ascii_are_utf_8() -> None:
    one = Login("Jörg", "pässword", HOME, cnonce=lambda: "c")
    one.challenged(HOME, ['Basic realm="r"'])
    assert one.authorization("GET", HOME) == f"Basic {b64encode('Jörg:pässword'.encode()).decode()}"
    broken = Login("J\udcf6rg", "x", HOME, cnonce=lambda: "c")
    broken.challenged(HOME, ['Basic realm="r"'])
    assert broken.authorization("GET", HOME) == f"Basic {b64encode(b'J?rg:x').decode()}"


def test_names_with_quotes_add_no_parameter() -> None:
    one = Login('x", uri="/evil', "p", HOME, cnonce=lambda: "c")
    one.challenged(HOME, [SHA])
    assert signed(one)["uri"] == "/dir/index.html"


def test_a_login_is_not_printed() -> None:
    assert "Circle" not in repr(login())
