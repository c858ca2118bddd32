"""A second, naive opinion on every decision, written from the documents alone: contract authorization 2.1 and 2.3,
section 11, and rulings 1-6. It knows nothing of ``policy.scopes`` or of the rules in ``policy.decide``.

Slow and dull on purpose: a table of scope names, a list of objections, and the first objection wins.
"""

# Contract authorization 2.3. Rows: operations. Columns: Y allowed, E only in an elevated calendar, n refused.
COLUMNS = (
    "read_account", "read_free_busy", "read_events", "create_event", "delete_event", "change_participation_status",
    "create_calendar", "free_busy", "free_busy_write", "read_only", "write_only", "read_write",
)  # fmt: skip
MATRIX = {
    #                     L RFB RE CE DE CPS CC FB FBW RO WO RW
    "userinfo.read":     "Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y",
    "account.read":      "Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y",
    "profiles.list":     "Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y",
    "profile.revoke":    "Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y",
    "calendars.list":    "Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y",
    "busy.read":         "n  Y  Y  n  n  n  n  Y  Y  Y  n  Y",
    "events.read":       "n  n  Y  n  n  n  n  n  n  Y  n  Y",
    "own_events.read":   "Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y",
    "own_event.write":   "n  n  n  Y  n  n  n  n  Y  n  Y  Y",
    "own_event.delete":  "n  n  n  n  Y  n  n  n  Y  n  Y  Y",
    "own_events.delete": "n  n  n  n  Y  n  n  n  Y  n  Y  Y",
    "event.respond":     "n  n  n  n  n  Y  n  n  n  n  n  n",
    "event.edit":        "n  n  n  E  n  n  n  n  E  n  E  E",
    "event.delete":      "n  n  n  n  E  n  n  n  E  n  E  E",
    "calendar.create":   "n  n  n  n  n  n  Y  n  n  n  n  n",
    "elevation.request": "Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y",
    "elevation.lower":   "Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y",
    "permissions.check": "Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y  Y",  # ours: whoever may do anything may ask what
}  # fmt: skip
CELLS = {action: dict(zip(COLUMNS, row.split(), strict=True)) for action, row in MATRIX.items()}

ANYBODY = {action for action, row in CELLS.items() if row["read_account"] == "Y"}
"""What a live authorization allows whatever its scopes: the column of the legacy names, which mean nothing."""

WRITES = {"own_event.write", "own_event.delete", "own_events.delete", "event.edit", "event.delete", "event.respond"}
"""What changes something in a calendar: refused where the calendar is read-only, locked where the login fails."""

ON_EXTERNAL = {"event.edit": "update", "event.delete": "delete"}
"""By event_uid, on what the application did not create (contract 3.5), and the option of the event that it needs."""

READS_FULLY = {"events.read", "event.edit", "event.delete", "event.respond", "elevation.request"}
"""What a Profile connected for free/busy alone does not give; when somebody is busy, it does (contract 5.6)."""

FIRST_TO_LAST = (
    "no such operation",
    "401 no token",
    "401",
    "403 ended",
    "403 delegated",
    "403 managed",
    "403 scope",
    "404 calendar",
    "403 mode",
    "403 sandbox",
    "403 change alone",
    "403 read-only",
    "423",
    "404 event",
    "403 option",
    "422 not external",
    "allowed",
)
"""Ruling 2: the order in which objections are raised."""


def objections_to_grant(action: str, token: str, standing: str, connection: str, scopes: tuple[str, ...]) -> set[str]:
    """401, the end of the grant (ruling 8), how the account was connected (contract 5.4, 5.5), the scope."""
    found = set()
    if action not in MATRIX:
        found.add("no such operation")
    if token == "missing":
        found.add("401 no token")
    if token != "live" or standing == "revoked":
        found.add("401")
    if standing == "ended" and action != "userinfo.read":
        found.add("403 ended")
    if connection == "delegated" and action in MATRIX and action not in ANYBODY | {"busy.read", "events.read"}:
        found.add("403 delegated")
    if connection in {"delegated", "managed"} and action == "elevation.request":
        found.add("403 managed")
    if action in MATRIX and action not in ANYBODY and not any(CELLS[action].get(one, "n") in "YE" for one in scopes):
        found.add("403 scope")
    return found


def objections_to_calendar(
    action: str, relation: str, elevated: str, readonly: bool, connected: bool, mode: str
) -> set[str]:
    """Anything but an owned calendar does not exist (rulings 1, 2); E in the matrix; the provider's limits (P33)."""
    found = set()
    if relation != "owned":
        found.add("404 calendar")
    if (mode != "read_write" and action in READS_FULLY) or (mode == "none" and action == "busy.read"):
        found.add("403 mode")
    if "E" in CELLS[action].values() and elevated == "none":
        found.add("403 sandbox")
    if action == "event.delete" and elevated == "change":
        found.add("403 change alone")
    if action in WRITES and readonly:
        found.add("403 read-only")
    if action in WRITES and not connected:
        found.add("423")
    return found


def objections_to_event(action: str, kind: str, options: dict[str, bool]) -> set[str]:
    """Own by event_id, others by event_uid, neither by the other's id; then what the event's options say."""
    found = set()
    if action in {"own_event.write", "own_event.delete"}:
        # An event_id names the application's own event or one that is not there (upsert, idempotent delete).
        return {"404 event"} if kind in {"person", "other_application"} else found
    if kind == "absent":
        found.add("404 event")
    if action in ON_EXTERNAL and kind == "own":
        found.add("422 not external")
    elif action in ON_EXTERNAL and not options[ON_EXTERNAL[action]]:
        found.add("403 option")
    if action == "event.respond" and not options["respond"]:
        found.add("403 option")
    return found


def first(objections: set[str]) -> int:
    """The place in ``FIRST_TO_LAST`` of the objection that is raised."""
    return min((FIRST_TO_LAST.index(one) for one in objections), default=len(FIRST_TO_LAST) - 1)
