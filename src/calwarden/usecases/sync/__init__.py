"""Sync: what a Provider has comes to us, a Profile at a time, under its lease."""

from calwarden.usecases.sync.outcome import SyncEnd, SyncOutcome
from calwarden.usecases.sync.profile import sync_profile
from calwarden.usecases.sync.storing import Place, drop_resource, place_of, store_components, store_remote

__all__ = [
    "Place",
    "SyncEnd",
    "SyncOutcome",
    "drop_resource",
    "place_of",
    "store_components",
    "store_remote",
    "sync_profile",
]
