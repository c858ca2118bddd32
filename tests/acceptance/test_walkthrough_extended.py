"""Extended Permissions, calendars an application makes, and the end: P25, P26, P28, P29, P31 to P38, P41."""

import httpx
import pytest

from acceptance.place import Place, refusal
from demo.icalendar import at, event, resource
from demo.people import Api, authorize_link, exchange
from demo.world import ARCHIVE, HOME, LUNCH, PLAY, REUNION, TRIALS, WORK

UNRESTRICTED, SANDBOX = "unrestricted", "sandbox"


def levels(api: Api) -> dict[str, str]:
    """The level of each calendar, by id."""
    found = api.get("/v1/calendars").raise_for_status().json()["calendars"]
    return {one["calendar_id"]: one["permission_level"] for one in found}


def raised(api: Api) -> set[str]:
    return {one for one, level in levels(api).items() if level == UNRESTRICTED}


def make_calendar(place: Place, api: Api) -> tuple[dict[str, object], str]:
    """A calendar that the application makes; gives the answer's calendar and its path on the CalDAV server."""
    name = place.named("calendar")
    profile = api.get("/v1/profiles").json()["profiles"][0]["profile_id"]
    answer = api.post("/v1/calendars", profile_id=profile, name=name)
    assert answer.status_code == 200, answer.text
    [path] = [one.path for one in place.world.jane.listing() if one.name == name]
    return dict(answer.json()["calendar"]), path


def test_p25_creating_calendars_needs_create_calendar(place: Place) -> None:
    api = place.grant("read_write")
    before = place.world.jane.listing()
    profile = api.get("/v1/profiles").json()["profiles"][0]["profile_id"]
    assert refusal(api.post("/v1/calendars", profile_id=profile, name="Mine")) == (403, "scope_missing")
    place.settle()
    assert [one.path for one in place.world.jane.listing()] == [one.path for one in before]
    made, path = make_calendar(place, place.grant("create_calendar"))
    assert made["calendar_id"] in levels(place.lookout)
    assert path.startswith("/jane/")


def test_p26_a_calendar_it_created_is_unrestricted_for_it_and_for_no_other(place: Place) -> None:
    a, b = place.grant("read_write create_calendar"), place.grant("read_write", place.b)
    made, path = make_calendar(place, a)
    assert made["permission_level"] == UNRESTRICTED
    assert raised(a) == {made["calendar_id"]}
    assert raised(b) == set()
    day = place.world.day(1, 1)
    place.world.jane.put(f"{path}hand.ics", resource(event("hand", "By hand", at(day, "17:00"), at(day, "18:00"))))
    place.sync()
    [written] = [one for one in place.read(a, calendar_ids=[made["calendar_id"]]) if one["summary"] == "By hand"]
    where = f"/v1/calendars/{made['calendar_id']}/events"
    uid = written["event_uid"]
    assert refusal(b.post(where, event_uid=uid, summary="By b")) == (403, "calendar_not_elevated")
    assert a.post(where, event_uid=uid, summary="By a").status_code == 202
    assert place.eventually(lambda: place.world.jane.find(path, "By a") is not None)


def test_p28_external_events_are_editable_only_after_extended_permissions_per_calendar(place: Place) -> None:
    api, here, there = place.grant("read_write"), place.theirs(), place.theirs(HOME)
    assert refusal(place.edit(api, here, "too early")) == (403, "calendar_not_elevated")
    place.elevate(api, here.calendar_id)
    title = place.named("edited")
    assert place.edit(api, here, title).status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, title) is not None)
    assert "LOCATION:Hall B" in str(place.world.jane.get(here.path))
    assert place.world.jane.find(WORK, "too early") is None
    assert refusal(place.edit(api, there, title)) == (403, "calendar_not_elevated")
    assert refusal(place.delete(api, there)) == (403, "calendar_not_elevated")
    assert place.delete(api, here).status_code == 202
    assert place.eventually(lambda: place.world.jane.get(here.path) is None)
    assert place.unchanged(there)


def test_p29_refusing_leaves_everything_as_it_was(place: Place) -> None:
    api, theirs = place.grant("read_write"), place.theirs()
    asked = place.ask(api, theirs.calendar_id).json()["permissions_request"]["url"]
    back = place.jane.extend(asked, "Refuse")
    assert back.url.startswith(place.a.redirect_uri)
    assert back.answer["error"] == "access_denied"
    assert raised(api) == set()
    assert refusal(place.edit(api, theirs, "mine now")) == (403, "calendar_not_elevated")
    assert place.unchanged(theirs)


def test_p31_elevation_adds_no_scope(place: Place) -> None:
    api, theirs = place.grant("free_busy"), place.theirs()
    place.elevate(api, theirs.calendar_id)
    assert raised(api) == {theirs.calendar_id}
    assert refusal(place.edit(api, theirs, "mine now")) == (403, "scope_missing")
    assert refusal(place.delete(api, theirs)) == (403, "scope_missing")
    assert refusal(api.get("/v1/events", tzid="Etc/UTC")) == (403, "scope_missing")
    assert place.unchanged(theirs)


def test_p31_nor_does_a_calendar_of_its_own(place: Place) -> None:
    api = place.grant("create_calendar")
    made, path = make_calendar(place, api)
    assert refusal(place.upsert(api, str(made["calendar_id"]), "x")) == (403, "scope_missing")
    place.settle()
    assert place.world.jane.events(path) == {}


def test_p32_an_event_id_always_means_an_own_partner_event(place: Place) -> None:
    api, theirs, name = place.grant("read_write"), place.theirs(), place.named()
    place.elevate(api, theirs.calendar_id)
    where = f"/v1/calendars/{theirs.calendar_id}/events"
    assert api.post(where, event_id=name, event_uid=theirs.uid, **place.fields(name)).status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, name) is not None)
    assert name in {one["event_id"] for one in place.read(api, only_managed="true")}
    assert api.delete(where, event_id=name, event_uid=theirs.uid).status_code == 202
    assert place.eventually(lambda: place.world.jane.find(WORK, name) is None)
    assert place.unchanged(theirs)


def test_p32_event_uid_never_names_ones_own(place: Place) -> None:
    api = place.grant("read_write")
    name = place.book(api)
    place.elevate(api, place.calendar(WORK))
    [own] = [one for one in place.read(api, only_managed="true") if one["event_id"] == name]
    answer = api.post(f"/v1/calendars/{place.calendar(WORK)}/events", event_uid=own["event_uid"], summary="x")
    assert answer.status_code == 422
    assert answer.json()["errors"]["event_uid"][0]["key"] == "errors.must_be_external_event_uid"


def test_p33_elevation_does_not_make_a_read_only_calendar_writable(place: Place) -> None:
    api, archive = place.grant("read_write"), place.calendar(ARCHIVE)
    found = {one["calendar_id"]: one for one in api.get("/v1/calendars").json()["calendars"]}
    assert found[archive]["calendar_readonly"] is True
    place.elevate(api, archive)
    uid = place.titled(REUNION)["event_uid"]
    where = f"/v1/calendars/{archive}/events"
    before = place.world.jane.events(ARCHIVE)
    assert refusal(api.post(where, event_uid=uid, summary="mine now")) == (403, "calendar_readonly")
    assert refusal(api.delete(where, event_uid=uid)) == (403, "calendar_readonly")
    assert refusal(place.upsert(api, archive, place.named())) == (403, "calendar_readonly")
    place.settle()
    assert place.world.jane.events(ARCHIVE) == before


def test_p33_nor_an_event_that_the_person_merely_attends(place: Place) -> None:
    api, lunch = place.grant("read_write"), place.titled(LUNCH)
    place.elevate(api, lunch["calendar_id"])
    [seen] = [one for one in place.read(api) if one["summary"] == LUNCH]
    assert seen["options"]["update"] is False
    where = f"/v1/calendars/{lunch['calendar_id']}/events"
    before = place.world.jane.find(WORK, LUNCH)
    assert refusal(api.post(where, event_uid=lunch["event_uid"], summary="x")) == (403, "event_not_changeable")
    place.settle()
    assert place.world.jane.find(WORK, LUNCH) == before


def token(place: Place, **more: str) -> httpx.Response:
    said = {"client_id": place.a.client_id, "client_secret": place.a.client_secret, **more}
    return httpx.post(f"{place.server.url}/oauth/token", json=said, timeout=60)


@pytest.mark.parametrize("by", ["access_token", "refresh_token", "sub"])
def test_p34_revoking_ends_all_of_it_at_once(place: Place, by: str) -> None:
    first, second = place.tokens("read_write"), place.tokens("read_write")
    api, theirs = Api.of(place.server, second["access_token"]), place.theirs()
    place.elevate(api, theirs.calendar_id)
    name = place.book(api)
    page = api.get("/v1/events", tzid="Etc/UTC").json()["pages"]["next_page"]
    said = {"client_id": place.a.client_id, "client_secret": place.a.client_secret}
    said["sub" if by == "sub" else "token"] = second[by]
    ended = httpx.post(f"{place.server.url}/oauth/token/revoke", json=said, timeout=60)
    assert (ended.status_code, ended.content) == (200, b"")
    for one in (first, second):
        assert refusal(Api.of(place.server, one["access_token"]).get("/v1/calendars")) == (401, "token_invalid")
        refreshed = token(place, grant_type="refresh_token", refresh_token=one["refresh_token"])
        assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
    assert api.client.get(page).status_code == 401
    assert place.edit(api, theirs, "mine now").status_code == 401
    again = place.grant("read_write")
    assert raised(again) == set()
    assert refusal(place.edit(again, theirs, "mine now")) == (403, "calendar_not_elevated")
    assert place.unchanged(theirs)
    assert place.world.jane.find(WORK, name) is not None


def test_p35_every_calendar_begins_in_the_sandbox(place: Place) -> None:
    assert set(levels(place.grant("write_only")).values()) == {SANDBOX}


def test_p36_what_an_application_may_do_is_visible_before_use(place: Place) -> None:
    page = place.jane.consent_page(authorize_link(place.server, place.a, "free_busy_write"))
    assert page.title == "Alpha asks for access to your calendar"
    will = page.section("It will be able to")
    assert will == (
        "see when you are busy or free",
        "add events, and change the ones it added",
        "delete the events it added",
        "see your name, your e-mail address and the names of the calendars you own",
    )
    not_able = " ".join(page.section("It will not be able to"))
    for words in (
        "see what your events are about",
        "change or delete events that it did not add",
        "calendars that other people share",
    ):
        assert words in not_able
    code = place.jane.browser.press("Allow").answer["code"]
    granted = exchange(place.server, place.a, code).json()
    api = Api.of(place.server, granted["access_token"])
    place.elevate(api, place.calendar(HOME))
    told = api.get("/v1/userinfo").json()
    assert told["sub"] == granted["sub"]
    assert told["cronofy.data"]["authorization"] == {"scope": "free_busy_write", "status": "active"}
    shown = {
        one["calendar_id"]: one["permission_level"]
        for profile in told["cronofy.data"]["profiles"]
        for one in profile["profile_calendars"]
    }
    assert shown == levels(api)
    assert {one for one, level in shown.items() if level == UNRESTRICTED} == {place.calendar(HOME)}


@pytest.mark.parametrize("size", [1, 2, None])
def test_p37_extended_permissions_for_one_some_or_all_calendars(place: Place, size: int | None) -> None:
    api = place.grant("read_write")
    there = api.get("/v1/calendars").json()["calendars"]
    wanted = sorted(one["calendar_id"] for one in there if not one["calendar_deleted"])[:size]
    asked = place.ask(api, *wanted)
    assert asked.status_code == 200
    page = place.jane.visit(asked.json()["permissions_request"]["url"])
    assert len(page.section("In this calendar") + page.section("In these calendars")) == len(wanted)
    place.jane.browser.press("Allow unrestricted access")
    assert raised(api) == set(wanted)


def test_p38_elevation_is_a_separate_later_step(place: Place) -> None:
    for scope in ("read_write unrestricted", "unrestricted_access", "full_access"):
        back = place.jane.visit(authorize_link(place.server, place.a, scope))
        assert back.answer["error"] == "invalid_scope"
    api, work = place.grant("read_write"), place.calendar(WORK)
    assert raised(api) == set()
    asked = place.ask(api, work)
    assert set(asked.json()["permissions_request"]) == {"url"}
    assert asked.json()["permissions_request"]["url"].startswith(f"{place.server.url}/permissions/")
    assert raised(api) == set()
    back = place.jane.extend(asked.json()["permissions_request"]["url"])
    assert back.url == place.a.redirect_uri
    assert raised(api) == {work}


def test_p38_nobody_else_can_take_the_step_for_her(place: Place) -> None:
    api = place.grant("read_write")
    url = place.ask(api, place.calendar(WORK)).json()["permissions_request"]["url"]
    assert place.marcel.visit(url).status == 404
    assert raised(api) == set()
    place.jane.extend(url)
    assert raised(api) == {place.calendar(WORK)}
    assert place.jane.visit(url).status in {404, 410}


def test_p41_in_a_calendar_it_created_every_event_is_editable(place: Place) -> None:
    api = place.grant("read_write create_calendar")
    made, path = make_calendar(place, api)
    name, where = place.named(), f"/v1/calendars/{made['calendar_id']}/events"
    assert place.upsert(api, str(made["calendar_id"]), name).status_code == 202
    day = place.world.day(2, 1)
    for uid in ("one", "two"):
        place.world.jane.put(f"{path}{uid}.ics", resource(event(uid, uid, at(day, "17:00"), at(day, "18:00"))))
    place.sync()
    uids = {one["summary"]: one["event_uid"] for one in place.read(api, calendar_ids=[made["calendar_id"]])}
    assert api.post(where, event_uid=uids["one"], summary="one, edited").status_code == 202
    assert api.delete(where, event_uid=uids["two"]).status_code == 202
    assert api.post(where, event_id=name, **place.fields(f"{name}, edited")).status_code == 202
    assert place.eventually(lambda: place.world.jane.find(path, "one\\, edited") is not None)
    assert place.eventually(lambda: place.world.jane.get(f"{path}two.ics") is None)
    assert place.eventually(lambda: place.world.jane.find(path, f"{name}\\, edited") is not None)


def test_lowering_a_calendar_needs_no_page(place: Place) -> None:
    api, theirs = place.grant("read_write"), place.theirs()
    place.elevate(api, theirs.calendar_id, place.calendar(TRIALS))
    lowered = place.ask(api, theirs.calendar_id, level=SANDBOX)
    assert lowered.json()["permissions_request"] == {"accepted": True}
    assert raised(api) == {place.calendar(TRIALS)}
    assert refusal(place.edit(api, theirs, "mine now")) == (403, "calendar_not_elevated")
    assert place.unchanged(theirs)


def test_grants_of_the_operator_stand_in_the_persons_ledger(place: Place) -> None:
    who = ("--application", place.b.client_id, "--account", place.jane.email)
    place.grant("free_busy", place.b)
    issued = place.server.run("grant", "issue", *who, "--scope", "read_write")
    home = place.calendar(HOME)
    elevated = place.server.run("grant", "elevate", *who, "--calendar", home)
    assert elevated["calendars"] == [home]
    api = Api.of(place.server, issued["access_token"])
    assert raised(api) == {home}
    assert PLAY in {one["summary"] for one in place.read(api)}
    records = place.server.run("audit", "export", "--account", place.jane.email)
    done = [one["content"] for one in records if one["kind"] == "entry"]
    assert {"grant.replaced", "elevation.granted"} <= {one["what"] for one in done if one["actor"] == "operator"}
