"""What the wire calls a calendar service (contract authorization 4.3)."""

from typing import Final

_SERVICES: Final = {"apple": "icloud"}
"""The ``provider_service`` where it has another name than the provider; CalDAV servers of one's own go by ``caldav``,
which no client compares with anything.
"""


def service_of(provider_name: str) -> str:
    """The ``provider_service`` of a ``provider_name``."""
    return _SERVICES.get(provider_name, provider_name)
