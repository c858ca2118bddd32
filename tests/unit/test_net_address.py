"""Which addresses may be spoken to, and how their text is read (security 8.1, 8.3, 8.5)."""

import asyncio
from ipaddress import IPv6Address
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calwarden.net import Cause, OutboundError, OutboundRules, is_public, join, parse_url, system_resolver

NOT_PUBLIC = {
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "link-local": ["169.254.0.1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "febf::1"],
    "unique-local": ["fc00::1", "fdff:ffff::1", "fd00:ec2::254"],
    "site-local": ["fec0::1"],
    "shared": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1", "233.252.0.1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "4000::1", "e000::1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarking": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "protocol assignments": ["192.0.0.1", "192.0.0.8", "192.0.0.170", "192.88.99.1", "2001::1", "2001:20::1"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a00:1"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8"],
    "IPv4-translated": ["::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8"],
    "6to4": ["2002:7f00:1::", "2002:808:808::1"],
    "Teredo": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "discard and segment routing": ["100::1", "5f00::1"],
    "no address": ["", "localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "1.2.3.4.5", "::g", "8.8.8.8 "],
}  # fmt: skip
ANOTHER_DIGIT = "\uff18"  # fullwidth eight, which some parsers read as one
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "223.255.255.1", "2606:4700::1111", "2a00:1450:4001::1"]


@pytest.mark.parametrize(("kind", "address"), [(kind, one) for kind, found in NOT_PUBLIC.items() for one in found])
def test_no_form_of_an_address_that_leads_inside_is_public(kind: str, address: str) -> None:
    assert not is_public(address)


def test_digits_of_other_scripts_are_none() -> None:
    assert not is_public(f"{ANOTHER_DIGIT}.8.8.8")


@pytest.mark.parametrize("address", PUBLIC)
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_that_carries_an_ipv4_address_is_public(address: IPv6Address) -> None:
    if address.ipv4_mapped or address.sixtofour or address.teredo or int(address) >> 32 == 0:
        assert not is_public(str(address))
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/",
        "example.org",
        "https:example.org",
        "https:///path",
        "https://",
        "https://user@example.org/",
        "https://user:password@example.org/",
        "https://example.org#fragment",
        "https://example.org/#",
        "https://example.org\\@evil.example/",
        "https://example.org/\\",
        "https://example.org/a b",
        "https://example.org/\t",
        " https://example.org/",
        "https://example.org/\n",
        "https://example.org\r\nHost: evil/",
        "https://exa mple.org/",
        "https://exämple.org/",
        "https://example.org/ä",
        "https://example。org/",
        "https://①②⑦.⓪.⓪.①/",
        "https://example.org:0/",
        "https://example.org:65536/",
        "https://example.org:+80/",
        "https://example.org:8o/",
        "https://example.org:/",
        "https://-example.org/",
        "https://example..org/",
        "https://.example.org/",
        "https://example.org./",
        "https://example.org/%",
        "https://example.org/%zz",
        "https://127.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1.5/",
        "https://256.1.1.1/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[::1]]/",
        "https://[v1.a]/",
        "https://example.org%00.evil.example/",
        "https://" + "a" * 2_048 + ".example/",
    ],
)
def test_what_parsers_disagree_about_is_no_address_here(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_url(text)


@pytest.mark.parametrize(
    ("text", "host", "port", "target", "shown"),
    [
        ("https://Cal.Example.ORG", "cal.example.org", 443, "/", "https://cal.example.org/"),
        ("HTTP://h:8080/a?b=c", "h", 8080, "/a?b=c", "http://h:8080/a?b=c"),
        ("https://h?x", "h", 443, "/?x", "https://h/?x"),
        ("https://[2001:DB8::1]:8443/x", "2001:db8::1", 8443, "/x", "https://[2001:db8::1]:8443/x"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/", "https://8.8.8.8/"),
        (
            "https://h/jane@example.org/%C3%A4",
            "h",
            443,
            "/jane@example.org/%C3%A4",
            "https://h/jane@example.org/%C3%A4",
        ),
    ],
)
def test_an_address_is_read_part_by_part(text: str, host: str, port: int, target: str, shown: str) -> None:
    url = parse_url(text)
    assert (url.host, url.port, url.target, str(url)) == (host, port, target, shown)


_PIECES = ["https://", "http://", "example.org", "127.0.0.1", "[::1]", "evil.example", "@", ":", "80", "/", "\\", "#",
           "?", "%", "%40", "a", ".", "..", " ", "\t", "ä", "[", "]", "0x7f", "&", ";"]  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
def test_whatever_is_accepted_means_the_same_host_to_every_parser(tail: str) -> None:
    try:
        url = parse_url(f"https://{tail}")
    except ValueError:
        return
    ours = (url.host, url.port)
    theirs = urlsplit(f"https://{tail}")
    assert ours == (theirs.hostname, theirs.port or 443)
    other = httpx.URL(f"https://{tail}")
    assert ours == (other.host, other.port or 443)
    assert parse_url(str(url)) == url


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("https://other.example/x", "https://other.example/x"),
        ("//other.example/x", "https://other.example/x"),
        ("/x/y?z", "https://h.example/x/y?z"),
        ("c", "https://h.example/a/c"),
        ("../c", "https://h.example/c"),
        ("./", "https://h.example/a/"),
        ("/a/../../../b", "https://h.example/b"),
        ("/a/..", "https://h.example/"),
        ("?q", "https://h.example/a/b?q"),
    ],
)
def test_a_reference_leads_where_rfc_3986_says(reference: str, found: str) -> None:
    assert str(join(parse_url("https://h.example/a/b"), reference)) == found


@pytest.mark.parametrize(
    "reference", ["", "javascript:alert(1)", "file:///etc/passwd", "//u@h/", "/ x", "/ä", "///", "/x#y"]
)
def test_a_reference_to_what_is_no_address_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        join(parse_url("https://h.example/a/b"), reference)


@pytest.mark.parametrize(
    "text", ["https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest", "http://example.org/"]
)
def test_what_needs_no_resolver_to_be_refused_is_refused_at_once(text: str) -> None:
    with pytest.raises(OutboundError) as caught:
        OutboundRules().check(parse_url(text))
    assert caught.value.cause is Cause.ADDRESS


def test_an_exception_holds_for_exactly_its_host_and_port() -> None:
    rules = OutboundRules.of(["127.0.0.1:5232", "[::1]:5232", "Caldav.lan:80"])
    rules.check(parse_url("http://127.0.0.1:5232/x"))
    rules.check(parse_url("http://[::1]:5232/"))
    rules.check_addresses(parse_url("http://caldav.lan/"), ["192.168.1.1"])
    for other in ("http://127.0.0.1:5233/", "http://127.0.0.2:5232/", "http://localhost:5232/"):
        with pytest.raises(OutboundError):
            OutboundRules.of(["127.0.0.1:5232"]).check(parse_url(other))


@pytest.mark.parametrize(
    "entry", ["", "host", "host:", ":80", "host:80/", "http://host:80", "host:080", "*:80", "host:99999"]
)
def test_an_exception_that_is_not_exactly_host_and_port_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        OutboundRules.of([entry])


def test_a_host_is_refused_if_only_one_of_its_addresses_is_not_public() -> None:
    url = parse_url("https://example.org/")
    OutboundRules().check_addresses(url, ["8.8.8.8", "2606:4700::1111"])
    with pytest.raises(OutboundError) as caught:
        OutboundRules().check_addresses(url, ["8.8.8.8", "127.0.0.1"])
    assert caught.value.cause is Cause.ADDRESS
    with pytest.raises(OutboundError) as caught:
        OutboundRules().check_addresses(url, [])
    assert caught.value.cause is Cause.NO_ANSWER


def test_the_resolver_gives_every_address_of_a_name() -> None:
    found = asyncio.run(system_resolver()("localhost", 80))
    assert set(found) <= {"127.0.0.1", "::1"}
    assert found
