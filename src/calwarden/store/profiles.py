"""Profiles with their credentials and leases, and the Calendars in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from calwarden.domain.errors import Conflict, NotFound
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, ProfileId
from calwarden.domain.profile import AccessMode, Calendar, Credentials, Profile, Provider
from calwarden.domain.times import Instant
from calwarden.store import tables as t
from calwarden.store.compiled import Hot
from calwarden.store.datakeys import DataKeys
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class _ProfileBody:
    name: str
    url: str
    disconnected_reason: str | None = None


_COLUMNS = (
    t.profiles.c.account_id,
    t.profiles.c.profile_id,
    t.profiles.c.provider,
    t.profiles.c.created,
    t.profiles.c.access_mode,
    t.profiles.c.connected,
    t.profiles.c.initial_sync_done,
    t.profiles.c.synced_at,
    t.profiles.c.sync_due_at,
    t.profiles.c.failures,
    t.profiles.c.sealed,
)
_BY_ACCOUNT = Hot(
    lambda _: (
        select(*_COLUMNS)
        .where(t.profiles.c.account_id == bindparam("account_id"))
        .order_by(t.profiles.c.created, t.profiles.c.profile_id)
    )
)
_BY_ID = Hot(
    lambda _: select(*_COLUMNS).where(
        t.profiles.c.account_id == bindparam("account_id"), t.profiles.c.profile_id == bindparam("profile_id")
    )
)
_FREE = or_(t.profiles.c.lease_holder.is_(None), t.profiles.c.lease_until <= bindparam("now"))
_DUE = (
    select(*_COLUMNS)
    .where(t.profiles.c.connected.is_(True), t.profiles.c.sync_due_at <= bindparam("now"), _FREE)
    .order_by(t.profiles.c.sync_due_at, t.profiles.c.account_id, t.profiles.c.profile_id)
    .limit(bindparam("most"))
)
_LEASE = (
    update(t.profiles)
    .where(
        t.profiles.c.account_id == bindparam("key_account_id"),
        t.profiles.c.profile_id == bindparam("profile"),
        or_(_FREE, t.profiles.c.lease_holder == bindparam("holder")),
    )
    .values(lease_holder=bindparam("holder"), lease_until=bindparam("until"))
)


class SqlProfiles:
    """Implements ``ports.store.Profiles``."""

    def __init__(self, tx: Transaction, keys: DataKeys) -> None:
        self._tx = tx
        self._keys = keys

    def add(self, profile: Profile, credentials: Credentials) -> None:
        values = {
            **self._values(profile),
            "lease_holder": None,
            "lease_until": 0,
            "credentials": self._seal_credentials(profile.account_id, profile.profile_id, credentials),
        }
        if not self._tx.add(t.profiles, values):
            raise Conflict("there is such a profile already")

    def get(self, account_id: AccountId, profile_id: ProfileId) -> Profile | None:
        rows = self._tx.hot(_BY_ID, {"account_id": account_id, "profile_id": profile_id})
        return self._profile(rows[0]) if rows else None

    def of_account(self, account_id: AccountId) -> Sequence[Profile]:
        return [self._profile(row) for row in self._tx.hot(_BY_ACCOUNT, {"account_id": account_id})]

    def save(self, profile: Profile) -> None:
        self._tx.save(t.profiles, self._values(profile), "the profile")

    def credentials(self, account_id: AccountId, profile_id: ProfileId) -> Credentials | None:
        row = self._tx.one(t.profiles, account_id=account_id, profile_id=profile_id)
        if row is None:
            return None
        return self._keys.open(
            account_id, "profiles", (profile_id,), row.credentials, Credentials, column="credentials"
        )

    def set_credentials(self, account_id: AccountId, profile_id: ProfileId, credentials: Credentials) -> None:
        sealed = self._seal_credentials(account_id, profile_id, credentials)
        if not self._tx.set(t.profiles, {"credentials": sealed}, account_id=account_id, profile_id=profile_id):
            raise NotFound("the profile is gone")

    def delete(self, account_id: AccountId, profile_id: ProfileId) -> None:
        for row in self._tx.all(t.calendars, account_id=account_id, profile_id=profile_id):
            for table in (t.events, t.resources, t.read_counters):
                self._tx.drop(table, account_id=account_id, calendar_id=row.calendar_id)
        for table in (t.pending_writes, t.calendars, t.profiles):
            self._tx.drop(table, account_id=account_id, profile_id=profile_id)

    def due(self, now: Instant, limit: int) -> Sequence[Profile]:
        with self._tx.across_accounts(Across.DUE):
            rows = self._tx.run(_DUE, {"now": now, "most": limit}).all()
        return [self._profile(tuple(row)) for row in rows]

    def lease(self, account_id: AccountId, profile_id: ProfileId, holder: str, now: Instant, until: Instant) -> bool:
        wanted = {"key_account_id": account_id, "profile": profile_id, "holder": holder, "now": now, "until": until}
        return self._tx.change(_LEASE, wanted) > 0

    def release(self, account_id: AccountId, profile_id: ProfileId, holder: str) -> None:
        freed = {"lease_holder": None, "lease_until": 0}
        self._tx.set(t.profiles, freed, account_id=account_id, profile_id=profile_id, lease_holder=holder)

    def _seal_credentials(self, account_id: AccountId, profile_id: ProfileId, credentials: Credentials) -> bytes:
        return self._keys.seal(account_id, "profiles", (profile_id,), credentials, column="credentials")

    def _values(self, profile: Profile) -> dict[str, Any]:
        body = _ProfileBody(profile.name, profile.url, profile.disconnected_reason)
        return {
            "account_id": profile.account_id,
            "profile_id": profile.profile_id,
            "provider": profile.provider.value,
            "created": profile.created,
            "access_mode": profile.access_mode.value,
            "connected": profile.connected,
            "initial_sync_done": profile.initial_sync_done,
            "synced_at": profile.synced_at,
            "sync_due_at": profile.sync_due_at,
            "failures": profile.failures,
            "sealed": self._keys.seal(profile.account_id, "profiles", (profile.profile_id,), body),
        }

    def _profile(self, row: tuple[Any, ...]) -> Profile:
        account, profile, provider, created, mode, connected, initial, synced_at, due_at, failures, sealed = row
        body = self._keys.open(account, "profiles", (profile,), sealed, _ProfileBody)
        return Profile(
            AccountId(account),
            ProfileId(profile),
            Provider(provider),
            body.name,
            body.url,
            Instant(created),
            AccessMode(mode),
            bool(connected),
            body.disconnected_reason,
            bool(initial),
            None if synced_at is None else Instant(synced_at),
            Instant(due_at),
            failures,
        )


@dataclass(frozen=True, slots=True)
class _CalendarBody:
    remote_id: str
    name: str
    color: str | None = None
    tzid: str | None = None
    cursor: str | None = None


_CALENDARS = Hot(
    lambda _: (
        select(t.calendars)
        .where(t.calendars.c.account_id == bindparam("account_id"))
        .order_by(t.calendars.c.calendar_id)
    )
)


class SqlCalendars:
    """Implements ``ports.store.Calendars``."""

    def __init__(self, tx: Transaction, keys: DataKeys) -> None:
        self._tx = tx
        self._keys = keys

    def add(self, calendar: Calendar) -> None:
        profile = self._tx.one(t.profiles, account_id=calendar.account_id, profile_id=calendar.profile_id)
        if profile is None:
            raise NotFound("the profile is gone")
        if not self._tx.add(t.calendars, self._values(calendar)):
            raise Conflict("there is such a calendar already")

    def get(self, account_id: AccountId, calendar_id: CalendarId) -> Calendar | None:
        row = self._tx.one(t.calendars, account_id=account_id, calendar_id=calendar_id)
        return None if row is None else self._calendar(tuple(row))

    def of_account(self, account_id: AccountId) -> Sequence[Calendar]:
        return [self._calendar(row) for row in self._tx.hot(_CALENDARS, {"account_id": account_id})]

    def of_profile(self, account_id: AccountId, profile_id: ProfileId) -> Sequence[Calendar]:
        rows = self._tx.all(t.calendars, ("calendar_id",), account_id=account_id, profile_id=profile_id)
        return [self._calendar(tuple(row)) for row in rows]

    def save(self, calendar: Calendar) -> None:
        self._tx.save(t.calendars, self._values(calendar), "the calendar")

    def _values(self, calendar: Calendar) -> dict[str, Any]:
        body = _CalendarBody(calendar.remote_id, calendar.name, calendar.color, calendar.tzid, calendar.cursor)
        return {
            "account_id": calendar.account_id,
            "calendar_id": calendar.calendar_id,
            "profile_id": calendar.profile_id,
            "owned": calendar.owned,
            "readonly": calendar.readonly,
            "deleted": calendar.deleted,
            "is_primary": calendar.primary,
            "synced": calendar.synced,
            "created_by": calendar.created_by,
            "sealed": self._keys.seal(calendar.account_id, "calendars", (calendar.calendar_id,), body),
        }

    def _calendar(self, row: tuple[Any, ...]) -> Calendar:
        account, calendar, profile, owned, readonly, deleted, primary, synced, created_by, sealed = row
        body = self._keys.open(account, "calendars", (calendar,), sealed, _CalendarBody)
        return Calendar(
            AccountId(account),
            CalendarId(calendar),
            ProfileId(profile),
            body.remote_id,
            body.name,
            bool(owned),
            bool(readonly),
            bool(deleted),
            bool(primary),
            body.color,
            body.tzid,
            None if created_by is None else ApplicationId(created_by),
            body.cursor,
            bool(synced),
        )
