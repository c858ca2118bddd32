"""What a page refuses, and the headers it carries: security 4.2, 4.9 to 4.11, 4.15, 4.16."""

import re
from collections.abc import Iterator

import httpx
import pytest

from browser.running import Pages, pages
from calwarden.connectors.memory.connector import memory_factory
from calwarden.connectors.memory.provider import MemoryProvider
from calwarden.oauth.tokens import hash_token
from calwarden.usecases.people import SignUp, SignUpMode
from calwarden.web.routes import PAGES
from usecases.auth_world import PASSWORD, World, answer_of


@pytest.fixture(scope="module")
def served() -> Iterator[Pages]:
    world = World()
    provider = MemoryProvider()
    provider.add_user("jane", "secret", name="jane")
    provider.add_calendar("jane", "work", "Work <b>&", primary=True)
    with pages(world, memory_factory(provider, world.clock)) as held:
        yield held
    world.store.close()


@pytest.fixture(autouse=True)
def _forget_attempts(served: Pages) -> None:
    served.world.clock.advance(3_600)


@pytest.fixture
def browser(served: Pages) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        yield client


def fields(page: httpx.Response) -> dict[str, str]:
    """What a browser sends of itself: hidden fields, and what is ticked."""
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    found |= dict(re.findall(r'<input type="checkbox" name="([^"]+)" value="([^"]*)" checked>', page.text))
    assert "csrf" in found, page.text
    return found


def enter(browser: httpx.Client, password: str = PASSWORD, email: str = "jane@example.org") -> httpx.Response:
    hidden = fields(browser.get("/sign-in?switch=1"))
    return browser.post("/sign-in", data={**hidden, "email": email, "password": password})


def connect(browser: httpx.Client) -> None:
    hidden = fields(browser.get("/connect"))
    data = {**hidden, "service": "caldav", "url": "dav.example.org", "username": "jane", "password": "secret"}
    answered = browser.post("/connect", data=data)
    assert answered.status_code == 303, answered.text


def asked(browser: httpx.Client, served: Pages, **changes: str) -> str:
    """An authorization request of somebody signed in with a calendar; gives the consent page's path."""
    enter(browser)
    connect(browser)
    begun = browser.get(served.authorize(**changes))
    assert begun.status_code == 302
    return begun.headers["location"]


def test_every_page_carries_its_headers(browser: httpx.Client, served: Pages) -> None:
    for path in ("/sign-in", "/sign-up", "/reset", "/reset/none", "/verify/none", "/oauth/authorize", "/", "/account"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        for part in (
            "default-src 'none'",
            "script-src 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ):
            assert part in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
    consent = browser.get(asked(browser, served))
    assert f"form-action 'self' {served.app_url};" in consent.headers["content-security-policy"]


def test_cookies_are_http_only_lax_and_host_bound_on_https(browser: httpx.Client) -> None:
    cookie = browser.get("/sign-in").headers["set-cookie"]
    assert re.search(r"HttpOnly; Path=/; SameSite=lax$", cookie)
    session = enter(browser).headers["set-cookie"]
    assert "calwarden_session=" in session
    assert "Max-Age=1209600" in session


def test_an_unknown_application_or_address_is_shown_and_never_redirected_to(
    browser: httpx.Client, served: Pages
) -> None:
    for query in (
        "client_id=none",
        f"client_id=demo&redirect_uri={served.app_url}/cb2",
        "client_id=demo&client_id=demo",
    ):
        answer = browser.get(f"/oauth/authorize?response_type=code&scope=read_only&{query}")
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "<h1" in answer.text


def test_other_faults_go_back_to_the_application(browser: httpx.Client, served: Pages) -> None:
    answer = browser.get(served.authorize(scope="everything") + "&state=a%2Fb+c'%00")
    assert answer.status_code == 302
    location = answer.headers["location"]
    assert location.startswith(f"{served.app_url}/cb?error=invalid_scope&")
    assert location.endswith("&state=a%2Fb+c'%00")
    assert answer_of(location)["iss"] == served.url


def test_the_form_carries_an_id_a_token_and_the_button_and_nothing_else_counts(
    browser: httpx.Client, served: Pages
) -> None:
    path = asked(browser, served, scope="free_busy", state="s1")
    page = browser.get(path)
    hidden = fields(page)
    assert {name.partition(".")[0] for name in hidden} == {"csrf", "offered", "calendar"}
    sent = browser.post(
        path, data={**hidden, "decision": "accept", "scope": "read_write", "redirect_uri": "https://evil.example"}
    )
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(f"{served.app_url}/cb?code=")
    assert answer_of(sent.headers["location"])["state"] == "s1"
    with served.world.store.read() as uow:
        held = uow.authorizations.by_code(hash_token(answer_of(sent.headers["location"])["code"]))
    assert held is not None
    assert held.scopes == ("free_busy",)


def test_a_consent_page_is_used_once(browser: httpx.Client, served: Pages) -> None:
    path = asked(browser, served)
    hidden = fields(browser.get(path))
    assert browser.post(path, data={**hidden, "decision": "refuse"}).status_code == 303
    assert browser.post(path, data={**hidden, "decision": "accept"}).status_code == 404
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("changes", [{"csrf": ""}, {"csrf": "x" * 32}, {"decision": ""}, {"decision": "maybe"}])
def test_a_form_without_its_token_or_decision_does_nothing(
    browser: httpx.Client, served: Pages, changes: dict[str, str]
) -> None:
    path = asked(browser, served)
    hidden = fields(browser.get(path))
    refused = browser.post(path, data={**hidden, "decision": "accept", **changes})
    assert refused.status_code in {400, 403}
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_sent_from_elsewhere_does_nothing(browser: httpx.Client, served: Pages, headers: dict[str, str]) -> None:
    path = asked(browser, served)
    hidden = fields(browser.get(path))
    refused = browser.post(path, data={**hidden, "decision": "accept"}, headers=headers)
    assert refused.status_code == 403
    assert "another site" in refused.text
    same = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert browser.post(path, data={**hidden, "decision": "accept"}, headers=same).status_code == 303


def test_another_persons_token_does_not_fit(browser: httpx.Client, served: Pages) -> None:
    path = asked(browser, served)
    with httpx.Client(base_url=served.url, trust_env=False) as other:
        enter(other)
        token = fields(other.get("/account"))["csrf"]
    assert browser.post(path, data={"csrf": token, "decision": "accept"}).status_code == 403


def test_a_repeated_or_unreadable_form_does_nothing(browser: httpx.Client, served: Pages) -> None:
    path = asked(browser, served)
    csrf = fields(browser.get(path))["csrf"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    twice = browser.post(path, content=f"csrf={csrf}&decision=refuse&decision=accept", headers=form)
    assert twice.status_code == 400
    assert browser.post(path, json={"csrf": csrf, "decision": "accept"}).status_code == 400
    assert browser.post(path, content=b"csrf=%ff\xff", headers=form).status_code == 400
    assert browser.post(path, content="x" * 70_000, headers=form).status_code == 413


def test_a_browser_without_cookies_is_told_so(served: Pages) -> None:
    hidden = fields(httpx.get(f"{served.url}/sign-in", trust_env=False))
    data = {**hidden, "email": "jane@example.org", "password": PASSWORD}
    answer = httpx.post(f"{served.url}/sign-in", data=data, trust_env=False)
    assert answer.status_code == 400
    assert "cookies" in answer.text
    answer = httpx.post(f"{served.url}/account/revoke", data={}, trust_env=False)
    assert answer.status_code == 400


def test_pages_for_somebody_lead_a_stranger_to_the_sign_in_page(browser: httpx.Client, served: Pages) -> None:
    browser.get("/sign-in")
    for path in (
        "/account",
        "/account/activity",
        "/account/delete",
        "/account/access/x",
        "/connect",
        "/relink/pro_1",
        "/permissions/x",
        "/oauth/consent/x",
        "/developer",
        "/developer/new",
        "/developer/x",
        "/developer/x/delete",
    ):
        answer = browser.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in")
    for path in (
        "/account/revoke",
        "/account/lower",
        "/account/disconnect",
        "/account/delete",
        "/permissions/x",
        "/relink/pro_1",
        "/developer/new",
        "/developer/x",
        "/developer/x/secrets",
        "/developer/x/withdraw",
        "/developer/x/delete",
    ):
        answer = browser.post(path, data={"csrf": "x"})
        assert answer.status_code == 303, path


@pytest.mark.parametrize(
    "odd", ["%0d%0aSet-Cookie:x=1", "%E2%82%AC", "%00", "%ff", "a%26door%3Dconsent", "a%3Fb", "a b", "x" * 65]
)
@pytest.mark.parametrize("page", ["/permissions/", "/relink/", "/oauth/consent/", "/verify/", "/reset/"])
def test_what_can_be_no_id_of_ours_leads_nowhere(browser: httpx.Client, page: str, odd: str) -> None:
    answer = browser.get(page + odd)
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    form = fields(browser.get("/sign-in?switch=1"))
    sent = browser.post(page + odd, data={**form, "decision": "accept"})
    assert (sent.status_code, sent.headers.get("location")) in {(404, None), (303, "/sign-in")}


def test_where_to_go_after_sign_in_is_never_an_address(browser: httpx.Client) -> None:
    for door in (
        "door=consent&id=//evil.example",
        "door=https://evil.example&id=x",
        "door=consent&id=../../x",
        "next=//evil.example",
    ):
        hidden = fields(browser.get(f"/sign-in?switch=1&{door}"))
        answer = browser.post("/sign-in", data={**hidden, "email": "jane@example.org", "password": PASSWORD})
        assert answer.headers["location"] == "/account"


def test_a_wrong_address_and_a_wrong_password_make_the_same_page(browser: httpx.Client) -> None:
    said = [enter(browser, "wrong", email) for email in ("jane@example.org", "nobody@example.org")]
    assert {one.status_code for one in said} == {422}
    texts = {re.sub(r'value="[^"]*"', "", one.text) for one in said}
    assert len(texts) == 1


def test_too_many_attempts_are_answered_429_with_when_to_come_back(browser: httpx.Client, served: Pages) -> None:
    for _ in range(served.world.kit.limits.sign_in_attempts):
        assert enter(browser, "wrong").status_code == 422
    answer = enter(browser)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "900"


def test_signing_out_ends_the_session_on_the_server_too(browser: httpx.Client, served: Pages) -> None:
    enter(browser)
    kept = browser.cookies["calwarden_session"]
    browser.post("/sign-out", data=fields(browser.get("/account")))
    assert "calwarden_session" not in browser.cookies
    with httpx.Client(base_url=served.url, trust_env=False, cookies={"calwarden_session": kept}) as thief:
        assert thief.get("/account").status_code == 303


def test_signing_out_by_a_link_of_another_site_is_impossible(browser: httpx.Client) -> None:
    enter(browser)
    assert browser.get("/sign-out").status_code == 405
    assert browser.post("/sign-out", data={"csrf": ""}).status_code == 403
    assert browser.get("/account").status_code == 200


def test_a_method_that_a_page_does_not_take_is_405_and_names_those_that_it_does(browser: httpx.Client) -> None:
    styles = re.findall(r'rel="stylesheet" href="([^"]+)"', browser.get("/sign-in").text)
    enter(browser)
    offered: dict[str, set[str]] = {one: {"GET", "HEAD"} for one in styles}
    for method, path, _ in PAGES:
        named = re.sub(r"{\w+}", "never-was", path)
        offered.setdefault(named, set()).update({method, *(["HEAD"] if method == "GET" else [])})
    assert styles
    for path, methods in offered.items():
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - methods:
            answer = browser.request(method, path)
            assert answer.status_code == 405, (method, path)
            assert set(answer.headers["allow"].split(", ")) == methods
            assert "set-cookie" not in answer.headers
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert path == "/" or browser.request(method, f"{path}/").status_code == 404


def test_a_browser_at_an_address_that_is_none_gets_a_page_and_a_program_json(browser: httpx.Client) -> None:
    shown = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
    for path in ("/nothing", "/account/", "/%2e%2e/etc/passwd", "/wp-login.php?a=<b>"):
        page, data = browser.get(path, headers=shown), browser.get(path)
        assert (page.status_code, data.status_code) == (404, 404)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "There is nothing at this address" in page.text
        assert data.json()["code"] == "no_such_address"
        assert browser.post(path, headers=shown).json()["code"] == "no_such_address"


def test_head_answers_a_page_like_get_without_its_text(browser: httpx.Client) -> None:
    for path in ("/sign-in", "/account", "/verify/never-was", "/oauth/authorize"):
        get, head = browser.get(path), browser.head(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers.get("content-type") == get.headers.get("content-type")


def test_what_people_and_services_call_things_is_escaped(browser: httpx.Client, served: Pages) -> None:
    page = browser.get(asked(browser, served)).text
    assert "Work &lt;b&gt;&amp;" in page
    assert "<b>&" not in page


def test_somebody_elses_page_looks_like_one_that_never_was(browser: httpx.Client, served: Pages) -> None:
    path = asked(browser, served)
    hidden = fields(browser.get(path))
    browser.post(path, data={**hidden, "decision": "accept"})
    served.world.tokens()
    with served.world.store.read() as uow:
        calendars = [one.calendar_id for one in uow.calendars.of_account(served.world.jane)]
    url = served.ask_for(calendars)
    with httpx.Client(base_url=served.url, trust_env=False) as other:
        hidden = fields(other.get("/sign-up"))
        data = {
            "name": "Eve",
            "email": f"eve{served.world.clock()}@example.org",
            "password": "eve has a password",
            "tzid": "Europe/Paris",
        }
        other.post("/sign-up", data={**hidden, **data})
        link = served.link()
        hidden = fields(other.get(link))
        assert other.post(link, data={**hidden, "password": data["password"]}).headers["location"] == "/account"
        theirs, nobodys = other.get(url), other.get(f"{served.url}/permissions/never-was")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text == nobodys.text
        csrf = fields(other.get("/account"))["csrf"]
        assert other.post(url, data={"csrf": csrf, "decision": "accept"}).status_code == 404
    assert browser.get(url).status_code == 200


def test_sign_up_is_not_offered_where_it_is_closed() -> None:
    world = World()
    closed = pages(world, memory_factory(MemoryProvider(), world.clock), SignUp(SignUpMode.CLOSED))
    with closed as held, httpx.Client(base_url=held.url, trust_env=False) as browser:
        assert "/sign-up" not in browser.get("/sign-in").text
        assert browser.get("/sign-up").status_code == 403
        typed = {"email": "a@example.org", "name": "A", "tzid": "Europe/Paris", "password": "long enough it is"}
        assert browser.post("/sign-up", data={**fields(browser.get("/sign-in")), **typed}).status_code == 403
    world.store.close()


def test_the_stylesheet_is_kept_by_browsers_and_needs_no_cookie(browser: httpx.Client) -> None:
    path = re.search(r'href="(/static/\w+\.css)"', browser.get("/sign-in").text)
    assert path is not None
    styles = browser.get(path.group(1))
    assert styles.headers["content-type"].startswith("text/css")
    assert "immutable" in styles.headers["cache-control"]
