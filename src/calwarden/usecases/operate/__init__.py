"""What only the operator does, from the command line: applications, a look at everything, grants without a page."""

from calwarden.usecases.operate.applications import (
    Known,
    NewApplication,
    Registered,
    create_application,
    delete_application,
    list_applications,
    rotate_secret,
)
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
    "Known",
    "NewApplication",
    "ProfileLine",
    "Registered",
    "Restored",
    "Synced",
    "Waiting",
    "ask_for_sync",
    "compare_with_export",
    "create_application",
    "delete_application",
    "elevate_grant",
    "find_account",
    "find_application",
    "list_accounts",
    "list_applications",
    "list_grants",
    "list_profiles",
    "owned_calendars",
    "rotate_secret",
    "settle",
    "sync_now",
    "what_waits",
]
