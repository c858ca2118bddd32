"""Applications, grants, elevations, events, time and the worker in any order, beside a model of the documents.

After every step each application's reads show what the model says, and the calendar service holds what the model says.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from calwarden.domain.audit import Actor
from calwarden.domain.grant import Grant, Terms
from calwarden.domain.ids import ApplicationId, CalendarId
from calwarden.domain.profile import Calendar
from calwarden.domain.times import Instant
from calwarden.policy import view
from calwarden.policy.decision import Elevated, GrantFacts, Relation, TokenState
from calwarden.usecases import access
from calwarden.usecases.access import Bearer
from calwarden.usecases.authorize import (
    Lifted,
    answer_extension,
    granting,
    issue_grant,
    lower_calendar,
    narrow_grant,
    revoke_grant,
)
from calwarden.usecases.elevation import request
from calwarden.usecases.sync import listing
from property.reference_model import ABILITIES, Entry, Model
from property.two_worlds import Watched, next_page
from proving import PROVING
from usecases.auth_world import ISSUER, REDIRECT
from usecases.sync_world import APP, JANE, OTHER

APPS = st.sampled_from([APP, OTHER])
PLACES = st.sampled_from(["work", "home", "team"])
OWNED = st.sampled_from(["work", "home"])
SCOPES = st.lists(st.sampled_from(sorted(ABILITIES)), min_size=1, max_size=2, unique=True).map(tuple)
NAMES = st.sampled_from(["one", "two"])
ENDS = st.sampled_from([None, 60, 120])
CHECKS = {
    "own_event.write": ("write", False),
    "own_event.delete": ("delete", False),
    "event.edit": ("write", True),
    "event.delete": ("delete", True),
}
WINDOW = {"tzid": "Etc/UTC", "from": "2030-03-17", "to": "2030-04-02"}


class Permissions(RuleBasedStateMachine):
    """Every rule does one thing to the server and to the model, and compares what was answered."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.model = Watched(), Model()
        self.world.places["team"] = self.world.team
        self.begun = self.world.clock()
        self.tokens: dict[str, Bearer] = {}
        self.titles = 0
        self.uids: dict[tuple[str, str | None, str], str] = {}

    def teardown(self) -> None:
        self.world.close()

    @initialize()
    def begin(self) -> None:
        revoke_grant(self.world.kit, JANE, APP, Actor.ACCOUNT)
        self.agree(APP, ("read_write",))
        self.agree(OTHER, ("free_busy_write",))
        self.person_adds("work")

    # What is needed for it

    def title(self) -> str:
        self.titles += 1
        return f"title {self.titles}"

    def ask(self, app: str, method: str, path: str, params: dict[str, Any] | None = None, **body: Any) -> Any:
        self.world.bearer = self.tokens[app]
        filled = self.world._filled
        return self.world._send(method, filled(path), params or {}, filled(body) or None)

    def live(self, app: str) -> bool:
        held = self.model.held.get(app)
        return held is not None and held.live

    def instant(self, seconds: int | None) -> Instant | None:
        return None if seconds is None else Instant(self.begun + seconds)

    def uid_of(self, entry: Entry) -> str | None:
        """The uid that the event has, or had while the calendar was Jane's, for whoever did not make it."""
        key = (entry.calendar, entry.maker, entry.name)
        if entry.calendar in self.model.owned:
            self.uids[key] = self.world.uid_of(entry.title, self.world.places[entry.calendar])
        return self.uids.get(key)

    # The person

    @rule(app=APPS, scopes=SCOPES)
    def agree(self, app: str, scopes: tuple[str, ...]) -> None:
        answer = issue_grant(self.world.kit, ApplicationId(app), JANE, scopes)
        self.tokens[app] = Bearer(answer.access_token)
        self.model.agree(app, scopes)

    @rule(app=APPS, places=st.sets(OWNED, min_size=1), after=ENDS)
    def narrow(self, app: str, places: set[str], after: int | None) -> None:
        held = self.model.held[app]
        if not held.live:
            return
        calendars = frozenset(places) if held.calendars is None else held.calendars & places
        ends = None if after is None else self.model.now + after
        if held.ends is not None and (ends is None or ends > held.ends):
            ends = held.ends
        if not calendars or (ends is not None and ends <= self.model.now):
            return
        calendars &= self.model.owned
        if not calendars:
            return
        ids = frozenset(self.world.calendar_id(self.world.places[one]) for one in calendars)
        narrow_grant(self.world.kit, JANE, ApplicationId(app), Terms(ids, self.instant(ends)))
        self.model.narrow(app, calendars, ends)

    @rule(app=APPS)
    def revoke(self, app: str) -> None:
        if self.live(app):
            revoke_grant(self.world.kit, JANE, ApplicationId(app), Actor.ACCOUNT)
            self.model.revoke(app)

    @rule(
        app=APPS,
        place=PLACES,
        accept=st.sampled_from([True, True, True, False]),
        deletes=st.booleans(),
        after=ENDS,
    )
    def lift(self, app: str, place: str, accept: bool, deletes: bool, after: int | None) -> None:
        wanted = [{"calendar_id": f"{{{place}}}", "permission_level": "unrestricted"}]
        answer = self.ask(app, "POST", "/v1/permissions", permissions=wanted, redirect_uri=REDIRECT)
        refused = self.model._grant_says(app, None)
        there = refused is None and self.model.reaches(app, place)
        assert answer.status_code == (200 if there else refused or 422), answer.text
        if not there:
            return
        secret = answer.json()["permissions_request"]["url"].removeprefix(f"{ISSUER}/permissions/")
        ends = None if after is None else self.model.now + after
        answer_extension(self.world.kit, secret, JANE, Lifted(deletes, self.instant(ends)) if accept else None)
        if accept:
            self.model.lift(app, place, deletes, ends)

    @rule(app=APPS, place=OWNED, herself=st.booleans(), pick=st.integers(0, 9))
    def lower(self, app: str, place: str, herself: bool, pick: int) -> None:
        """What is lifted, if anything is; by Jane or by the application."""
        lifted = self.model.lifted
        app, place = lifted[pick % len(lifted)] if lifted else (app, place)
        calendar_id = CalendarId(self.world.id_of(place))
        if herself:
            if self.live(app) and place in self.model.held[app].lifted:
                lower_calendar(self.world.kit, JANE, ApplicationId(app), calendar_id)
                self.model.lower(app, place)
            return
        wanted = [{"calendar_id": calendar_id, "permission_level": "sandbox"}]
        answer = self.ask(app, "POST", "/v1/permissions", permissions=wanted)
        refused = self.model._grant_says(app, None)
        there = refused is None and self.model.reaches(app, place)
        assert answer.status_code == (200 if there else refused or 422)
        if there:
            self.model.lower(app, place)

    @rule(place=PLACES)
    def person_adds(self, place: str) -> None:
        self.settle()
        title = self.title()
        self.world.put(f"by-hand-{self.titles}", title, calendar=self.world.places[place])
        if place != "team":
            self.model.there.append(Entry(place, None, f"by-hand-{self.titles}", title))
        self.world.sync()

    @rule(pick=st.integers(0, 9))
    def person_deletes(self, pick: int) -> None:
        self.settle()
        theirs = [one for one in self.model.there if one.maker is None]
        if theirs:
            gone = theirs[pick % len(theirs)]
            self.world.provider.delete(self.world.places[gone.calendar].remote_id, gone.name)
            self.model.there.remove(gone)
            self.world.sync()

    @rule(back=st.booleans(), settled=st.booleans())
    def hand_over(self, back: bool, settled: bool) -> None:
        """The calendar at home becomes Marcel's, who shares it with Jane; or hers again."""
        if back == ("home" in self.model.owned):
            return
        if settled:
            self.settle()
        home = self.world.home
        home.owner = "jane" if back else "marcel"
        home.shared_with = {"jane"}
        self.world.sync()
        if back:
            self.model.owned.add("home")
        else:
            self.model.hand_over("home")

    @rule(seconds=st.sampled_from([1, 59, 60, 120]))
    def time_goes_on(self, seconds: int) -> None:
        self.world.clock.advance(seconds)
        self.model.now += seconds

    @rule()
    def settle(self) -> None:
        """The worker delivers and reads."""
        self.world.deliver(all_owed=True)
        self.model.deliver()
        self.world.sync()

    # The applications

    @rule(app=APPS, place=PLACES, name=NAMES)
    def write(self, app: str, place: str, name: str) -> None:
        title = self.title()
        when = {"start": "2030-03-20T09:00:00Z", "end": "2030-03-20T10:00:00Z"}
        answer = self.ask(app, "POST", f"/v1/calendars/{{{place}}}/events", event_id=name, summary=title, **when)
        assert answer.status_code == self.model.write(app, place, name, title), answer.text

    @rule(app=APPS, place=PLACES, name=NAMES)
    def delete(self, app: str, place: str, name: str) -> None:
        answer = self.ask(app, "DELETE", f"/v1/calendars/{{{place}}}/events", event_id=name)
        assert answer.status_code == self.model.delete(app, place, name), answer.text

    @rule(app=APPS)
    def delete_all(self, app: str) -> None:
        answer = self.ask(app, "DELETE", "/v1/events", delete_all=True)
        assert answer.status_code == self.model.delete_all(app), answer.text

    @precondition(lambda self: not self.model.owed)  # what is owed has no uid that one could have read yet
    @rule(app=APPS, pick=st.integers(0, 9), elsewhere=st.booleans(), deletes=st.booleans())
    def change(self, app: str, pick: int, elsewhere: bool, deletes: bool) -> None:
        found = self.model.external(app)
        if not found:
            return
        before = found[pick % len(found)]
        uid = self.uid_of(before)
        if uid is None:
            return
        place = {"work": "home", "home": "work"}[before.calendar] if elsewhere else before.calendar
        title = None if deletes else self.title()
        body = {"event_uid": uid} if title is None else {"event_uid": uid, "summary": title}
        answer = self.ask(app, "DELETE" if deletes else "POST", f"/v1/calendars/{{{place}}}/events", **body)
        assert answer.status_code == self.model.change(app, place, None if elsewhere else before, title), answer.text

    # What holds all the time

    @invariant()
    def each_application_sees_what_it_may(self) -> None:
        for app in self.tokens:
            self._sees(app, self.model.reads(app, "read"), {}, self.model.titles)
            self._sees(app, self.model.reads(app, None), {"only_managed": "true"}, self.model.own_titles)
            answer = self.ask(app, "GET", "/v1/free_busy", WINDOW)
            assert answer.status_code == self.model.reads(app, "busy"), (app, answer.text)
            assert "title" not in answer.text

    def _sees(self, app: str, status: int, more: dict[str, str], titles: Callable[[str], list[str]]) -> None:
        """The listing of events has this status and, over all its pages, these titles."""
        found: list[str] = []
        answer = self.ask(app, "GET", "/v1/events", {**WINDOW, **more})
        assert answer.status_code == status, (app, answer.text)
        while answer.status_code == 200:
            said = answer.json()
            found += [one["summary"] for one in said["events"]]
            following = next_page(answer)
            if not following:
                assert sorted(found) == titles(app)
                return
            answer = self.ask(app, "GET", following)
        assert answer.status_code == status, (app, answer.text)

    @invariant()
    def a_check_says_what_the_model_says(self) -> None:
        for app in self.tokens:
            asked = [(action, place) for action in CHECKS for place in ("work", "home", "team")]
            checks = [{"action": action, "calendar_id": f"{{{place}}}"} for action, place in asked]
            answer = self.ask(app, "POST", "/v1/permission_checks", checks=checks)
            assert answer.status_code == self.model.reads(app, None), answer.text
            if answer.status_code == 200:
                said = [one["allowed"] for one in answer.json()["checks"]]
                needs = [(CHECKS[action], place) for action, place in asked]
                assert said == [self.model.may(app, need, place, ext) is None for (need, ext), place in needs], asked

    @invariant()
    def the_calendar_service_holds_what_the_model_says(self) -> None:
        for place in ("work", "home"):
            stored = self.world.stored(self.world.places[place])
            assert stored == sorted(one.title for one in self.model.there if one.calendar == place)


PARTS = range(4 if PROVING else 1)
"""Runs of the machine beside each other: 2,000 in all, of 50 steps, where nothing is left out."""

runs = settings(
    max_examples=500 if PROVING else 8,
    stateful_step_count=50 if PROVING else 20,
    suppress_health_check=list(HealthCheck),
    deadline=None,
)


@pytest.mark.parametrize("part", PARTS)
def test_the_server_does_what_the_model_says(part: int, record_property: Callable[[str, object], None]) -> None:
    run_state_machine_as_test(Permissions, settings=runs)
    record_property("cases", runs.max_examples)


_true_facts = view.grant_facts


def _no_grant_ends(grant: Grant | None, now: Instant, token: TokenState = TokenState.LIVE) -> GrantFacts:
    return _true_facts(None if grant is None else replace(grant, ends=None), now, token)


def _every_calendar_is_there(grant: Grant, calendar: Calendar | None) -> Relation:
    del grant
    return Relation.UNKNOWN if calendar is None else Relation.OWNED


def _no_elevation_ends(grant: Grant, calendar_id: CalendarId, now: Instant) -> Elevated:
    del now
    return Elevated.FULL if calendar_id in grant.elevated else Elevated.NONE


def _elevation_outlives_the_agreement(held: Grant, scopes: tuple[str, ...], terms: Terms, now: Instant) -> Grant:
    del now
    return replace(held, scopes=scopes, calendars=terms.calendars, ends=terms.ends)


Step = Callable[[Permissions], None]


def _lift(place: str, after: int | None = None) -> Step:
    return lambda machine: machine.lift(app=APP, place=place, accept=True, deletes=True, after=after)


def _hand_over(*, back: bool) -> Step:
    return lambda machine: machine.hand_over(back=back, settled=True)


def _an_hour(machine: Permissions) -> None:
    machine.time_goes_on(seconds=3_600)


FAULTS: dict[str, tuple[object, str, object, list[Step]]] = {
    "shared and excluded calendars are there": (view, "relation", _every_calendar_is_there, []),
    "the end of a grant does not come": (
        access, "grant_facts", _no_grant_ends,
        [lambda machine: machine.narrow(app=APP, places={"work"}, after=60), _an_hour],
    ),
    "an elevation never ends, and always deletes": (
        view, "elevated", _no_elevation_ends, [_lift("work", 60), _an_hour],
    ),
    "a new agreement keeps the elevations": (
        granting, "_replaced", _elevation_outlives_the_agreement,
        [_lift("work"), lambda machine: machine.agree(app=APP, scopes=("read_write",))],
    ),
    "lowering lowers nothing": (
        request, "lowered", lambda grant, _: grant,
        [_lift("work"), lambda machine: machine.lower(app=APP, place="work", herself=False, pick=0)],
    ),
    "elevations outlive that a calendar is somebody else's": (
        listing, "end_elevations", lambda *_, **__: None,
        [_lift("home"), _hand_over(back=False), _hand_over(back=True)],
    ),
}  # fmt: skip
"""What is made of one function of the server, and the steps after which the machine has to see it."""


def _walk(steps: list[Step]) -> None:
    machine = Permissions()
    try:
        machine.begin()
        for step in steps:
            step(machine)
        machine.each_application_sees_what_it_may()
        machine.a_check_says_what_the_model_says()
        machine.the_calendar_service_holds_what_the_model_says()
    finally:
        machine.teardown()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_notices(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, instead, steps = FAULTS[fault]
    _walk(steps)
    monkeypatch.setattr(where, name, instead)
    with pytest.raises(AssertionError):
        _walk(steps)
