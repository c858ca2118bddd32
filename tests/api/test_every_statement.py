"""Every statement that the API runs on rows of people names whose they are (security 1.6, ruling 27)."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from api.api_world import ApiWorld
from api.test_every_route import CASES, Scene, scene
from calwarden.policy.decision import Action, Reason
from calwarden.store import tables as t
from usecases.write_world import uid

OF_PEOPLE = {name for name, table in t.metadata.tables.items() if "account_id" in table.c}
OF_GRANTS = {"grants", "tokens", "listings", "elevation_requests", "pending_writes"}
"""What belongs to one Application besides: a statement names it, its Grant, or something that only it was given."""

BY_SECRET = {"tokens": "token_hash", "listings": "page_hash"}
"""The index that a bearer's secret is looked up in names the account (ruling 27)."""

NAMES_GRANT = ("application_id", "grant_id", "token_hash", "page_hash", "write_id", "profile_id")


@pytest.fixture
def said(world: ApiWorld) -> Iterator[list[str]]:
    """Every statement from here on, as the database gets it."""
    found: list[str] = []
    connection = world.store._engine.raw_connection().driver_connection
    assert isinstance(
        connection, sqlite3.Connection
    )  # a store in memory has one connection, and everything goes over it
    connection.set_trace_callback(lambda statement: found.append(" ".join(statement.split())))
    yield found
    connection.set_trace_callback(None)


def tables_in(statement: str) -> set[str]:
    """The tables that rows are read from or written to."""
    found = re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE) \"?(\w+)\"?", statement)
    found += re.findall(r", (\w+) (?:AS \w+ )?(?=WHERE|,)", statement)
    return set(found) & set(t.metadata.tables)


def condition_of(statement: str) -> str:
    return statement.partition(" WHERE ")[2]


def names_account(statement: str) -> bool:
    """Whether it is bound to an account: by a condition, by the row that is inserted, or by the hash of a secret."""
    if statement.startswith("INSERT"):
        return "account_id" in statement.partition("VALUES")[0]
    where = condition_of(statement)
    by_secret = any(table in tables_in(statement) and f"{name} = '" in where for table, name in BY_SECRET.items())
    return re.search(r"account_id = '", where) is not None or by_secret


def names_grant(statement: str) -> bool:
    text = statement if statement.startswith("INSERT") else condition_of(statement)
    return any(name in text for name in NAMES_GRANT)


def everything(world: ApiWorld) -> None:
    """What an application does in a day, allowed and refused."""
    mine = {"json": world.body(event_id="mine")}
    theirs = world.put()[0]
    headers = world.bearer(elevated=(world.work,))

    def call(method: str, path: str, **more: Any) -> None:
        world.call(method, path, headers, **more)

    edited = {
        "event_uid": uid(theirs),
        "summary": "Other",
        "start": "2030-03-18T09:00:00Z",
        "end": "2030-03-18T10:00:00Z",
    }
    call("POST", world.events_path(), **mine)
    call("POST", world.events_path(), json=edited)
    for path in ("/v1/events", "/v1/free_busy"):
        for more in ({}, {"only_managed": "true"}, {"include_managed": "true"}, {"include_deleted": "true"}):
            call("GET", path, params={"tzid": "Etc/UTC", **more})
    for path in ("/v1/userinfo", "/v1/account", "/v1/profiles", "/v1/calendars", "/v1/events/pages/x"):
        call("GET", path)
    call("DELETE", world.events_path(), json={"event_id": "mine"})
    call("DELETE", world.events_path(), json={"event_uid": uid(theirs)})
    call("DELETE", "/v1/events", json={"delete_all": True})
    call("POST", f"{world.events_path()}/{uid(world.invited())}/participation_status", json={"status": "accepted"})
    call("POST", f"/v1/profiles/{world.profile.profile_id}/revoke", json={})


def refusals(world: ApiWorld) -> None:
    done: set[tuple[Action, Reason]] = set()
    for name, action, reason in CASES:
        if reason in {Reason.NOT_FOUND, Reason.SCOPE_MISSING} and (action, reason) not in done:
            done.add((action, reason))
            held: Scene = scene(world, action, reason)
            held.send(name)


@pytest.mark.parametrize("act", [everything, refusals], ids=["a day", "refusals"])
def test_every_statement_on_rows_of_people_names_the_account(
    world: ApiWorld, said: list[str], act: Callable[[ApiWorld], None]
) -> None:
    act(world)
    touched = {one: tables_in(one) & OF_PEOPLE for one in said}
    unbound = {one for one, tables in touched.items() if tables and not names_account(one)}
    assert unbound == set()
    assert {"grants", "tokens", "calendars", "profiles"} <= set().union(*touched.values())


def test_every_statement_on_what_belongs_to_a_grant_names_that_too(world: ApiWorld, said: list[str]) -> None:
    everything(world)
    assert {one for one in said if tables_in(one) & OF_GRANTS and not names_grant(one)} == set()


def test_the_ear_would_notice(world: ApiWorld, said: list[str]) -> None:
    with world.store._engine.connect() as connection:
        connection.execute(select(t.calendars)).all()
    [forgotten] = [one for one in said if "calendars" in one]
    assert tables_in(forgotten) == {"calendars"}
    assert not names_account(forgotten)
