"""What single servers do differently, each with where it is known from. Nothing else asks which server it is.

What many servers do is no quirk: the mapping and the client take it as the standard's own latitude.
"""

import re
from typing import Final

from calwarden.domain.profile import Provider
from calwarden.net import Url

_ICLOUD: Final = re.compile(r"(?:p[0-9]{1,4}-)?caldav\.icloud\.com(?P<china>\.cn)?", flags=re.ASCII)
"""iCloud's front door and its partitions, p42-caldav.icloud.com (connectors.md 5; github.com/python-caldav/caldav
issue 544). Accounts kept in China have the same under .com.cn. Not verified live.
"""


def provider_of(url: Url) -> Provider:
    """Whose service an address belongs to."""
    return Provider.APPLE if _ICLOUD.fullmatch(url.host) else Provider.CALDAV


def same_service(home: Url, other: Url) -> bool:
    """Whether credentials for ``home`` may also go to ``other``, an origin of another name.

    Only within iCloud: principal and home stand on a partition host. https on its usual port, both names exactly of
    that form and of the same country. Everybody else's credentials stay at their origin (security 8.2).
    """
    one, two = _ICLOUD.fullmatch(home.host), _ICLOUD.fullmatch(other.host)
    if one is None or two is None or one["china"] != two["china"]:
        return False
    return all(url.scheme == "https" and url.port == 443 for url in (home, other))


def matchable(etag: str) -> str:
    """An etag as If-Match takes it (RFC 9110 13.1.1).

    Proxies mark etags weak though the text is the same (nginx with gzip, trac.nginx.org/nginx/ticket/377), GMX hands
    out weak ones (python-caldav, calendarobjectresource.py), and a weak one never matches. Some servers leave the
    quotes out of DAV:getetag (RFC 4918 15.6 wants them).
    """
    bare = etag.strip().removeprefix("W/")
    return bare if bare.startswith('"') else f'"{bare}"'


def unescaped(name: str) -> str:
    """A calendar's name as its owner gave it: DAViCal 1.1.12 keeps the markup of the request and escapes it again."""
    for written, meant in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        name = name.replace(written, meant)
    return name
