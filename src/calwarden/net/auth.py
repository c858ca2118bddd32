"""Signing in over HTTP: Basic (RFC 7617) and Digest (RFC 7616, with MD5 and SHA-256), bound to one origin."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from calwarden.net.url import Url

_PIECE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PARAMETER = re.compile(
    r"(?:(?P<scheme>[A-Za-z0-9!#$%&'*+.^_`|~-]+)\s+)?"
    r"(?P<name>[A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*"
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s",]+))'
)
_SCHEME_ALONE = re.compile(r"(?P<scheme>[A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s+[A-Za-z0-9._~+/-]+=*)?")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way of signing in that a server offers; scheme and parameter names in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """What WWW-Authenticate headers offer (RFC 9110 11.6.1); what cannot be read is passed over."""
    found: list[tuple[str, dict[str, str]]] = []
    for header in headers:
        for piece in _PIECE.findall(header[:8_192]):
            text = piece.strip()
            alone = _SCHEME_ALONE.fullmatch(text)
            parameter = None if alone else _PARAMETER.fullmatch(text)
            named = alone or parameter
            if named is not None and named["scheme"]:
                found.append((named["scheme"].lower(), {}))
            if parameter is not None and found:
                value = parameter["token"] or re.sub(r"\\(.)", r"\1", parameter["quoted"] or "")
                found[-1][1][parameter["name"].lower()] = value
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)


_HASHES: Mapping[str, Callable[[bytes], str]] = {
    # Named by the server, not chosen by us; RFC 7616 keeps MD5 for servers that know nothing else.
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "sha-256": lambda data: hashlib.sha256(data).hexdigest(),
}


class Digest:
    """One nonce and how often it has been used (RFC 7616 3.4). Raises ValueError for an offer we cannot take."""

    def __init__(self, offer: Challenge) -> None:
        given = offer.parameters
        self.algorithm = given.get("algorithm", "MD5")
        name = self.algorithm.lower()
        self._session = name.endswith("-sess")
        self._hash = _HASHES.get(name.removesuffix("-sess"))
        offered = {one.strip().lower() for one in given.get("qop", "").split(",")}
        self._counts = "auth" in offered
        if offer.scheme != "digest" or not self._hash or not given.get("nonce") or not (self._counts or "" in offered):
            raise ValueError("not a digest that can be computed")
        self.realm, self.nonce, self.opaque = given.get("realm", ""), given["nonce"], given.get("opaque")
        self.uses = 0
        self.proved = False  # a request under it has been let in

    @property
    def strength(self) -> int:
        """For choosing among several offers."""
        return 2 if self.algorithm.lower().startswith("sha-256") else 1

    def header(self, method: str, target: str, username: str, password: str, cnonce: str) -> str:
        """The Authorization header of the next request under this nonce."""
        assert self._hash is not None
        self.uses += 1
        count = f"{self.uses:08x}"
        secret = self._hash(f"{username}:{self.realm}:{password}".encode())
        if self._session:
            secret = self._hash(f"{secret}:{self.nonce}:{cnonce}".encode())
        asked = self._hash(f"{method}:{target}".encode())
        between = f"{self.nonce}:{count}:{cnonce}:auth" if self._counts else self.nonce
        parts = [
            f"username={_quoted(username)}",
            f"realm={_quoted(self.realm)}",
            f"nonce={_quoted(self.nonce)}",
            f"uri={_quoted(target)}",
            f'response="{self._hash(f"{secret}:{between}:{asked}".encode())}"',
            f"algorithm={self.algorithm}",
        ]
        if self.opaque is not None:
            parts.append(f"opaque={_quoted(self.opaque)}")
        if self._counts or self._session:
            parts.append(f"cnonce={_quoted(cnonce)}")
        if self._counts:
            parts += [f"nc={count}", "qop=auth"]
        return f"Digest {', '.join(parts)}"

    def renew(self, nonce: str) -> None:
        """The server names the nonce of the next request (RFC 7616 3.5)."""
        self.nonce, self.uses = nonce, 0


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _nowhere(url: Url) -> bool:
    del url
    return False


class Login:
    """User name and password for the origin of ``home``; ``also`` says which others belong to it.

    Over TLS, Basic is used until a server asks for Digest; without TLS nothing is sent before it has been asked for,
    and Digest is taken where it is offered. Basic takes its place where a server offers both and has never let a Digest
    in: Cyrus offers whatever its SASL has a plugin for, even what it has no passwords for (seen on 3.6.1). No other
    origin ever gets either (security 8.2).
    """

    def __init__(
        self,
        username: str,
        password: str,
        home: Url,
        *,
        cnonce: Callable[[], str],
        also: Callable[[Url], bool] = _nowhere,
    ) -> None:
        # Text that UTF-8 cannot write is no name or password of anybody's.
        self._username, self._password = (one.encode("utf-8", "replace").decode() for one in (username, password))
        self._origin, self._also = home.origin, also
        self._cnonce = cnonce
        self._digests: dict[str, Digest] = {}
        self._basic: set[str] = set()
        self._offering_basic: set[str] = set()
        self._letting_digests_in: set[str] = set()
        self._without_digest: set[str] = set()

    def __repr__(self) -> str:
        return "Login(...)"

    def belongs_to(self, url: Url) -> bool:
        """Whether the credentials may be sent there."""
        return url.origin == self._origin or self._also(url)

    def authorization(self, method: str, url: Url) -> str | None:
        """The Authorization header for a request, or None to send none."""
        # INVARIANT: the only place that makes a header of the password; it asks whose the origin is first.
        if not self.belongs_to(url):
            return None
        digest = self._digests.get(url.origin)
        if digest is not None:
            return digest.header(method, url.target, self._username, self._password, self._cnonce())
        if url.scheme == "https" or url.origin in self._basic:
            self._basic.add(url.origin)
            return f"Basic {b64encode(f'{self._username}:{self._password}'.encode()).decode()}"
        return None

    def challenged(self, url: Url, headers: Iterable[str]) -> bool:
        """Take note of what a 401 from ``url`` offers. True: the same request may succeed now; False: it will not."""
        if not self.belongs_to(url):
            return False
        offers, origin = challenges(headers), url.origin
        basic = any(one.scheme == "basic" for one in offers)
        if basic:
            self._offering_basic.add(origin)
        offered = None if origin in self._without_digest else _best(offers)
        if offered is None:
            return basic and self._turn_to_basic(origin)
        held = self._digests.get(origin)
        digest, stale = offered
        # Refused at once, it is a wrong password; refused after it has been let in, perhaps an expired nonce.
        if held is not None and not held.proved and not stale:
            return self._give_digest_up(origin)
        self._digests[origin] = digest
        return True

    def _give_digest_up(self, origin: str) -> bool:
        """Whether Basic may do where Digest was refused: there it is offered as well, and no Digest was ever let in."""
        if origin in self._letting_digests_in or origin not in self._offering_basic:
            return False
        self._without_digest.add(origin)
        return self._turn_to_basic(origin)

    def _turn_to_basic(self, origin: str) -> bool:
        """Use Basic from now on; False if it was refused already."""
        if origin in self._basic:
            return False
        self._digests.pop(origin, None)
        self._basic.add(origin)
        return True

    def welcomed(self, url: Url, info: str | None) -> None:
        """A request was let in, with this Authentication-Info header."""
        digest = self._digests.get(url.origin)
        if digest is None:
            return
        digest.proved = True
        self._letting_digests_in.add(url.origin)
        named = challenges([f"info {info}"]) if info else ()
        following = named[0].parameters.get("nextnonce") if named else None
        if following:
            digest.renew(following)


def _best(offers: Iterable[Challenge]) -> tuple[Digest, bool] | None:
    found: list[tuple[Digest, bool]] = []
    for offer in offers:
        try:
            digest = Digest(offer)
        except ValueError:
            continue
        found.append((digest, offer.parameters.get("stale", "").lower() == "true"))
    return max(found, key=lambda one: one[0].strength, default=None)
