"""Free/busy, reading, and what other people share: P17 to P23, P27, P40 of authorization 11."""

from itertools import product

import pytest

from acceptance.place import Place, refusal
from demo.icalendar import at, event, resource
from demo.people import Api
from demo.world import BICYCLE, BOARD, DENTIST, HOME, NAMES, PLAN, RIDE, SECRETS, TEAM, TEAM_AS_SHARED, WORK

FIELDS = {"calendar_id", "start", "end", "free_busy_status"}


def busy(api: Api, **query: object) -> list[dict[str, str]]:
    """Every period of GET /v1/free_busy, all pages."""
    return api.pages("/v1/free_busy", "free_busy", **query)


def test_p17_busy_times_have_a_permission_of_their_own(place: Place) -> None:
    api, world = place.grant("free_busy"), place.world
    window = {"from": world.monday, "to": world.until, "calendar_ids": [place.calendar(HOME), place.calendar(TEAM)]}
    seen = {(one["start"], one["end"], one["free_busy_status"]) for one in busy(api, **window)}
    there = {(one.start, one.end, one.status) for path in (HOME, TEAM) for one in world.busy[path]}
    assert there <= seen


def external(periods: list[dict[str, str]]) -> set[frozenset[str]]:
    """The fields of periods that are not the application's own."""
    return {frozenset(one) for one in periods if "event_id" not in one}


def test_p18_free_busy_says_when_and_not_what_at_any_setting(place: Place) -> None:
    api, world = place.grant("free_busy"), place.world
    window = {"from": world.monday, "to": world.day(0, 1)}
    flags = ("include_managed", "include_ids", "include_deleted", "include_free", "include_userinfo", "include_geo")
    for values in product(("true", "false"), repeat=len(flags)):
        query = dict(zip(flags, values, strict=True))
        answer = api.get("/v1/free_busy", tzid="Etc/UTC", **window, **query)
        assert answer.status_code == 200
        assert external(answer.json()["free_busy"]) == {frozenset(FIELDS)}, query
        assert not [title for title in SECRETS if title in answer.text], query


@pytest.mark.parametrize("more", [{"localized_times": "true"}, {"last_modified": "2020-01-01T00:00:00Z"}])
def test_p18_nor_with_other_forms_of_the_answer(place: Place, more: dict[str, str]) -> None:
    api = place.grant("free_busy")
    answer = api.get("/v1/free_busy", tzid="Etc/UTC", include_ids="true", **more)
    assert external(answer.json()["free_busy"]) == {frozenset(FIELDS)}
    assert not [title for title in SECRETS if title in answer.text]


def test_p18_a_private_title_changes_nothing_of_the_answer(place: Place) -> None:
    api, day = place.grant("free_busy"), place.world.day(5, 3)
    window = {"from": day, "to": place.world.day(6, 3), "calendar_ids": [place.calendar(WORK)]}
    seen = []
    for title, more in (("a", ()), ("Confidential " * 20, ("CLASS:PRIVATE", "LOCATION:Here", "CATEGORIES:X"))):
        text = event("changing", title, at(day, "10:00"), at(day, "11:00"), more)
        place.world.jane.put(f"{WORK}changing.ics", resource(text))
        place.sync()
        seen.append(api.get("/v1/free_busy", tzid="Etc/UTC", **window).content)
    assert b"free_busy_status" in seen[0]
    assert seen[0] == seen[1]


def test_p19_free_busy_alone_writes_nothing(place: Place) -> None:
    api, name, theirs = place.grant("free_busy"), place.named(), place.theirs()
    assert refusal(place.upsert(api, theirs.calendar_id, name)) == (403, "scope_missing")
    by_id = api.delete(f"/v1/calendars/{theirs.calendar_id}/events", event_id=name)
    assert refusal(by_id) == (403, "scope_missing")
    assert refusal(place.edit(api, theirs, "mine now")) == (403, "scope_missing")
    assert refusal(place.delete(api, theirs)) == (403, "scope_missing")
    assert refusal(api.delete("/v1/events", delete_all=True)) == (403, "scope_missing")
    assert place.unchanged(theirs)
    assert place.world.jane.find(WORK, name) is None


def test_p20_free_busy_write_is_busy_times_and_control_of_its_own_events(place: Place) -> None:
    api = place.grant("free_busy_write")
    name = place.book(api)
    assert busy(api) != []
    assert api.get("/v1/events", tzid="Etc/UTC").status_code == 403
    events = place.read(api, only_managed="true")
    assert name in {one["event_id"] for one in events}
    assert not {one["summary"] for one in events} & set(SECRETS)


@pytest.mark.parametrize("scope", ["read_only", "read_write", "read_events"])
def test_p21_reading_details_takes_a_read_scope(place: Place, scope: str) -> None:
    assert DENTIST in {one["summary"] for one in place.read(place.grant(scope))}


@pytest.mark.parametrize("scope", ["free_busy", "free_busy_write", "write_only", "read_free_busy", "create_event"])
def test_p21_no_other_scope_reads_them(place: Place, scope: str) -> None:
    answer = place.grant(scope).get("/v1/events", tzid="Etc/UTC", include_managed="true")
    assert refusal(answer) == (403, "scope_missing")
    assert DENTIST not in answer.text


def test_p22_read_only_writes_nothing(place: Place) -> None:
    api, name, theirs = place.grant("read_only"), place.named(), place.theirs()
    assert refusal(place.upsert(api, theirs.calendar_id, name)) == (403, "scope_missing")
    by_id = api.delete(f"/v1/calendars/{theirs.calendar_id}/events", event_id=name)
    assert refusal(by_id) == (403, "scope_missing")
    assert refusal(place.delete(api, theirs)) == (403, "scope_missing")
    assert place.unchanged(theirs)
    assert place.world.jane.find(WORK, name) is None


def test_p23_read_write_leaves_external_events_unalterable(place: Place) -> None:
    api, theirs = place.grant("read_write"), place.theirs()
    [read] = [one for one in place.read(api) if one["summary"] == theirs.title]
    assert read["location"] == {"description": "Hall B"}
    assert read["options"] == {"update": False, "delete": False, "change_participation_status": False}
    place.book(api)
    assert refusal(place.edit(api, theirs, "mine now")) == (403, "calendar_not_elevated")
    assert refusal(place.delete(api, theirs)) == (403, "calendar_not_elevated")
    assert place.unchanged(theirs)


def test_p27_access_reaches_only_calendars_the_person_owns(place: Place) -> None:
    api = place.grant("read_write", person=place.marcel)
    assert [one["calendar_name"] for one in api.get("/v1/calendars").json()["calendars"]] == [NAMES[BICYCLE]]
    assert [one["summary"] for one in place.read(api, include_managed="true")] == [RIDE]
    [own] = busy(api, include_managed="true")
    assert own["start"] == place.world.busy[BICYCLE][0].start


def test_p27_the_owner_herself_shares_it_by_her_own_authorization(place: Place) -> None:
    api = place.grant("read_only")
    assert PLAN in {one["summary"] for one in place.read(api, calendar_ids=[place.calendar(TEAM)])}


READS = (
    "/v1/userinfo",
    "/v1/account",
    "/v1/profiles",
    "/v1/calendars",
    "/v1/events?tzid=Etc/UTC",
    "/v1/events?tzid=Etc/UTC&include_managed=true&include_deleted=true&include_moved=true&include_userinfo=true",
    "/v1/events?tzid=Etc/UTC&only_managed=true",
    "/v1/free_busy?tzid=Etc/UTC",
    "/v1/free_busy?tzid=Etc/UTC&include_ids=true&include_managed=true&include_deleted=true&include_userinfo=true",
)


def test_p40_nothing_of_a_calendar_shared_with_him_reaches_marcels_application(place: Place) -> None:
    assert PLAN in "".join(place.world.marcel.events(TEAM_AS_SHARED).values())
    api = place.grant("read_write create_calendar", person=place.marcel)
    place.sync(place.marcel)
    texts = {path: api.client.get(path).raise_for_status().text for path in READS}
    pages = ("/account", "/account/activity")
    texts |= {path: place.marcel.visit(f"{place.server.url}{path}").text for path in pages}
    team = place.calendar(TEAM)
    for path, text in texts.items():
        found = [word for word in (PLAN, '"Team"', ">Team<", "jane", "Jane", "team", team) if word in text]
        assert found == [], path


def test_p40_by_its_id_it_is_as_if_it_had_never_been(place: Place) -> None:
    api = place.grant("read_write change_participation_status", person=place.marcel)
    team, invented = place.calendar(TEAM), f"{place.calendar(TEAM)[:-3]}zzz"
    uid = place.titled(PLAN)["event_uid"]

    def answers(calendar: str) -> list[tuple[int, str]]:
        events = f"/v1/calendars/{calendar}/events"
        tried = (
            place.upsert(api, calendar, "x"),
            api.delete(events, event_id="x"),
            api.post(events, event_uid=uid, summary="mine now"),
            api.delete(events, event_uid=uid),
            api.post(f"{events}/{uid}/participation_status", status="accepted"),
            api.get("/v1/events", tzid="Etc/UTC", calendar_ids=[calendar]),
            api.get("/v1/free_busy", tzid="Etc/UTC", calendar_ids=[calendar]),
            api.delete("/v1/events", calendar_ids=[calendar]),
            place.ask(api, calendar),
        )
        return [(one.status_code, one.text.replace(calendar, "...")) for one in tried]

    assert answers(team) == answers(invented)
    assert [status for status, _ in answers(team)] == [404, 404, 404, 404, 404, 422, 422, 422, 422]


def test_p40_nor_does_what_jane_adds_to_it_make_marcel_busy(place: Place) -> None:
    api, day = place.grant("read_write", person=place.marcel), place.world.day(6, 3)
    text = event("added", "Added to the shared calendar", at(day, "10:00"), at(day, "11:00"))
    place.world.jane.put(f"{TEAM}added.ics", resource(text))
    place.sync(place.marcel)
    window = {"from": day, "to": place.world.day(7, 3)}
    assert busy(api, **window) == []
    assert place.read(api, **window) == []


def test_every_sort_of_event_is_read_as_it_is(place: Place) -> None:
    api = place.grant("read_only")
    window = {"from": place.world.monday, "to": place.world.until, "calendar_ids": [place.calendar(WORK)]}
    events = place.read(api, **window)
    board = next(one for one in events if one["summary"] == BOARD)
    assert {one["email"] for one in board["attendees"]} == {"sam@example.org"}
    assert board["organizer"]["email"] == "jane@example.org"
    starts = {one["start"] for one in events if one["summary"] == "Team meeting"}
    assert len(starts) == 3
    assert all(one["recurring"] for one in events if one["summary"] == "Team meeting")
    fair = next(one for one in events if one["summary"].startswith("Trade fair"))
    assert (fair["start"], fair["end"]) == (str(place.world.day(3)), str(place.world.day(4)))
    therapy = next(one for one in events if one["summary"] == "Therapy")
    assert therapy["event_private"] is True
    workshop = next(one for one in events if one["summary"] == "Cancelled workshop")
    assert workshop["status"] == "cancelled"
