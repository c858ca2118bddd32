"""The Connector port: real servers that are busy, slow, locked or forgetful for a while. Each trouble has its kind, and
once it has passed nothing is lost and nothing there twice (security 12.4).
"""

import time
from collections.abc import Callable

import pytest

from calwarden.domain.draft import EventDraft
from calwarden.policy.decision import Action
from calwarden.ports.connector import (
    ConnectorError,
    CredentialsRevoked,
    ProviderRejected,
    ProviderUnavailable,
    RateLimited,
)
from contract.connectors.stage import (
    MEETING,
    DavStage,
    changes,
    delete,
    edit,
    held,
    names,
    permit,
    plain,
    run,
    target,
    upsert,
)
from servers.web import Got, response

TROUBLES: dict[str, tuple[bytes, type[ConnectorError], int | None]] = {
    "429 for seconds": (response(429, Retry_After="7"), RateLimited, 7),
    "429 until a date": (response(429, Retry_After="Wed, 01 Jan 2031 00:01:00 GMT"), RateLimited, 60),
    "429": (response(429), RateLimited, None),
    "503 for seconds": (response(503, Retry_After="120"), RateLimited, 120),
    "503": (response(503), ProviderUnavailable, None),
    "500": (response(500), ProviderUnavailable, None),
    "423": (response(423), ProviderUnavailable, None),
    "408": (response(408), ProviderUnavailable, None),
    "401": (response(401, WWW_Authenticate='Basic realm="calendars"'), CredentialsRevoked, None),
    "no answer": (b"", ProviderUnavailable, None),
}


def always(dav: DavStage, method: str, answer: bytes) -> None:
    """Every such request is answered so until the trouble has passed."""
    dav.front.guards[:] = [lambda got: answer if got.method == method else None]


def passed(dav: DavStage) -> None:
    dav.front.guards.clear()


def fails(act: Callable[[], object], kind: type[ConnectorError], wait: int | None) -> None:
    with pytest.raises(kind) as caught:
        act()
    assert getattr(caught.value, "retry_after", None) == wait
    assert not isinstance(caught.value, ProviderRejected)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_in_the_middle_has_its_kind_and_leaves_nothing_behind(dav: DavStage, trouble: str) -> None:
    answer, kind, wait = TROUBLES[trouble]
    for name in ("one", "two"):
        dav.put(name, plain(name))
    first = changes(dav)
    etag = held(dav, "one").etag
    always(dav, "REPORT", answer)
    fails(lambda: changes(dav, first.cursor), kind, wait)
    fails(lambda: changes(dav), kind, wait)
    always(dav, "PUT", answer)
    fails(lambda: upsert(dav, "made", MEETING), kind, wait)
    fails(lambda: edit(dav, "one", EventDraft(summary="Changed"), etag), kind, wait)
    always(dav, "DELETE", answer)
    fails(lambda: delete(dav, "two", first.changed[target(dav, "two").resource_id]), kind, wait)
    passed(dav)
    assert changes(dav, first.cursor).changed == {}
    upsert(dav, "made", MEETING)
    edit(dav, "one", EventDraft(summary="Changed"), etag)
    assert delete(dav, "two", first.changed[target(dav, "two").resource_id]) is None
    later = changes(dav, first.cursor)
    assert (names(dav, later.changed), names(dav, later.removed)) == ({"one", "made"}, {"two"})


def test_a_server_that_is_slow_is_waited_for(dav: DavStage) -> None:
    for method in ("REPORT", "GET", "PUT"):
        dav.front.before(method, lambda: time.sleep(0.3))
    made = upsert(dav, "made", MEETING)
    assert changes(dav).changed == {made.resource_id: made.etag}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_edit_or_a_deletion_whose_answer_was_lost_is_found_done(dav: DavStage, method: str) -> None:
    dav.put("one", plain("one"))
    etag = held(dav, "one").etag

    def act() -> object:
        if method == "DELETE":
            return delete(dav, "one", etag)
        return edit(dav, "one", EventDraft(summary="Changed"), etag).components[0].details.summary

    dav.front.lose(method)
    with pytest.raises(ProviderUnavailable):
        act()
    assert act() == ("Changed" if method == "PUT" else None)
    assert dav.front.methods().count(method) == 1


def test_an_event_that_is_changed_before_every_try_is_left_to_who_changes_it(dav: DavStage) -> None:
    dav.put("one", plain("one"))
    etag = held(dav, "one").etag
    number = iter(range(100))

    def first(got: Got) -> None:
        if got.method == "PUT":
            dav.put("one", plain("one", f"Theirs {next(number)}"))

    dav.front.guards[:] = [first]
    allowed = permit(Action.WRITE_OWN_EVENT)
    with pytest.raises(ConnectorError):
        run(dav, lambda one: one.upsert_event(allowed, target(dav, "one", etag), EventDraft(summary="Ours")))
    assert f"SUMMARY:Theirs {next(number) - 1}" in dav.text("one")
    passed(dav)
    assert upsert(dav, "one", EventDraft(summary="Ours"), etag).components[0].details.summary == "Ours"


def test_events_and_tasks_stand_beside_each_other(dav: DavStage) -> None:
    def task(uid: str) -> str:
        return f"BEGIN:VTODO\r\nUID:{uid}\r\nDTSTAMP:20310101T000000Z\r\nSUMMARY:x\r\nEND:VTODO\r\n"

    head, tail = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n", "END:VCALENDAR\r\n"
    dav.put("event", plain("event"))
    dav.put("task", f"{head}{task('task')}{tail}".encode())
    listed = sorted(changes(dav).changed)
    read = {one.resource_id: one for one in run(dav, lambda one: one.fetch(dav.calendar, listed))}
    said = {name: len(read[target(dav, name).resource_id].components) for name in ("event", "task")}
    assert said == {"event": 1, "task": 0}
    assert not any(one.flags for one in read.values())
