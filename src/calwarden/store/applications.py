"""Applications and their secrets: the one noun that belongs to no Account (ruling 27)."""

import hmac
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from calwarden.domain.application import Application, Imprint, RefusalCount, SecretInfo
from calwarden.domain.errors import Conflict
from calwarden.domain.ids import AccountId, ApplicationId, SecretId
from calwarden.domain.times import Instant
from calwarden.store import tables as t
from calwarden.store.codec import names, text
from calwarden.store.compiled import Hot
from calwarden.store.datakeys import DataKeys
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction

_OWNED = (
    t.refusals,
    t.application_secrets,
    t.grants,
    t.tokens,
    t.authorizations,
    t.elevation_requests,
    t.listings,
    t.applications,
)
_DISOWN = [
    update(table)
    .where(table.c.created_by == bindparam("application"))
    .values({name: None for name in ("created_by", "event_id") if name in table.c})
    for table in (t.events, t.resources, t.calendars)
]

_BY_ID = Hot(lambda _: select(t.applications).where(t.applications.c.application_id == bindparam("application_id")))
_HOUR = 3_600
_r = t.refusals.c
_SINCE = (
    select(_r.action, _r.reason, func.sum(_r.times).label("times"), func.max(_r.last).label("last"))
    .where(_r.application_id == bindparam("application_id"), _r.hour >= bindparam("since"))
    .group_by(_r.action, _r.reason)
    .order_by(func.max(_r.last).desc(), _r.action, _r.reason)
)
_FORGET = delete(t.refusals).where(_r.hour < bindparam("before"))


def _count(dialect: str) -> Any:
    insert = postgresql.insert(t.refusals) if dialect == "postgresql" else sqlite.insert(t.refusals)
    latest = func.greatest if dialect == "postgresql" else func.max
    return insert.on_conflict_do_update(
        index_elements=[column.name for column in t.refusals.primary_key],
        set_={"times": _r.times + insert.excluded.times, "last": latest(_r.last, insert.excluded.last)},
    )


_COUNT = {dialect: _count(dialect) for dialect in ("sqlite", "postgresql")}


def _owner(application_id: ApplicationId) -> str:
    return f"application/{application_id}"


class SqlApplications:
    """Implements ``ports.store.Applications``."""

    def __init__(self, tx: Transaction, keys: DataKeys) -> None:
        self._tx = tx
        self._keys = keys

    def add(self, application: Application) -> None:
        if not self._tx.add(t.applications, _values(application)):
            raise Conflict("there is an application with this id already")
        self._keys.make(_owner(application.application_id))

    def get(self, application_id: ApplicationId) -> Application | None:
        rows = self._tx.hot(_BY_ID, {"application_id": application_id})
        return _application(rows[0]) if rows else None

    def list(self) -> Sequence[Application]:
        return [_application(tuple(row)) for row in self._tx.all(t.applications, ("created", "application_id"))]

    def of_owner(self, owner: AccountId) -> Sequence[Application]:
        return [
            _application(tuple(row)) for row in self._tx.all(t.applications, ("created", "application_id"), owner=owner)
        ]

    def save(self, application: Application) -> None:
        self._tx.save(t.applications, _values(application), "the application")

    def delete(self, application_id: ApplicationId) -> None:
        with self._tx.across_accounts(Across.APPLICATION):
            for table in _OWNED:
                self._tx.drop(table, application_id=application_id)
            for statement in _DISOWN:
                self._tx.change(statement, {"application": application_id})
        self._keys.destroy(_owner(application_id))

    def add_secret(self, application_id: ApplicationId, secret_id: SecretId, secret: str, now: Instant) -> None:
        values = {
            "application_id": application_id,
            "secret_id": secret_id,
            "secret_hash": self._hash(secret),
            "created": now,
            "sealed": self._keys.seal(_owner(application_id), "application_secrets", (secret_id,), secret),
        }
        if not self._tx.add(t.application_secrets, values):
            raise Conflict("there is such a secret already")

    def secrets(self, application_id: ApplicationId) -> Sequence[SecretInfo]:
        return [SecretInfo(SecretId(row.secret_id), Instant(row.created)) for row in self._secrets(application_id)]

    def signing_secrets(self, application_id: ApplicationId) -> Sequence[str]:
        owner = _owner(application_id)
        rows = reversed(self._secrets(application_id))
        return [self._keys.open(owner, "application_secrets", (row.secret_id,), row.sealed, str) for row in rows]

    def drop_secret(self, application_id: ApplicationId, secret_id: SecretId) -> None:
        self._tx.drop(t.application_secrets, application_id=application_id, secret_id=secret_id)

    def by_secret(self, secret: str) -> Application | None:
        wanted = self._hash(secret)
        row = self._tx.one(t.application_secrets, secret_hash=wanted)
        # The index compares keyed hashes, whose timing tells nothing of the secret; this makes the last word constant.
        if row is None or not hmac.compare_digest(row.secret_hash, wanted):
            return None
        return self.get(ApplicationId(row.application_id))

    def count_refusal(
        self, application_id: ApplicationId, action: str, reason: str, at: Instant, *, times: int = 1
    ) -> None:
        if self.get(application_id) is None:
            return
        values = {"application_id": application_id, "hour": at - at % _HOUR, "action": action, "reason": reason}
        self._tx.change(_COUNT[self._tx.dialect], {**values, "times": times, "last": at})

    def refusals(self, application_id: ApplicationId, since: Instant) -> Sequence[RefusalCount]:
        values = {"application_id": application_id, "since": since - since % _HOUR}
        return [
            RefusalCount(row.action, row.reason, int(row.times), Instant(row.last))
            for row in self._tx.run(_SINCE, values)
        ]

    def forget_refusals(self, before: Instant) -> None:
        self._tx.change(_FORGET, {"before": before})

    def _secrets(self, application_id: ApplicationId) -> Sequence[Row[Any]]:
        return self._tx.all(t.application_secrets, ("created", "secret_id"), application_id=application_id)

    def _hash(self, secret: str) -> str:
        return self._keys.keyring.keyed_hash("client-secret", secret)


def _values(application: Application) -> dict[str, Any]:
    return {
        "application_id": application.application_id,
        "name": application.name,
        "redirect_uris": text(application.redirect_uris),
        "created": application.created,
        "public": application.public,
        "owner": application.owner,
        "merge_busy": application.merge_busy,
        "company": application.imprint.company,
        "website": application.imprint.website,
        "email": application.imprint.email,
    }


def _application(row: tuple[Any, ...]) -> Application:
    """An Application from the columns in the order of the table."""
    application_id, name, redirect_uris, created, public, owner, merge_busy, company, website, email = row
    return Application(
        ApplicationId(application_id),
        name,
        names(redirect_uris),
        Instant(created),
        bool(public),
        None if owner is None else AccountId(owner),
        bool(merge_busy),
        Imprint(company or "", website or "", email or ""),
    )
