"""What only the operator does, from the command line: a look at everything, grants without a page."""

from calwarden.usecases.operate.finding import find_account, find_application
from calwarden.usecases.operate.grants import GrantLine, elevate_grant, list_grants, owned_calendars
from calwarden.usecases.operate.ledger import compare_with_export
from calwarden.usecases.operate.listing import AccountLine, ProfileLine, list_accounts, list_profiles
from calwarden.usecases.operate.restoring import Restored, settle
from calwarden.usecases.operate.syncing import Synced, ask_for_sync, sync_now
from calwarden.usecases.operate.waiting import Waiting, what_waits

__all__ = [
    "AccountLine",
    "GrantLine",
    "ProfileLine",
    "Restored",
    "Synced",
    "Waiting",
    "ask_for_sync",
    "compare_with_export",
    "elevate_grant",
    "find_account",
    "find_application",
    "list_accounts",
    "list_grants",
    "list_profiles",
    "owned_calendars",
    "settle",
    "sync_now",
    "what_waits",
]
