"""Redirect addresses: which are registered, and how an answer is put into one.

RFC 6749 3.1.2, RFC 8252 7.3 (loopback), RFC 9700 2.1 (exact match), RFC 9207 (``iss``); security 4.2, ruling 13.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, quote, urlsplit

_PLAIN = re.compile(r"[!-~]{1,2048}", flags=re.ASCII)  # visible ASCII: no blank, no control, nothing to normalise
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?", flags=re.ASCII)
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_STATE_KEPT = "!$'()*+,/:=?@-._~%"  # may stand in a query as it is (RFC 3986 3.4), separators left out
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WITH_STATE = re.compile(r"(?P<rest>[^?#]*(?:\?[^#]*)?)[?&]state=[^&#?]*", flags=re.ASCII)
_PORT = re.compile(r":[0-9]+\Z", flags=re.ASCII)


def problem_with(uri: str) -> str | None:
    """Why ``uri`` can not be registered as a redirect address; None if it can.

    http and https alone, absolute, without user information, fragment, backslash, blanks or wildcards.
    """
    parts = _split(uri)
    if parts is None:
        return "must be an absolute address of visible ASCII characters"
    if parts.scheme not in {"http", "https"} or not uri.startswith(f"{parts.scheme}://") or not parts.hostname:
        return "must start with http:// or https:// and name a host"
    if parts.username is not None or parts.password is not None:
        return "must not carry user information"
    if "#" in uri or "\\" in uri:
        return "must not have a fragment or a backslash"
    if _AUTHORITY.fullmatch(parts.netloc):  # it goes into a Content-Security-Policy
        return None
    return (
        "must not have a wildcard" if "*" in parts.netloc else "must name a host of letters, digits, hyphens and dots"
    )


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether ``uri`` is exactly one of ``registered``; of a loopback address the port may differ, nothing else."""
    if problem_with(uri) is not None:
        return False
    return any(uri == one or _same_loopback(uri, one) for one in registered)


def is_registered_with_state(uri: str, registered: Iterable[str]) -> bool:
    """Exactly a registered address, or one with a ``state`` added to its query (ruling 13)."""
    held = tuple(registered)
    if is_registered(uri, held):
        return True
    added = _WITH_STATE.fullmatch(uri)
    if added is None:
        return False
    rest = added.group("rest")
    joined = "&" if "?" in rest else "?"
    plain = uri[len(rest)] == joined and not re.search(r"[?&]state=", rest)
    # The whole is judged as an address too: nothing but a state may have come in with it.
    return plain and is_registered(rest, held) and problem_with(uri) is None


def origin(uri: str) -> str:
    """Scheme, host and port: what a Content-Security-Policy names."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def with_parameters(uri: str, parameters: Mapping[str, str], state: str | None = None) -> str:
    """``uri`` with ``parameters`` added to its query, which stays as it is.

    ``state`` is the client's, as ``keep_state`` gave it, and goes in untouched.
    """
    pairs = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items()]
    if state is not None:
        pairs.append(f"state={state}")
    if not pairs:
        return uri
    separator = "" if uri.endswith(("?", "&")) else ("&" if "?" in uri else "?")
    return f"{uri}{separator}{'&'.join(pairs)}"


def keep_state(raw: str) -> str:
    """``state`` as received in the query, escapes and all, fit to be sent back (security 4.11).

    Whatever may not stand in a query is escaped, so it can neither add a parameter nor a header; what the client reads
    from it is byte for byte what we would have read.
    """
    return _BAD_PERCENT.sub("%25", quote(raw, safe=_STATE_KEPT, errors="surrogateescape"))


def _split(uri: str) -> SplitResult | None:
    if not _PLAIN.fullmatch(uri):
        return None
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018  reading it is the check: it raises for what is no port
    except ValueError:
        return None
    return parts


def _same_loopback(uri: str, registered: str) -> bool:
    one, other = _split(uri), _split(registered)
    if one is None or other is None or other.scheme != "http" or other.hostname not in _LOOPBACK:
        return False
    return _without_port(uri, one) == _without_port(registered, other)


def _without_port(uri: str, parts: SplitResult) -> tuple[str, str]:
    """Everything before the port, and everything after it, byte for byte."""
    authority = len(f"{parts.scheme}://{parts.netloc}")
    return _PORT.sub("", uri[:authority]), uri[authority:]
