"""Creating events, and the two families of events: P2 to P16, P24 of authorization 11."""

import pytest

from acceptance.place import Place, refusal
from demo.icalendar import at, event, resource
from demo.people import Api, authorize_link
from demo.world import DENTIST, HOME, WORK


def own(place: Place, api: Api) -> dict[str, dict[str, object]]:
    """The application's own events, by ``event_id``."""
    return {one["event_id"]: one for one in place.read(api, only_managed="true")}


def test_p2_each_event_is_partner_or_external_to_an_application(place: Place) -> None:
    api = place.grant("read_write")
    name = place.book(api)
    events = {one["summary"]: one for one in place.read(api, include_managed="true")}
    assert events[name]["event_id"] == name
    assert "event_id" not in events[DENTIST]
    assert events[DENTIST]["event_uid"].startswith("evt_external_")
    assert name not in {one["summary"] for one in place.read(api)}


def test_p3_another_applications_partner_event_is_external(place: Place) -> None:
    a, b = place.grant("read_write"), place.grant("read_write", place.b)
    name = place.book(a)
    [seen] = [one for one in place.read(b) if one["summary"] == name]
    assert "event_id" not in seen
    assert seen["event_uid"].startswith("evt_external_")
    assert name not in own(place, b)
    before = place.world.jane.find(WORK, name)
    assert b.delete(f"/v1/calendars/{place.calendar(WORK)}/events", event_id=name).status_code == 202
    by_uid = b.delete(f"/v1/calendars/{place.calendar(WORK)}/events", event_uid=seen["event_uid"])
    assert refusal(by_uid) == (403, "calendar_not_elevated")
    assert b.delete("/v1/events", delete_all=True).status_code == 202
    place.settle()
    assert place.world.jane.find(WORK, name) == before
    assert own(place, a)[name]["event_id"] == name


def test_p4_the_class_does_not_depend_on_later_edits_by_the_person(place: Place) -> None:
    api = place.grant("write_only")
    name = place.book(api)
    path, text = next((k, v) for k, v in place.world.jane.events(WORK).items() if f"SUMMARY:{name}\n" in v)
    place.world.jane.put(path, text.replace(f"SUMMARY:{name}", f"SUMMARY:{name} by hand").replace("\n", "\r\n"))
    place.sync()
    assert own(place, api)[name]["summary"] == f"{name} by hand"
    assert place.upsert(api, place.calendar(WORK), name, f"{name} again").status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, f"{name} again") is not None)
    assert place.world.jane.find(WORK, f"{name} by hand") is None
    assert api.delete(f"/v1/calendars/{place.calendar(WORK)}/events", event_id=name).status_code == 202
    assert place.eventually(lambda: place.world.jane.get(path) is None)


def test_p5_permissions_on_the_two_families_are_checked_separately(place: Place) -> None:
    api = place.grant("free_busy_write")
    theirs, name = place.theirs(), place.book(api)
    assert place.upsert(api, theirs.calendar_id, name, f"{name} renamed").status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, f"{name} renamed") is not None)
    assert refusal(place.edit(api, theirs, "mine now")) == (403, "calendar_not_elevated")
    assert refusal(place.delete(api, theirs)) == (403, "calendar_not_elevated")
    assert api.get("/v1/free_busy", tzid="Etc/UTC").status_code == 200
    assert refusal(api.get("/v1/events", tzid="Etc/UTC")) == (403, "scope_missing")
    assert place.unchanged(theirs)


def test_p6_reading_busy_times_goes_together_with_writing_bookings(place: Place) -> None:
    api = place.grant("free_busy_write")
    assert api.get("/v1/free_busy", tzid="Etc/UTC").json()["free_busy"] != []
    place.book(api)
    assert api.get("/v1/events", tzid="Etc/UTC").status_code == 403


def test_p7_no_more_is_delivered_than_asked(place: Place) -> None:
    api = place.grant("free_busy")
    periods = api.get("/v1/free_busy", tzid="Etc/UTC").json()["free_busy"]
    assert {frozenset(one) for one in periods} == {frozenset({"calendar_id", "start", "end", "free_busy_status"})}


def test_p8_permission_to_create_lets_events_be_created(place: Place) -> None:
    api, name = place.grant("write_only"), place.named()
    answer = place.upsert(api, place.calendar(WORK), name)
    assert (answer.status_code, answer.content) == (202, b"")
    assert place.eventually(lambda: place.world.jane.find(WORK, name) is not None)


def test_p9_and_full_control_over_updating_them(place: Place) -> None:
    api = place.grant("write_only")
    name = place.book(api)
    fields = {**place.fields(f"{name} moved", day=2), "location": {"description": "Hall B"}}
    assert api.post(f"/v1/calendars/{place.calendar(WORK)}/events", event_id=name, **fields).status_code == 202
    assert own(place, api)[name]["start"] == fields["start"]
    assert place.eventually(lambda: place.world.jane.find(WORK, f"{name} moved") is not None)
    text = place.world.jane.find(WORK, f"{name} moved")
    assert text is not None
    assert f"{place.world.day(2, 1):%Y%m%d}T200000" in text
    assert "LOCATION:Hall B" in text
    assert place.world.jane.find(WORK, name) is None


def test_p10_and_over_deleting_them(place: Place) -> None:
    api = place.grant("write_only")
    name = place.book(api)
    assert api.delete(f"/v1/calendars/{place.calendar(WORK)}/events", event_id=name).status_code == 202
    assert name not in own(place, api)
    assert place.eventually(lambda: place.world.jane.find(WORK, name) is None)


def test_p11_writing_needs_no_permission_to_read(place: Place) -> None:
    granted = place.tokens("write_only")
    assert granted["scope"] == "write_only"
    api = Api.of(place.server, granted["access_token"])
    name = place.book(api)
    assert place.upsert(api, place.calendar(WORK), name, f"{name} changed").status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, f"{name} changed") is not None)
    assert api.delete(f"/v1/calendars/{place.calendar(WORK)}/events", event_id=name).status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, f"{name} changed") is None)


def test_p12_writing_is_possible_at_any_time_and_does_not_tell_what_is_there(place: Place) -> None:
    api, work, [over, beside] = place.grant("write_only"), place.calendar(WORK), [place.named(), place.named()]
    dentist = place.titled(DENTIST)
    times = {"start": dentist["start"], "end": dentist["end"]}
    busy = api.post(f"/v1/calendars/{work}/events", event_id=over, **{**place.fields(over), **times})
    free = place.upsert(api, work, beside)
    assert (busy.status_code, busy.content) == (free.status_code, free.content) == (202, b"")
    told = {"date", "x-request-id"}
    assert {k: v for k, v in busy.headers.items() if k not in told} == {
        k: v for k, v in free.headers.items() if k not in told
    }
    assert place.eventually(lambda: place.world.jane.find(WORK, over) is not None)


def test_p13_events_may_be_written_to_a_secondary_calendar(place: Place) -> None:
    api = place.grant("write_only")
    calendars = api.get("/v1/calendars").json()["calendars"]
    assert sum(one["calendar_primary"] for one in calendars) <= 1
    secondary = [one for one in calendars if one["calendar_name"] in {"Work", "Home"} and not one["calendar_primary"]]
    for one in secondary:
        path = {"Work": WORK, "Home": HOME}[one["calendar_name"]]
        name = place.named()
        assert place.upsert(api, one["calendar_id"], name).status_code == 202
        assert place.eventually(lambda path=path, name=name: place.world.jane.find(path, name) is not None)
    assert secondary


def test_p14_the_scope_for_pure_writing_is_write_only(place: Place) -> None:
    page = place.jane.consent_page(authorize_link(place.server, place.a, "write_only"))
    assert {"add events, and change the ones it added", "delete the events it added"} <= set(
        page.section("It will be able to")
    )
    assert place.tokens("write_only")["scope"] == "write_only"


@pytest.mark.parametrize("path", ["/v1/events", "/v1/free_busy"])
def test_p15_write_only_reads_no_external_event(place: Place, path: str) -> None:
    api = place.grant("write_only")
    answer = api.get(path, tzid="Etc/UTC")
    assert refusal(answer) == (403, "scope_missing")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    everything = api.get(path, tzid="Etc/UTC", include_managed="true", include_deleted="true", include_ids="true")
    assert everything.status_code == 403


def test_p16_write_only_edits_and_deletes_no_external_event(place: Place) -> None:
    api, theirs = place.grant("write_only"), place.theirs()
    assert refusal(place.edit(api, theirs, "mine now")) == (403, "calendar_not_elevated")
    assert refusal(place.delete(api, theirs)) == (403, "calendar_not_elevated")
    by_id = api.delete(f"/v1/calendars/{theirs.calendar_id}/events", event_id=theirs.uid)
    assert by_id.status_code == 202  # an event_id of its own that names nothing
    assert api.delete("/v1/events", delete_all=True).status_code == 202
    assert place.unchanged(theirs)


def test_p24_applications_always_read_back_what_they_wrote(place: Place) -> None:
    api = place.grant("write_only")
    name = place.book(api)
    events = place.read(api, only_managed="true")
    assert name in {one["event_id"] for one in events}
    assert all("event_id" in one for one in events)
    assert not {one["summary"] for one in events} & {DENTIST}


def test_p24_even_with_no_scope_that_does_anything(place: Place) -> None:
    name = place.book(place.grant("write_only"))
    assert name in own(place, place.grant("read_account"))


def test_what_a_person_wrote_beside_a_booking_is_never_taken_for_it(place: Place) -> None:
    api = place.grant("write_only")
    name = place.book(api)
    uid = f"{name}-copy"
    day = place.world.day(3, 1)
    text = event(uid, name, at(day, "10:00"), at(day, "11:00"))
    place.world.jane.put(f"{WORK}{uid}.ics", resource(text))
    place.sync()
    assert len([one for one in place.read(api, only_managed="true") if one["summary"] == name]) == 1
    assert api.delete(f"/v1/calendars/{place.calendar(WORK)}/events", event_id=name).status_code == 202
    place.settle()
    assert place.world.jane.get(f"{WORK}{uid}.ics") is not None
