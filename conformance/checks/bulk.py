"""Bulk deletion (security 2.7)."""

from conformance.client import NotTried
from conformance.report import Report, Rule, Severity
from conformance.world import World

OWN = Rule("bulk/own", "events 4.6: the application's own events in the named calendars are deleted", Severity.DENIED)
NAMED = Rule("bulk/named_calendars", "security 2.7: only within the named calendars")
EXTERNAL = Rule("bulk/external", "security 2.7, events 4.6: External Events are never touched")
VAGUE = Rule("bulk/both_or_none", "events 4.6: both or none of delete_all and calendar_ids is 422", Severity.FORM)


def check_bulk(world: World, report: Report) -> None:
    granted = world.grant("write_only")
    world.made(granted, world.trials, ["bulk-here"])
    world.made(granted, world.spare, ["bulk-there"])
    world.made(world.observer, world.trials, ["bulk-other"])
    roles = ["bulk-other"]
    try:
        world.person_writes("bulk-person")
        roles.append("bulk-person")
        world.sync()
    except NotTried as error:
        report.skip(f"{EXTERNAL.check} (the person's own events)", str(error))
    before = world.seen("bulk-here", "bulk-there", *roles)
    for body in ({}, {"delete_all": True, "calendar_ids": [world.trials]}):
        vague = granted.api.delete("/v1/events", **body)
        report.expect(VAGUE, vague.status == 422, vague)
    answer = granted.api.delete("/v1/events", calendar_ids=[world.trials])
    here, there = world.named("bulk-here"), world.named("bulk-there")
    now = world.wait(lambda now: now.gone(here))
    report.expect(OWN, answer.ok and now.gone(here), answer, f"{here} is {'gone' if now.gone(here) else 'there'}")
    report.expect(NAMED, there in now.events, answer, f"gone from another calendar: {there}")
    changed = [one for one in map(world.named, roles) if now.print_of(one) != before.print_of(one) or now.gone(one)]
    report.expect(EXTERNAL, not changed, answer, f"gone or changed: {', '.join(changed)}")
