"""Addresses as servers write them, and the decoded paths that we compare and store (connectors.md 2.6). Pure."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote, unquote

from calwarden.net import Url

_MOST: Final = 1_900  # encoded; with scheme and host it must fit into what a URL may be
_SAFE: Final = "/~!$&'()*+,;=:@-._"
_SLASH: Final = "\ufdd0"
"""A slash that is part of a name, ``%2F`` (RFC 3986 2.2). Unicode will never give this character a meaning."""

_WITH_HOST: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?P<authority>[^/?#]*)(?P<path>[^?#]*)")
_PORT: Final = re.compile(r":[0-9]*$", flags=re.ASCII)


def path_of(href: str, base: Url) -> str | None:
    """The decoded path that ``href`` names at ``base``; None if it is at another host or cannot be used.

    Raw blanks, ``@`` for ``%40`` and ``%2b`` for ``%2B`` all come out the same. Scheme and port are not compared:
    servers behind proxies get them wrong, and we only ever ask at the origin we are speaking to.
    """
    text = href.strip()
    found = _WITH_HOST.match(text)
    if found is not None:
        host = _PORT.sub("", found["authority"]).strip("[]").lower()
        if host != base.host:
            return None
        text = found["path"] or "/"
    text = re.split(r"[?#]", text, maxsplit=1)[0]
    if not text.startswith("/"):
        if not text or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
            return None  # mailto: and the like
        text = f"{base.path.rpartition('/')[0]}/{text}"
    return usable(text)


def usable(encoded: str) -> str | None:
    """``encoded`` decoded; None if it does not name the same thing to everybody."""
    try:
        path = _SLASH.join(unquote(part, errors="strict") for part in re.split("%2[Ff]", encoded))
    except UnicodeDecodeError:
        return None
    if any(unicodedata.category(one) == "Cc" for one in path) or len(target_of(path)) > _MOST:
        return None
    if any(step in {".", ".."} for step in path.split("/")):
        return None
    return path


def target_of(path: str) -> str:
    """What is sent to ask for a decoded path."""
    return "%2F".join(quote(part, safe=_SAFE) for part in path.split(_SLASH))


def same_path(one: str, other: str) -> bool:
    """Whether two decoded paths name one thing, a final slash apart."""
    return one.rstrip("/") == other.rstrip("/")


def as_collection(path: str) -> str:
    """A collection's path, which ends in a slash: a calendar's remote id."""
    return path if path.endswith("/") else f"{path}/"


def is_resource_of(path: str, collection: str) -> bool:
    """Whether ``path`` is a direct member of ``collection``, and no collection itself."""
    name = path.removeprefix(collection)
    return name != path and bool(name) and "/" not in name
