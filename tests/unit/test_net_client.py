"""The guarded client against servers on loopback that do their worst (security 8)."""

import asyncio
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpcore
import pytest
import trustme

from calwarden.net import (
    Answer,
    Cause,
    GuardedClient,
    Login,
    OutboundError,
    OutboundRules,
    Request,
    Timeouts,
    follow,
    parse_url,
    system_resolver,
    tls_context,
)
from servers.web import Got, Web, response, serving

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
QUICK = Timeouts(connect=1, step=1, whole=2)


def resolver(*answers: Sequence[str]) -> Resolver:
    """Answers in turn; the last one for ever."""
    left = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


class Asking:
    """One client, as long as the block."""

    def __init__(self, *allow: str, ca_pem: str | None = None, **changes: Any) -> None:
        rules = OutboundRules.of(allow, https_only=changes.pop("https_only", True))
        usual = {"tls": tls_context(ca_pem), "timeouts": QUICK, "resolve": system_resolver()}
        self._arguments = (rules, {**usual, **changes})

    def __call__(self, url: str, method: str = "GET", **sending: Any) -> Answer:
        return self.all([url], method, **sending)[0]

    def all(self, urls: Sequence[str], method: str = "GET", **sending: Any) -> list[Answer]:
        return asyncio.run(self._all(urls, method, sending))

    async def _all(self, urls: Sequence[str], method: str, sending: dict[str, Any]) -> list[Answer]:
        body, headers = sending.pop("body", b""), sending.pop("headers", ())
        client = GuardedClient(self._arguments[0], **self._arguments[1])
        try:
            return [await client.send(Request(method, parse_url(url), headers, body), **sending) for url in urls]
        finally:
            await client.close()


def refused(asking: Callable[[], object]) -> Cause:
    with pytest.raises(OutboundError) as caught:
        asking()
    return caught.value.cause


def fine(got: Got) -> bytes:
    return response(200, b"fine")


def test_a_request_goes_out_as_stated_and_the_answer_comes_back() -> None:
    with serving(lambda got: response(207, got.body, ETag='"1"')) as web:
        answer = Asking(web.allowed)(f"{web.url}/a%20b?c", "REPORT", body=b"<x/>", headers=(("Depth", "1"),))
    assert (answer.status, answer.body, answer.header("etag")) == (207, b"<x/>", '"1"')
    sent = web.got[0]
    assert (sent.method, sent.target, sent.headers["depth"]) == ("REPORT", "/a%20b?c", "1")
    assert sent.headers["host"] == f"127.0.0.1:{web.port}"
    assert sent.headers["accept-encoding"] == "identity"


def test_nothing_on_this_machine_is_reached_unless_excepted() -> None:
    with serving(fine) as web:
        ask = Asking(https_only=False)
        for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"):
            assert refused(lambda host=host: ask(f"http://{host}:{web.port}/")) is Cause.ADDRESS
        assert refused(lambda: Asking(f"127.0.0.1:{web.port + 1}")(web.url)) is Cause.ADDRESS
    assert web.connections == 0


def test_a_name_that_is_public_first_and_loopback_later_never_reaches_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []

    async def connect(self: object, host: str, port: int, **rest: object) -> None:
        reached.append(host)  # recorded instead of connected: a test has no business on the internet
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    rebinding = resolver(
        ["8.8.8.8"], ["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["::1"], ["10.0.0.1"]
    )
    ask = Asking(resolve=rebinding)
    causes = [refused(lambda: ask("https://rebind.example/")) for _ in range(6)]
    assert causes == [Cause.NO_ANSWER, *[Cause.ADDRESS] * 5]
    assert reached == ["8.8.8.8"]


def test_the_name_is_resolved_once_a_connection_and_exactly_that_address_is_used() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    with serving(fine) as web:
        ask = Asking(f"cal.lan:{web.port}", resolve=resolve)
        answers = ask.all([f"http://cal.lan:{web.port}/{n}" for n in range(3)])
    assert [one.status for one in answers] == [200, 200, 200]
    assert (asked, web.connections) == (["cal.lan"], 1)
    assert web.got[0].headers["host"] == f"cal.lan:{web.port}"


def test_every_new_connection_is_judged_again() -> None:
    with serving(lambda got: response(200, b"", Connection="close")) as web:
        changing = resolver(["127.0.0.1"], [])
        ask = Asking(f"cal.lan:{web.port}", resolve=changing)
        assert refused(lambda: ask.all([f"http://cal.lan:{web.port}/"] * 2)) is Cause.NO_ANSWER
    assert web.connections == 1


def test_a_second_address_is_tried_where_the_first_does_not_answer() -> None:
    with serving(fine) as web:
        two = resolver(["127.0.0.2", "127.0.0.1"])
        assert Asking(f"cal.lan:{web.port}", resolve=two)(f"http://cal.lan:{web.port}/").status == 200


def test_names_without_an_answer_hold_up_nothing_but_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def never(*arguments: object, **more: object) -> list[object]:
        let_go.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)

    async def ask() -> float:
        client = GuardedClient(OutboundRules(), tls=tls_context(), timeouts=QUICK, resolve=system_resolver())
        lost = [client.send(Request("GET", parse_url(f"https://n{n}.example/"))) for n in range(20)]
        stuck = asyncio.gather(*lost, return_exceptions=True)
        await asyncio.sleep(0.2)
        began = time.monotonic()
        await asyncio.to_thread(str)
        took = time.monotonic() - began
        assert {type(one) for one in await stuck} == {OutboundError}
        await client.close()
        return took

    try:
        assert asyncio.run(ask()) < 0.5
    finally:
        let_go.set()


def test_proxies_of_the_environment_and_netrc_are_not_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login stranger password secret\n")
    with serving(fine) as proxy, serving(fine) as web:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        assert Asking(web.allowed)(web.url).status == 200
    assert (proxy.connections, web.connections) == (0, 1)
    assert web.got[0].authorization is None


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with serving(fine) as inside, serving(lambda got: response(302, Location=inside.url)) as web:
        assert Asking(web.allowed, inside.allowed)(web.url).status == 302
    assert inside.connections == 0


def redirected(web: Web, *allow: str, login: Login | None = None) -> Answer:
    async def ask() -> Answer:
        rules = OutboundRules.of([web.allowed, *allow])
        client = GuardedClient(rules, tls=tls_context(), timeouts=QUICK, resolve=system_resolver())
        try:
            return await follow(lambda url: client.send(Request("PROPFIND", url), login=login), parse_url(web.url))
        finally:
            await client.close()

    return asyncio.run(ask())


def test_a_followed_redirect_is_judged_like_any_address() -> None:
    with serving(fine) as inside:
        for target in (inside.url, "http://169.254.169.254/latest", "file:///etc/passwd", "http://u@h/", ""):
            with serving(lambda got, target=target: response(301, Location=target)) as web:
                assert refused(lambda web=web: redirected(web)) in {Cause.ADDRESS, Cause.NO_ANSWER}
    assert inside.connections == 0


def test_redirects_end_after_a_few_hops() -> None:
    with serving(lambda got: response(307, Location=f"{got.target}x")) as web:
        assert refused(lambda: redirected(web)) is Cause.NO_ANSWER
    assert len(web.got) == 6


def test_credentials_stay_at_their_origin_when_a_redirect_leads_elsewhere() -> None:
    def wants(got: Got) -> bytes:
        return response(401, WWW_Authenticate='Basic realm="x"')

    with serving(wants) as other:

        def leads(got: Got) -> bytes:
            return response(302, Location=other.url) if got.authorization else wants(got)

        with serving(leads) as web:
            login = Login("jane", "secret", parse_url(web.url), cnonce=lambda: "c")
            answer = redirected(web, other.allowed, login=login)
    assert answer.status == 401
    assert [one.authorization for one in other.got] == [None]
    assert web.got[-1].authorization is not None


def test_basic_is_sent_once_asked_for_and_then_with_every_request() -> None:
    def guarded(got: Got) -> bytes:
        return fine(got) if got.authorization else response(401, WWW_Authenticate='Basic realm="x"')

    with serving(guarded) as web:
        login = Login("jane", "secret", parse_url(web.url), cnonce=lambda: "c")
        answers = Asking(web.allowed).all([web.url] * 2, login=login)
    assert [one.status for one in answers] == [200, 200]
    assert [one.authorization is not None for one in web.got] == [False, True, True]


@dataclass
class Closing:
    """Like SOGo 5.8: answers one request a connection, and does not say that it is the last one."""

    served: set[int] = field(default_factory=set)

    def __call__(self, got: Got) -> bytes:
        if id(got.connection) in self.served:
            return b""
        self.served.add(id(got.connection))
        return response(207) if got.authorization else response(401, WWW_Authenticate='basic realm="SOGo"')


def test_a_request_that_changes_nothing_outlives_the_connection_that_was_kept_for_it() -> None:
    with serving(Closing()) as web:
        login = Login("jane", "secret", parse_url(web.url), cnonce=lambda: "c")
        urls = [f"{web.url}/{one}" for one in "abc"]
        for method in ("PROPFIND", "GET", "REPORT"):
            assert [one.status for one in Asking(web.allowed).all(urls, method, login=login)] == [207, 207, 207]


def test_a_change_goes_out_once_on_a_connection_of_its_own() -> None:
    async def both(client: GuardedClient, url: str) -> list[int]:
        login = Login("jane", "secret", parse_url(url), cnonce=lambda: "c")
        asked = [Request(method, parse_url(url)) for method in ("GET", "PUT", "DELETE", "PUT")]
        found = [(await client.send(one, login=login)).status for one in asked]
        await client.close()
        return found

    with serving(Closing()) as web:
        rules = OutboundRules.of([web.allowed])
        client = GuardedClient(rules, tls=tls_context(), resolve=system_resolver(), timeouts=QUICK)
        assert asyncio.run(both(client, web.url)) == [207, 207, 207, 207]
    assert [one.method for one in web.got if one.method != "GET"] == ["PUT", "DELETE", "PUT"]


def test_a_change_whose_answer_is_lost_is_not_sent_again() -> None:
    with serving(lambda got: b"") as web:
        assert refused(lambda: Asking(web.allowed)(web.url, "PUT")) is Cause.NO_ANSWER
        assert len(web.got) == 1
        assert refused(lambda: Asking(web.allowed)(web.url)) is Cause.NO_ANSWER
        assert len(web.got) == 3


def test_a_wrong_password_is_tried_once_a_request() -> None:
    with serving(lambda got: response(401, WWW_Authenticate='Basic realm="x"')) as web:
        login = Login("jane", "wrong", parse_url(web.url), cnonce=lambda: "c")
        assert Asking(web.allowed)(web.url, login=login).status == 401
    assert len(web.got) == 2


def test_a_server_that_always_finds_the_nonce_stale_is_not_asked_for_ever() -> None:
    with serving(lambda got: response(401, WWW_Authenticate='Digest realm="x", nonce="n", stale=true')) as web:
        login = Login("jane", "wrong", parse_url(web.url), cnonce=lambda: "c")
        assert Asking(web.allowed)(web.url, login=login).status == 401
    assert len(web.got) == 3


@pytest.mark.parametrize("length", [{}, {"content_length": "70000"}])
def test_no_more_is_read_than_asked_for(length: dict[str, str]) -> None:
    def much(got: Got) -> bytes:
        if length:
            return response(200, b"x" * 70_000, **length)
        return response(200, content_length="", Transfer_Encoding="chunked").replace(
            b"content-length: \r\n", b""
        ) + b"".join(b"2710\r\n" + b"x" * 10_000 + b"\r\n" for _ in range(7))

    with serving(much) as web:
        assert refused(lambda: Asking(web.allowed)(web.url)) is Cause.TOO_LARGE
    with serving(lambda got: response(200, b"x" * 65_536)) as web:
        assert len(Asking(web.allowed)(web.url).body) == 65_536


def test_headers_without_end_are_no_answer() -> None:
    def endless(got: Got) -> bytes:
        with suppress(OSError):
            got.connection.sendall(
                b"HTTP/1.1 200 x\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 900) for n in range(500))
            )
        return response(200)

    with serving(endless) as web:
        assert refused(lambda: Asking(web.allowed)(web.url)) is Cause.NO_ANSWER


def test_a_packed_answer_is_not_unpacked() -> None:
    with serving(lambda got: response(200, gzip.compress(b"0" * 10_000_000), Content_Encoding="gzip")) as web:
        assert refused(lambda: Asking(web.allowed)(web.url)) is Cause.NO_ANSWER


def test_an_answer_that_trickles_in_is_given_up_after_the_whole_time() -> None:
    def trickle(got: Got) -> bytes:
        with suppress(OSError):
            got.connection.sendall(b"HTTP/1.1 200 x\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(100):
                got.connection.sendall(b"x")
                time.sleep(0.05)
        return b""

    with serving(trickle) as web:
        began = time.monotonic()
        assert refused(lambda: Asking(web.allowed, timeouts=Timeouts(1, 1, 0.5))(web.url)) is Cause.NO_ANSWER
        assert time.monotonic() - began < 2


def test_whatever_goes_wrong_out_there_is_one_error() -> None:
    causes = set()
    for answer in (
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\nx",
    ):
        with serving(lambda got, answer=answer: (got.connection.sendall(answer), b"")[1]) as web:
            causes.add(refused(lambda web=web: Asking(web.allowed)(web.url)))
    causes.add(refused(lambda: Asking("127.0.0.1:1")("http://127.0.0.1:1/")))
    causes.add(refused(lambda: Asking(resolve=resolver([]))("https://nowhere.example/")))
    assert causes == {Cause.NO_ANSWER}
    assert len({str(OutboundError(one)) for one in causes}) == 1


def test_a_private_authority_is_trusted_by_whoever_names_it_and_by_nobody_else() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("cal.lan").configure_cert(context)
    pem = authority.cert_pem.bytes().decode()
    local = resolver(["127.0.0.1"])
    with serving(fine, tls=context) as web:
        allow = (f"cal.lan:{web.port}", f"other.lan:{web.port}")
        assert Asking(*allow, ca_pem=pem, resolve=local)(f"https://cal.lan:{web.port}/").status == 200
        assert refused(lambda: Asking(*allow, resolve=local)(f"https://cal.lan:{web.port}/")) is Cause.CERTIFICATE
        # The name is verified although an address is connected to.
        wrong = Asking(*allow, ca_pem=pem, resolve=local)
        assert refused(lambda: wrong(f"https://other.lan:{web.port}/")) is Cause.CERTIFICATE
    with pytest.raises(ValueError, match="PEM"):
        tls_context("-----BEGIN NONSENSE-----")


def test_without_an_exception_nothing_is_said_without_tls() -> None:
    assert refused(lambda: Asking(resolve=resolver(["8.8.8.8"]))("http://example.org/")) is Cause.ADDRESS
