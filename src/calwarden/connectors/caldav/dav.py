"""Requests to one CalDAV server. What goes wrong comes out as an error of the port, never in the server's own words."""

import asyncio
from email.utils import parsedate_to_datetime
from typing import Final

from calwarden.connectors.caldav.markup import Multistatus, multistatus
from calwarden.connectors.caldav.paths import target_of
from calwarden.net import Answer, Cause, GuardedClient, Login, OutboundError, Request, Timeouts, Url, follow
from calwarden.ports.connector import (
    AddressRefused,
    CertificateInvalid,
    CredentialsRevoked,
    Leaving,
    NoCalendars,
    ProviderUnavailable,
    RateLimited,
)
from calwarden.ports.system import Clock

OBJECT_BYTES: Final = 1024 * 1024
LISTING_BYTES: Final = 32 * OBJECT_BYTES

PATIENT: Final = Timeouts(connect=5, step=60, whole=180)
"""Old servers think for a minute before they list ten thousand events."""

BUSY: Final = frozenset({408, 423, 425})
"""No verdict: another try may succeed."""

_LARGE: Final = 256 * 1024
_MOST_WAIT: Final = 86_400
_XML: Final = ("Content-Type", "application/xml; charset=utf-8")


class TooLarge(ProviderUnavailable):
    """The answer is larger than we read."""


class ServerFault(ProviderUnavailable):
    """The server says itself that it failed at this: 5xx, or that it is locked. It may do other things well."""


class Dav:
    """One server, one login. Paths are decoded; all are asked for at the origin of ``base``."""

    def __init__(
        self, client: GuardedClient, login: Login, base: Url, clock: Clock, timeouts: Timeouts = PATIENT
    ) -> None:
        self.client = client
        self.login = login
        self.base = base
        self.clock = clock
        self.timeouts = timeouts

    def at(self, base: Url, timeouts: Timeouts = PATIENT) -> "Dav":
        """The same at another origin."""
        return Dav(self.client, self.login, base, self.clock, timeouts)

    def url(self, path: str) -> Url:
        """Where a decoded path is asked for."""
        return self.base.at(target_of(path))

    async def ask(
        self,
        method: str,
        where: str | Url,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        most_bytes: int = OBJECT_BYTES,
        leaving: Leaving | None = None,
    ) -> Answer:
        """One request. Gives answers up to 4xx; raises for what every caller treats alike: 401, 429, 5xx, no answer,
        and what ``leaving`` raises.
        """
        url = where if isinstance(where, Url) else self.url(where)
        try:
            answer = await self.client.send(
                Request(method, url, headers, body, leaving),
                login=self.login,
                most_bytes=most_bytes,
                timeouts=self.timeouts,
            )
        except OutboundError as error:
            raise _of_outbound(error) from error
        self._refuse(answer)
        return answer

    async def listing(
        self, method: str, where: str | Url, body: bytes, *, depth: int
    ) -> tuple[Answer, Multistatus | None]:
        """A PROPFIND or REPORT, redirects followed; no Multistatus unless the answer is a 207."""
        headers = (_XML, ("Depth", str(depth)))

        async def send(url: Url) -> Answer:
            return await self.ask(method, url, headers=headers, body=body, most_bytes=LISTING_BYTES)

        try:
            answer = await follow(send, where if isinstance(where, Url) else self.url(where))
        except OutboundError as error:
            raise _of_outbound(error) from error
        if answer.status in BUSY:
            raise ServerFault("the calendar service does not answer that now")
        if answer.status != 207:
            return answer, None
        try:
            if len(answer.body) > _LARGE:
                return answer, await asyncio.to_thread(multistatus, answer.body, answer.url)
            return answer, multistatus(answer.body, answer.url)
        except ValueError as error:
            raise ProviderUnavailable("the calendar service did not answer as expected") from error

    async def change(self, method: str, path: str, body: bytes, leaving: Leaving) -> Answer:
        """MKCALENDAR, MKCOL or PROPPATCH. No redirect is followed: a change goes where it was meant to."""
        return await self.ask(method, path, headers=(_XML,), body=body, most_bytes=LISTING_BYTES, leaving=leaving)

    def _refuse(self, answer: Answer) -> None:
        if answer.status == 401:
            if not self.login.belongs_to(answer.url):
                raise NoCalendars("the calendar service is at another address than the one entered")
            raise CredentialsRevoked("the calendar service refuses the user name or password")
        waiting = _retry_after(answer.header("retry-after"), self.clock())
        if answer.status == 429 or (answer.status == 503 and waiting is not None):
            raise RateLimited(waiting)
        if answer.status >= 500 and answer.status not in {501, 507}:
            raise ServerFault("the calendar service has a fault")


def _of_outbound(error: OutboundError) -> ProviderUnavailable:
    match error.cause:
        case Cause.ADDRESS:
            return AddressRefused("this server may not speak to that address")
        case Cause.CERTIFICATE:
            return CertificateInvalid("the certificate of the calendar service is not to be trusted")
        case Cause.TOO_LARGE:
            return TooLarge("the calendar service sent more than can be read")
        case Cause.NO_ANSWER:
            return ProviderUnavailable("the calendar service did not answer as expected")


def _retry_after(header: str | None, now: int) -> int | None:
    """Seconds, from a number or a date (RFC 9110 10.2.3), within a day."""
    text = (header or "").strip()
    if text.isdecimal():
        return min(max(int(text[:6]), 1), _MOST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        return min(max(int(moment.timestamp()) - now, 1), _MOST_WAIT)
    except (ValueError, OverflowError):
        return None
