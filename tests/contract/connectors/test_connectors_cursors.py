"""The Connector port: cursors that are lost, cut, foreign or taken for nothing, and servers that have none.

A front puts the answers of real servers as those would.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest
from lxml import etree

from calwarden.ports.connector import ProviderUnavailable, RemoteChanges
from contract.connectors.stage import DavStage, Stage, changes, held, names, plain, run, target
from servers.differently import CS, D, Element, without, xml
from servers.web import Got, response

VALID_SYNC_TOKEN = b'<error xmlns="DAV:"><valid-sync-token/></error>'


def is_sync(got: Got) -> bool:
    return got.method == "REPORT" and b"sync-collection" in got.body


def has_token(got: Got) -> bool:
    return is_sync(got) and b"sync-token/>" not in got.body


def three(stage: Stage) -> RemoteChanges:
    for name in ("one", "two", "three"):
        stage.put(name, plain(name))
    found = changes(stage)
    assert found.full
    return found


def refusing(answer: bytes, when: Callable[[Got], bool]) -> Callable[[Got], bytes | None]:
    return lambda got: answer if when(got) else None


# Lost


@pytest.mark.parametrize("status", [400, 403, 409, 410, 412, 507])
def test_a_token_that_is_refused_leads_to_everything(dav: DavStage, status: int) -> None:
    first = three(dav)
    dav.delete("two")
    dav.front.guard(refusing(response(status, VALID_SYNC_TOKEN), has_token))
    found = changes(dav, first.cursor)
    assert (found.full, found.lost) == (True, True)
    assert names(dav, found.changed) == {"one", "three"}
    assert (found.cursor or "").startswith("s1:")


def test_a_token_of_another_calendar_is_not_taken_for_this_ones(dav: DavStage) -> None:
    three(dav)
    other = f"{dav.calendar.removesuffix('/')}other/"
    dav.server.add_calendar("jane@example.org", other.replace(" ", "%20"), "Other")
    dav.server.put("jane@example.org", f"{other}x.ics", plain("x"))
    foreign = run(dav, lambda connector: connector.changes(other, None)).cursor
    found = changes(dav, foreign)
    assert (found.full, found.lost, names(dav, found.changed)) == (True, True, {"one", "two", "three"})


def test_a_token_that_is_taken_and_says_nothing_is_made_up_for_by_a_whole_listing(dav: DavStage) -> None:
    """SabreDAV 4 does so with tokens of the future (connectors.md 2.3)."""
    first = three(dav)
    dav.delete("two")
    token = (first.cursor or "").removeprefix("s1:")
    nothing = response(207, f'<multistatus xmlns="DAV:"><sync-token>{token}</sync-token></multistatus>'.encode())
    dav.front.guard(refusing(nothing, has_token))
    assert changes(dav, first.cursor) == RemoteChanges({}, frozenset(), first.cursor, full=False)
    whole = changes(dav, first.cursor, full=True)
    assert (whole.full, names(dav, whole.changed)) == (True, {"one", "three"})


def test_a_calendar_that_was_made_again_does_not_take_the_old_ones_cursor(stage: Stage) -> None:
    first = three(stage)
    stage.make_again()
    stage.put("new", plain("new"))
    found = changes(stage, first.cursor)
    assert (found.full, found.lost, names(stage, found.changed)) == (True, True, {"new"})
    assert not changes(stage, found.cursor).full


# Cut


class Cutter:
    """Cuts answers into pages of ``size``, as RFC 6578 3.6 has them."""

    def __init__(self, dav: DavStage, size: int) -> None:
        self.size, self.asked = size, 0
        self._pages: dict[str, bytes] = {}
        dav.front.guard(self._next)
        dav.front.alter("REPORT", xml(self._cut))

    def _next(self, got: Got) -> bytes | None:
        for token, page in self._pages.items():
            if is_sync(got) and f">{token}<".encode() in got.body:
                self.asked += 1
                return response(207, page)
        return None

    def _cut(self, root: Element) -> Element:
        token = root.find(f"{D}sync-token")
        if token is None:
            return root
        whole, last = root.findall(f"{D}response"), token.text
        pages = [whole[start : start + self.size] for start in range(0, len(whole), self.size)]
        made = []
        for number, page in enumerate(pages):
            one = etree.Element(f"{D}multistatus")
            one.extend([deepcopy(member) for member in page])
            if number + 1 < len(pages):
                one.append(etree.fromstring(UNFINISHED.format(path=self._path(whole[0]))))
            etree.SubElement(one, f"{D}sync-token").text = last if number + 1 == len(pages) else f"page-{number + 1}"
            made.append(one)
        self._pages = {f"page-{number}": etree.tostring(page) for number, page in enumerate(made) if number}
        return made[0] if made else root

    @staticmethod
    def _path(member: Element) -> str:
        return (member.findtext(f"{D}href") or "").rpartition("/")[0] + "/"


UNFINISHED = (
    '<d:response xmlns:d="DAV:"><d:href>{path}</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status>'
    "<d:error><d:number-of-matches-within-limits/></d:error></d:response>"
)


def test_an_answer_that_is_cut_is_read_to_its_end(dav: DavStage) -> None:
    first = three(dav)
    cutter = Cutter(dav, 2)
    assert changes(dav) == first
    assert cutter.asked == 1
    for name in ("four", "five"):
        dav.put(name, plain(name))
    dav.delete("one")
    later = changes(dav, first.cursor)
    assert (names(dav, later.changed), names(dav, later.removed)) == ({"four", "five"}, {"one"})
    assert cutter.asked == 2
    assert changes(dav, later.cursor).changed == {}


def test_a_listing_whose_end_is_cut_off_is_none_and_resources_are_then_read_singly(dav: DavStage) -> None:
    listed = sorted(three(dav).changed)
    dav.front.alter("REPORT", lambda _, reply: replace(reply, body=reply.body[: len(reply.body) * 2 // 3]))
    with pytest.raises(ProviderUnavailable):
        changes(dav)
    found = run(dav, lambda connector: connector.fetch(dav.calendar, listed))
    assert sum(bool(one.components) for one in found) == 3


# None


@pytest.mark.parametrize("status", [400, 403, 405, 415, 501])
@pytest.mark.parametrize("ctag", [True, False], ids=["with a ctag", "without"])
def test_without_sync_collection_what_is_there_is_listed(dav: DavStage, status: int, ctag: bool) -> None:
    dav.front.guard(refusing(response(status), is_sync))
    if not ctag:
        dav.front.alter("PROPFIND", without(f"{CS}getctag"))
    first = three(dav)
    assert (first.cursor is not None) is ctag
    again = changes(dav, first.cursor)
    assert (again.full, names(dav, again.changed)) == ((False, set()) if ctag else (True, {"one", "two", "three"}))
    dav.put("one", plain("one", "Changed"))
    dav.delete("two")
    later = changes(dav, first.cursor)
    assert (later.full, later.lost, names(dav, later.changed)) == (True, False, {"one", "three"})
    same, other = target(dav, "three").resource_id, target(dav, "one").resource_id
    assert later.changed[same] == first.changed[same]
    assert later.changed[other] != first.changed[other]
    assert held(dav, "one").etag == later.changed[other]


def test_a_sync_collection_without_a_token_is_none(dav: DavStage) -> None:
    dav.front.alter("REPORT", without(f"{D}sync-token"))
    assert (three(dav).cursor or "").startswith("c1:")


def test_where_many_cannot_be_had_at_once_they_are_read_singly(dav: DavStage) -> None:
    listed = sorted(three(dav).changed)
    dav.front.guard(lambda got: response(501) if b"calendar-multiget" in got.body else None)
    dav.delete("two")
    found = run(dav, lambda connector: connector.fetch(dav.calendar, listed))
    assert names(dav, {one.resource_id for one in found}) == {"one", "three"}
    assert all(one.components and one.etag for one in found)


def test_one_that_makes_an_answer_no_xml_hides_none_beside_it(dav: DavStage) -> None:
    """Both servers keep U+FFFE, and put it into their answers."""
    listed = sorted(three(dav).changed)
    dav.put("two", plain("two", "Odd", "DESCRIPTION:a\ufffeb"))
    found = {one.resource_id: one for one in run(dav, lambda connector: connector.fetch(dav.calendar, listed))}
    assert len(found) == 3
    assert all(one.components for one in found.values())


def test_one_at_which_a_server_falls_silent_hides_none_beside_it(dav: DavStage) -> None:
    listed = sorted(three(dav).changed)
    dav.front.guard(lambda got: b"" if "two.ics" in got.target or b"multiget" in got.body else None)
    found = {one.resource_id: one for one in run(dav, lambda connector: connector.fetch(dav.calendar, listed))}
    flags = {name: found[target(dav, name).resource_id].flags for name in ("one", "two", "three")}
    assert flags == {"one": (), "two": ("faulty",), "three": ()}


def test_one_that_is_not_given_with_the_others_hides_none_of_them(dav: DavStage) -> None:
    listed = sorted(three(dav).changed)
    refused = target(dav, "two").resource_id

    def one_without_content(root: Element) -> Element:
        for member in root.iter(f"{D}response"):
            if "two.ics" in (member.findtext(f"{D}href") or ""):
                member[1:] = [etree.fromstring('<d:status xmlns:d="DAV:">HTTP/1.1 403 Forbidden</d:status>')]
        return root

    dav.front.alter("REPORT", xml(one_without_content))
    found = {one.resource_id: one for one in run(dav, lambda connector: connector.fetch(dav.calendar, listed))}
    assert (found[refused].flags, found[refused].components) == (("unreadable",), ())
    assert sum(bool(one.components) for one in found.values()) == 2
