"""The worker: syncs and deliveries as they become due, and what has to be forgotten now and then."""

from calwarden.worker.worker import Worker

__all__ = ["Worker"]
