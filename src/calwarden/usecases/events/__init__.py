"""Events: reading them, and writing them."""

from calwarden.usecases.events.bulk import DeleteEvents, delete_events
from calwarden.usecases.events.delete import DeleteEvent, delete_event
from calwarden.usecases.events.read import Asked, EventsPage, find_events, read_events, read_events_page, show_events
from calwarden.usecases.events.respond import Respond, respond
from calwarden.usecases.events.upsert import UpsertEvent, upsert_event

__all__ = [
    "Asked",
    "DeleteEvent",
    "DeleteEvents",
    "EventsPage",
    "Respond",
    "UpsertEvent",
    "delete_event",
    "delete_events",
    "find_events",
    "read_events",
    "read_events_page",
    "respond",
    "show_events",
    "upsert_event",
]
