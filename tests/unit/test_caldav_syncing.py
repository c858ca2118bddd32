"""What changed and what is there, at servers that answer as the odd ones do (connectors.md 2)."""

import pytest

from calwarden.connectors.caldav.dav import ServerFault
from calwarden.connectors.caldav.resources import MOST_SILENT, NOBODYS_NAME
from calwarden.domain.ids import ResourceId
from calwarden.ports.connector import (
    AddressRefused,
    CalendarGone,
    ProviderUnavailable,
    RateLimited,
    RemoteResource,
)
from servers.script import (
    EVENT,
    WORK,
    Row,
    Script,
    data,
    etag,
    failure,
    multi,
    one,
    script,
)
from servers.web import Got, response


def test_pages_are_followed_as_long_as_the_server_says_there_are_more() -> None:
    rows: dict[str, list[Row]] = {
        f"REPORT {WORK}": [
            multi(etag(f"{WORK}a.ics"), etag(f"{WORK}b.ics"), one(WORK, status=507), token="t1"),
            multi(etag(f"{WORK}c.ics"), one(f"{WORK}a.ics", status=404), token="t2"),
        ]
    }
    with script(rows) as told:
        found = told.run(lambda connector: connector.changes(WORK, None))
        assert (set(found.changed), found.removed) == ({f"{WORK}b.ics", f"{WORK}c.ics"}, frozenset())
        assert (found.cursor, found.full) == ("s1:t2", True)
        assert [b"t1" in got.body for got in told.web.got] == [False, True]


def test_an_answer_without_end_is_given_up() -> None:
    with script({f"REPORT {WORK}": multi(one(WORK, status=507), token="t1")}) as told:
        assert type(failure(told, lambda one: one.changes(WORK, None))) is ProviderUnavailable
    assert len(told.web.got) == 2


@pytest.mark.parametrize("status", [400, 403, 405, 415, 501])
def test_without_sync_collection_etags_are_listed_and_the_ctag_is_the_cursor(status: int) -> None:
    ctag = multi(one(WORK, "<cs:getctag>42</cs:getctag>"))
    listing = multi(etag(WORK), etag(f"{WORK}a.ics"), one(f"{WORK}sub/", "<d:resourcetype/>"))
    rows: dict[str, Row | list[Row]] = {f"REPORT {WORK}": response(status), f"PROPFIND {WORK}": [ctag, listing, ctag]}
    with script(rows) as told:
        found = told.run(lambda connector: connector.changes(WORK, None))
        assert (found.changed, found.full, found.cursor) == ({f"{WORK}a.ics": '"1"'}, True, "c1:42")
        again = told.run(lambda connector: connector.changes(WORK, "c1:42"))
        assert (again.changed, again.full, again.cursor) == ({}, False, "c1:42")


def test_a_lost_token_leads_to_everything() -> None:
    def sync(got: Got) -> bytes:
        return response(403, b"<d:error xmlns:d='DAV:'><d:valid-sync-token/></d:error>") if b"old" in got.body else new

    new = multi(etag(f"{WORK}a.ics"), token="new")
    with script({f"REPORT {WORK}": sync}) as told:
        found = told.run(lambda connector: connector.changes(WORK, "s1:old"))
    assert (found.full, found.cursor) == (True, "s1:new")


def test_addresses_are_compared_decoded_and_what_is_not_in_the_calendar_is_passed_over() -> None:
    answer = multi(
        etag("/dav/jane/work/a b.ics"),
        etag("/dav/j%61ne/work/c%40d.ics"),
        etag("/dav/marcel/private.ics"),
        etag("/dav/jane/work/sub/x.ics"),
        etag("https://other.example/dav/jane/work/y.ics"),
        token="t",
    )
    with script({f"REPORT {WORK}": answer}) as told:
        found = told.run(lambda connector: connector.changes(WORK, None))
    assert set(found.changed) == {f"{WORK}a b.ics", f"{WORK}c@d.ics"}


def test_a_server_that_answers_for_another_place_does_not_look_like_an_empty_calendar() -> None:
    with script({f"REPORT {WORK}": multi(etag("/other/a.ics"), token="t")}) as told:
        assert type(failure(told, lambda one: one.changes(WORK, None))) is ProviderUnavailable


def test_a_calendar_that_leads_into_another_one_is_gone() -> None:
    rows: dict[str, Row] = {
        f"REPORT {WORK}": response(301, Location="/dav/jane/other/"),
        "REPORT /dav/jane/other/": multi(etag("/dav/jane/other/a.ics"), token="t"),
    }
    with script(rows) as told:
        assert type(failure(told, lambda one: one.changes(WORK, None))) is CalendarGone


@pytest.mark.parametrize("status", [403, 404])
def test_a_calendar_that_may_not_be_listed_is_gone(status: int) -> None:
    ctag = multi(one(WORK, "<cs:getctag>42</cs:getctag>"))
    rows: dict[str, Row | list[Row]] = {f"REPORT {WORK}": response(501), f"PROPFIND {WORK}": [ctag, response(status)]}
    with script(rows) as told:
        assert type(failure(told, lambda one: one.changes(WORK, None))) is CalendarGone


def test_a_listing_with_nothing_in_it_is_no_calendar_without_events() -> None:
    with script({f"REPORT {WORK}": response(501), f"PROPFIND {WORK}": multi()}) as told:
        assert type(failure(told, lambda one: one.changes(WORK, None))) is ProviderUnavailable


def test_a_slash_that_is_part_of_a_name_leads_to_the_resource_and_nowhere_else() -> None:
    name = f"{WORK}a%2fb.ics"
    rows: dict[str, Row | list[Row]] = {
        f"REPORT {WORK}": [multi(etag(name), token="t"), response(501)],
        f"GET {WORK}a%2Fb.ics": response(200, EVENT, ETag='"1"'),
    }
    with script(rows) as told:
        (found,) = told.run(lambda connector: connector.changes(WORK, None)).changed
        assert found not in {f"{WORK}a/b.ics", f"{WORK}a%2fb.ics", f"{WORK}a%2Fb.ics"}
        assert [one.etag for one in told.run(lambda connector: connector.fetch(WORK, [found]))] == ['"1"']


@pytest.mark.parametrize("status", [408, 423, 425])
def test_what_is_locked_is_not_gone(status: int) -> None:
    busy = response(status)
    with script({f"REPORT {WORK}": busy, f"PROPFIND {WORK}": busy}) as told:
        for cursor in (None, "s1:t", "c1:t"):
            assert type(failure(told, lambda one, cursor=cursor: one.changes(WORK, cursor))) is ServerFault
    rows: dict[str, Row] = {f"REPORT {WORK}": response(501), f"GET {WORK}a.ics": busy}
    with script({**rows, f"GET {WORK}b.ics": response(200, EVENT, ETag='"1"')}) as told:
        assert {name: one.flags for name, one in fetched(told, "a.ics", "b.ics").items()} == {
            "a.ics": ("faulty",),
            "b.ics": (),
        }
    many = multi(one(f"{WORK}a.ics", status=status), data(f"{WORK}b.ics"))
    with script({f"REPORT {WORK}": many}) as told:
        assert fetched(told, "a.ics", "b.ics")["a.ics"].flags == ("faulty",)


@pytest.mark.parametrize(
    ("cursor", "answers", "lost"),
    [
        (None, [multi(token="new")], False),
        ("s1:old", [multi(token="new")], False),
        ("s1:old", [response(403), multi(token="new")], True),
        ("s1:old", [response(410), multi(token="new")], True),
        ("s1:old", [response(507), multi(token="new")], True),
        ("s1:old", [response(501)], False),
        ("c1:old", [multi(token="new")], False),
    ],
)
def test_a_token_that_was_given_out_and_is_refused_is_told_from_all_else(
    cursor: str | None, answers: list[Row], lost: bool
) -> None:
    with script({f"REPORT {WORK}": answers, f"PROPFIND {WORK}": multi(etag(WORK))}) as told:
        assert told.run(lambda one: one.changes(WORK, cursor)).lost is lost


# Reading


def fetched(told: Script, *names: str) -> dict[str, RemoteResource]:
    wanted = [ResourceId(f"{WORK}{name}") for name in names]
    found = told.run(lambda connector: connector.fetch(WORK, wanted))
    return {one.resource_id.removeprefix(WORK): one for one in found}


def test_one_unreadable_resource_hides_none_beside_it() -> None:
    large = b"X" * (1024 * 1024 + 1)
    answer = multi(
        data(f"{WORK}good.ics"),
        data(f"{WORK}nonsense.ics", b"this is no calendar"),
        data(f"{WORK}large.ics", large),
        one(f"{WORK}secret.ics", status=403),
        one(f"{WORK}faulty.ics", status=500),
        one(f"{WORK}gone.ics", status=404),
        data(f"{WORK}nobody-asked.ics"),
    )
    with script({f"REPORT {WORK}": answer}) as told:
        names = ("good.ics", "nonsense.ics", "large.ics", "secret.ics", "faulty.ics", "gone.ics")
        found = fetched(told, *names)
    flags = {name: one.flags for name, one in found.items()}
    assert flags == {
        "good.ics": (),
        "nonsense.ics": ("unreadable",),
        "large.ics": ("too_large",),
        "secret.ics": ("unreadable",),
        "faulty.ics": ("faulty",),
    }
    assert found["good.ics"].components[0].details.summary == "A"
    assert not any(one.components for name, one in found.items() if name != "good.ics")


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_where_many_cannot_be_had_at_once_they_are_read_singly(status: int) -> None:
    rows: dict[str, Row] = {
        f"REPORT {WORK}": response(status),
        f"GET {WORK}a.ics": response(200, EVENT, ETag='"1"'),
        f"GET {WORK}b.ics": response(200, b"x" * (1024 * 1024 + 1), ETag='"2"'),
        f"PROPFIND {WORK}b.ics": multi(etag(f"{WORK}b.ics", "&quot;2&quot;")),
        f"GET {WORK}c.ics": response(200, EVENT),
        f"PROPFIND {WORK}c.ics": multi(etag(f"{WORK}c.ics", "&quot;3&quot;")),
        f"GET {WORK}d.ics": response(403),
        f"GET {WORK}f.ics": response(200, b"x" * (1024 * 1024 + 1)),
        f"PROPFIND {WORK}f.ics": multi(one(f"{WORK}f.ics", "<d:displayname>no version</d:displayname>")),
        f"GET {WORK}g.ics": response(200, EVENT),
        f"PROPFIND {WORK}g.ics": response(403),
    }
    with script(rows) as told:
        found = fetched(told, "f.ics", "g.ics", "a.ics", "b.ics", "c.ics", "d.ics", "e.ics")
    said = {name: (one.etag, one.flags) for name, one in found.items()}
    assert said == {
        "a.ics": ('"1"', ()),
        "b.ics": ('"2"', ("too_large",)),
        "c.ics": ('"3"', ()),
        "d.ics": ("", ("unreadable",)),
        "f.ics": ("", ("unreadable",)),
        "g.ics": ("", ("unreadable",)),
    }


SINGLY: dict[str, Row | list[Row]] = {f"REPORT {WORK}": response(501)}


def test_a_resource_that_makes_the_server_fail_hides_none_beside_it() -> None:
    rows = {
        **SINGLY,
        f"GET {WORK}a.ics": response(500),
        f"GET {WORK}b.ics": response(200, EVENT, ETag='"1"'),
        f"GET {WORK}c.ics": response(200, EVENT),
        f"PROPFIND {WORK}c.ics": response(502),
    }
    with script(rows) as told:
        found = fetched(told, "a.ics", "b.ics", "c.ics")
    said = {name: (one.etag, one.flags) for name, one in found.items()}
    assert said == {"a.ics": ("", ("faulty",)), "b.ics": ('"1"', ()), "c.ics": ("", ("faulty",))}


def test_where_nothing_else_was_read_another_address_tells_a_faulty_resource_from_a_faulty_server() -> None:
    with script({**SINGLY, f"GET {WORK}a.ics": response(500), f"GET {WORK}b.ics": response(504)}) as told:
        assert [one.flags for one in fetched(told, "a.ics", "b.ics").values()] == [("faulty",)] * 2
        assert len([one for one in told.asked() if one.startswith("GET")]) == 3
    everything = {f"GET {WORK}{name}.ics": response(500) for name in ("a", "b", NOBODYS_NAME)}
    with script({**SINGLY, **everything}) as told:
        wanted = [ResourceId(f"{WORK}{name}.ics") for name in "ab"]
        assert type(failure(told, lambda one: one.fetch(WORK, wanted))) is ServerFault
        assert len([one for one in told.asked() if one.startswith("GET")]) == 2


@pytest.mark.parametrize("many", [b"", response(207, b"<multistatus>"), response(207, b"")])
def test_an_answer_for_many_that_cannot_be_read_leads_to_single_ones(many: bytes) -> None:
    rows: dict[str, Row] = {f"REPORT {WORK}": many, f"GET {WORK}a.ics": response(200, EVENT, ETag='"1"')}
    with script({**rows, f"GET {WORK}b.ics": b""}) as told:
        assert {name: one.flags for name, one in fetched(told, "b.ics", "a.ics").items()} == {
            "b.ics": ("faulty",),
            "a.ics": (),
        }


def test_an_answer_for_many_that_leads_to_this_machine_is_refused() -> None:
    with script({f"REPORT {WORK}": response(307, Location="http://127.0.0.1:1/")}) as told:
        wanted = [ResourceId(f"{WORK}{name}.ics") for name in "ab"]
        assert type(failure(told, lambda one: one.fetch(WORK, wanted))) is AddressRefused


def test_silence_is_not_waited_for_at_one_resource_after_the_other() -> None:
    names = [f"{number}.ics" for number in range(9)]
    rows: dict[str, Row] = {f"GET {WORK}{name}": b"" for name in names}
    with script({f"REPORT {WORK}": b"", **rows}) as told:
        assert {one.flags for one in fetched(told, *names).values()} == {("faulty",)}
        asked = [one for one in told.asked() if one.startswith("GET") and NOBODYS_NAME not in one]
    # Each is asked for once more: what changes nothing outlives a connection that was closed meanwhile.
    assert len(set(asked)) == MOST_SILENT


def test_a_server_that_has_fallen_silent_altogether_gives_no_resources() -> None:
    rows: dict[str, Row | list[Row]] = {
        f"GET {WORK}a.ics": response(200, EVENT, ETag='"1"'),
        f"GET {WORK}b.ics": b"",
        f"GET {WORK}{NOBODYS_NAME}.ics": b"",
    }
    with script({**SINGLY, **rows}) as told:
        wanted = [ResourceId(f"{WORK}{name}.ics") for name in "ab"]
        assert type(failure(told, lambda one: one.fetch(WORK, wanted))) is ProviderUnavailable


def test_a_server_that_asks_to_wait_is_no_faulty_resource() -> None:
    rows: dict[str, Row | list[Row]] = {
        f"GET {WORK}a.ics": response(200, EVENT, ETag='"1"'),
        f"GET {WORK}b.ics": response(503, **{"Retry-After": "5"}),
    }
    with script({**SINGLY, **rows}) as told:
        wanted = [ResourceId(f"{WORK}{name}.ics") for name in "ab"]
        assert type(failure(told, lambda one: one.fetch(WORK, wanted))) is RateLimited


def test_nothing_outside_the_calendar_is_read() -> None:
    with script({f"REPORT {WORK}": multi()}) as told:
        outside = [ResourceId("/dav/marcel/x.ics"), ResourceId(f"{WORK}sub/x.ics")]
        assert told.run(lambda connector: connector.fetch(WORK, outside)) == []
        assert not [asked for asked in told.asked() if asked.startswith(("REPORT", "GET"))]
