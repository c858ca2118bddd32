"""The store: one transaction is one UnitOfWork, with a repository per noun.

Statements over an Account's things carry the Account (and the Application where there is one): ids alone never select
(security 1.6). The listed exceptions are the application table, token and session look-up by hash, and work queues.
Everything here is synchronous; the edges hop to a thread.
"""

from calwarden.ports.store.calendars import (
    Calendars,
    EventQuery,
    Events,
    Listing,
    Listings,
    PendingWrites,
    Profiles,
)
from calwarden.ports.store.grants import Authorizations, ElevationRequests, Grants, Tokens
from calwarden.ports.store.ledger import Audit, Record
from calwarden.ports.store.people import Accounts, Applications, Attempts, OneTimeTokens, Sessions
from calwarden.ports.store.transaction import Store, StoreUnavailable, UnitOfWork

__all__ = [
    "Accounts",
    "Applications",
    "Attempts",
    "Audit",
    "Authorizations",
    "Calendars",
    "ElevationRequests",
    "EventQuery",
    "Events",
    "Grants",
    "Listing",
    "Listings",
    "OneTimeTokens",
    "PendingWrites",
    "Profiles",
    "Record",
    "Sessions",
    "Store",
    "StoreUnavailable",
    "Tokens",
    "UnitOfWork",
]
