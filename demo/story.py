"""The story: one step after the other, each shown as it happens."""

from collections.abc import Callable
from typing import Any

from pycronofy.exceptions import PyCronofyRequestError

from demo.icalendar import at, event, resource
from demo.stage import NotAsExpected, Stage
from demo.table import wait_until
from demo.telling import Narrator
from demo.world import (
    BICYCLE,
    BOARD,
    DECORATIONS,
    DENTIST,
    HOME,
    LUNCH,
    PLAN,
    PLAY,
    RIDE,
    SECRETS,
    TEAM,
    WORK,
    Slot,
    World,
)

_BOOKING, _SLOT = "Introduction to Booking", Slot(2, "14:00", "14:30")


def the_calendars(tell: Narrator, world: World) -> None:
    """Before anybody asks."""
    tell.chapter("Two people on a CalDAV server")
    tell.say(
        f"Radicale at {world.server.url} has the calendars of jane and of marcel. Jane has shared her calendar"
        ' "Team" with marcel, to read and to write. This is marcel\'s home as any calendar program is shown it:'
    )
    for one in world.marcel.listing():
        owner = f"owner {one.owner}" if one.owner else "no owner given"
        tell.row(f"      {one.path:<20} {one.name:<8} {owner:<16} {', '.join(sorted(one.privileges))}")
    names = {one.name for one in world.marcel.listing()}
    tell.expect("Team" in names, "marcel's own calendar program shows Jane's calendar")


def jane_agrees(stage: Stage) -> None:
    """The consent flow, with the calendar connected on the way."""
    tell = stage.narrator
    tell.chapter("Jane lets the application see when she is busy, and add meetings: free_busy_write")
    stage.sdk = stage.authorize(stage.jane, "free_busy_write")
    stage.copied()
    found = stage.sdk.list_calendars()
    stage.calendars = {one["calendar_name"]: one["calendar_id"] for one in found}
    tell.expect({"Work", "Home", "Team"} <= set(stage.calendars), "it sees the names of the calendars jane owns")
    tell.expect(all(one["permission_level"] == "sandbox" for one in found), "every calendar is in the sandbox")


def when_not_what(stage: Stage) -> None:
    """Free/busy, compared with what is really there."""
    tell, world = stage.narrator, stage.world
    tell.chapter("When she is busy, and not what she does")
    asked = {"from_date": world.monday, "to_date": world.until, "tzid": "Europe/Paris"}
    wanted = (stage.calendars["Work"], stage.calendars["Home"], stage.calendars["Team"])
    periods = stage.sdk.read_free_busy(calendar_ids=wanted, **asked).all()
    raw = stage.last.text
    seen = sorted((one["start"], one["end"], one["free_busy_status"]) for one in periods)
    there = sorted((one.start, one.end, one.status) for path in (WORK, HOME, TEAM) for one in world.busy[path])
    wrong = sorted(set(seen) ^ set(there))
    tell.expect(seen == there, f"exactly the {len(there)} periods of four weeks that are in her calendars", wrong)
    fields = {"calendar_id", "start", "end", "free_busy_status"}
    tell.expect(all(set(one) == fields for one in periods), "each says when, and nothing else")
    tell.expect(not any(title in raw for title in SECRETS), "no title of hers is anywhere in the answer")
    stage.refused("reading her events", lambda: stage.sdk.read_events(**asked))


def a_meeting(stage: Stage) -> None:
    """Booked, moved and cancelled; each time on the CalDAV server too."""
    tell, world, work = stage.narrator, stage.world, stage.calendars["Work"]
    tell.chapter("It books a meeting, moves it, cancels it")
    meeting: dict[str, Any] = {
        "event_id": "intro-1",
        "summary": _BOOKING,
        "description": "Half an hour",
        "start": world.moment(_SLOT, _SLOT.starts),
        "end": world.moment(_SLOT, _SLOT.ends),
        "tzid": "Europe/Paris",
        "location": {"description": "On the phone"},
    }
    stage.sdk.upsert_event(work, dict(meeting))
    read = stage.event(_BOOKING, only_managed=True)
    tell.expect(read["event_id"] == "intro-1" and read["start"] == meeting["start"], "read back at once, as its own")
    tell.expect(wait_until(lambda: world.jane.find(WORK, _BOOKING) is not None), "it is on the CalDAV server:")
    _show(stage, world.jane.find(WORK, _BOOKING))
    before = world.jane.find(WORK, _BOOKING)
    moved = Slot(3, "16:00", "16:30")
    times = {"start": world.moment(moved, moved.starts), "end": world.moment(moved, moved.ends)}
    stage.sdk.upsert_event(work, {**meeting, **times})
    tell.expect(wait_until(lambda: world.jane.find(WORK, _BOOKING) != before), "moved on the CalDAV server too:")
    _show(stage, world.jane.find(WORK, _BOOKING))
    stage.sdk.delete_event(work, "intro-1")
    tell.expect(wait_until(lambda: world.jane.find(WORK, _BOOKING) is None), "cancelled: gone from the CalDAV server")
    stage.sdk.upsert_event(work, {**meeting, "event_id": "intro-2"})
    tell.expect(wait_until(lambda: world.jane.find(WORK, _BOOKING) is not None), "and another one, which stays")


def what_it_may_not(stage: Stage) -> None:
    """Every forbidden thing, with its explanation."""
    tell, sdk, work = stage.narrator, stage.sdk, stage.calendars["Work"]
    tell.chapter("Whatever else it tries is refused, with the reason and the way out")
    before = stage.world.jane.events(WORK)
    invented = "evt_external_0123456789abcdef"
    profile = sdk.list_profiles()[0]["profile_id"]
    stage.refused_more("changing an event of hers", lambda: sdk.upsert_event(work, _edit(invented)))
    stage.refused_more("deleting an event of hers", lambda: sdk.delete_external_event(work, invented))
    stage.refused(
        "answering an invitation for her", lambda: sdk.change_participation_status(work, invented, "accepted")
    )
    stage.refused("making a calendar", lambda: sdk.create_calendar(profile, "Mine"))
    stage.refused(
        "a calendar that is not hers", lambda: sdk.upsert_event(f"{work}x", _edit(invented)), "not_found", 404
    )
    tell.expect(stage.world.jane.events(WORK) == before, "her calendar is as it was, byte for byte")


def more_is_asked(stage: Stage) -> None:
    """A new authorization with read_write, then Extended Permissions: refused, then accepted for one calendar."""
    tell, world = stage.narrator, stage.world
    tell.chapter("Jane lets it read her events: read_write. Changing them takes yet another step")
    stage.sdk = stage.authorize(stage.jane, "read_write")
    board = stage.event(BOARD)
    dentist = stage.event(DENTIST)
    tell.expect(dentist["options"]["update"] is False, f'it reads "{DENTIST}", and is told that it may not change it')
    edit = {**_edit(board["event_uid"]), "start": board["start"], "end": board["end"]}
    stage.refused_more("changing it", lambda: stage.sdk.upsert_event(stage.calendars["Work"], dict(edit)))
    tell.say("So it asks for Extended Permissions for Work, and jane refuses:")
    back = stage.jane.extend(_ask(stage, "Work"), "Refuse")
    tell.expect(back.answer.get("error") == "access_denied", "the application is told that she refused")
    tell.expect(_levels(stage) == {"sandbox"}, "everything stays as it was")
    tell.say("It explains itself better and asks again, and jane agrees:")
    page = stage.jane.visit(_ask(stage, "Work"))
    for sentence in page.section("It will be able to"):
        tell.say(f"  + {sentence}")
    stage.jane.browser.press("Allow unrestricted access")
    levels = {one["calendar_name"]: one["permission_level"] for one in stage.sdk.list_calendars()}
    raised = [name for name, level in levels.items() if level == "unrestricted"]
    tell.expect(raised == ["Work"], "Work is unrestricted, and no other calendar is")
    stage.sdk.upsert_event(stage.calendars["Work"], dict(edit))
    tell.expect(wait_until(lambda: world.jane.find(WORK, "Renamed") is not None), "now it changes an event of hers:")
    text = (world.jane.find(WORK, "Renamed") or "").replace("\n ", "")
    _show(stage, text)
    tell.expect(all(line in text for line in DECORATIONS), "alarm, guests and the X- property it knows nothing of stay")
    play = stage.event(PLAY)
    stage.refused_more(
        "changing an event in Home", lambda: stage.sdk.upsert_event(stage.calendars["Home"], _edit(play["event_uid"]))
    )
    tell.expect(world.jane.find(HOME, PLAY) is not None, "which is as it was")


def a_calendar_of_its_own(stage: Stage) -> None:
    """create_calendar, and what is in such a calendar; an invitation answered."""
    tell, world = stage.narrator, stage.world
    tell.chapter("Jane lets it make calendars and answer invitations. A new agreement begins in the sandbox")
    stage.sdk = stage.authorize(stage.jane, "read_write create_calendar change_participation_status")
    tell.expect(_levels(stage) == {"sandbox"}, "what she had opened is closed again")
    profile = stage.sdk.list_profiles()[0]["profile_id"]
    made = stage.sdk.create_calendar(profile, "Bookings")["calendar"]
    tell.expect(
        made["permission_level"] == "unrestricted", "the calendar it made is unrestricted for it from the start"
    )
    path = next((one.path for one in world.jane.listing() if one.name == "Bookings"), None)
    tell.expect(path is not None, "the calendar is on the CalDAV server")
    if path is None:
        raise NotAsExpected("there is no calendar to go on with")
    day = world.day(1, 1)
    world.jane.put(f"{path}hand.ics", resource(event("hand", "By hand", at(day, "17:00"), at(day, "18:00"))))
    tell.say("Jane writes an event of her own into it, with her own program, and the server copies it.")
    stage.server.sync(stage.jane.email)
    by_hand = stage.event("By hand")
    stage.sdk.upsert_event(
        made["calendar_id"], {**_edit(by_hand["event_uid"]), "start": by_hand["start"], "end": by_hand["end"]}
    )
    tell.expect(wait_until(lambda: world.jane.find(path, "Renamed") is not None), "there it may change what she wrote")
    stage.sdk.delete_external_event(made["calendar_id"], by_hand["event_uid"])
    tell.expect(wait_until(lambda: world.jane.find(path, "Renamed") is None), "and delete it")
    lunch = stage.event(LUNCH)
    stage.sdk.change_participation_status(stage.calendars["Work"], lunch["event_uid"], "accepted")
    answered = wait_until(lambda: _accepted(world.jane.find(WORK, LUNCH)))
    tell.expect(answered, "Sam's invitation is accepted on the CalDAV server, though Work is in the sandbox")


def marcel_connects(stage: Stage) -> None:
    """Sharing is explicit, never implicit."""
    tell, world = stage.narrator, stage.world
    tell.chapter("Marcel connects his calendars. What Jane has shared with him does not exist for the application")
    janes, stage.sdk = stage.sdk, stage.authorize(stage.marcel, "read_write")
    stage.copied()
    answers = []
    names = [one["calendar_name"] for one in stage.sdk.list_calendars()]
    answers.append(stage.last.text)
    stage.sdk.userinfo()
    answers.append(stage.last.text)
    titles = [one["summary"] for one in stage.sdk.read_events().all()]
    answers.append(stage.last.text)
    periods = [(one["start"], one["end"]) for one in stage.sdk.read_free_busy().all()]
    answers.append(stage.last.text)
    tell.expect(names == ["Bicycle"], "the only calendar is marcel's own")
    tell.expect(titles == [RIDE], "the only event is marcel's own")
    tell.expect(periods == [(one.start, one.end) for one in world.busy[BICYCLE]], "he is busy with his own event only")
    tell.expect(not any(PLAN in one or "Team" in one for one in answers), "nothing of jane's is in any answer")
    stage.refused(
        "jane's calendar by its id", lambda: stage.sdk.delete_event(stage.calendars["Team"], "x"), "not_found", 404
    )
    stage.sdk = janes


def the_end(stage: Stage) -> None:
    """Jane ends it, and reads what was done."""
    tell = stage.narrator
    tell.chapter("Jane ends the access on her account page, and reads what was done")
    stage.jane.visit(f"{stage.server.url}/account")
    stage.jane.browser.press(f"End the access of {stage.booking.name}")
    stage.refused("everything, at once", stage.sdk.list_calendars, "token_invalid", 401)
    _fails(stage, "and no new token is given", stage.sdk.refresh_authorization)
    tell.expect(stage.world.jane.find(WORK, _BOOKING) is not None, "the meeting it booked stays in her calendar")
    page = stage.jane.visit(f"{stage.server.url}/account/activity")
    lines = [one for one in page.entries if stage.booking.name in one]
    for one in lines[:12]:
        tell.row(f"      {one}")
    told = " ".join(lines)
    for what in (
        "Event added or changed",
        "Event of yours changed",
        "refused",
        "Calendar created",
        "Invitation answered",
    ):
        tell.expect(what in told, f'her ledger says "{what}"')
    tell.expect(not any(title in page.words for title in SECRETS), "and no title of an event")


STORY: tuple[Callable[[Stage], None], ...] = (
    jane_agrees,
    when_not_what,
    a_meeting,
    what_it_may_not,
    more_is_asked,
    a_calendar_of_its_own,
    marcel_connects,
    the_end,
)


def _edit(uid: str) -> dict[str, Any]:
    return {"event_uid": uid, "summary": "Renamed", "start": "2030-01-01T10:00:00Z", "end": "2030-01-01T11:00:00Z"}


def _ask(stage: Stage, name: str) -> str:
    """Ask for Extended Permissions; gives the address to send jane's browser to."""
    wanted = [{"calendar_id": stage.calendars[name], "permission_level": "unrestricted"}]
    return str(stage.sdk.elevated_permissions(wanted, stage.booking.redirect_uri)["url"])


def _levels(stage: Stage) -> set[str]:
    return {one["permission_level"] for one in stage.sdk.list_calendars()}


def _accepted(text: str | None) -> bool:
    lines = (text or "").replace("\n ", "").split("\n")
    return any("PARTSTAT=ACCEPTED" in line and "jane@" in line for line in lines)


def _fails(stage: Stage, what: str, call: Callable[[], object]) -> None:
    try:
        call()
    except PyCronofyRequestError:
        stage.narrator.expect(stage.last.status_code == 400, what)
    else:
        stage.narrator.expect(False, what)  # noqa: FBT003  it was given


def _show(stage: Stage, text: str | None) -> None:
    """The lines of a resource that people look at."""
    shown = ("SUMMARY", "DTSTART;", "DTSTART:", "LOCATION", "X-MOOD", "TRIGGER", "ATTENDEE", "UID")
    _, _, inside = (text or "").partition("BEGIN:VEVENT")
    for line in inside.split("\n"):
        if line.startswith(shown):
            stage.narrator.row(f"             | {line}")
