"""How each operation of the matrix is tried, and how one sees whether it was done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conformance.calendars import wire
from conformance.client import Answer
from conformance.expected import Row
from conformance.tokens import Granted, ask_elevation
from conformance.world import Snapshot, World, listing

TARGETED = ("update", "delete", "delete_by_foreign_id", "respond", "edit_by_uid", "delete_by_uid")
"""Those that are tried on an event that is there."""
SEEN = {"person": 9, "other": 14, "own": 19}
"""The hour of the event of each class that reads are about."""


@dataclass(frozen=True)
class Trial:
    """One column: A's token with exactly these scopes. ``uids``: ``event_uid`` by title, as A is told it."""

    column: str
    granted: Granted
    world: World
    uids: Mapping[str, str]

    def role(self, row: Row) -> str:
        return role(row, self.column)

    def title(self, row: Row) -> str:
        return self.world.named(self.role(row))

    def uid(self, title: str) -> str:
        """One that names nothing, of an event that A is not shown."""
        return self.uids.get(title, "evt_external_64008b1a4a41730f8d5c6037")


@dataclass(frozen=True)
class Attempt:
    """``target``: the title of the event it is about, if there is one; ``done``: whether it was carried out."""

    answer: Answer
    done: Callable[[Snapshot], bool]
    target: str | None = None


def role(row: Row, column: str) -> str:
    """Of the event that one row of one column is tried on: what is to stay as it is can be one for all columns."""
    which = column.lower() if row.expected[column] == "Y" or row.operation not in TARGETED else "kept"
    return f"{row.event_class}-{row.operation}{'-e' if row.elevated else ''}-{which}"


# Reads: path, the member that lists, and the query.

READS: dict[str, tuple[str, str, dict[str, str]]] = {
    "userinfo": ("/v1/userinfo", "", {}),
    "account": ("/v1/account", "", {}),
    "profiles": ("/v1/profiles", "", {}),
    "calendars": ("/v1/calendars", "", {}),
    "free_busy": ("/v1/free_busy", "free_busy", {}),
    "free_busy_managed": ("/v1/free_busy", "free_busy", {"include_managed": "true"}),
    "free_busy_ids": ("/v1/free_busy", "free_busy", {"include_managed": "true", "include_ids": "true"}),
    "events": ("/v1/events", "events", {}),
    "events_managed": ("/v1/events", "events", {"include_managed": "true"}),
    "only_managed": ("/v1/events", "events", {"only_managed": "true"}),
}


def shown(world: World, row: Row, items: list[dict[str, object]]) -> bool:
    """Whether the event of this class that reads are about is among what was listed, as the row means it."""
    member = READS[row.operation][1]
    if not member:
        return True
    if member == "events":
        return any(one.get("summary") == world.named(f"{row.event_class}-seen") for one in items)
    start, end = map(wire, world.slot_of(row.event_class, SEEN[row.event_class]))
    found = [one for one in items if (one.get("start"), one.get("end")) == (start, end)]
    if row.operation != "free_busy_ids":
        return bool(found)
    return any("event_id" in one or "event_uid" in one for one in found)


# Everything else


def _path(trial: Trial) -> str:
    return f"/v1/calendars/{trial.world.trials}/events"


def _create(trial: Trial, row: Row) -> Attempt:
    title = trial.title(row)
    answer = trial.world.upsert(trial.granted, trial.world.trials, trial.role(row))
    return Attempt(answer, lambda now: now.there(title))


def _update(trial: Trial, row: Row) -> Attempt:
    title, event_id = f"{trial.title(row)}-new", trial.world.event_id(trial.world.a, trial.role(row))
    answer = trial.granted.api.post(_path(trial), event_id=event_id, **trial.world.fields(title))
    return Attempt(answer, lambda now: now.there(title), trial.title(row))


def _delete(trial: Trial, row: Row) -> Attempt:
    title, event_id = trial.title(row), trial.world.event_id(trial.world.a, trial.role(row))
    answer = trial.granted.api.delete(_path(trial), event_id=event_id)
    return Attempt(answer, lambda now: now.gone(title), title)


def _delete_by_foreign_id(trial: Trial, row: Row) -> Attempt:
    title, event_id = trial.title(row), trial.world.event_id(trial.world.b, trial.role(row))
    answer = trial.granted.api.delete(_path(trial), event_id=event_id)
    return Attempt(answer, lambda now: now.gone(title), title)


BULK = "own-bulk"
"""All columns share one event for bulk deletion; the one after a deletion writes it again, if it can."""


def _bulk_delete(trial: Trial, row: Row) -> Attempt:
    del row
    world, title = trial.world, trial.world.named(BULK)
    if title not in world.observe().events:
        world.upsert(trial.granted, world.spare, BULK)
        world.wait(lambda now: title in now.events, 2.0)
    answer = trial.granted.api.delete("/v1/events", calendar_ids=[world.spare])
    return Attempt(answer, lambda now: now.gone(title), title)


def _edit_by_uid(trial: Trial, row: Row) -> Attempt:
    title, new = trial.title(row), f"{trial.title(row)}-new"
    answer = trial.granted.api.post(_path(trial), event_uid=trial.uid(title), **trial.world.fields(new))
    return Attempt(answer, lambda now: now.there(new), title)


def _delete_by_uid(trial: Trial, row: Row) -> Attempt:
    title = trial.title(row)
    answer = trial.granted.api.delete(_path(trial), event_uid=trial.uid(title))
    return Attempt(answer, lambda now: now.gone(title), title)


def _respond(trial: Trial, row: Row) -> Attempt:
    title = trial.title(row)
    path = f"{_path(trial)}/{trial.uid(title)}/participation_status"
    answer = trial.granted.api.post(path, status="accepted")
    return Attempt(answer, lambda now: now.events.get(title, {}).get("participation_status") == "accepted", title)


def _create_calendar(trial: Trial, row: Row) -> Attempt:
    world, name = trial.world, trial.title(row)
    profile = next(one["profile_id"] for one in listing(world.observer.api) if one["calendar_id"] == world.trials)
    answer = trial.granted.api.post("/v1/calendars", profile_id=profile, name=name)

    def done(now: Snapshot) -> bool:
        del now
        made = any(one["calendar_name"] == name for one in listing(world.observer.api))
        if made and name not in world.calendars:
            world.calendars.append(name)
        return made

    return Attempt(answer, done)


def _ask_elevation(trial: Trial, row: Row) -> Attempt:
    del row
    return Attempt(ask_elevation(trial.granted.api, trial.world.a, trial.world.trials), lambda _: True)


def _channel(trial: Trial, row: Row) -> Attempt:
    only = row.operation == "channel_managed"
    url = trial.world.config.callback_url
    answer = trial.granted.api.post("/v1/channels", callback_url=url, filters={"only_managed": only})
    made = (answer.member("channel") or {}).get("channel_id")
    if made:
        trial.granted.api.delete(f"/v1/channels/{made}")
    return Attempt(answer, lambda _: bool(made))


WRITES: dict[str, Callable[[Trial, Row], Attempt]] = {
    "channel": _channel,
    "channel_managed": _channel,
    "create": _create,
    "update": _update,
    "delete": _delete,
    "delete_by_foreign_id": _delete_by_foreign_id,
    "bulk_delete": _bulk_delete,
    "respond": _respond,
    "edit_by_uid": _edit_by_uid,
    "delete_by_uid": _delete_by_uid,
    "create_calendar": _create_calendar,
    "ask_elevation": _ask_elevation,
}

EFFECTLESS = ("channel", "channel_managed", "ask_elevation")
"""Those of which there is nothing to see afterwards."""
