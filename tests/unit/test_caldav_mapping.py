"""From properties to calendars: the layered ownership rule on what seven servers say (connectors.md 1), and more."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calwarden.connectors.caldav import mapping, provider_of
from calwarden.connectors.caldav.markup import CS, D, hrefs, multistatus, node, parse, sync_collection
from calwarden.connectors.caldav.paths import is_resource_of, path_of, target_of
from calwarden.connectors.caldav.quirks import matchable, same_service
from calwarden.domain.profile import Provider
from calwarden.net import parse_url
from calwarden.ports.connector import RemoteCalendar

BASE = parse_url("https://cal.example.org/dav/marcel/")
ME = "/principals/marcel/"
MINE, JANES = "<D:href>/principals/marcel/</D:href>", "<D:href>/principals/jane/</D:href>"
EVERYTHING = "D:all D:read D:write D:write-properties D:write-content D:bind D:unbind D:write-acl C:read-free-busy"
READ_ONLY = "D:read D:read-acl D:read-current-user-privilege-set C:read-free-busy"


def answer(*responses: str) -> bytes:
    spaces = (
        'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"'
        ' xmlns:A="http://apple.com/ns/ical/" xmlns:V="http://xmlns.davical.org/davical"'
    )
    return f"<D:multistatus {spaces}>{''.join(responses)}</D:multistatus>".encode()


def response(href: str, properties: str, status: str = "HTTP/1.1 200 OK") -> str:
    found = f"<D:propstat><D:prop>{properties}</D:prop><D:status>{status}</D:status></D:propstat>"
    return f"<D:response><D:href>{href}</D:href>{found}</D:response>"


def properties(*, owner: str | None, kinds: str = "", privileges: str | None = READ_ONLY, more: str = "") -> str:
    said = "" if owner is None else f"<D:owner>{owner}</D:owner>"
    if privileges is not None:
        each = "".join(f"<D:privilege><{one}/></D:privilege>" for one in privileges.split())
        said += f"<D:current-user-privilege-set>{each}</D:current-user-privilege-set>"
    return f"<D:resourcetype><D:collection/><C:calendar/>{kinds}</D:resourcetype>{said}{more}"


def calendar(said: str, principal: str | None = ME) -> RemoteCalendar:
    (member,) = multistatus(answer(response("/dav/marcel/work/", said)), BASE).members
    found = mapping.calendar(member, principal, BASE)
    assert found is not None
    return found


SOURCE_EMPTY, SOURCE = "<CS:source/>", "<CS:source><D:href>https://other.example/a.ics</D:href></CS:source>"
NO_ALL = EVERYTHING.replace("D:all ", "")
OWN = {
    "Radicale": properties(owner=MINE, privileges=EVERYTHING, more=SOURCE_EMPTY),
    "Xandikos": properties(owner="", privileges="D:all"),
    "Xandikos without an owner": properties(owner=None, privileges="D:all"),
    "DAViCal": properties(owner=MINE, privileges=EVERYTHING),
    "Cyrus": properties(owner=MINE, privileges=EVERYTHING),
    "SOGo": properties(owner=MINE, privileges=EVERYTHING),
    "SabreDAV 1.8": properties(owner=MINE, privileges=NO_ALL),
    "SabreDAV 4.7, shared by its owner or not": properties(
        owner=MINE,
        kinds="<CS:shared-owner/>",
        privileges=f"{NO_ALL} D:share",
        more="<D:share-access><D:shared-owner/></D:share-access><CS:shared-url/>",
    ),
    "SabreDAV 4.7, never shared": properties(
        owner=MINE, privileges=NO_ALL, more="<D:share-access><D:not-shared/></D:share-access>"
    ),
    "an address with a host, escapes and no final slash": properties(
        owner="<D:href>https://cal.example.org:443/principals/%6darcel</D:href>"
    ),
    "an address behind a proxy that says http": properties(
        owner="<D:href>http://cal.example.org/principals/marcel/</D:href>"
    ),
}
FOREIGN = {
    "Radicale, read-write": properties(
        owner="", privileges="D:read C:read-free-busy D:write-content", more=SOURCE_EMPTY
    ),
    "Radicale, with properties": properties(owner="", privileges="D:read D:write-content D:write-properties D:write"),
    "Radicale, free-busy alone": properties(owner="", privileges="C:read-free-busy"),
    "DAViCal": properties(owner=JANES, kinds="<V:webdav-binding/>", privileges="D:write D:bind D:unbind"),
    "DAViCal, a binding that names me": properties(owner=MINE, kinds="<V:webdav-binding/>", privileges=EVERYTHING),
    "Cyrus, read-write": properties(
        owner=JANES,
        kinds="<CS:shared/>",
        privileges="D:read D:write",
        more="<CS:shared-url><D:href>/dav/jane/work/</D:href></CS:shared-url>",
    ),
    "Cyrus, read-only": properties(owner=JANES, kinds="<CS:shared/>", privileges="D:read D:write-properties"),
    "SOGo": properties(owner=JANES, privileges="D:bind D:unbind D:write-content C:schedule"),
    "SabreDAV 1.8 through a proxy": properties(owner=JANES, privileges=NO_ALL),
    "SabreDAV 4.7, which names the sharee as owner": properties(
        owner=MINE,
        kinds="<CS:shared/>",
        privileges=NO_ALL,
        more="<D:share-access><D:read-write/></D:share-access><CS:invite/>",
    ),
    "SabreDAV 4.7 by its share access alone": properties(
        owner=MINE, privileges=NO_ALL, more="<D:share-access><D:read/></D:share-access>"
    ),
    "a share access nobody has heard of": properties(
        owner=MINE, privileges=EVERYTHING, more="<D:share-access><D:something/></D:share-access>"
    ),
    "a subscription": properties(owner=MINE, kinds="<CS:subscribed/>", privileges=EVERYTHING),
    "a subscription by its source": properties(owner=MINE, privileges=EVERYTHING, more=SOURCE),
    "a shared address with mine as owner": properties(
        owner=MINE, privileges=EVERYTHING, more="<CS:shared-url><D:href>/dav/jane/</D:href></CS:shared-url>"
    ),
    "everything allowed on a calendar of Jane's": properties(owner=JANES, privileges=EVERYTHING),
    "an owner like me at another host": properties(
        owner="<D:href>https://other.example/principals/marcel/</D:href>", privileges=EVERYTHING
    ),
    "an owner that begins like me": properties(owner="<D:href>/principals/marcel2/</D:href>", privileges=EVERYTHING),
    "an owner that is no address": properties(
        owner="<D:href>mailto:marcel@example.org</D:href>", privileges=EVERYTHING
    ),
    "an owner outside an href": properties(owner="Jane", privileges=EVERYTHING),
    "two owners": properties(owner=MINE + JANES, privileges=EVERYTHING),
    "nothing said at all": properties(owner=None, privileges=None),
    "write-acl without all": properties(owner="", privileges="D:write D:write-acl D:read"),
}


@pytest.mark.parametrize("server", OWN)
def test_a_calendar_of_ones_own_is_owned(server: str) -> None:
    found = calendar(OWN[server])
    assert found.owned


@pytest.mark.parametrize("server", FOREIGN)
def test_a_calendar_that_somebody_shares_is_never_owned(server: str) -> None:
    assert not calendar(FOREIGN[server]).owned


def test_nobody_known_to_be_signed_in_owns_what_has_an_owner() -> None:
    assert not calendar(OWN["DAViCal"], principal=None).owned


@pytest.mark.parametrize(
    ("privileges", "readonly"),
    [
        ("D:all", False),
        ("D:read D:write", False),
        ("D:read D:bind D:unbind D:write-content", False),
        ("D:read D:write-properties", True),  # Cyrus, read-only
        ("D:read D:bind", True),
        (READ_ONLY, True),
        ("", True),
        (None, False),
    ],
)
def test_readonly_is_what_may_not_be_written(privileges: str | None, readonly: bool) -> None:
    assert calendar(properties(owner=MINE, privileges=privileges)).readonly is readonly


def test_name_color_and_zone_are_read_in_every_form_seen() -> None:
    said = calendar(
        properties(
            owner=MINE,
            more="<D:displayname>  Büro &amp; mehr </D:displayname><A:calendar-color>#49bed8FF</A:calendar-color>"
            "<C:calendar-timezone>BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nEND:VTIMEZONE\r\nEND:VCALENDAR"
            "</C:calendar-timezone>",
        )
    )
    assert (said.remote_id, said.name, said.color, said.tzid) == (
        "/dav/marcel/work/",
        "Büro & mehr",
        "#49BED8",
        "Europe/Paris",
    )
    twice = calendar(
        properties(owner=MINE, more="<D:displayname>F&amp;amp;E &amp;lt;k&amp;gt; &amp;amp;lt;</D:displayname>")
    )
    assert twice.name == "F&E <k> &lt;"  # DAViCal
    lines = calendar(properties(owner=MINE, more="<D:displayname>a\n\tb\u2028c\x85d 👩‍👧 שלום</D:displayname>"))
    assert lines.name == "a b c d 👩‍👧 שלום"
    bare = calendar(properties(owner=MINE, more="<A:calendar-color>?</A:calendar-color>"))
    assert (bare.name, bare.color, bare.tzid) == ("work", None, None)
    named = calendar(
        properties(owner=MINE, more="<C:calendar-timezone-id>W. Europe Standard Time</C:calendar-timezone-id>")
    )
    assert named.tzid == "Europe/Berlin"


def listed(*responses: str) -> dict[str, RemoteCalendar]:
    found = multistatus(answer(*responses), BASE)
    return {one.remote_id: one for one in mapping.calendars(found.members, ME, BASE)}


def test_a_home_holds_other_things_and_only_calendars_with_events_are_taken() -> None:
    tasks = '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>'
    found = listed(
        response("/dav/marcel/", "<D:resourcetype><D:collection/><D:principal/></D:resourcetype>"),
        response("/dav/marcel/inbox/", "<D:resourcetype><D:collection/><C:schedule-inbox/></D:resourcetype>"),
        response("/dav/marcel/work.ics", "<D:resourcetype/>"),
        response("/dav/marcel/tasks/", properties(owner=MINE, more=tasks)),
        response("/dav/marcel/gone/", "", "HTTP/1.1 403 Forbidden"),
        response("/dav/marcel/broken/", properties(owner=MINE), "HTTP/1.1 500 Oh"),
        response("https://other.example/dav/marcel/else/", properties(owner=MINE)),
        response("/dav/marcel/events/", properties(owner=MINE, more=tasks.replace("VTODO", "VEVENT"))),
        response("/dav/marcel/busy/", properties(owner="", privileges="C:read-free-busy")),
        response("/dav/marcel/events", properties(owner=JANES)),
    )
    assert {name: one.owned for name, one in found.items()} == {"/dav/marcel/events/": True, "/dav/marcel/busy/": False}


def test_the_primary_calendar_is_where_invitations_go_then_a_usual_name_then_the_first() -> None:
    own = properties(owner=MINE, privileges=EVERYTHING)
    shared = response("/dav/marcel/default/", properties(owner=JANES, privileges=EVERYTHING))
    three = [response(f"/dav/marcel/{name}/", own) for name in ("a", "Personal", "b")]
    inbox = response(
        "/dav/marcel/inbox/",
        "<D:resourcetype><C:schedule-inbox/></D:resourcetype>"
        "<C:schedule-default-calendar-URL><D:href>/dav/marcel/b</D:href></C:schedule-default-calendar-URL>",
    )

    def primary(*responses: str) -> list[str]:
        return [name for name, one in listed(*responses).items() if one.primary]

    assert primary(inbox, shared, *three) == ["/dav/marcel/b/"]
    assert primary(shared, *three) == ["/dav/marcel/Personal/"]
    assert primary(shared, three[2], three[0]) == ["/dav/marcel/b/"]
    assert primary(shared) == []


def test_addresses_are_mail_addresses_and_the_preferred_one_comes_first() -> None:
    said = (
        "<C:calendar-user-address-set><D:href>/principals/marcel/</D:href><D:href>mailto:old@example.org</D:href>"
        '<D:href preferred="1">MAILTO:Marcel@Example.org</D:href><D:href>urn:uuid:1</D:href>'
        "</C:calendar-user-address-set>"
    )
    (member,) = multistatus(answer(response("/principals/marcel/", said)), BASE).members
    assert mapping.addresses(member) == ("marcel@example.org", "old@example.org")


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/a/b%20c.ics", "/a/b c.ics"),
        ("/a/b c.ics", "/a/b c.ics"),  # SOGo
        ("/jane%40example.org/", "/jane@example.org/"),  # Cyrus and Xandikos do not escape it
        ("/a%2bb", "/a+b"),  # SabreDAV
        ("/a+b", "/a+b"),
        ("/%C3%A4.ics", "/ä.ics"),
        ("/%C2%A0%E2%80%8D.ics", "/\xa0\u200d.ics"),
        ("https://CAL.example.org/x", "/x"),
        ("http://cal.example.org:8080/x", "/x"),
        ("//cal.example.org/x", "/x"),
        ("https://cal.example.org", "/"),
        ("work/", "/dav/marcel/work/"),
        ("/x?y#z", "/x"),
        ("https://other.example/x", None),
        ("//other.example/x", None),
        ("https://cal.example.org@other.example/x", None),
        ("mailto:jane@example.org", None),
        ("", None),
        ("/a/../b", None),
        ("/a/%2e%2e/b", None),
        ("/a%00", None),
        ("/a%0d%0ab", None),
        ("/%ff", None),
        ("/" + "x" * 2_000, None),
    ],
)
def test_an_address_is_one_decoded_path_or_none(href: str, path: str | None) -> None:
    found = path_of(href, BASE)
    assert found == path
    if found is not None:
        assert path_of(target_of(found), BASE) == found
        assert BASE.at(target_of(found)).host == BASE.host


def test_resources_are_the_direct_members_of_a_calendar() -> None:
    assert is_resource_of("/a/b/c.ics", "/a/b/")
    for other in ("/a/b/", "/a/b/c/", "/a/b/c/d.ics", "/a/bc.ics", "/a/c.ics", "c.ics", ""):
        assert not is_resource_of(other, "/a/b/")


def test_credentials_for_icloud_go_to_its_partitions_and_nowhere_else() -> None:
    home = parse_url("https://caldav.icloud.com/")
    assert provider_of(home) is Provider.APPLE
    assert same_service(home, parse_url("https://p42-caldav.icloud.com/123/calendars/"))
    for other in (
        "https://p42-caldav.icloud.com.evil.example/",
        "https://evil-caldav.icloud.com/",
        "https://icloud.com/",
        "https://www.icloud.com/",
        "https://p42-caldav.icloud.com:8443/",
        "http://p42-caldav.icloud.com/",
        "https://p42-caldav.icloud.com.cn/",
        "https://caldav-icloud.com/",
        "https://cal.example.org/",
    ):
        assert not same_service(home, parse_url(other))
    assert not same_service(parse_url("https://cal.example.org/"), parse_url("https://dav.cal.example.org/"))
    assert provider_of(parse_url("https://caldav.icloud.com.evil.example/")) is Provider.CALDAV


@pytest.mark.parametrize(("etag", "sent"), [('"1"', '"1"'), ('W/"1"', '"1"'), ("1-2", '"1-2"'), (' "a"', '"a"')])
def test_an_etag_is_sent_as_if_match_takes_it(etag: str, sent: str) -> None:
    assert matchable(etag) == sent


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<D:multistatus xmlns:D="DAV:"><D:sync-token>&b;</D:sync-token></D:multistatus>'
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


@pytest.mark.parametrize(
    "body",
    [b"", b"<", b"no xml", b"<a><b></a>", BOMB.encode(), OUTSIDE.encode(), b"<x/>", "<x>ä</x>".encode("utf-16")[1:],
     ("<a>" * 300 + "</a>" * 300).encode()],
)  # fmt: skip
def test_hostile_or_broken_xml_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        multistatus(body, BASE)


_MULTI = b'<D:multistatus xmlns:D="DAV:">%b</D:multistatus>'
FLOODS = {
    "elements": _MULTI % (b"<a/>" * 7_000_000),
    "responses": _MULTI % (b"<D:response><D:href>/x</D:href></D:response>" * 600_000),
    "addresses": _MULTI % (b"<D:response>" + b"<D:href>/x</D:href>" * 300_000 + b"</D:response>"),
    "one-element-in-another": b"<a>" * 500_000,
    "text": _MULTI % (b"<D:sync-token>" + b"x" * 20_000_000 + b"</D:sync-token>"),
    "a-name": b"<" + b"a" * 10_000_000 + b"/>",
    "entities": b'<!DOCTYPE x [<!ENTITY a "' + b"x" * 100_000 + b'">]>' + _MULTI % (b"&a;" * 10_000),
}


@pytest.mark.parametrize("body", FLOODS.values(), ids=FLOODS)
def test_floods_of_markup_are_refused_before_they_take_memory_or_time(body: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(ValueError, match=r"."):
        multistatus(body, BASE)
    assert time.process_time() - begun < 10


_OPENING, _ENDING = "<D:multistatus xmlns:D='DAV:'>", "</D:multistatus>"
_SCRAPS = [
    *(_OPENING, _ENDING, "<D:response>", "</D:response>", "<D:href>/a</D:href>", "<D:href/>"),
    *("<D:propstat>", "</D:propstat>", "<D:prop>", "</D:prop>", "<!DOCTYPE x>"),
    *("<D:status>HTTP/1.1 200 OK</D:status>", "<D:status/>", "<D:getetag>1</D:getetag>"),
    *("&amp;", "&x;", "<!--", "-->", "<?x?>", "\x00", "text"),
]


@given(st.lists(st.sampled_from(_SCRAPS), max_size=14).map("".join))
def test_whatever_comes_as_xml_is_read_or_refused(scraps: str) -> None:
    for text in (scraps, f"{_OPENING}{scraps}{_ENDING}"):
        with suppress(ValueError):
            assert all(one.path.startswith("/") for one in multistatus(text.encode(), BASE).members)


@pytest.mark.parametrize(
    "odd", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff", "&#0;", "&#11;", "&#x0C;", "&#x1f;", "&#xFFFE;", "&#65535;"]
)
def test_what_xml_has_no_way_to_write_is_left_out_and_hides_nothing(odd: str) -> None:
    name = f"<D:displayname>a{odd}b&amp;#11;</D:displayname>"
    (one, other) = multistatus(answer(response("/x", name), response("/y", "<D:getetag>1</D:getetag>")), BASE).members
    assert (one.line(f"{D}displayname"), other.etag) == ("ab&#11;", "1")


def test_leaving_something_out_makes_no_markup_of_text() -> None:
    (one,) = multistatus(answer(response("/x", "<D:displayname>&l\x00t;x&g\ufffet;</D:displayname>")), BASE).members
    assert one.line(f"{D}displayname") == "<x>"
    with pytest.raises(ValueError, match="entities"):
        parse(f"<!DOCT\x00YPE x [{chr(60)}!ENTITY a 'b'>]><x>&a;</x>".encode())


def test_no_limit_is_ever_stated_in_a_sync() -> None:
    body = sync_collection("token & <more>")
    assert b"nresults" not in body
    assert b"limit" not in body
    assert parse(body).findtext(f"{D}sync-token") == "token & <more>"


def test_a_status_that_makes_no_sense_is_no_success() -> None:
    for line in ("HTTP/1.1 banana", "", "200", "HTTP/1.1 2000 OK"):
        (member,) = multistatus(answer(response("/x", "<D:getetag>1</D:getetag>", line)), BASE).members
        assert member.properties == {}


def test_an_etag_or_token_that_could_not_be_sent_back_is_none() -> None:
    for odd in ("a\nb", "x" * 3_000):
        (member,) = multistatus(answer(response("/x", f"<D:getetag>{odd}</D:getetag>")), BASE).members
        assert member.etag == ""
    assert multistatus(answer(f"<D:sync-token>{'x' * 3_000}</D:sync-token>"), BASE).token is None


def test_text_that_xml_cannot_hold_is_left_out_when_it_is_sent() -> None:
    made = node(f"{CS}x", text="a\x00b\ud800c\x1f\ufffe👩‍👧")
    assert made.text == "abc👩‍👧"
    assert hrefs(None) == []
