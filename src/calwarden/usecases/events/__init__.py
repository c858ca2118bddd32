"""Events: reading them, and writing them."""

from calwarden.usecases.events.bulk import DeleteEvents, delete_events
from calwarden.usecases.events.delete import DeleteEvent, delete_event
from calwarden.usecases.events.respond import Respond, respond
from calwarden.usecases.events.upsert import UpsertEvent, upsert_event

__all__ = [
    "DeleteEvent",
    "DeleteEvents",
    "Respond",
    "UpsertEvent",
    "delete_event",
    "delete_events",
    "respond",
    "upsert_event",
]
