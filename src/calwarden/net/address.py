"""Which IP addresses are public. Pure; stricter than ``is_global``, which passes addresses that lead elsewhere
(security 8.3).
"""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

_NOT_HOSTS = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))
"""Protocol assignments and the relays of 6to4 (RFC 6890, RFC 7526): newer Pythons call parts of them global."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that IANA has handed out as global unicast: what is outside is no one's public address."""

_EMBEDDING = tuple(
    map(
        IPv6Network,
        (
            "::/96",  # IPv4-compatible, unspecified, loopback
            "::ffff:0:0/96",  # IPv4-mapped
            "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
            "64:ff9b::/96",  # NAT64 (RFC 6052)
            "64:ff9b:1::/48",  # NAT64 of local use (RFC 8215)
            "2001::/23",  # Teredo, benchmarking, ORCHID and other protocol assignments (RFC 2928)
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)


def is_public(text: str) -> bool:
    """Whether ``text`` is an address that anybody on the internet may be asked to speak to.

    False for private, loopback, link-local, unique-local, shared, multicast, reserved and unspecified ones, for all
    that carry another address inside, and for what is no address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        return _is_public_v6(address)
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _NOT_HOSTS)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _GLOBAL_UNICAST:
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    # ISATAP and the like end in an embedded address within a global prefix; the prefix's owner routes those.
    return not any(address in network for network in _EMBEDDING)
