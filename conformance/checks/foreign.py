"""Another account's calendar is not there, exactly as one that nobody has is not there (rulings 2, security 1.3)."""

from collections.abc import Callable

from conformance.client import Answer, Api
from conformance.report import Report, Rule, Severity
from conformance.tokens import Granted, ask_elevation
from conformance.world import World, found, listing

_404 = "rulings 2: a path id that is foreign or never existed is 404, identical for both (security 1.3)"
_422 = "rulings 2: an id in a query or body that is foreign or never existed is 422, identical for both"
UNCHANGED = Rule("foreign/unchanged", "security 1.6: ids alone never select: nothing is written in another account")

_IN_PATH: dict[str, Callable[[Api, str, World], Answer]] = {
    "foreign/upsert": lambda api, one, world: api.post(
        f"/v1/calendars/{one}/events", event_id=world.named("strange"), **world.fields(world.named("strange"))
    ),
    "foreign/edit": lambda api, one, world: api.post(
        f"/v1/calendars/{one}/events", event_uid="evt_external_64008b1a4a41730f8d5c6037", **world.fields("strange")
    ),
    "foreign/delete": lambda api, one, _: api.delete(f"/v1/calendars/{one}/events", event_id="strange"),
    "foreign/respond": lambda api, one, _: api.post(
        f"/v1/calendars/{one}/events/evt_external_64008b1a4a41730f8d5c6037/participation_status", status="accepted"
    ),
}
_IN_INPUT: dict[str, Callable[[Api, str, World], Answer]] = {
    "foreign/events": lambda api, one, _: api.get("/v1/events", tzid="Etc/UTC", calendar_ids=[one]),
    "foreign/free_busy": lambda api, one, _: api.get("/v1/free_busy", tzid="Etc/UTC", calendar_ids=[one]),
    "foreign/bulk_delete": lambda api, one, _: api.delete("/v1/events", calendar_ids=[one]),
    "foreign/permissions": lambda api, one, world: ask_elevation(api, world.a, one),
}


def check_foreign(world: World, report: Report) -> None:
    granted = world.grant("read_write change_participation_status")
    theirs = world.grant("read_write", world.b, world.second)
    foreign = found(listing(theirs.api), world.second.calendars[0])
    for name, ask in _IN_PATH.items():
        _compare(report, Rule(name, _404), (404,), _twice(granted, foreign, ask, world))
    for name, ask in _IN_INPUT.items():
        statuses = (404, 422) if name == "foreign/permissions" else (422,)  # authorization 3.1
        _compare(report, Rule(name, _422), statuses, _twice(granted, foreign, ask, world))
    if report.wants(UNCHANGED.check):
        _, events = theirs.api.pages("/v1/events", "events", **{**world.window, "calendar_ids": [foreign]})
        strange = [one for one in events if one.get("summary") in {"strange", world.named("strange")}]
        report.expect(UNCHANGED, not strange, came=f"in the other account: {strange}")


def _twice(
    granted: Granted, foreign: str, ask: Callable[[Api, str, World], Answer], world: World
) -> tuple[Answer, Answer]:
    return ask(granted.api, foreign, world), ask(granted.api, invented(foreign), world)


def _compare(report: Report, rule: Rule, statuses: tuple[int, ...], answers: tuple[Answer, Answer]) -> None:
    """Both have one of the statuses, and nothing tells them apart."""
    theirs, nobodys = answers
    form = Rule(rule.check, rule.contract, rule.severity if theirs.essence != nobodys.essence else Severity.FORM)
    fine = theirs.status in statuses and theirs.essence == nobodys.essence
    report.expect(form, fine, theirs, f"with an id that nobody has: {nobodys.told}")


def invented(calendar_id: str) -> str:
    """An id of the same form that nobody has."""
    changed = "".join(_other(one) for one in calendar_id[-6:])
    return f"{calendar_id[:-6]}{changed}"


def _other(letter: str) -> str:
    if letter.isdigit():
        return str((int(letter) + 3) % 10)
    return letter if not letter.isalpha() else {"a": "c", "A": "C"}.get(letter, "a" if letter.islower() else "A")
