"""Who only writes learns nothing of what is there already (P12, security 3.5)."""

from conformance.report import Report, Rule
from conformance.world import World

BUSY = Rule("conflicts/upsert", "P12: writing over a busy time succeeds, and the answer does not tell that it was busy")
LISTED = Rule("conflicts/only_managed", "security 2.6: write_only lists its own events and nothing else")
ANYWAY = Rule("conflicts/not_only_managed", "security 2.6: only_managed other than true lists nothing External")


def check_conflicts(world: World, report: Report) -> None:
    busy, empty = world.slot(2, 1), world.slot(5, 1)
    world.made(world.observer, world.trials, ["conflict-other"], busy)
    world.seen("conflict-other")
    api = (granted := world.grant("write_only")).api
    taken = world.upsert(granted, world.trials, "conflict-a", busy)
    free = world.upsert(granted, world.trials, "conflict-b", empty)
    report.expect(BUSY, taken.ok and taken.essence == free.essence, taken, f"at an empty time: {free.told}")
    answer, events = api.pages("/v1/events", "events", only_managed="true", **world.window)
    titles = {one.get("summary") for one in events}
    own = {world.named("conflict-a"), world.named("conflict-b")}
    report.expect(LISTED, answer.ok and own <= titles and world.named("conflict-other") not in titles, answer)
    for said in ({"only_managed": "false"}, {"include_managed": "true"}, {"only_managed": "maybe"}):
        answer = api.get("/v1/events", **said, **world.window)
        report.expect(ANYWAY, not answer.ok and world.named("conflict-other") not in answer.text, answer)
