"""URLs, strictly. One parser: what was checked is what is used, part by part (security 8.1)."""

import re
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address

MOST_CHARACTERS = 2_048

_DEFAULT_PORT = {"http": 80, "https": 443}
_SHAPE = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:[/?](?:[A-Za-z0-9._~!$&'()*+,;=:@/?\[\]|^`{}\"<>-]|%[0-9A-Fa-f]{2})*)?)",
    flags=re.ASCII | re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", flags=re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", flags=re.ASCII)


@dataclass(frozen=True, slots=True)
class Url:
    """Scheme, host (lower case; IPv6 without brackets), port and request target of an address that was checked."""

    scheme: str
    host: str
    port: int
    target: str = "/"  # path and query, percent-encoded

    @property
    def origin(self) -> str:
        """Scheme, host and port: what credentials belong to."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """``host:port``, as exceptions name it."""
        return f"{self._bracketed}:{self.port}"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def literal(self) -> bool:
        """Whether the host is an IP address."""
        return ":" in self.host or self.host.rpartition(".")[2].isdecimal()

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def at(self, target: str) -> "Url":
        """Another target of the same origin. Raises ValueError for what is none."""
        return replace(self, target=parse_url(f"{self.origin}{target}").target)

    def __str__(self) -> str:
        port = "" if self.port == _DEFAULT_PORT[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self._bracketed}{port}{self.target}"


def parse_url(text: str) -> Url:
    """``text`` as an http or https URL.

    Raises ValueError for anything else: userinfo, fragment, backslash, blanks, control and non-ASCII characters, hosts
    that some resolver takes for a number, ports out of range, and more than 2,048 characters.
    """
    found = _SHAPE.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    if found is None:
        raise ValueError("not an address that can be used")
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else _DEFAULT_PORT[scheme]
    if not 0 < port < 65_536:
        raise ValueError("there is no such port")
    target = found["target"]
    return Url(scheme, _host(found["host"].lower()), port, target if target.startswith("/") else f"/{target}")


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return str(IPv6Address(text[1:-1]))
        except AddressValueError as error:
            raise ValueError("not an IPv6 address") from error
    labels = text.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("not a host name")
    if _NUMBER.fullmatch(labels[-1]):
        # Resolvers read 127.1, 0x7f000001 and 2130706433 as addresses: only the plain form is one here.
        try:
            return str(IPv4Address(text))
        except AddressValueError as error:
            raise ValueError("not an IPv4 address") from error
    return text


_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", flags=re.ASCII)


def join(base: Url, reference: str) -> Url:
    """Where ``reference`` leads from ``base`` (RFC 3986 5.2). Raises ValueError for what :func:`parse_url` refuses."""
    if not reference:
        raise ValueError("not an address that can be used")
    if _ABSOLUTE.match(reference):
        return parse_url(reference)
    if reference.startswith("//"):
        return parse_url(f"{base.scheme}:{reference}")
    path, mark, query = reference.partition("?")
    if not path.startswith("/"):
        path = f"{base.path.rpartition('/')[0]}/{path}" if path else base.path
    return base.at(f"{_without_dots(path)}{mark}{query}")


def _without_dots(path: str) -> str:
    """RFC 3986 5.2.4."""
    kept: list[str] = []
    steps = path.split("/")[1:]
    for step in steps:
        if step == "..":
            del kept[-1:]
        elif step != ".":
            kept.append(step)
    if steps[-1] in {".", ".."}:
        kept.append("")
    return f"/{'/'.join(kept)}"
