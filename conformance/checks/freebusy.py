"""Free/busy says when, not what (authorization 2.4, rulings 10)."""

from collections.abc import Iterable, Mapping
from typing import Any

from conformance.calendars import wire
from conformance.client import Api, NotTried
from conformance.report import Report, Rule, Severity
from conformance.world import World

FIELDS = Rule(
    "freebusy/fields",
    "authorization 2.4: of an External Event calendar_id, start, end and free_busy_status are shown, never what it is "
    "about, at any parameter setting (P7, P18)",
)
IDS = Rule("freebusy/ids", "rulings 10: without read_events an External entry carries no ids, whatever the parameters")
VALUES = Rule("freebusy/status", "events 7: free_busy_status is one of busy, free, tentative, unknown", Severity.FORM)
WORDS = Rule("freebusy/words", "authorization 2.4: no title, place or id of an External Event anywhere in the answer")
TITLES = Rule(
    "freebusy/titles", "security 3.1: what events are about has no influence on free/busy: the same bytes, whatever"
)

_ALLOWED = {"calendar_id", "start", "end", "free_busy_status"}
_IDS = {"event_uid", "event_id"}
_STATUSES = {"busy", "free", "tentative", "unknown"}
_SETTINGS: tuple[dict[str, object], ...] = (
    {},
    {"include_managed": "true"},
    {"include_ids": "true"},
    {"include_ids": "true", "include_managed": "true", "include_deleted": "true"},
    {"include_free": "true", "include_geo": "true", "include_deleted": "true"},
    {"localized_times": "true", "include_ids": "true"},
    {"last_modified": "2020-01-01T00:00:00Z", "include_ids": "true"},
    {"include_userinfo": "true"},
)
_HOURS = {"other": 10, "own": 15, "person": 20}


def check_freebusy(world: World, report: Report) -> None:
    writer = world.grant("write_only")
    world.made(writer, world.trials, ["busy-own"], world.slot(_HOURS["own"], 1))
    world.made(world.observer, world.trials, ["busy-other"], world.slot(_HOURS["other"], 1))
    roles = ["busy-own", "busy-other"]
    try:
        world.person_writes("busy-person", slot=world.slot(_HOURS["person"], 1))
        roles.append("busy-person")
        world.sync()
    except NotTried as error:
        report.skip("freebusy (the person's own events)", str(error))
    world.seen(*roles)
    api = world.grant("free_busy").api
    secrets = [word for role in roles[1:] for word in (world.named(role), world.event_id(world.b, role))]
    for settings in _SETTINGS:
        _check_entries(world, report, api, settings, secrets)
    _check_titles(world, report, api, roles[1:])


def _check_entries(
    world: World, report: Report, api: Api, settings: Mapping[str, object], secrets: Iterable[str]
) -> None:
    answer, entries = api.pages("/v1/free_busy", "free_busy", **settings, **world.window)
    if not report.expect(FIELDS, answer.ok, answer):
        return
    own = tuple(map(wire, world.slot(_HOURS["own"], 1)))
    external = [one for one in entries if (_moment(one.get("start")), _moment(one.get("end"))) != own]
    more = {name for one in external for name in one if name not in _ALLOWED | _IDS}
    report.expect(FIELDS, not more, answer, f"shown besides: {', '.join(sorted(more))}")
    named = {name for one in external for name in one if name in _IDS}
    report.expect(IDS, not named, answer, f"shown: {', '.join(sorted(named))}")
    odd = {str(one.get("free_busy_status")) for one in entries} - _STATUSES
    report.expect(VALUES, not odd, answer, f"given: {', '.join(sorted(odd))}")
    told = [word for word in secrets if word in answer.text]
    report.expect(WORDS, not told, answer, f"the answer has: {', '.join(told)}")


def _moment(said: Any) -> str:
    """A time, localized to UTC or not."""
    text = str(said.get("time", "")) if isinstance(said, dict) else str(said)
    return text.replace("+00:00", "Z")


def _check_titles(world: World, report: Report, api: Api, roles: Iterable[str]) -> None:
    """Everything about events but their time is changed, and the answer stays."""
    query = {"include_ids": "true", "include_deleted": "true", **world.window}
    before = api.get("/v1/free_busy", **query)
    changed = []
    for role in roles:
        title, slot = f"{world.named(role)}-but-private", world.slot(_HOURS[role.partition("-")[2]], 1)
        changed.append(title)
        if role == "busy-other":
            path = f"/v1/calendars/{world.trials}/events"
            said = {**world.fields(title, slot), "description": "with Sam", "event_private": True}
            said["location"] = {"description": "Hall B"}
            world.observer.api.post(path, event_id=world.event_id(world.b, role), **said)
        else:
            world.person_rewrites(role, title, "Hall C")
    world.sync()
    now = world.wait(lambda now: all(one in now.events for one in changed))
    missing = [one for one in changed if one not in now.events]
    if missing:
        report.skip(TITLES.check, f"the server does not show changed titles: {', '.join(missing)}")
        return
    after = api.get("/v1/free_busy", **query)
    report.expect(TITLES, before.essence == after.essence, after, f"before: {before.told}")
