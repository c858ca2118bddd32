"""One transaction over all repositories, and what makes them."""

from contextlib import AbstractContextManager
from typing import Protocol

from calwarden.ports.store.calendars import Calendars, Events, Listings, PendingWrites, Profiles
from calwarden.ports.store.grants import Authorizations, ElevationRequests, Grants, Tokens
from calwarden.ports.store.ledger import Audit
from calwarden.ports.store.people import Accounts, Applications, Attempts, OneTimeTokens, Sessions


class StoreUnavailable(Exception):
    """The database does not answer, is locked for too long or has no room: nothing was stored, repeating may help.

    Edges answer 503. The message names the cause for the operator and carries no statement and no value.
    """


class UnitOfWork(Protocol):
    """One transaction. Leaving the block commits; an exception rolls back."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def applications(self) -> Applications: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def one_time(self) -> OneTimeTokens: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def authorizations(self) -> Authorizations: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def elevation_requests(self) -> ElevationRequests: ...
    @property
    def profiles(self) -> Profiles: ...
    @property
    def calendars(self) -> Calendars: ...
    @property
    def events(self) -> Events: ...
    @property
    def writes(self) -> PendingWrites: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def listings(self) -> Listings: ...


class Store(Protocol):
    """Makes units of work; both kinds raise StoreUnavailable. Writers of one Account wait for each other.

    ``add`` of what is there already raises Conflict, ``save`` of what is gone meanwhile NotFound. Blocks are short.
    """

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent read; never writes."""
        ...

    def write(self, *, durable: bool = True) -> AbstractContextManager[UnitOfWork]:
        """A read-write transaction. ``durable``: on disk before the block ends (grants, revocations, acknowledged
        writes); False for what a sync can derive again.
        """
        ...
