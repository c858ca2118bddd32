"""What every page is handed: the use cases' kit, the outside world as functions, templates and cookie names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
import jinja2
import structlog
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from calwarden.domain.ids import AccountId, ProfileId
from calwarden.ports.connector import ConnectorFactory
from calwarden.ports.mail import Mail, Mailer, MailUnavailable
from calwarden.usecases.develop import Registration
from calwarden.usecases.kit import Kit
from calwarden.usecases.people import SignUp
from calwarden.web.words import FILTERS

T = TypeVar("T")
Wake = Callable[[AccountId, ProfileId], None]

_PASSWORDS_AT_ONCE = 2  # each takes 32 MB and all of a core while it is checked
_STYLES = Path(__file__).parent / "static" / "calwarden.css"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("calwarden.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


@dataclass(frozen=True)
class Site:
    """Made once. ``wake`` tells the worker that a Profile has something to do; ``mail_in_log``: mails are not sent but
    written to the server's log, and pages say so; ``registration``: who may register applications.
    """

    kit: Kit
    open_connector: ConnectorFactory
    mailer: Mailer
    sign_up: SignUp
    wake: Wake
    mail_in_log: bool = False
    registration: Registration = Registration.OPERATOR
    environment: jinja2.Environment = field(default_factory=_environment)
    _passwords: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_PASSWORDS_AT_ONCE))

    @cached_property
    def secure(self) -> bool:
        """Whether people reach us over https: then cookies say so."""
        return self.kit.public_url.startswith("https://")

    @cached_property
    def session_cookie(self) -> str:
        return "__Host-calwarden_session" if self.secure else "calwarden_session"

    @cached_property
    def browser_cookie(self) -> str:
        return "__Host-calwarden_browser" if self.secure else "calwarden_browser"

    @cached_property
    def service_cookie(self) -> str:
        """Which calendar service the application named, to have it chosen on the connect page. Decides nothing."""
        return "__Host-calwarden_service" if self.secure else "calwarden_service"

    @cached_property
    def styles(self) -> bytes:
        return _STYLES.read_bytes()

    @cached_property
    def styles_path(self) -> str:
        """Changes with the content, so that it may be cached for good."""
        return f"/static/{sha256(self.styles).hexdigest()[:16]}.css"

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """A synchronous use case, in one hop to a thread (ruling 24)."""
        return await run_in_threadpool(function, self.kit, *arguments)

    async def run_password(self, function: Callable[..., T], *arguments: object) -> T:
        """A use case that checks or makes a password: few at a time, since each takes much memory."""
        return await anyio.to_thread.run_sync(lambda: function(self.kit, *arguments), limiter=self._passwords)

    def post(self, mail: Mail | None) -> BackgroundTask | None:
        """Send ``mail`` once the page is on its way: the answer takes as long for an address nobody has."""
        return None if mail is None else BackgroundTask(self._send, mail)

    async def _send(self, mail: Mail) -> None:
        try:
            await self.mailer(mail)
        except MailUnavailable as error:
            structlog.get_logger("calwarden.mail").error("mail not sent", subject=mail.subject, cause=str(error))
