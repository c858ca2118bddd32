"""The official Python SDK, unmodified: every method whose endpoint is here, and the values that go and come."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pycronofy
import pytest
from pycronofy import settings
from pycronofy.exceptions import PyCronofyRequestError

from acceptance.place import Place
from demo.world import BOARD, DENTIST, FAIR, HOME, LUNCH, TRIALS, WORK

Sdk = Any
Enter = Callable[[str], Sdk]


@pytest.fixture
def enter(place: Place, monkeypatch: pytest.MonkeyPatch) -> Enter:
    """Jane agrees to a scope; gives pycronofy with its tokens."""
    monkeypatch.setattr(settings, "API_BASE_URL", place.server.url)
    monkeypatch.setattr(settings, "APP_BASE_URL", place.server.url)

    def _enter(scope: str) -> Sdk:
        sdk = pycronofy.Client(client_id=place.a.client_id, client_secret=place.a.client_secret)
        code = place.jane.allow(sdk.user_auth_link(place.a.redirect_uri, scope=scope))
        sdk.get_authorization_from_code(code)
        return sdk

    return _enter


def meeting(place: Place, name: str) -> dict[str, Any]:
    """A booking as its developer writes it."""
    day = place.world.day(3, 1)
    return {
        "event_id": name,
        "summary": name,
        "description": "Two lines,\nof text; and signs",
        "start": datetime(day.year, day.month, day.day, 20, tzinfo=UTC),
        "end": datetime(day.year, day.month, day.day, 20, 45, tzinfo=UTC),
        "tzid": "Europe/Paris",
        "location": {"description": "Hall B"},
        "reminders": [{"minutes": 15}],
        "transparency": "opaque",
        "url": "https://booking.example.org/1",
    }


def found(sdk: Sdk, summary: str, **query: Any) -> dict[str, Any]:
    [event] = [one for one in sdk.read_events(**query).all() if one["summary"] == summary]
    return dict(event)


def test_the_link_the_code_and_the_tokens(place: Place, enter: Enter) -> None:
    sdk = enter("read_write")
    assert len(sdk.auth.access_token) >= 32
    assert sdk.is_authorization_expired() is False
    before = sdk.auth.access_token, sdk.auth.refresh_token
    answer = sdk.refresh_authorization()
    assert set(answer) == {"access_token", "refresh_token", "token_expiration"}
    assert sdk.auth.access_token != before[0]
    assert sdk.list_calendars() != []
    still = pycronofy.Client(access_token=before[0])
    assert still.list_calendars() != []


def test_the_default_scopes_of_the_sdk_are_understood(place: Place, enter: Enter) -> None:
    sdk = enter("")
    scopes = set(sdk.account()["scope"].split())
    assert scopes == {"read_account", "list_calendars", "read_events", "create_event", "delete_event"}


def test_state_comes_back_and_empty_parameters_are_absent(place: Place, enter: Enter) -> None:
    sdk = enter("read_write")
    place.jane.consent_page(sdk.user_auth_link(place.a.redirect_uri, scope="free_busy", state="a&b=c d/é"))
    assert place.jane.browser.press("Allow").answer["state"] == "a&b=c d/é"
    place.jane.consent_page(sdk.user_auth_link(place.a.redirect_uri, scope="free_busy"))
    assert not place.jane.browser.press("Allow").answer.get("state")


def test_account_and_userinfo(place: Place, enter: Enter) -> None:
    sdk = enter("free_busy_write")
    account, info = sdk.account(), sdk.userinfo()
    assert account["email"] == info["email"] == place.jane.email
    assert account["name"] == info["name"] == "Jane Doe"
    assert account["scope"] == info["cronofy.data"]["authorization"]["scope"] == "free_busy_write"
    assert account["default_tzid"] == info["zoneinfo"] == "Europe/Paris"
    assert account["account_id"] == info["sub"]
    assert info["cronofy.type"] == "account"
    [profile] = info["cronofy.data"]["profiles"]
    assert {"Work", "Home", "Team"} <= {one["calendar_name"] for one in profile["profile_calendars"]}


def test_profiles_and_calendars(place: Place, enter: Enter) -> None:
    sdk = enter("read_only")
    [profile] = sdk.list_profiles()
    assert profile["profile_connected"] is True
    assert profile["profile_initial_sync_required"] is False
    calendars = {one["calendar_name"]: one for one in sdk.list_calendars()}
    assert {one["profile_id"] for one in calendars.values()} == {profile["profile_id"]}
    work = calendars["Work"]
    assert (work["calendar_readonly"], work["calendar_deleted"]) == (False, False)
    assert work["permission_level"] == "sandbox"
    assert calendars["Archive"]["calendar_readonly"] is True


def test_an_event_goes_and_comes_back_with_every_value(place: Place, enter: Enter) -> None:
    sdk, name = enter("read_write"), place.named()
    wanted = meeting(place, name)
    sdk.upsert_event(place.calendar(WORK), dict(wanted))
    read = found(sdk, name, only_managed=True)
    assert read["event_id"] == name
    assert read["description"] == wanted["description"]
    assert read["start"] == wanted["start"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert read["end"] == wanted["end"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert read["location"] == {"description": "Hall B"}
    assert (read["transparency"], read["status"], read["deleted"]) == ("opaque", "confirmed", False)
    assert read["url"] == wanted["url"]
    assert read["options"]["update"] is read["options"]["delete"] is True
    assert place.eventually(lambda: place.world.jane.find(WORK, name) is not None)
    text = (place.world.jane.find(WORK, name) or "").replace("\n ", "")
    for line in ("LOCATION:Hall B", "DESCRIPTION:Two lines\\,\\nof text\\; and signs", "BEGIN:VALARM"):
        assert line in text
    place.sync()
    assert found(sdk, name, only_managed=True)["description"] == wanted["description"]


def test_an_all_day_event_keeps_its_dates(place: Place, enter: Enter) -> None:
    sdk, name, day = enter("read_write"), place.named(), place.world.day(4, 1)
    event = {"event_id": name, "summary": name, "description": "", "start": day, "end": day + timedelta(days=2)}
    sdk.upsert_event(place.calendar(WORK), event)
    read = found(sdk, name, only_managed=True)
    assert (read["start"], read["end"]) == (str(day), str(day + timedelta(days=2)))
    assert read["transparency"] == "transparent"
    assert place.eventually(lambda: place.world.jane.find(WORK, name) is not None)
    assert f"DTSTART;VALUE=DATE:{day:%Y%m%d}" in str(place.world.jane.find(WORK, name))


def test_an_event_is_moved_and_deleted(place: Place, enter: Enter) -> None:
    sdk, name = enter("write_only"), place.named()
    wanted = meeting(place, name)
    sdk.upsert_event(place.calendar(WORK), dict(wanted))
    later = {"start": wanted["start"] + timedelta(hours=1), "end": wanted["end"] + timedelta(hours=1)}
    sdk.upsert_event(place.calendar(WORK), {**wanted, **later})
    assert found(sdk, name, only_managed=True)["start"] == later["start"].strftime("%Y-%m-%dT%H:%M:%SZ")
    sdk.delete_event(place.calendar(WORK), name)
    assert [one for one in sdk.read_events(only_managed=True).all() if one["summary"] == name] == []
    listed = sdk.read_events(only_managed=True, include_deleted=True).all()
    [deleted] = [one for one in listed if one["event_id"] == name]
    assert deleted["deleted"] is True
    assert deleted["calendar_id"] == place.calendar(WORK)
    place.settle()
    assert place.world.jane.find(WORK, name) is None


def test_events_are_read_page_by_page(place: Place, enter: Enter) -> None:
    sdk = enter("read_only")
    query = {"from_date": place.world.monday, "to_date": place.world.until, "calendar_ids": (place.calendar(WORK),)}
    pages = sdk.read_events(**query)
    assert pages.total > 1
    assert (pages.current, len(pages)) == (1, 20)
    everything = sdk.read_events(**query).all()
    assert [one["event_uid"] for one in pages] == [one["event_uid"] for one in everything]
    assert len({one["event_uid"] for one in everything}) == len(everything) > 20
    single = sdk.read_events(**query, automatic_pagination=False)
    assert len(list(single)) == 20
    single.fetch_next_page()
    assert single.current == 2


def test_events_are_filtered(place: Place, enter: Enter) -> None:
    sdk = enter("read_write")
    work, home = place.calendar(WORK), place.calendar(HOME)
    assert {one["calendar_id"] for one in sdk.read_events(calendar_ids=(home,)).all()} == {home}
    assert {one["calendar_id"] for one in sdk.read_events(calendar_ids=[work, home]).all()} == {work, home}
    day = place.world.day(1)
    one_day = sdk.read_events(from_date=day, to_date=day + timedelta(days=1), tzid="Europe/Paris").all()
    assert {DENTIST, "Mother is in town"} <= {one["summary"] for one in one_day}
    assert FAIR not in {one["summary"] for one in one_day}
    name, before = place.named(), datetime.fromtimestamp(_newest(sdk), UTC)
    sdk.upsert_event(work, meeting(place, name))
    changed = sdk.read_events(last_modified=before, only_managed=True).all()
    assert name in {one["summary"] for one in changed}
    assert sdk.read_events(last_modified=before + timedelta(days=1)).all() == []
    with pytest.raises(PyCronofyRequestError) as wrong:
        sdk.read_events(calendar_ids=("cal_nothing",))
    assert wrong.value.response.status_code == 422
    assert wrong.value.response.json()["errors"]["calendar_ids"][0]["key"] == "errors.invalid_calendar_ids"


def _newest(sdk: Sdk) -> float:
    stamps = [one["updated"] for one in sdk.read_events().all()]
    return datetime.fromisoformat(max(stamps)).timestamp()


def test_times_are_localized(place: Place, enter: Enter) -> None:
    sdk = enter("read_only")
    board = found(sdk, BOARD, localized_times=True)
    zone = ZoneInfo("Europe/Paris")
    day = place.world.day(4)
    start = datetime(day.year, day.month, day.day, 14, tzinfo=zone)
    assert board["start"] == {"time": start.isoformat(), "tzid": "Europe/Paris"}
    fair = found(sdk, FAIR, localized_times=True)
    assert fair["start"]["time"] == str(place.world.day(3))
    work = (place.calendar(WORK),)
    query = {"from_date": day, "to_date": day + timedelta(days=1), "tzid": "Europe/Paris", "calendar_ids": work}
    times = [one["start"] for one in sdk.read_free_busy(**query, localized_times=True).all()]
    assert board["start"] in times


def test_free_busy_is_read_page_by_page(place: Place, enter: Enter) -> None:
    sdk = enter("free_busy")
    query: dict[str, Any] = {"from_date": place.world.monday, "to_date": place.world.until}
    pages = sdk.read_free_busy(**query)
    assert pages.total > 1
    periods = list(pages)
    assert len(periods) > 20
    assert {one["free_busy_status"] for one in periods} <= {"busy", "free", "tentative"}
    expected = {(one.start, one.end, one.status) for one in place.world.busy[WORK]}
    assert expected <= {(one["start"], one["end"], one["free_busy_status"]) for one in periods}


def test_ones_own_bookings_count_in_free_busy_when_asked(place: Place, enter: Enter) -> None:
    sdk, name = enter("free_busy_write"), place.named()
    wanted = meeting(place, name)
    sdk.upsert_event(place.calendar(TRIALS), dict(wanted))
    start = wanted["start"].strftime("%Y-%m-%dT%H:%M:%SZ")
    query = {
        "from_date": place.world.day(3, 1),
        "to_date": place.world.day(4, 1),
        "calendar_ids": (place.calendar(TRIALS),),
    }
    assert start in {one["start"] for one in sdk.read_free_busy(**query, include_managed=True).all()}
    assert start not in {one["start"] for one in sdk.read_free_busy(**query, include_managed=False).all()}


def test_all_ones_events_are_deleted_at_once(place: Place, enter: Enter) -> None:
    sdk, here, there = enter("write_only"), place.named(), place.named()
    sdk.upsert_event(place.calendar(WORK), meeting(place, here))
    sdk.upsert_event(place.calendar(HOME), meeting(place, there))
    assert place.eventually(lambda: place.world.jane.find(HOME, there) is not None)
    others = place.theirs()
    sdk.delete_all_events(calendar_ids=(place.calendar(HOME),))
    left = {one["summary"] for one in sdk.read_events(only_managed=True).all()}
    assert here in left
    assert there not in left
    sdk.delete_all_events()
    assert sdk.read_events(only_managed=True).all() == []
    assert place.unchanged(others)
    assert place.world.jane.find(HOME, there) is None
    assert place.world.jane.find(WORK, here) is None


def test_a_calendar_is_created_and_a_second_of_that_name_is_not(place: Place, enter: Enter) -> None:
    sdk, name = enter("create_calendar read_write"), place.named("calendar")
    [profile] = sdk.list_profiles()
    made = sdk.create_calendar(profile["profile_id"], name)["calendar"]
    assert made["calendar_name"] == name
    assert made["profile_id"] == profile["profile_id"]
    assert (made["calendar_readonly"], made["calendar_deleted"]) == (False, False)
    assert name in {one.name for one in place.world.jane.listing()}
    with pytest.raises(PyCronofyRequestError) as wrong:
        sdk.create_calendar(profile["profile_id"], name)
    assert wrong.value.response.status_code == 422
    again = sdk.create_calendar(profile["profile_id"], name, error_on_duplicate=False)
    assert again["calendar_id"] == made["calendar_id"]


def test_extended_permissions_and_external_events(place: Place, enter: Enter) -> None:
    sdk, theirs = enter("read_write"), place.theirs()
    asked = sdk.elevated_permissions(
        [{"calendar_id": theirs.calendar_id, "permission_level": "unrestricted"}], place.a.redirect_uri
    )
    assert set(asked) == {"url"}
    place.jane.extend(asked["url"])
    title = place.named("edited")
    read = found(sdk, theirs.title)
    sdk.upsert_event(
        theirs.calendar_id,
        {"event_uid": theirs.uid, "summary": title, "start": read["start"], "end": read["end"]},
    )
    assert found(sdk, title)["event_uid"] == theirs.uid
    assert place.eventually(lambda: place.world.jane.find(WORK, title) is not None)
    sdk.delete_external_event(theirs.calendar_id, theirs.uid)
    assert place.eventually(lambda: place.world.jane.get(theirs.path) is None)


def test_an_invitation_is_answered(place: Place, enter: Enter) -> None:
    sdk = enter("read_only change_participation_status")
    lunch = found(sdk, LUNCH)
    assert lunch["organizer"]["email"] == "sam@example.org"
    assert lunch["participation_status"] == "needs_action"
    assert lunch["options"]["change_participation_status"] is True
    for answer, partstat in (("tentative", "TENTATIVE"), ("declined", "DECLINED"), ("accepted", "ACCEPTED")):
        sdk.change_participation_status(lunch["calendar_id"], lunch["event_uid"], answer)
        assert found(sdk, LUNCH)["participation_status"] == answer
        wanted = f"PARTSTAT={partstat}"
        assert place.eventually(lambda wanted=wanted: wanted in _own_answer(place))
    with pytest.raises(PyCronofyRequestError) as wrong:
        sdk.change_participation_status(lunch["calendar_id"], lunch["event_uid"], "perhaps")
    assert wrong.value.response.status_code == 422


def _own_answer(place: Place) -> str:
    text = (place.world.jane.find(WORK, LUNCH) or "").replace("\n ", "")
    [line] = [one for one in text.split("\n") if one.startswith("ATTENDEE") and place.jane.email in one]
    return line


def test_a_profile_is_taken_out_of_the_authorization(place: Place, enter: Enter) -> None:
    sdk = enter("read_write")
    [profile] = sdk.list_profiles()
    sdk.revoke_profile(profile["profile_id"])
    assert sdk.list_profiles() == []
    assert sdk.list_calendars() == []
    assert sdk.read_events().all() == []
    assert sdk.account()["email"] == place.jane.email
    with pytest.raises(PyCronofyRequestError) as wrong:
        sdk.revoke_profile(profile["profile_id"])
    assert wrong.value.response.status_code == 404
    assert enter("read_write").list_calendars() != []


def test_an_authorization_is_revoked_by_its_access_token(place: Place, enter: Enter) -> None:
    sdk = enter("read_write")
    token = sdk.auth.access_token
    sdk.revoke_authorization()
    assert sdk.auth.access_token is None
    with pytest.raises(PyCronofyRequestError) as wrong:
        pycronofy.Client(access_token=token).list_calendars()
    assert wrong.value.response.status_code == 401


def test_a_used_code_opens_nothing(place: Place, enter: Enter) -> None:
    sdk = enter("read_write")
    code = place.jane.allow(sdk.user_auth_link(place.a.redirect_uri, scope="read_write"))
    sdk.get_authorization_from_code(code)
    with pytest.raises(PyCronofyRequestError) as wrong:
        sdk.get_authorization_from_code(code)
    assert wrong.value.response.status_code == 400
    assert wrong.value.response.json()["error"] == "invalid_grant"


def test_what_needs_no_server(place: Place, enter: Enter) -> None:
    sdk = enter("read_write")
    assert sdk.hmac_valid("wrong", "body") is False
    sdk.validate("delete_event", "cal_1", "event-1")


def test_dates_may_be_texts(place: Place, enter: Enter) -> None:
    sdk = enter("read_only")
    day: date = place.world.day(1)
    by_text = sdk.read_events(from_date=str(day), to_date=str(day + timedelta(days=1))).all()
    by_date = sdk.read_events(from_date=day, to_date=day + timedelta(days=1)).all()
    assert [one["event_uid"] for one in by_text] == [one["event_uid"] for one in by_date] != []
