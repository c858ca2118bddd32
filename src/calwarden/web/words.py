"""Facts in plain words: what an application may do, how a calendar is, what happened."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.grant import Grant
from calwarden.domain.profile import Profile
from calwarden.domain.times import Instant
from calwarden.policy.decision import Action
from calwarden.policy.scopes import PROMISES, Ability, abilities
from calwarden.timetable.zones import is_zone, to_local
from calwarden.web.listing import Group

ALWAYS = "see your name, your e-mail address and the names of the calendars you own"
SHARED = "see calendars that other people share with you"
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_ASK = "it would have to ask you again, calendar by calendar"

_WHAT = {
    "account.created": "Account opened",
    "account.signed_in": "Signed in",
    "account.deleted": "Account deleted",
    "password.changed": "New password chosen",
    "consent.answered": "Request for access allowed",
    "grant.issued": "Access given",
    "grant.replaced": "Access given anew, in place of what it had",
    "grant.revoked": "Access ended",
    "elevation.requested": "Unrestricted access asked for",
    "elevation.granted": "Unrestricted access given to calendars",
    "elevation.lowered": "Unrestricted access taken back",
    "profile.connected": "Calendar account connected",
    "profile.relinked": "Calendar account connected again",
    "profile.removed": "Calendar account removed",
    "profile.revoke": "Calendar account taken out of what it may see",
    "profile.disconnected": "Calendar account lost: the calendar service refuses the password",
    "grant.narrowed": "Access made less",
    "own_event.write": "Event added or changed",
    "own_event.delete": "Event deleted that it had added",
    "own_events.delete": "Events deleted that it had added",
    "event.edit": "Event of yours changed",
    "event.delete": "Event of yours deleted",
    "event.respond": "Invitation answered for you",
    "calendar.create": "Calendar created",
    "application.registered": "Application registered in your name",
    "application.changed": "Application of yours changed",
    "application.secret_added": "Secret added to an application of yours",
    "application.secret_withdrawn": "Secret of an application of yours withdrawn",
    "application.deleted": "Application of yours deleted",
    "application.given": "Application given to you to look after",
    "application.taken": "Application of yours given to somebody else",
    "backup.restored": "Everything put back as it was in a backup",
}
_REFUSED = {
    "consent.answered": "Request for access refused",
    "elevation.refused": "Unrestricted access refused",
    "tokens.revoked": "Tokens withdrawn, as one was used twice",
    "elevation.lower": "Tried to give unrestricted access back (refused)",
    "elevation.request": "Tried to ask for unrestricted access (refused)",
    "profile.revoke": "Tried to take a calendar account out of what it may see (refused)",
    "own_event.write": "Tried to add or change an event (refused)",
    "own_event.delete": "Tried to delete an event it had added (refused)",
    "own_events.delete": "Tried to delete events it had added (refused)",
    "event.edit": "Tried to change an event of yours (refused)",
    "event.delete": "Tried to delete an event of yours (refused)",
    "event.respond": "Tried to answer an invitation for you (refused)",
    "calendar.create": "Tried to create a calendar (refused)",
}
_READS = {
    "free_busy": "Read when you are free or busy",
    "events": "Read events with their details",
    "own_events": "Read the events it added",
}
_ATTEMPTED = {
    "authorize": "Ask a person for access",
    "token": "Get a token",
    Action.READ_USERINFO: "Read who it acts for",
    Action.READ_ACCOUNT: "Read the account",
    Action.LIST_PROFILES: "List calendar accounts",
    Action.REVOKE_PROFILE: "Take a calendar account out of what it may see",
    Action.LIST_CALENDARS: "List calendars",
    Action.CREATE_CALENDAR: "Create a calendar",
    Action.READ_BUSY: "Read when somebody is free or busy",
    Action.READ_EVENTS: "Read events with their details",
    Action.READ_OWN_EVENTS: "Read the events it added",
    Action.WRITE_OWN_EVENT: "Add an event or change one it added",
    Action.DELETE_OWN_EVENT: "Delete an event it added",
    Action.DELETE_OWN_EVENTS: "Delete events it added",
    Action.EDIT_EVENT: "Change an event it did not add",
    Action.DELETE_EVENT: "Delete an event it did not add",
    Action.RESPOND: "Answer an invitation",
    Action.REQUEST_ELEVATION: "Ask for unrestricted access",
    Action.LOWER_ELEVATION: "Give unrestricted access back",
    Action.CHECK_PERMISSIONS: "Ask what it may do",
}
_OUTCOMES = {
    Outcome.ALLOWED: "",
    Outcome.REFUSED: "refused",
    Outcome.DELIVERED: "done at the calendar service",
    Outcome.DROPPED: "dropped, as access had ended or shrunk",
    Outcome.FAILED: "the calendar service did not take it",
}
_ACTORS = {Actor.ACCOUNT: "You", Actor.OPERATOR: "Who runs this server", Actor.WORKER: "This server"}


def will(scopes: tuple[str, ...]) -> list[str]:
    """What these scopes let an application do, as ends of "it will be able to ..."."""
    held = abilities(scopes)
    return [promise.will for promise in PROMISES if promise.ability in held] + [ALWAYS]


def will_not(scopes: tuple[str, ...]) -> list[str]:
    """What they do not, as ends of "it will not be able to ..."."""
    held = abilities(scopes)
    return [promise.will_not for promise in PROMISES if promise.ability not in held] + [_others(held), SHARED]


def _others(held: frozenset[Ability]) -> str:
    """The sandbox: what becomes of events that the application did not add."""
    if not held & {Ability.WRITE_OWN, Ability.DELETE_OWN}:
        return "change any event"
    if Ability.CREATE_CALENDAR in held:
        return f"change or delete events that it did not add, outside of calendars it created; {_ASK}"
    return f"change or delete events that it did not add; {_ASK}"


def extended(scopes: tuple[str, ...], deletes: bool = True) -> list[str]:
    """What unrestricted access to a calendar adds to these scopes; it lifts the sandbox and adds no scope.

    ``deletes`` False: as far as changing.
    """
    held = abilities(scopes)
    added = []
    if Ability.WRITE_OWN in held:
        added.append("change any event there, also those that you or other people made")
    if deletes and Ability.DELETE_OWN in held:
        added.append("delete any event there, also those that you or other people made")
    return added


def not_extended(scopes: tuple[str, ...], elsewhere: bool) -> list[str]:
    """What it still does not let it do. ``elsewhere``: other calendars are unrestricted for it already."""
    unseen = [
        one.will_not for one in PROMISES if one.ability is Ability.READ_EVENTS and one.ability not in abilities(scopes)
    ]
    others = "change or delete events that it did not add, in any of your other calendars"
    return [*unseen, f"{others} but those where it already may" if elsewhere else others, SHARED]


def moment(at: Instant, tzid: str) -> str:
    """``at`` as a person in that zone would say it."""
    local = to_local(at, tzid if is_zone(tzid) else "Etc/UTC")
    return f"{local.day} {local:%B %Y, %H:%M}"


def span(seconds: int) -> str:
    """How long that is, in the largest unit that fits."""
    for unit, one, length in (("days", "a day", 86_400), ("hours", "an hour", 3_600)):
        if seconds >= length and seconds % length == 0:
            return one if seconds == length else f"{seconds // length} {unit}"
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def sync_state(profile: Profile, tzid: str) -> str:
    """How the copy of a Profile's calendars is doing."""
    if not profile.connected:
        return "Not connected: the calendar service refuses the password"
    if not profile.initial_sync_done:
        return "Being copied for the first time"
    when = "" if profile.synced_at is None else f", last checked {moment(profile.synced_at, tzid)}"
    return f"Having trouble reaching it{when}" if profile.failures else f"Up to date{when}"


def happening(entry: AuditEntry) -> str:
    """What one line of the ledger says."""
    if entry.what in {"read", "read.refused"}:
        level = entry.on.get("level", "")
        what = _READS.get(level, "Read")
        return f"{what}, in the hour before" if entry.what == "read" else "Tried to read more than it may (refused)"
    if entry.outcome is Outcome.REFUSED and entry.what in _REFUSED:
        return _REFUSED[entry.what]
    what = _WHAT.get(entry.what, entry.what.replace(".", ": ").replace("_", " ").capitalize())
    outcome = _OUTCOMES[entry.outcome]
    return f"{what} ({outcome})" if outcome else what


def particulars(entry: AuditEntry, calendars: Mapping[str, str], tzid: str = "") -> str:
    """Which calendars and permissions a line is about; nothing of an event. ``calendars`` gives names by id. Without
    ``tzid`` a moment is said in UTC, and that it is.
    """
    ids = next((entry.on[key] for key in ("calendars", "calendar_id", "calendar") if key in entry.on), "").split()
    told = [", ".join(calendars.get(one, "a calendar that is not, or no longer, here") for one in ids)] if ids else []
    if "reads" in entry.on:
        told.append(times(int(entry.on["reads"])))
    if "events" in entry.on:
        number = int(entry.on["events"])
        told.append(_given(entry.on["level"], number) if "level" in entry.on else _events(number))
    if "from" in entry.on:
        told.append(_period(entry.on["from"], entry.on["to"]))
    if "application" in entry.on:
        told.append(entry.on["application"])
    if "scope" in entry.on:
        told.append(_permitted(tuple(entry.on["scope"].split())))
    if entry.on.get("level") == "change":
        told.append("to change events, not to delete them")
    if "ends" in entry.on:
        told.append(f"until {moment(Instant(int(entry.on['ends'])), tzid or 'Etc/UTC')}{'' if tzid else ' UTC'}")
    return "; ".join(told)


def _events(number: int) -> str:
    return "1 event" if number == 1 else f"{number} events"


def _given(level: str, number: int) -> str:
    one, many = ("period", "periods") if level == "free_busy" else ("event", "events")
    return f"{'no' if number == 0 else number} {one if number == 1 else many} given"


def _period(first: str, last: str) -> str:
    """The time that was asked about; the day it ends before is not among it. Times begin in 1970 and end in 2200."""
    start, end = (datetime.fromisoformat(one) for one in (first, last))
    final = end - timedelta(seconds=1)
    since = "" if start.year <= _FIRST_YEAR else f"{start.day} {start:%B %Y}"
    until = "" if final.year >= _LAST_YEAR else f"{final.day} {final:%B %Y}"
    if since and until:
        return f"about {since} to {until}"
    return f"about {since} and later" if since else f"about all up to {until}" if until else "of any time"


def _permitted(scopes: tuple[str, ...]) -> str:
    held = abilities(scopes)
    said = ", ".join(promise.will for promise in PROMISES if promise.ability in held)
    return f"it may {said}" if said else ""


def who(entry: AuditEntry, names: Mapping[str, str]) -> str:
    """Who did it, and which application it is about. Applications choose their names: none reads like somebody else."""
    about = entry.application_id or ""
    named = f"application “{names[about]}”" if about in names else f"application that is gone ({about})"
    if entry.actor is Actor.APPLICATION:
        return f"The {named}"
    return f"{_ACTORS[entry.actor]}, about the {named}" if about else _ACTORS[entry.actor]


def accounts(number: int) -> str:
    """How many accounts use an application: a number is all that its owner is told."""
    return {0: "No account is connected", 1: "1 account is connected"}.get(number, f"{number} accounts are connected")


def times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def attempted(action: str) -> str:
    """What an application tried, for its owner."""
    return _ATTEMPTED.get(action, action)


def named_in(groups: Iterable[Group], grant: Grant) -> list[str]:
    """The names of the calendars that a narrowed Grant is about."""
    chosen = grant.calendars or frozenset()
    return [one.name for group in groups for one in group.calendars if one.calendar_id in chosen]


FILTERS: dict[str, Callable[..., object]] = {
    "will": will,
    "will_not": will_not,
    "extended": extended,
    "not_extended": not_extended,
    "moment": moment,
    "span": span,
    "sync_state": sync_state,
    "happening": happening,
    "particulars": particulars,
    "who": who,
    "named_in": named_in,
    "accounts": accounts,
    "times": times,
    "attempted": attempted,
}
