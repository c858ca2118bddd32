"""When somebody is busy, and nothing else."""

from calwarden.usecases.freebusy.known import is_known
from calwarden.usecases.freebusy.read import AskedBusy, BusyPage, find_busy, read_busy, read_busy_page

__all__ = ["AskedBusy", "BusyPage", "find_busy", "is_known", "read_busy", "read_busy_page"]
