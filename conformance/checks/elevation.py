"""Extended Permissions: exactly that calendar, that application, that account (authorization 3, P28-P35)."""

from conformance.checks.foreign import invented
from conformance.client import Answer
from conformance.report import Report, Rule, Severity
from conformance.tokens import Granted, ask_elevation
from conformance.world import World, found, level, listing

ASKED = Rule("elevation/asking", "P38, P29: asking changes nothing; the person decides")
ALL = Rule("elevation/all_or_nothing", "security 6.1: all calendars of a request are valid, or all are refused")
GIVEN = Rule("elevation/given", "authorization 3.3: once accepted, permission_level is unrestricted", Severity.DENIED)
CALENDAR = Rule("elevation/calendar", "P28, P37: elevation is of exactly that calendar")
APPLICATION = Rule("elevation/application", "authorization 3.3: elevation does not reach other applications")
ACCOUNT = Rule("elevation/account", "authorization 3.3: elevation does not reach other accounts")
MISSING = Rule(
    "elevation/no_upsert", "authorization 3.5: an event_uid that names nothing is 404 and makes nothing (P32)"
)
LOWERED = Rule("elevation/lowered", "rulings 7: lowering to sandbox applies at once, without a page")
AGAIN = Rule("elevation/reauthorized", "security 5.3, P34: a new authorization starts with no elevation")
REVOKED = Rule("elevation/revoked", "P34: elevation is gone after revocation and re-authorization")


def check_elevation(world: World, report: Report) -> None:
    granted = world.grant("read_write")
    for role, calendar in (("el-here", world.trials), ("el-there", world.spare)):
        world.made(world.observer, calendar, [role])
    world.made(granted, world.trials, ["el-own"])
    world.seen("el-here", "el-there", "el-own")
    _check_asking(world, report, granted)
    world.tokens.elevate(granted, world.first, world.trials)
    listed = granted.api.get("/v1/calendars")
    levels = {str(one["calendar_id"]): str(one["permission_level"]) for one in listed.member("calendars") or []}
    report.expect(GIVEN, levels.get(world.trials) == "unrestricted", listed)
    others = [one for one, is_now in levels.items() if one != world.trials and is_now != "sandbox"]
    report.expect(CALENDAR, not others, listed, f"elevated as well: {', '.join(others)}")
    _refused(world, report, CALENDAR, granted, ("el-there", world.spare))
    _check_application(world, report)
    if report.wants(ACCOUNT.check):
        _check_account(world, report)
    _check_missing(world, report, granted)
    _check_ends(world, report, granted)


def _check_asking(world: World, report: Report, granted: Granted) -> None:
    for rule, calendars in ((ALL, (world.trials, invented(world.trials))), (ASKED, (world.trials,))):
        answer = ask_elevation(granted.api, world.a, *calendars)
        now = level(listing(granted.api), world.trials)
        right = answer.ok if rule is ASKED else answer.status in {404, 422}
        report.expect(rule, right and now == "sandbox", answer, f"permission_level is {now} then")
    _refused(world, report, ASKED, granted, ("el-here", world.trials))


def _refused(world: World, report: Report, rule: Rule, granted: Granted, target: tuple[str, str]) -> None:
    """Edit and delete by uid are 403, and the event stays."""
    if not report.wants(rule.check):
        return
    title, path = world.named(target[0]), f"/v1/calendars/{target[1]}/events"
    uid, before = world.uids(granted).get(title, "evt_external_unknown"), world.observe()
    answers: list[Answer] = [
        granted.api.post(path, event_uid=uid, **world.fields(f"{title}-edited")),
        granted.api.delete(path, event_uid=uid),
    ]
    for answer in answers:
        report.expect(rule, answer.status == 403, answer)
    now = world.observe()
    report.expect(rule, now.print_of(title) == before.print_of(title), answers[0], f"{title} is not as it was")


def _check_application(world: World, report: Report) -> None:
    """B has asked for nothing. What A wrote is External to it."""
    now = level(listing(world.observer.api), world.trials)
    report.expect(APPLICATION, now == "sandbox", came=f"B is told that permission_level is {now}")
    _refused(world, report, APPLICATION, world.observer, ("el-own", world.trials))


def _check_account(world: World, report: Report) -> None:
    """A on the second account, where B has written something."""
    theirs = world.grant("write_only", world.b, world.second)
    calendar_id = found(listing(theirs.api), world.second.calendars[0])
    mine = world.grant("read_write", account=world.second)
    elevated = [one for one in listing(mine.api) if one["permission_level"] != "sandbox"]
    report.expect(ACCOUNT, not elevated, came=f"unrestricted in the other account: {elevated}")
    title, path = world.named("el-elsewhere"), f"/v1/calendars/{calendar_id}/events"
    theirs.api.post(path, event_id=title, **world.fields(title))
    query = {**world.window, "calendar_ids": [calendar_id]}
    _, events = mine.api.pages("/v1/events", "events", **query)
    uid = next((one["event_uid"] for one in events if one["summary"] == title), "evt_external_unknown")
    answer = mine.api.post(path, event_uid=uid, **world.fields(f"{title}-edited"))
    report.expect(ACCOUNT, answer.status == 403, answer)
    theirs.api.delete(path, event_id=title)


def _check_missing(world: World, report: Report, granted: Granted) -> None:
    uid = world.uids(granted)[world.named("el-here")]
    title, path = world.named("el-nothing"), f"/v1/calendars/{world.trials}/events"
    answer = granted.api.post(path, event_uid=f"{uid[:-6]}000000", **world.fields(title))
    made = title in world.observe().events
    report.expect(MISSING, answer.status == 404 and not made, answer, "it was made" if made else "")


def _check_ends(world: World, report: Report, granted: Granted) -> None:
    """Lowered, authorized anew, revoked: each time the sandbox is back."""
    if report.wants(LOWERED.check):
        answer = ask_elevation(granted.api, world.a, world.trials, level="sandbox")
        now = level(listing(granted.api), world.trials)
        report.expect(LOWERED, answer.ok and now == "sandbox", answer, f"permission_level is {now} then")
        _refused(world, report, LOWERED, granted, ("el-here", world.trials))
        world.tokens.elevate(granted, world.first, world.trials)
    for rule in (AGAIN, REVOKED):
        if not report.wants(rule.check):
            continue
        if rule is REVOKED:
            world.tokens.elevate(granted, world.first, world.trials)
            world.tokens.client_call(world.a, "/oauth/token/revoke", token=granted.api.token)
        granted = world.grant("read_write")
        now = level(listing(granted.api), world.trials)
        report.expect(rule, now == "sandbox", came=f"permission_level is {now} for {granted.api.who}")
        _refused(world, report, rule, granted, ("el-here", world.trials))
