"""What goes to a real CalDAV server and comes back from it, beyond permissions (contract events 4 to 7)."""

from typing import Any

from acceptance.place import Place, refusal
from demo.icalendar import at, event, resource
from demo.people import Api
from demo.world import BOARD, DECORATIONS, HOME, WORK


def line(text: str | None, start: str) -> str:
    """The one line of a resource that begins so."""
    [found] = [one for one in (text or "").replace("\n ", "").split("\n") if one.startswith(start)]
    return found


def lines(text: str | None) -> list[str]:
    """The lines within the events of a resource."""
    return (text or "").replace("\n ", "").partition("BEGIN:VEVENT")[2].split("\n")


def write(place: Place, api: Api, name: str, **fields: Any) -> str:
    """Write a Partner Event; gives it as it is on the CalDAV server."""
    body = {**place.fields(name), **fields}
    answer = api.post(f"/v1/calendars/{place.calendar(WORK)}/events", event_id=name, **body)
    assert answer.status_code == 202, answer.text
    assert place.eventually(lambda: place.world.jane.find(WORK, name) is not None)
    place.settle()
    return str(place.world.jane.find(WORK, name))


def own(place: Place, api: Api, name: str) -> dict[str, Any]:
    [found] = [one for one in place.read(api, only_managed="true") if one.get("event_id") == name]
    return found


def test_guests_are_invited_and_taken_off_one_by_one(place: Place) -> None:
    api, name = place.grant("read_write"), place.named()
    invite = [{"email": "lou@example.org", "display_name": "Lou"}, {"email": "max@example.org"}]
    text = write(place, api, name, attendees={"invite": invite})
    assert line(text, "ORGANIZER").endswith(f"mailto:{place.jane.email}")
    assert {one.split("mailto:")[1] for one in lines(text) if one.startswith("ATTENDEE")} >= {
        "lou@example.org",
        "max@example.org",
    }
    text = write(place, api, name, attendees={"remove": [{"email": "max@example.org"}]}, location={"description": "B"})
    assert place.eventually(lambda: "max@" not in str(place.world.jane.find(WORK, name)))
    emails = {one["email"] for one in own(place, api, name)["attendees"]}
    assert "lou@example.org" in emails
    assert "max@example.org" not in emails


def test_reminders_become_alarms_and_an_empty_list_none(place: Place) -> None:
    api, name = place.grant("write_only"), place.named()
    text = write(place, api, name, reminders=[{"minutes": 60}, {"minutes": 0}])
    assert text.count("BEGIN:VALARM") == 2
    write(place, api, name, description="without a word about reminders")
    assert str(place.world.jane.find(WORK, name)).count("BEGIN:VALARM") == 2
    write(place, api, name, reminders=[])
    assert place.eventually(lambda: "BEGIN:VALARM" not in str(place.world.jane.find(WORK, name)))


def test_privacy_transparency_and_colour_reach_the_server(place: Place) -> None:
    api, name = place.grant("write_only"), place.named()
    text = write(place, api, name, event_private=True, transparency="transparent", color="#49BED8")
    assert {"CLASS:PRIVATE", "TRANSP:TRANSPARENT"} <= set(lines(text))
    read = own(place, api, name)
    assert (read["event_private"], read["transparency"]) == (True, "transparent")


def test_a_series_is_written_and_read_as_occurrences(place: Place) -> None:
    api, name = place.grant("read_write"), place.named("series")
    rule = {"frequency": "weekly", "interval": 2, "by_day": ["tuesday"], "count": 3}
    text = write(place, api, name, recurrence={"rules": [rule]})
    assert "RRULE:" in text
    place.sync()
    found = [one for one in place.read(api, only_managed="true") if one["summary"] == name]
    starts = [f"{place.world.day(1, week)}T20:00:00Z" for week in (1, 3, 5)]
    assert sorted(one["start"] for one in found) == starts
    assert len({one["series_identifier"] for one in found}) == 1
    assert all(one["recurring"] for one in found)


def test_an_occurrence_of_hers_is_edited_and_deleted_alone(place: Place) -> None:
    api, name = place.grant("read_write"), place.named("herseries")
    place.elevate(api, place.calendar(HOME))
    day = place.world.day(0, 1)
    text = event(name, name, at(day, "07:00"), at(day, "08:00"), ("RRULE:FREQ=WEEKLY;COUNT=4", "X-KEEP:yes"))
    place.world.jane.put(f"{HOME}{name}.ics", resource(text))
    place.sync()
    found = sorted((one for one in place.read(api) if one["summary"] == name), key=lambda one: str(one["start"]))
    assert len(found) == 4
    where = f"/v1/calendars/{place.calendar(HOME)}/events"
    assert api.post(where, event_uid=found[1]["event_uid"], summary=f"{name} once").status_code == 202
    assert api.delete(where, event_uid=found[2]["event_uid"]).status_code == 202
    shown = sorted(one["summary"] for one in place.read(api) if one["summary"].startswith(name))
    assert shown == [name, name, f"{name} once"]
    place.settle()
    assert place.eventually(lambda: f"SUMMARY:{name} once" in str(place.world.jane.get(f"{HOME}{name}.ics")))
    place.sync()
    stored = str(place.world.jane.get(f"{HOME}{name}.ics"))
    assert "RRULE:FREQ=WEEKLY;COUNT=4" in stored
    assert "X-KEEP:yes" in stored
    assert "RECURRENCE-ID" in stored
    shown = sorted(one["summary"] for one in place.read(api) if one["summary"].startswith(name))
    assert shown == [name, name, f"{name} once"]


def test_what_the_person_hung_on_an_event_survives_an_edit(place: Place) -> None:
    api, board = place.grant("read_write"), place.titled(BOARD)
    place.elevate(api, board["calendar_id"])
    where = f"/v1/calendars/{board['calendar_id']}/events"
    assert api.post(where, event_uid=board["event_uid"], summary=f"{BOARD} 2").status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, f"{BOARD} 2") is not None)
    text = str(place.world.jane.find(WORK, f"{BOARD} 2")).replace("\n ", "")
    assert [one for one in DECORATIONS if one not in text] == []
    assert api.post(where, event_uid=board["event_uid"], summary=BOARD).status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, BOARD) is not None)


def test_what_the_person_hung_on_a_booking_survives_the_next_write(place: Place) -> None:
    api, name = place.grant("write_only"), place.named()
    write(place, api, name)
    path, text = next((k, v) for k, v in place.world.jane.events(WORK).items() if f"SUMMARY:{name}\n" in v)
    decorated = text.replace("END:VEVENT", "X-MINE:kept\nCATEGORIES:Private thoughts\nEND:VEVENT").replace("\n", "\r\n")
    place.world.jane.put(path, decorated)
    assert place.upsert(api, place.calendar(WORK), name, f"{name} later").status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, f"{name} later") is not None)
    after = str(place.world.jane.get(path))
    assert "X-MINE:kept" in after
    assert "CATEGORIES:Private thoughts" in after


def test_a_booking_that_the_person_deleted_is_made_again_by_the_next_write(place: Place) -> None:
    api, name = place.grant("write_only"), place.named()
    write(place, api, name)
    path = next(k for k, v in place.world.jane.events(WORK).items() if f"SUMMARY:{name}\n" in v)
    place.world.jane.delete(path)
    place.sync()
    assert [one for one in place.read(api, only_managed="true") if one["event_id"] == name] == []
    assert place.upsert(api, place.calendar(WORK), name).status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, name) is not None)


def test_what_the_person_deleted_or_moved_away_is_told_to_whom_asks(place: Place) -> None:
    api, gone, moved = place.grant("read_only"), place.theirs(), place.theirs()
    place.world.jane.delete(gone.path)
    far = place.world.day(0, 10)
    place.world.jane.put(moved.path, resource(event(moved.title, moved.title, at(far, "06:00"), at(far, "06:15"))))
    place.sync()
    window = {"from": place.world.monday, "to": place.world.until}
    uids = {one["event_uid"] for one in place.read(api, **window)}
    assert not uids & {gone.uid, moved.uid}
    [told] = [one for one in place.read(api, **window, include_deleted="true") if one["event_uid"] == gone.uid]
    assert (told["deleted"], told["summary"]) == (True, "")
    [away] = [one for one in place.read(api, **window, include_moved="true") if one["event_uid"] == moved.uid]
    assert away["start"].startswith(str(far))


def test_an_identical_write_changes_nothing(place: Place) -> None:
    api, name = place.grant("write_only"), place.named()
    before = write(place, api, name)
    assert place.upsert(api, place.calendar(WORK), name).status_code == 202
    place.settle()
    assert place.world.jane.find(WORK, name) == before


def test_a_calendar_that_is_gone_at_the_server_says_so_and_takes_nothing(place: Place) -> None:
    api, name = place.grant("read_write"), place.named("doomed")
    place.world.jane.make_calendar(f"/jane/{name}/", name)
    day = place.world.day(0, 1)
    text = event(name, f"{name} event", at(day, "07:00"), at(day, "08:00"))
    place.world.jane.put(f"/jane/{name}/one.ics", resource(text))
    place.sync()
    found = {one["calendar_name"]: one for one in api.get("/v1/calendars").json()["calendars"]}
    doomed = found[name]["calendar_id"]
    assert f"{name} event" in {one["summary"] for one in place.read(api)}
    place.world.jane.delete(f"/jane/{name}/")
    place.sync()
    found = {one["calendar_id"]: one for one in api.get("/v1/calendars").json()["calendars"]}
    assert found[doomed]["calendar_deleted"] is True
    assert refusal(place.upsert(api, doomed, "x")) == (404, "not_found")
    assert f"{name} event" not in {one["summary"] for one in place.read(api)}


def test_a_calendar_renamed_at_the_server_keeps_its_id(place: Place) -> None:
    api = place.grant("read_only")
    name = place.named("renamed")
    place.world.jane.make_calendar(f"/jane/{name}/", name)
    place.sync()
    before = {one["calendar_name"]: one["calendar_id"] for one in api.get("/v1/calendars").json()["calendars"]}
    place.world.jane.rename(f"/jane/{name}/", f"{name}, anew")
    place.sync()
    after = {one["calendar_id"]: one["calendar_name"] for one in api.get("/v1/calendars").json()["calendars"]}
    assert after[before[name]] == f"{name}, anew"
