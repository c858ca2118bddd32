"""CalDAV (RFC 4791): a thin client of our own over the guarded one, and what servers make of the standard."""

from calwarden.connectors.caldav.connector import CalDavConnector, Surroundings, caldav_factory
from calwarden.connectors.caldav.quirks import provider_of

__all__ = ["CalDavConnector", "Surroundings", "caldav_factory", "provider_of"]
