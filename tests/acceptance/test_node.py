"""The official Node SDK, unmodified: every method whose endpoint is here (contract authorization 8)."""

import base64
import hmac
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from acceptance.place import Place
from demo.people import authorize_link
from demo.world import HOME, TRIALS, WORK

TALK = Path(__file__).with_name("node") / "talk.js"
MODULES = Path(sys.prefix) / "node" / "node_modules"
"""``make test`` installs the SDK there, in the version that ``tests/acceptance/node`` pins."""


class Failed(Exception):
    """What the SDK's caller is told of an answer that is no success."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class Sdk:
    """One client of the SDK. ``config`` is what it has made of the tokens it was handed."""

    def __init__(self, process: "subprocess.Popen[str]", place: Place) -> None:
        self._process = process
        self.config: dict[str, Any] = {}
        client = {"client_id": place.a.client_id, "client_secret": place.a.client_secret}
        self._write({"url": place.server.url, **client})

    def call(self, method: str, **options: Any) -> Any:
        """What its callback is given. Raises Failed."""
        self._write({"method": method, "options": options})
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        if "status" in said:
            raise Failed(said["status"], said["body"])
        self.config = said["config"]
        return said["answer"]

    def all(self, method: str, member: str, **options: Any) -> list[dict[str, Any]]:
        """Every page, as its documentation says: the same options again beside ``next_page``."""
        page = self.call(method, **options)
        found = list(page[member])
        while "next_page" in page["pages"]:
            page = self.call(method, next_page=page["pages"]["next_page"], **options)
            found += page[member]
        assert page["pages"]["current"] == page["pages"]["total"]
        return found

    def _write(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()


Enter = Callable[[str], Sdk]


@pytest.fixture
def enter(place: Place) -> Iterator[Enter]:
    """Jane agrees to a scope; gives the SDK with its tokens."""
    node = shutil.which("node")
    assert node is not None, "make test-deps installs it"
    with ExitStack() as stack:

        def _enter(scope: str) -> Sdk:
            process = stack.enter_context(
                subprocess.Popen(
                    [node, str(TALK)],
                    env={"NODE_PATH": str(MODULES)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    encoding="utf-8",
                )
            )
            stack.callback(process.kill)
            sdk = Sdk(process, place)
            code = place.jane.allow(authorize_link(place.server, place.a, scope))
            sdk.call("requestAccessToken", code=code, redirect_uri=place.a.redirect_uri)
            return sdk

        yield _enter


def test_code_refresh_and_revocation_go_with_a_meaningless_bearer(place: Place, enter: Enter) -> None:
    sdk = enter("read_write")
    first = dict(sdk.config)
    answer = sdk.call("refreshAccessToken")
    assert answer["access_token"] == sdk.config["access_token"] != first["access_token"]
    assert (answer["refresh_token"], answer["scope"]) == (first["refresh_token"], "read_write")
    assert sdk.config["refresh_token"] == first["refresh_token"]
    sdk.call("revokeAuthorization")
    assert {"access_token", "refresh_token"}.isdisjoint(sdk.config)
    for token in (first["access_token"], answer["access_token"]):
        with pytest.raises(Failed) as caught:
            sdk.call("userInfo", access_token=token)
        assert caught.value.status == 401
    with pytest.raises(Failed) as caught:
        sdk.call("refreshAccessToken", refresh_token=first["refresh_token"])
    assert (caught.value.status, caught.value.body["error"]) == (400, "invalid_grant")


def test_who_the_account_is_and_what_it_has(place: Place, enter: Enter) -> None:
    sdk = enter("free_busy_write")
    info, account = sdk.call("userInfo"), sdk.call("accountInformation")["account"]
    assert account["email"] == info["email"] == place.jane.email
    assert account["account_id"] == info["sub"]
    assert info["cronofy.data"]["authorization"] == {"scope": "free_busy_write", "status": "active"}
    [profile] = sdk.call("profileInformation")["profiles"]
    calendars = sdk.call("listCalendars")["calendars"]
    assert {one["profile_id"] for one in calendars} == {profile["profile_id"]}
    assert {"Work", "Home", "Team", "Archive"} <= {one["calendar_name"] for one in calendars}


def test_an_event_goes_comes_back_and_is_deleted(place: Place, enter: Enter) -> None:
    sdk, name, calendar = enter("free_busy_write"), place.named(), place.calendar(TRIALS)
    wanted = place.fields(name)
    sdk.call("createEvent", calendar_id=calendar, event_id=name, location={"description": "Hall B"}, **wanted)
    [read] = [
        one for one in sdk.all("readEvents", "events", tzid="Etc/UTC", only_managed=True) if one["event_id"] == name
    ]
    assert {key: read[key] for key in ("summary", "start", "end")} == {
        key: wanted[key] for key in ("summary", "start", "end")
    }
    assert read["location"] == {"description": "Hall B"}
    assert place.eventually(lambda: place.world.jane.find(TRIALS, name) is not None)
    sdk.call("deleteEvent", calendar_id=calendar, event_id=name)
    assert place.eventually(lambda: place.world.jane.find(TRIALS, name) is None)


def test_what_is_wrong_is_told_by_field(place: Place, enter: Enter) -> None:
    sdk = enter("write_only")
    with pytest.raises(Failed) as caught:
        sdk.call("createEvent", calendar_id=place.calendar(TRIALS), event_id="x", start="2031-04-05", end="2031-04-06")
    assert (caught.value.status, caught.value.body["errors"]["summary"][0]["key"]) == (422, "errors.required")
    with pytest.raises(Failed) as caught:
        sdk.call("readEvents", tzid="Etc/UTC")
    assert (caught.value.status, caught.value.body["code"]) == (403, "scope_missing")


def test_listings_are_read_page_by_page(place: Place, enter: Enter) -> None:
    sdk = enter("read_only")
    wanted = {"tzid": "Etc/UTC", "calendar_ids": [place.calendar(WORK)], "include_managed": False}
    assert sdk.call("readEvents", **wanted)["pages"]["total"] > 1
    events = sdk.all("readEvents", "events", **wanted)
    assert len({one["event_uid"] for one in events}) == len(events) > 40
    when = {"calendar_id", "start", "end", "free_busy_status"}
    assert {key for one in sdk.all("freeBusy", "free_busy", **wanted) for key in one} == when
    busy = sdk.all("freeBusy", "free_busy", include_ids=True, **wanted)
    assert len(busy) > 40
    assert {key for one in busy for key in one} == {*when, "event_uid"}


def test_all_ones_events_are_deleted_at_once(place: Place, enter: Enter) -> None:
    sdk, calendars = enter("free_busy_write"), [place.calendar(TRIALS), place.calendar(HOME)]

    def own() -> list[str]:
        events = sdk.all("readEvents", "events", tzid="Etc/UTC", only_managed=True)
        return [one["calendar_id"] for one in events if one["calendar_id"] in calendars]

    for one in calendars:
        name = place.named()
        sdk.call("createEvent", calendar_id=one, event_id=name, **place.fields(name))
    assert set(own()) == set(calendars)
    sdk.call("bulkDeleteEvents", calendar_ids=calendars[:1])
    assert set(own()) == set(calendars[1:])
    sdk.call("bulkDeleteEvents", delete_all=True)
    assert own() == []


def test_a_calendar_is_created_and_a_second_of_that_name_is_not(place: Place, enter: Enter) -> None:
    sdk, name = enter("create_calendar"), place.named("calendar")
    profile = sdk.call("profileInformation")["profiles"][0]["profile_id"]
    made = sdk.call("createCalendar", profile_id=profile, name=name, color="#49BED8")["calendar"]
    assert (made["calendar_name"], made["permission_level"]) == (name, "unrestricted")
    with pytest.raises(Failed) as caught:
        sdk.call("createCalendar", profile_id=profile, name=name)
    assert caught.value.status == 422
    assert caught.value.body["errors"]["name"][0]["key"] == "errors.duplicate_calendar_name"


def test_extended_permissions_and_external_events(place: Place, enter: Enter) -> None:
    sdk, event, title = enter("read_write"), place.theirs(HOME), place.named("renamed")
    named = {"calendar_id": event.calendar_id, "event_uid": event.uid}
    with pytest.raises(Failed) as caught:
        sdk.call("updateExternalEvent", summary=title, **named)
    assert (caught.value.status, caught.value.body["code"]) == (403, "calendar_not_elevated")
    wanted = [{"calendar_id": event.calendar_id, "permission_level": "unrestricted"}]
    asked = sdk.call("elevatedPermissions", permissions=wanted, redirect_uri=place.a.redirect_uri)
    place.jane.extend(asked["permissions_request"]["url"])
    sdk.call("updateExternalEvent", summary=title, **named)
    assert place.eventually(lambda: place.world.jane.find(HOME, title) is not None)
    sdk.call("deleteExternalEvent", **named)
    assert place.eventually(lambda: place.world.jane.get(event.path) is None)


def test_a_profile_is_taken_out_of_the_authorization(place: Place, enter: Enter) -> None:
    sdk = enter("read_only")
    profile = sdk.call("profileInformation")["profiles"][0]["profile_id"]
    sdk.call("revokeProfileAuthorization", profile_id=profile)
    assert sdk.call("listCalendars")["calendars"] == []
    assert sdk.call("profileInformation")["profiles"] == []


def test_a_callback_is_known_by_any_of_its_signatures(place: Place, enter: Enter) -> None:
    sdk = enter("read_only")
    key, body = place.a.client_secret.encode(), '{"notification": {"type": "change"}}'
    signed = base64.b64encode(hmac.digest(key, body.encode(), "sha256")).decode()
    assert sdk.call("hmacValid", hmac=f"another,{signed}", body=body) is True
    assert sdk.call("hmacValid", hmac="another", body=body) is False
