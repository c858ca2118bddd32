"""Which calendars there are for an application, and those it makes itself (authorization 5.7, 6)."""

from conformance.client import NotTried
from conformance.report import Report, Rule, Severity
from conformance.tokens import Granted
from conformance.world import World, level, listing

SANDBOX = Rule("calendars/sandbox", "P35: sandbox is the state of every calendar at first")
SHARED = Rule("calendars/shared_in", "P27, P40: a calendar that somebody else shares with the person is not there")
READ_ONLY = Rule("calendars/read_only", "events 4.3, P33: a read-only calendar is 403, and nothing is written")
MADE = Rule("calendars/created", "P26: a calendar the application made is elevated for it at once", Severity.DENIED)
OTHERS = Rule("calendars/created_alone", "P26: other calendars, and other applications, stay in the sandbox")
EDITED = Rule("calendars/created_edited", "P41: in a calendar it made, it edits every event", Severity.DENIED)


def check_calendars(world: World, report: Report) -> None:
    granted = world.grant("read_write")
    raised = [one for one in listing(granted.api) if one["permission_level"] != "sandbox"]
    report.expect(SANDBOX, not raised, came=f"already elevated: {raised}")
    _check_shared(world, report, granted)
    _check_read_only(world, report, granted)
    if any(report.wants(one.check) for one in (MADE, OTHERS, EDITED)):
        _check_made(world, report)


def _check_shared(world: World, report: Report, granted: Granted) -> None:
    name = world.first.shared_in
    if name is None:
        report.skip(SHARED.check, 'no calendar is named as "shared_in"')
        return
    for path in ("/v1/calendars", "/v1/userinfo", "/v1/profiles"):
        answer = granted.api.get(path)
        report.expect(SHARED, answer.ok and f'"{name}"' not in answer.text, answer)


def _check_read_only(world: World, report: Report, granted: Granted) -> None:
    name = world.first.read_only
    if name is None:
        report.skip(READ_ONLY.check, 'no calendar is named as "read_only"')
        return
    listed = [one for one in listing(granted.api) if name in {one["calendar_name"], one["calendar_id"]}]
    if not report.expect(READ_ONLY, bool(listed), came=f'"{name}" is not listed'):
        return
    told = listed[0].get("calendar_readonly") is True
    report.expect(READ_ONLY, told, came=f"calendar_readonly is not true: {listed[0]}")
    calendar_id = str(listed[0]["calendar_id"])
    answer = world.upsert(granted, calendar_id, "fixed")
    world.written.pop()
    _, events = granted.api.pages("/v1/events", "events", only_managed="true", tzid="Etc/UTC")
    made = any(one.get("summary") == world.named("fixed") for one in events)
    report.expect(READ_ONLY, answer.status == 403 and not made, answer, "it was written" if made else "")


def _check_made(world: World, report: Report) -> None:
    granted, name = world.grant("create_calendar read_write"), world.named("calendar")
    profile = next(one["profile_id"] for one in listing(granted.api) if one["calendar_id"] == world.trials)
    world.calendars.append(name)
    answer = granted.api.post("/v1/calendars", profile_id=profile, name=name)
    made = answer.member("calendar") or {}
    calendar_id = str(made.get("calendar_id"))
    if not report.expect(MADE, answer.ok and made.get("permission_level") == "unrestricted", answer):
        return
    listed = granted.api.get("/v1/calendars")
    report.expect(MADE, level(listed.member("calendars") or [], calendar_id) == "unrestricted", listed)
    others = [one["calendar_id"] for one in listing(granted.api) if one["permission_level"] != "sandbox"]
    report.expect(OTHERS, others in ([], [calendar_id]), listed, f"elevated: {others}")
    now = level(listing(world.observer.api), calendar_id)
    report.expect(OTHERS, now in {"sandbox", None}, came=f"B is told that permission_level is {now}")
    if now is None:
        raise NotTried("B does not see the calendar that A made")
    _check_edited(world, report, granted, calendar_id)


def _check_edited(world: World, report: Report, granted: Granted, calendar_id: str) -> None:
    """What B writes there is External to A."""
    title, path = world.named("cal-other"), f"/v1/calendars/{calendar_id}/events"
    world.made(world.observer, calendar_id, ["cal-other"])
    query = {**world.window, "calendar_ids": [calendar_id]}
    _, events = granted.api.pages("/v1/events", "events", **query)
    uid = next((one["event_uid"] for one in events if one["summary"] == title), "evt_external_unknown")
    answer = granted.api.post(path, event_uid=uid, **world.fields(f"{title}-edited"))
    _, events = world.observer.api.pages("/v1/events", "events", include_managed="true", **query)
    edited = any(one["summary"] == f"{title}-edited" for one in events)
    report.expect(EDITED, answer.ok and edited, answer, f"the event is {'' if edited else 'not '}changed")
