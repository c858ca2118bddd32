"""A Provider in memory and the Connector to it: shipped, because what we test with is part of what we offer."""

from calwarden.connectors.memory.connector import MemoryConnector, memory_factory
from calwarden.connectors.memory.provider import MemoryProvider, ProviderCalendar, ProviderUser

__all__ = ["MemoryConnector", "MemoryProvider", "ProviderCalendar", "ProviderUser", "memory_factory"]
