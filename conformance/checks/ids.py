"""Which name of an event means what, and to whom (authorization 3.5, security 2.1, 2.2)."""

from conformance.client import NotTried
from conformance.report import Report, Rule, Severity
from conformance.tokens import Granted
from conformance.world import World

HIDDEN = Rule("ids/foreign_event_id", "security 2.1: an application's event_id is never shown to another (P3)")
OWN = Rule("ids/own_event_id", "authorization 3.5: own events carry event_id, to tell them apart (P2)", Severity.DENIED)
WINS = Rule(
    "ids/event_id_wins", "rulings 4, authorization 3.5: both ids sent, event_id wins and event_uid is ignored (P32)"
)
WINS_DELETE = Rule("ids/event_id_wins_deleting", "rulings 4: both ids sent, event_id wins (P32)")
TWO = Rule("ids/equal_event_ids", "security 2.1: equal event_ids of two applications are two events (P3)")
FOREIGN_UID = Rule(
    "ids/uid_of_reader", "rulings 4: event_uid is evt_external_... for all but the event's own", Severity.FORM
)


def check_ids(world: World, report: Report) -> None:
    granted = world.grant("read_write")
    world.made(world.observer, world.trials, ["ids-other", "ids-kept", "ids-equal"])
    world.made(granted, world.trials, ["ids-own", "ids-spare"])
    world.seen("ids-other", "ids-kept", "ids-equal", "ids-own", "ids-spare")
    _check_shown(world, report, granted)
    _check_two(world, report, granted)
    if report.wants(WINS.check) or report.wants(WINS_DELETE.check):
        try:  # in the sandbox a server that lets event_uid win is kept from harm by the sandbox alone
            world.tokens.elevate(granted, world.first, world.trials)
        except NotTried as error:
            report.skip(f"{WINS.check} (in an unrestricted calendar)", str(error))
        _check_both(world, report, granted)


def _check_shown(world: World, report: Report, granted: Granted) -> None:
    theirs = world.event_id(world.b, "ids-other")
    reads: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("/v1/events", "events", {}),
        ("/v1/events", "events", {"include_managed": "true", "include_deleted": "true"}),
        ("/v1/events", "events", {"only_managed": "true"}),
        ("/v1/free_busy", "free_busy", {"include_ids": "true", "include_managed": "true"}),
        ("/v1/userinfo", "", {}),
    )
    for path, member, query in reads:
        within = world.window if member else {}
        answer, items = granted.api.pages(path, member, **query, **within)
        found = theirs in answer.text or any(one.get("event_id") == theirs for one in items)
        report.expect(HIDDEN, answer.ok and not found, answer)
    answer, items = granted.api.pages("/v1/events", "events", include_managed="true", **world.window)
    by_title = {one.get("summary"): one for one in items}
    own, other = by_title.get(world.named("ids-own"), {}), by_title.get(world.named("ids-other"), {})
    named = own.get("event_id") == world.event_id(world.a, "ids-own")
    report.expect(OWN, named and "event_id" not in other, answer)
    prefixed = str(other.get("event_uid", "")).startswith("evt_external_")
    report.expect(FOREIGN_UID, prefixed and not str(own.get("event_uid", "")).startswith("evt_external_"), answer)


def _check_two(world: World, report: Report, granted: Granted) -> None:
    before = world.observe()
    theirs, title = world.event_id(world.b, "ids-equal"), world.named("ids-equal-mine")
    answer = world.write(granted, world.trials, theirs, title)
    now = world.wait(lambda now: now.there(title))
    kept = now.print_of(world.named("ids-equal")) == before.print_of(world.named("ids-equal"))
    report.expect(
        TWO, answer.ok and now.there(title) and kept, answer, f"B's event is {'' if kept else 'not '}as it was"
    )


def _check_both(world: World, report: Report, granted: Granted) -> None:
    path, kept = f"/v1/calendars/{world.trials}/events", world.named("ids-kept")
    uid, before = world.uids(granted)[kept], world.observe()
    event_id, title = world.event_id(world.a, "ids-both"), world.named("ids-both")
    world.written.append((world.a, world.trials, event_id))
    answer = granted.api.post(path, event_id=event_id, event_uid=uid, **world.fields(title))
    now = world.wait(lambda now: now.there(title))
    same = now.print_of(kept) == before.print_of(kept)
    came = f"made: {now.there(title)}; the other event is as it was: {same}"
    report.expect(WINS, answer.ok and now.there(title) and same, answer, came)
    spare = world.named("ids-spare")
    answer = granted.api.delete(path, event_id=world.event_id(world.a, "ids-spare"), event_uid=uid)
    now = world.wait(lambda now: now.gone(spare))
    came = f"the own event is gone: {now.gone(spare)}; the other one is there: {kept in now.events}"
    report.expect(WINS_DELETE, answer.ok and now.gone(spare) and kept in now.events, answer, came)
