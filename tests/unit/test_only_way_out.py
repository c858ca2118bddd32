"""Whatever address somebody states, nothing inside is reached: through the whole way from the form to the socket, and
from no other place than the guarded client (security 8).
"""

import ast
import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import calwarden
from calwarden.connectors.caldav import Surroundings, caldav_factory
from calwarden.domain.times import Instant
from calwarden.net import OutboundRules
from calwarden.ports.connector import ConnectorFactory
from calwarden.usecases.connect import Login, NotConnected, connect_calendar
from calwarden.usecases.connect.failures import Failure
from servers.web import Got, Web, response, serving
from usecases.auth_world import World

SOURCE = Path(calwarden.__file__).parent

SPEAKING = frozenset(
    {
        "aiohttp", "aiosmtplib", "ftplib", "http.client", "http.server", "httpcore", "httpx", "imaplib", "poplib",
        "requests", "smtplib", "socket", "socketserver", "telnetlib", "urllib.request", "urllib3", "websockets",
        "xmlrpc.client", "xmlrpc.server",
    }
)  # fmt: skip
ALLOWED = {
    "net/client.py": {"httpcore"},
    "net/pinned.py": {"httpcore", "socket"},
    "outbound/mail.py": {"aiosmtplib"},  # to the operator's mail server alone
    "wiring/listening.py": {"socket"},  # listens
    "cli/running.py": {"socket"},  # listens
    "cli/doctor/reach.py": {"httpx"},  # to the server's own public address
}
"""What speaks to other machines, or is spoken to."""


def test_nothing_but_the_guarded_client_imports_what_speaks_to_other_machines() -> None:
    found: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = _imported(node)
            speaking = {one for one in SPEAKING if any(name == one or name.startswith(f"{one}.") for name in names)}
            if speaking:
                found.setdefault(str(path.relative_to(SOURCE)), set()).update(speaking)
    assert found == ALLOWED


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return []


# From the form to the socket


@pytest.fixture
def inside() -> Iterator[Web]:
    """A server within, which would answer anything; it must not be asked."""
    with serving(lambda _: response(207, b"<multistatus/>")) as web:
        yield web
        assert web.got == []


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.store.close()


def factory(*allow: str, names: Callable[[], Sequence[str]] | None = None) -> ConnectorFactory:
    """As on a server for the public; ``names`` is what any name stands for, asked each time."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return names() if names is not None else ["127.0.0.1"]

    more = {} if names is None else {"resolve": resolve}
    return caldav_factory(Surroundings(OutboundRules.of(allow), lambda: Instant(0), lambda: "nonce", **more))


def connect(world: World, url: str, opening: ConnectorFactory) -> Failure | None:
    found = asyncio.run(connect_calendar(world.kit, opening, world.jane, Login(url, "jane", "password")))
    return found.failure if isinstance(found, NotConnected) else None


FORMS = (
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1",
    "0177.0.0.1", "017700000001", "127.0.0.1.", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]",
    "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "[fe80::1%25lo]", "①②⑦.⓪.⓪.①", "127。0。0。1", "127.0.0.1%2f@example.org",
    "example.org@127.0.0.1", "127.0.0.1#@example.org", "example.org\\@127.0.0.1", "127.0.0.1\t", "exam ple.org",
)  # fmt: skip


@pytest.mark.parametrize("host", FORMS)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_way_to_write_an_address_inside_leads_there(world: World, inside: Web, host: str, scheme: str) -> None:
    port = inside.url.rpartition(":")[2]
    found = connect(world, f"{scheme}://{host}:{port}/dav/", factory())
    assert found in {Failure.ADDRESS_REFUSED, Failure.BAD_ADDRESS}


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["::1"],
        ["10.1.2.3"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["169.254.169.254"],
        ["fe80::1%lo"],
    ],
)
def test_no_name_that_stands_for_an_address_inside_leads_there(world: World, inside: Web, addresses: list[str]) -> None:
    port = inside.url.rpartition(":")[2]
    assert connect(world, f"https://cal.example.org:{port}/", factory(names=lambda: addresses)) is (
        Failure.ADDRESS_REFUSED
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:{port}/", "http://localhost:{port}/x", "//[::1]:{port}/", "file:///etc/passwd"]
)
def test_no_redirect_leads_inside(world: World, inside: Web, status: int, to: str) -> None:
    location = to.format(port=inside.url.rpartition(":")[2])

    def lead(got: Got) -> bytes:
        del got
        return response(status, Location=location)

    with serving(lead) as outside:
        assert connect(world, f"{outside.url}/", factory(outside.allowed)) is not None
        assert outside.got


def test_proxies_and_netrc_change_nothing(
    world: World, inside: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, inside.url)
    (tmp_path / ".netrc").write_text("default login root password secret\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with serving(lambda _: response(401, WWW_Authenticate='Basic realm="x"')) as outside:
        assert connect(world, f"{outside.url}/", factory(outside.allowed)) is Failure.WRONG_PASSWORD
        sent = [got.authorization for got in outside.got if got.authorization]
    assert sent
    assert all("cm9vdDpzZWNyZXQ" not in one for one in sent)  # root:secret


def test_what_is_refused_silent_closed_or_strange_is_one_failure_to_whoever_asks(world: World) -> None:
    """Allowed by the operator, so that only what is behind it differs."""
    with (
        serving(lambda _: b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as ssh,
        serving(lambda _: response(500, b"secret")) as broken,
    ):
        closed = factory(ssh.allowed, broken.allowed, "127.0.0.1:1")
        found = {connect(world, f"{url}/", closed) for url in (ssh.url, broken.url, "http://127.0.0.1:1")}
    assert found == {Failure.UNREACHABLE}
