"""One transaction with a repository per noun."""

from functools import cached_property

from sqlalchemy import select

from calwarden.store.accounts import SqlAccounts
from calwarden.store.applications import SqlApplications
from calwarden.store.audit import SqlAudit
from calwarden.store.authorizations import SqlAuthorizations
from calwarden.store.datakeys import DataKeys, KeyCache
from calwarden.store.events import SqlEvents
from calwarden.store.grants import SqlElevationRequests, SqlGrants, SqlTokens
from calwarden.store.listings import SqlListings
from calwarden.store.profiles import SqlCalendars, SqlProfiles
from calwarden.store.sessions import SqlAttempts, SqlOneTimeTokens, SqlSessions
from calwarden.store.transaction import Transaction
from calwarden.store.writes import SqlPendingWrites


class SqlUnitOfWork:
    """Implements ``ports.store.UnitOfWork``; repositories are made when first asked for."""

    def __init__(self, tx: Transaction, cache: KeyCache) -> None:
        self._tx = tx
        self._keys = DataKeys(tx, cache)

    @cached_property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self._tx, self._keys, self.audit)

    @cached_property
    def applications(self) -> SqlApplications:
        return SqlApplications(self._tx, self._keys)

    @cached_property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self._tx)

    @cached_property
    def one_time(self) -> SqlOneTimeTokens:
        return SqlOneTimeTokens(self._tx, self._keys)

    @cached_property
    def attempts(self) -> SqlAttempts:
        return SqlAttempts(self._tx, self._keys)

    @cached_property
    def authorizations(self) -> SqlAuthorizations:
        return SqlAuthorizations(self._tx)

    @cached_property
    def grants(self) -> SqlGrants:
        return SqlGrants(self._tx)

    @cached_property
    def tokens(self) -> SqlTokens:
        return SqlTokens(self._tx)

    @cached_property
    def elevation_requests(self) -> SqlElevationRequests:
        return SqlElevationRequests(self._tx)

    @cached_property
    def profiles(self) -> SqlProfiles:
        return SqlProfiles(self._tx, self._keys)

    @cached_property
    def calendars(self) -> SqlCalendars:
        return SqlCalendars(self._tx, self._keys)

    @cached_property
    def events(self) -> SqlEvents:
        return SqlEvents(self._tx, self._keys)

    @cached_property
    def writes(self) -> SqlPendingWrites:
        return SqlPendingWrites(self._tx, self._keys)

    @cached_property
    def audit(self) -> SqlAudit:
        return SqlAudit(self._tx, self._keys)

    @cached_property
    def listings(self) -> SqlListings:
        return SqlListings(self._tx, self._keys)

    def ping(self) -> None:
        """Ask the database for nothing in particular."""
        self._tx.run(select(1))

    def rewrap_data_keys(self) -> int:
        """Wrap every data key by the newest key-encryption key; gives how many were not (``keys rotate``)."""
        return self._keys.rewrap()
