"""The order of answers, and what refusals look like (rulings 2, 3)."""

from conformance.checks.foreign import invented
from conformance.client import Answer
from conformance.report import Report, Rule, Severity
from conformance.world import World

SCOPE_FIRST = Rule("answers/scope_before_calendar", "rulings 2: 403 for the scope before any object is looked at")
CALENDAR_NEXT = Rule(
    "answers/calendar_after_scope", "rulings 2: with the scope, a calendar that is not there is 404", Severity.FORM
)
SANDBOX = Rule(
    "answers/sandbox_before_event",
    "rulings 2: a calendar that is not elevated is 403 before any event is looked up, whatever the uid",
)
NO_ERRORS = Rule("answers/no_errors", "rulings 3: no `errors` key in a 401, 403 or 404", Severity.FORM)
CHALLENGE = Rule(
    "answers/insufficient_scope",
    'authorization 2.5: a missing scope is said in WWW-Authenticate: error="insufficient_scope" (RFC 6750)',
    Severity.FORM,
)
NOBODY = Rule("answers/no_token", "rulings 2: 401 for no token, an unknown one, or one in the query")

_UID = "evt_external_64008b1a4a41730f8d5c6037"


def check_answers(world: World, report: Report) -> None:
    nowhere = invented(world.trials)
    path, fields = f"/v1/calendars/{nowhere}/events", world.fields("nowhere")
    api = world.grant("free_busy").api
    refused = [
        api.post(path, event_id="a", **fields),
        api.post(path, event_uid=_UID, **fields),
        api.delete(path, event_id="a"),
        api.delete("/v1/events", calendar_ids=[nowhere]),
        api.post(f"{path}/{_UID}/participation_status", status="accepted"),
        api.post("/v1/calendars", profile_id="pro_nobodys", name="nowhere"),
        api.get("/v1/events", tzid="Nowhere/At_All", calendar_ids=[nowhere]),
    ]
    for answer in refused:
        report.expect(SCOPE_FIRST, answer.status == 403, answer)
        challenge = answer.headers.get("www-authenticate", "")
        report.expect(CHALLENGE, "insufficient_scope" in challenge, answer, f"WWW-Authenticate: {challenge or 'none'}")
    writer = world.grant("write_only").api
    missing = [writer.post(path, event_id="a", **fields), writer.delete(path, event_uid=_UID)]
    for answer in missing:
        report.expect(CALENDAR_NEXT, answer.status == 404, answer)
    nobody = _nobody(world)
    for answer in nobody:
        report.expect(NOBODY, answer.status == 401, answer)
    for answer in (*refused, *missing, *nobody):
        report.expect(NO_ERRORS, answer.member("errors") is None, answer)
    _check_sandbox(world, report)


def _nobody(world: World) -> list[Answer]:
    wire = world.tokens.wire
    answers = [wire.ask("GET", "/v1/userinfo"), wire.ask("GET", "/v1/userinfo", token="x" * 32, who="a made up token")]
    token = world.observer.api.token
    answer = wire.ask("GET", "/v1/userinfo", {"access_token": token}, who="B's token, in the query")
    shown = answer.sent.replace(token, "...")
    return [*answers, Answer(shown, answer.status, answer.headers, answer.content)]


def _check_sandbox(world: World, report: Report) -> None:
    """An event that is there and one that never was are refused alike."""
    world.made(world.observer, world.trials, ["answers-other"])
    world.seen("answers-other")
    uid = world.uids(world.grant("read_write"))[world.named("answers-other")]
    api, path = world.grant("write_only").api, f"/v1/calendars/{world.trials}/events"
    for method in ("edit", "delete"):
        answers = [
            api.post(path, event_uid=one, summary="changed") if method == "edit" else api.delete(path, event_uid=one)
            for one in (uid, f"{uid[:-4]}0000")
        ]
        there, nowhere = answers
        fine = there.status == 403 and there.essence == nowhere.essence
        report.expect(SANDBOX, fine, there, f"with a uid that names nothing: {nowhere.told}")
