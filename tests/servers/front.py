"""A web server that stands before a calendar server: for races, faults, lost answers, answers that are put differently
than the server would, and Digest in place of Basic.
"""

import hashlib
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import httpx

from calwarden.net.auth import challenges
from servers.dav import DavServer
from servers.web import Got, Web, response, serving

_HOP = frozenset({"connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive"})


@dataclass
class DigestDoor:
    """Lets in who knows the password, by RFC 7616; a nonce serves ``uses`` requests and is stale then."""

    users: dict[str, str]
    algorithm: str = "SHA-256"
    uses: int = 3
    nonces: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    reused: int = 0
    qop: str = "auth"
    before: str = ""
    """Other challenges, before and after the one that counts."""
    after: str = ""

    def user(self, got: Got) -> str | None:
        """Who it is; None for nobody."""
        offered = challenges([got.authorization or ""])
        given = offered[0].parameters if offered and offered[0].scheme == "digest" else {}
        name, nonce, count = given.get("username", ""), given.get("nonce", ""), given.get("nc", "")
        if name not in self.users or nonce not in self.nonces or given.get("uri") != got.target:
            return None
        if int(count, 16) > self.uses or f"{nonce}:{count}" in self.seen:
            return None
        secret = self._hash(f"{name}:calendars:{self.users[name]}")
        asked = self._hash(f"{got.method}:{got.target}")
        wanted = self._hash(f"{secret}:{nonce}:{count}:{given['cnonce']}:auth:{asked}")
        if given.get("response") != wanted:
            return None
        self.seen.append(f"{nonce}:{count}")
        self.reused += int(count, 16) > 1
        return name

    def refusal(self, got: Got) -> bytes:
        """A fresh nonce."""
        self.nonces.append(f"nonce-{len(self.nonces)}")
        stale = ", stale=true" if "nonce-" in (got.authorization or "") and len(self.nonces) % 2 else ""
        offer = (
            f'Digest realm="calendars", qop="{self.qop}", algorithm={self.algorithm}, nonce="{self.nonces[-1]}"{stale}'
        )
        return response(401, WWW_Authenticate=", ".join(filter(None, (self.before, offer, self.after))))

    def _hash(self, text: str) -> str:
        return hashlib.new(self.algorithm.replace("-", "").lower(), text.encode()).hexdigest()


@dataclass(frozen=True)
class Reply:
    """An answer of the server, before it is passed on; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def sent(self) -> bytes:
        return response(
            self.status, self.body, **{name.replace("-", "_"): value for name, value in self.headers.items()}
        )


Alteration = Callable[[Got, Reply], Reply]


@dataclass
class Front:
    """``before`` runs once, just before the next request of that method is passed on; ``instead`` and ``lose``
    likewise. ``alter``, ``lead`` and ``guard`` hold as long as the front does.
    """

    web: Web
    altered: list[tuple[str, Alteration]] = field(default_factory=list)
    led: list[tuple[str, str]] = field(default_factory=list)
    guards: list[Callable[[Got], bytes | None]] = field(default_factory=list)
    hooks: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    canned: list[tuple[str, bytes]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def before(self, method: str, act: Callable[[], object]) -> None:
        """Somebody else is faster."""
        self.hooks.append((method, act))

    def instead(self, method: str, answer: bytes) -> None:
        """Answer like this, without asking the server."""
        self.canned.append((method, answer))

    def lose(self, method: str) -> None:
        """Let the request take effect, and nobody learn of it."""
        self.lost.append(method)

    def alter(self, method: str, change: Alteration) -> None:
        """Put every answer to that method differently."""
        self.altered.append((method, change))

    def lead(self, path: str, to: str) -> None:
        """Whoever asks for something under ``path`` is answered by what the server has under ``to``."""
        self.led.append((path, to))

    def guard(self, answer: Callable[[Got], bytes | None]) -> None:
        """Answer every request like this, without asking the server, unless it is None."""
        self.guards.append(answer)

    def at_server(self, got: Got) -> Got:
        """The request as the server gets it."""
        for path, to in self.led:
            if got.target.startswith(path):
                return replace(got, target=to + got.target.removeprefix(path))
        return got

    def put_differently(self, got: Got, reply: Reply) -> Reply:
        for method, change in self.altered:
            if method == got.method:
                reply = change(got, reply)
        return reply

    def canned_for(self, got: Got) -> bytes | None:
        for guard in self.guards:
            if (answer := guard(got)) is not None:
                return answer
        for canned in [one for one in self.canned if one[0] == got.method][:1]:
            self.canned.remove(canned)
            return canned[1]
        return None

    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [one.method for one in self.web.got]


@contextmanager
def fronting(server: DavServer, digest: DigestDoor | None = None) -> Iterator[Front]:
    """Pass every request on to ``server``, but for what the test says."""
    verify = ssl.create_default_context(cadata=server.ca_pem) if server.ca_pem else False
    with httpx.Client(verify=verify, trust_env=False, timeout=30) as client:

        def answer(got: Got) -> bytes:
            user = None if digest is None else digest.user(got)
            if digest is not None and user is None:
                return digest.refusal(got)
            for hook in [one for one in front.hooks if one[0] == got.method]:
                front.hooks.remove(hook)
                hook[1]()
            canned = front.canned_for(got)
            if canned is not None:
                return canned
            passed = _pass_on(client, server, front.at_server(got), user)
            if got.method in front.lost:
                front.lost.remove(got.method)
                return b""
            return front.put_differently(got, passed).sent()

        with serving(answer) as web:
            front = Front(web)
            yield front


def passed_on(url: str, got: Got) -> bytes:
    """What the server at ``url`` answers to a request, whoever it is from."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        headers = {name: value for name, value in got.headers.items() if name not in _HOP}
        answer = client.request(got.method, f"{url}{got.target}", headers=headers, content=got.body)
    kept = {name.replace("-", "_"): value for name, value in answer.headers.items() if name.lower() not in _HOP}
    return response(answer.status_code, answer.content, **kept)


def _pass_on(client: httpx.Client, server: DavServer, got: Got, user: str | None) -> Reply:
    headers = {name: value for name, value in got.headers.items() if name not in _HOP}
    if user is not None:
        headers["authorization"] = f"Basic {b64encode(f'{user}:{server.users[user]}'.encode()).decode()}"
    answer = client.request(got.method, f"{server.url}{got.target}", headers=headers, content=got.body)
    kept = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in _HOP}
    return Reply(answer.status_code, kept, answer.content)
