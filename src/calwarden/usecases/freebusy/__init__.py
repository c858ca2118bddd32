"""When somebody is busy, and nothing else."""

from calwarden.usecases.freebusy.known import is_known
from calwarden.usecases.freebusy.read import AskedBusy, BusyPage, read_busy, read_busy_page

__all__ = ["AskedBusy", "BusyPage", "is_known", "read_busy", "read_busy_page"]
