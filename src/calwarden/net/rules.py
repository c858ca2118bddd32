"""What may be spoken to: public addresses over https, and exactly what the operator excepts."""

from collections.abc import Iterable
from dataclasses import dataclass

from calwarden.net.address import is_public
from calwarden.net.errors import Cause, OutboundError
from calwarden.net.url import Url, parse_url


@dataclass(frozen=True, slots=True)
class OutboundRules:
    """``allow`` holds exact ``host:port`` exceptions, compared with the host as it stands in the URL.

    An excepted one may have any address and may be spoken to without TLS. ``https_only`` is off in development alone.
    """

    allow: frozenset[str] = frozenset()
    https_only: bool = True

    @classmethod
    def of(cls, entries: Iterable[str], *, https_only: bool = True) -> "OutboundRules":
        """From configuration. Raises ValueError for an entry that is not exactly ``host:port``."""
        return cls(frozenset(map(exception, entries)), https_only)

    def excepts(self, url: Url) -> bool:
        return url.authority in self.allow

    def check(self, url: Url) -> None:
        """Refuse what can be refused without resolving (security 8.5). Raises OutboundError."""
        if self.excepts(url):
            return
        if self.https_only and url.scheme != "https":
            raise OutboundError(Cause.ADDRESS)
        if url.literal and not is_public(url.host):
            raise OutboundError(Cause.ADDRESS)

    def check_addresses(self, url: Url, addresses: Iterable[str]) -> None:
        """Refuse a host unless every address it resolves to is public. Raises OutboundError."""
        found = tuple(addresses)
        if not found:
            raise OutboundError(Cause.NO_ANSWER)
        if not self.excepts(url) and not all(map(is_public, found)):
            raise OutboundError(Cause.ADDRESS)


def exception(entry: str) -> str:
    """``entry`` as exceptions are compared. Raises ValueError if it is not exactly ``host:port``."""
    text = entry.strip()
    url = parse_url(f"http://{text}")
    _, colon, port = text.rpartition(":")
    if not colon or url.target != "/" or text.endswith("/") or port != str(url.port):
        raise ValueError(f'"{entry}" is not host:port')
    return url.authority
