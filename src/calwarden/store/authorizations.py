"""Authorizations: runs of the consent flow, and the codes they give."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, or_, update

from calwarden.domain.errors import Conflict
from calwarden.domain.grant import Authorization, AuthorizationState
from calwarden.domain.ids import AccountId, ApplicationId, AuthorizationId, CalendarId
from calwarden.domain.times import Instant
from calwarden.store import tables as t
from calwarden.store.codec import names, text
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction

_FIELDS = tuple(field.name for field in fields(Authorization))
_REDEEM = (
    update(t.authorizations)
    .where(
        t.authorizations.c.code_hash == bindparam("code"),
        t.authorizations.c.status == AuthorizationState.APPROVED.value,
        t.authorizations.c.expires > bindparam("now"),
    )
    .values(status=AuthorizationState.EXCHANGED.value)
    .returning(t.authorizations)
)
_EXPIRED = delete(t.authorizations).where(
    or_(
        t.authorizations.c.expires <= bindparam("before"),
        and_(t.authorizations.c.code_hash.is_(None), t.authorizations.c.expires <= bindparam("now")),
    )
)
_KEPT_FOR = 86_400  # a code that comes a second time within a day is still recognised (security 4.5)


class SqlAuthorizations:
    """Implements ``ports.store.Authorizations``."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, authorization: Authorization) -> None:
        if not self._tx.add(t.authorizations, _values(authorization)):
            raise Conflict("there is such an authorization already")

    def get(self, authorization_id: AuthorizationId) -> Authorization | None:
        self._tx.enter(t.authorizations, authorization_id=authorization_id)
        row = self._tx.one(t.authorizations, authorization_id=authorization_id)
        return None if row is None else _authorization(row)

    def save(self, authorization: Authorization) -> None:
        self._tx.present(authorization.authorization_id)  # until it is answered it may become somebody else's
        self._tx.save(t.authorizations, _values(authorization), "the authorization")

    def by_code(self, code_hash: str) -> Authorization | None:
        self._tx.enter(t.authorizations, code_hash=code_hash)
        row = self._tx.one(t.authorizations, code_hash=code_hash)
        return None if row is None else _authorization(row)

    def redeem(self, code_hash: str, now: Instant) -> Authorization | None:
        self._tx.enter(t.authorizations, code_hash=code_hash)
        row = self._tx.change_returning(_REDEEM, {"code": code_hash, "now": now})
        return None if row is None else _authorization(row)

    def withdraw_codes(self, account_id: AccountId, application_id: ApplicationId) -> None:
        approved, declined = AuthorizationState.APPROVED.value, AuthorizationState.DECLINED.value
        where = {"account_id": account_id, "application_id": application_id, "status": approved}
        self._tx.set(t.authorizations, {"status": declined}, **where)

    def purge(self, now: Instant) -> None:
        with self._tx.across_accounts(Across.EXPIRED):
            self._tx.change(_EXPIRED, {"before": now - _KEPT_FOR, "now": now})


def _values(authorization: Authorization) -> dict[str, Any]:
    values = {name: getattr(authorization, name) for name in _FIELDS}
    calendars = None if authorization.calendars is None else text(sorted(authorization.calendars))
    changed = {"scopes": text(authorization.scopes), "status": authorization.status.value, "calendars": calendars}
    return {**values, **changed}


def _authorization(row: Row[Any]) -> Authorization:
    values = {name: getattr(row, name) for name in _FIELDS}
    calendars = None if row.calendars is None else frozenset(map(CalendarId, names(row.calendars)))
    changed = {"scopes": names(row.scopes), "status": AuthorizationState(row.status), "calendars": calendars}
    return Authorization(**{**values, **changed})
