"""Tokens: what they say, what they can be turned into, and their end (authorization 1, security 4)."""

from conformance.client import Answer
from conformance.report import Report, Rule, Severity
from conformance.tokens import Granted
from conformance.world import World

NAMES = Rule(
    "tokens/scope", "authorization 1.2: scope has the names as granted; composites are not expanded", Severity.FORM
)
WIDENS = Rule("tokens/refresh_widens", "security 4.8: refreshing never widens the scope")
REFRESHED = Rule("tokens/refresh", "authorization 1.3: refreshing gives a token of the same scope", Severity.DENIED)
CLIENT = Rule("tokens/refresh_client", "security 4.8: a refresh token works only for its client")
KINDS = Rule("tokens/kinds", "security 4.7: a refresh token is no access token, nor the other way round")
REPLACED = Rule("tokens/reauthorized", "authorization 1.1: a new authorization replaces the scopes; it adds none")
FOREIGN = Rule("tokens/revoke_foreign", "security 4.13: an application revokes only its own tokens")
REVOKED = Rule("tokens/revoked", "P34, authorization 1.4: after revocation every token of the authorization is 401")
NOT_AGAIN = Rule("tokens/revoked_refresh", "authorization 1.3: refreshing after revocation is 400 invalid_grant")

_TOKEN, _REVOKE = "/oauth/token", "/oauth/token/revoke"


def check_tokens(world: World, report: Report) -> None:
    granted = world.grant("free_busy_write")
    if granted.refresh_token is None:
        report.skip("tokens/refresh", "whoever gives tokens gives no refresh_token")
    else:
        _check_refresh(world, report, granted, granted.refresh_token)
    if granted.scope is not None:
        report.expect(NAMES, granted.scope == "free_busy_write", came=f'scope is "{granted.scope}"')
    if report.wants(REPLACED.check):
        _check_replaced(world, report)
    _check_revoked(world, report)


def _refresh(world: World, token: str, application: str = "A", **more: str) -> Answer:
    asking = world.a if application == "A" else world.b
    return world.tokens.client_call(asking, _TOKEN, grant_type="refresh_token", refresh_token=token, **more)


def _refused(answer: Answer) -> bool:
    return answer.status == 400 and answer.member("error") == "invalid_grant"


def _check_refresh(world: World, report: Report, granted: Granted, refresh_token: str) -> None:
    answer = _refresh(world, refresh_token)
    token = str(answer.member("access_token"))
    report.expect(REFRESHED, answer.ok and _status(world, token) == 200, _without_secrets(answer))
    report.expect(NAMES, answer.member("scope") == "free_busy_write", _without_secrets(answer))
    for scope in ("read_write", "free_busy_write read_events"):
        wider = _refresh(world, refresh_token, scope=scope)
        report.expect(WIDENS, wider.member("scope") in {None, "free_busy_write"}, _without_secrets(wider))
        for one in (str(wider.member("access_token") or token), token, granted.api.token):
            read = world.tokens.wire.ask("GET", "/v1/events", {"tzid": "Etc/UTC"}, token=one, who="A, refreshed")
            report.expect(WIDENS, not read.ok, read, f"after asking for {scope}")
    theirs = _refresh(world, refresh_token, "B")
    report.expect(CLIENT, _refused(theirs), _without_secrets(theirs))
    as_access = _status(world, refresh_token)
    report.expect(KINDS, as_access == 401, came=f"a refresh token as a bearer: {as_access}")
    as_refresh = _refresh(world, granted.api.token)
    report.expect(KINDS, _refused(as_refresh), _without_secrets(as_refresh))


def _check_replaced(world: World, report: Report) -> None:
    """More is granted, then less."""
    before = world.grant("read_write")
    after = world.grant("free_busy")
    if after.scope is not None:
        report.expect(REPLACED, after.scope == "free_busy", came=f'scope is "{after.scope}"')
    for one in (after, before):
        answers = [
            one.api.get("/v1/events", tzid="Etc/UTC"),
            one.api.delete(f"/v1/calendars/{world.trials}/events", event_id=world.named("nothing")),
        ]
        for answer in answers:
            report.expect(REPLACED, answer.status in {401, 403}, answer, "after an authorization of free_busy alone")


def _check_revoked(world: World, report: Report) -> None:
    wanted = [one for one in (FOREIGN, REVOKED, NOT_AGAIN) if report.wants(one.check)]
    if not wanted:
        return
    granted = world.grant("read_write")
    refresh_token = granted.refresh_token
    answer = _refresh(world, refresh_token) if refresh_token else None
    tokens = [granted.api.token, *([str(answer.member("access_token"))] if answer is not None else [])]
    world.tokens.client_call(world.b, _REVOKE, token=granted.api.token)
    report.expect(FOREIGN, _status(world, granted.api.token) == 200, came="B has ended A's access")
    revoked = world.tokens.client_call(world.a, _REVOKE, token=granted.api.token)
    report.expect(REVOKED, revoked.status == 200, revoked)
    for path in ("/v1/userinfo", "/v1/calendars", "/v1/free_busy?tzid=Etc/UTC"):
        for token in tokens:
            got = world.tokens.wire.ask("GET", path, token=token, who="A, revoked")
            report.expect(REVOKED, got.status == 401, got)
    if refresh_token:
        again = _refresh(world, refresh_token)
        report.expect(NOT_AGAIN, _refused(again), _without_secrets(again))


def _status(world: World, token: str) -> int:
    return world.tokens.wire.ask("GET", "/v1/userinfo", token=token).status


def _without_secrets(answer: Answer) -> Answer:
    """For a report: tokens are nobody's to read."""
    text, body = answer.text, answer.body
    for name in ("access_token", "refresh_token"):
        value = body.get(name) if isinstance(body, dict) else None
        text = text.replace(str(value), "...") if value else text
    return Answer(answer.sent, answer.status, answer.headers, text.encode())
