"""What a real calendar server says, put as other servers put it: the same document in other XML, under other names."""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from urllib.parse import quote, unquote

from lxml import etree

from servers.front import Alteration, Reply
from servers.web import Got

Element = etree._Element
D, C, CS = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"
_NAMES = {"DAV:", "urn:ietf:params:xml:ns:caldav", "http://calendarserver.org/ns/", "http://apple.com/ns/ical/"}


def xml(change: Callable[[Element], Element | bytes]) -> Alteration:
    """``change`` of every multistatus; what else is answered stays."""

    def alter(got: Got, reply: Reply) -> Reply:
        del got
        if reply.status != 207:
            return reply
        made = change(etree.fromstring(reply.body))
        return replace(reply, body=made if isinstance(made, bytes) else _document(made))

    return alter


def _document(root: Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _renamed(prefixes: Mapping[str | None, str]) -> Callable[[Element], Element]:
    def copy(element: Element) -> Element:
        made = etree.Element(element.tag, dict(element.attrib), nsmap=dict(prefixes))
        made.text, made.tail = element.text, element.tail
        made.extend([copy(child) for child in element])
        return made

    return copy


def _texts(root: Element) -> Iterator[Element]:
    return (one for one in root.iter() if isinstance(one.tag, str) and not len(one) and (one.text or "").strip())


def _cdata(root: Element) -> Element:
    for one in _texts(root):
        one.text = etree.CDATA(one.text or "")
    return root


def _commented(root: Element) -> Element:
    for one in list(_texts(root)):
        text = one.text or ""
        comment = etree.Comment(" no part of it ")
        one.text, comment.tail = text[: len(text) // 2], text[len(text) // 2 :]
        one.append(comment)
    root.insert(0, etree.ProcessingInstruction("nothing", "at all"))
    return root


def _bare_statuses(root: Element) -> Element:
    for status in root.iter(f"{D}status"):
        status.text = " ".join((status.text or "").split()[:2])
    return root


def _missing_first(root: Element) -> Element:
    """A 404 for what nobody has, before what there is."""
    for response in root.iter(f"{D}response"):
        first = response.find(f"{D}propstat")
        if first is not None:
            missing = etree.fromstring(
                b'<d:propstat xmlns:d="DAV:"><d:prop><d:displayname/><d:owner/><d:getetag/></d:prop>'
                b"<d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>"
            )
            first.addprevious(missing)
    return root


def _one_by_one(root: Element) -> Element:
    """A propstat for each property."""
    for propstat in list(root.iter(f"{D}propstat")):
        properties = propstat.find(f"{D}prop")
        assert properties is not None
        for property_ in list(properties):
            single = deepcopy(propstat)
            held = single.find(f"{D}prop")
            assert held is not None
            held[:] = [deepcopy(property_)]
            propstat.addprevious(single)
        parent = propstat.getparent()
        assert parent is not None
        parent.remove(propstat)
    return root


def _twice(root: Element) -> Element:
    for response in list(root.iter(f"{D}response")):
        response.addprevious(deepcopy(response))
    return root


def _with_more(root: Element) -> Element:
    """Elements nobody asked for (RFC 4918 17: what is not understood is passed over)."""
    for response in root.iter(f"{D}response"):
        etree.SubElement(response, f"{D}responsedescription").text = "as you wished"
        etree.SubElement(response, "{urn:x}more", {"{urn:x}attribute": "1"}).append(etree.Element(f"{D}href"))
    return root


FORMS: Mapping[str, Callable[[Element], Element | bytes]] = {
    "other prefixes": _renamed({f"n{number}": name for number, name in enumerate(sorted(_NAMES))}),
    "a default namespace": _renamed({None: "DAV:", "D": "urn:ietf:params:xml:ns:caldav"}),
    "CDATA": _cdata,
    "comments": _commented,
    "a byte order mark": lambda root: b"\xef\xbb\xbf" + _document(root),
    "UTF-16": lambda root: etree.tostring(root, xml_declaration=True, encoding="utf-16"),
    "Latin-1": lambda root: etree.tostring(root, xml_declaration=True, encoding="iso-8859-1"),
    "statuses without a reason": _bare_statuses,
    "404 before 200": _missing_first,
    "properties one by one": _one_by_one,
    "everything twice": _twice,
    "more than was asked for": _with_more,
}
"""The same, in other XML."""


def _relative(text: str, asked: str) -> str:
    """As seen from the collection that was asked for."""
    folder = unquote(asked).rpartition("/")[0] + "/"
    inside = unquote(text).removeprefix(folder)
    return quote(inside) if inside and inside != unquote(text) and ":" not in inside else text


HREFS: Mapping[str, Callable[[str, str], str]] = {
    "with scheme and host": lambda text, _: f"http://127.0.0.1{text}",
    "with those behind a proxy": lambda text, _: f"https://127.0.0.1:8443{text}",
    "without a scheme": lambda text, _: f"//127.0.0.1{text}",
    "escaped to the last letter": lambda text, _: "".join(
        one if one == "/" else "".join(f"%{byte:02x}" for byte in one.encode()) for one in unquote(text)
    ),
    "with raw blanks and signs": lambda text, _: unquote(text),
    "with escapes in lower case": lambda text, _: re.sub("%..", lambda found: found[0].lower(), quote(unquote(text))),
    "relative": _relative,
    "without a final slash": lambda text, _: text.rstrip("/") or "/",
    "with blanks around": lambda text, _: f"\n   {text}\n  ",
}
"""The same addresses, written otherwise; the second argument is what was asked for."""


def addressed(write: Callable[[str, str], str]) -> Alteration:
    """Every address in an answer written by ``write``."""

    def alter(got: Got, reply: Reply) -> Reply:
        def change(root: Element) -> Element:
            for href in root.iter(f"{D}href"):
                if (href.text or "").startswith("/"):
                    href.text = write(href.text or "", got.target)
            return root

        return xml(change)(got, reply)

    return alter


def without(*names: str) -> Alteration:
    """As if the server had no such properties."""

    def change(root: Element) -> Element:
        for name in names:
            for one in list(root.iter(name)):
                parent = one.getparent()
                assert parent is not None
                parent.remove(one)
        return root

    return xml(change)


def say(root: Element, name: str, *inside: str) -> Element:
    """Let every calendar say this of itself: a property of these elements, by name or written out."""
    for kind in root.iter(f"{D}resourcetype"):
        properties = kind.getparent()
        if kind.find(f"{C}calendar") is None or properties is None:
            continue
        for held in properties.findall(name):
            properties.remove(held)
        made = etree.SubElement(properties, name)
        made.extend([etree.Element(one) if one.startswith("{") else etree.fromstring(one) for one in inside])
    return root


def saying(name: str, *inside: str) -> Alteration:
    """As :func:`say`, in every answer."""
    return xml(lambda root: say(root, name, *inside))


def without_header(name: str) -> Alteration:
    """As if the server did not send it."""

    def alter(got: Got, reply: Reply) -> Reply:
        del got
        return replace(reply, headers={key: value for key, value in reply.headers.items() if key != name})

    return alter


def weak(got: Got, reply: Reply) -> Reply:
    """Etags marked weak wherever they are, as proxies do."""

    def change(root: Element) -> Element:
        for one in root.iter(f"{D}getetag"):
            one.text = f"W/{one.text}"
        return root

    etag = reply.headers.get("etag")
    marked = reply if etag is None else replace(reply, headers={**reply.headers, "etag": f"W/{etag}"})
    return xml(change)(got, marked)
