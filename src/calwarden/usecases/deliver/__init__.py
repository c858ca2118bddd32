"""Delivery: what was acknowledged reaches the Provider, a Profile at a time, under its lease."""

from calwarden.usecases.deliver.deliver import deliver_writes
from calwarden.usecases.deliver.outcome import DeliverEnd, DeliverOutcome

__all__ = ["DeliverEnd", "DeliverOutcome", "deliver_writes"]
