"""What a person types to connect a calendar, made into Credentials."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from calwarden.domain.profile import Credentials
from calwarden.usecases.connect.failures import Failure

ICLOUD_URL = "https://caldav.icloud.com"
_VISIBLE = re.compile(r"[!-~]{1,2048}", flags=re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", flags=re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Login:
    """As typed; ``ca_pem`` is a private authority's certificate, if any."""

    url: str
    username: str
    password: str = field(repr=False)
    ca_pem: str | None = field(default=None, repr=False)


def credentials_of(login: Login) -> Credentials | Failure:
    """Complete Credentials, with https:// put before a bare host name; or what is wrong with them.

    Whether the address may be spoken to is for the guarded client to say, when it resolves it.
    """
    url, username = login.url.strip(), login.username.strip()
    if not url or not username or not login.password:
        return Failure.INCOMPLETE
    if not _SCHEME.match(url):
        url = f"https://{url}"
    if not _plausible(url):
        return Failure.BAD_ADDRESS
    return Credentials(url, username, login.password, login.ca_pem)


def _plausible(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0  # reading the port raises ValueError for what is none
    except ValueError:
        return False
    return named and parts.scheme in {"http", "https"} and "@" not in parts.netloc and bool(_VISIBLE.fullmatch(url))
