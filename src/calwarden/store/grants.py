"""Grants, Tokens and requests for Elevation."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update

from calwarden.domain.errors import Conflict
from calwarden.domain.grant import Connection, Elevation, ElevationRequest, Grant, GrantState, Token, TokenKind
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId, ElevationRequestId, GrantId, ProfileId
from calwarden.domain.times import Instant
from calwarden.store import tables as t
from calwarden.store.codec import names, text
from calwarden.store.compiled import Hot
from calwarden.store.tenancy import Across
from calwarden.store.transaction import Transaction

_ORDER = ("created", "account_id", "grant_id")
_NUMBER = (
    select(func.count())
    .select_from(t.grants)
    .where(t.grants.c.application_id == bindparam("application_id"), t.grants.c.state == GrantState.ACTIVE.value)
)


class SqlGrants:
    """Implements ``ports.store.Grants``."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, grant: Grant) -> None:
        if not self._tx.add(t.grants, _values(grant)):
            raise Conflict("there is a live grant of this application already")

    def get(self, account_id: AccountId, application_id: ApplicationId) -> Grant | None:
        return _maybe(
            self._tx.one(t.grants, account_id=account_id, application_id=application_id, state=GrantState.ACTIVE.value)
        )

    def by_id(self, account_id: AccountId, grant_id: GrantId) -> Grant | None:
        return _maybe(self._tx.one(t.grants, account_id=account_id, grant_id=grant_id))

    def of_account(self, account_id: AccountId) -> Sequence[Grant]:
        return [_grant(tuple(row)) for row in self._tx.all(t.grants, _ORDER, account_id=account_id)]

    def of_application(self, application_id: ApplicationId) -> Sequence[Grant]:
        with self._tx.across_accounts(Across.OPERATOR):
            rows = self._tx.all(t.grants, _ORDER, application_id=application_id)
        return [_grant(tuple(row)) for row in rows]

    def number(self, application_id: ApplicationId) -> int:
        with self._tx.across_accounts(Across.OPERATOR):
            return int(self._tx.run(_NUMBER, {"application_id": application_id}).scalar_one())

    def list(self) -> Sequence[Grant]:
        with self._tx.across_accounts(Across.OPERATOR):
            rows = self._tx.all(t.grants, _ORDER, state=GrantState.ACTIVE.value)
        return [_grant(tuple(row)) for row in rows]

    def save(self, grant: Grant) -> None:
        self._tx.save(t.grants, _values(grant), "the grant")


def _values(grant: Grant) -> dict[str, Any]:
    return {
        "account_id": grant.account_id,
        "grant_id": grant.grant_id,
        "application_id": grant.application_id,
        "scopes": text(grant.scopes),
        "created": grant.created,
        "state": grant.state.value,
        "generation": grant.generation,
        "connection": grant.connection.value,
        "elevated": text(sorted(map(_stored_elevation, grant.elevations))),
        "calendars": None if grant.calendars is None else text(sorted(grant.calendars)),
        "hidden_profiles": text(sorted(grant.hidden_profiles)),
        "ends": grant.ends,
    }


def _maybe(row: Row[Any] | None) -> Grant | None:
    return None if row is None else _grant(tuple(row))


def _grant(row: tuple[Any, ...]) -> Grant:
    """A Grant from the columns in the order of the table."""
    account, grant, application, scopes, created, state, generation, connection, elevated, calendars, hidden, ends = row
    return Grant(
        GrantId(grant),
        AccountId(account),
        ApplicationId(application),
        names(scopes),
        Instant(created),
        GrantState(state),
        generation,
        Connection(connection),
        _elevations(names(elevated)),
        None if calendars is None else frozenset(map(CalendarId, names(calendars))),
        frozenset(map(ProfileId, names(hidden))),
        None if ends is None else Instant(ends),
    )


def _stored_elevation(one: Elevation) -> str:
    """An id alone is all of it, with no end. A server that knows no more than that takes others for no calendar's."""
    if one.deletes and one.ends is None:
        return one.calendar_id
    return f"{one.calendar_id} {_DELETES if one.deletes else _CHANGES} {'' if one.ends is None else one.ends}"


def _elevations(stored: Iterable[str]) -> frozenset[Elevation]:
    """One for each calendar: the least, should a server of the version before have put its own beside another."""
    found: dict[CalendarId, Elevation] = {}
    for one in map(_elevation, stored):
        held = found.get(one.calendar_id)
        found[one.calendar_id] = one if held is None else min(one, held, key=_reach)
    return frozenset(found.values())


def _reach(one: Elevation) -> tuple[bool, bool, int]:
    return one.deletes, one.ends is None, one.ends or 0


def _elevation(stored: str) -> Elevation:
    calendar_id, *terms = stored.split(" ")
    if not terms:
        return Elevation(CalendarId(calendar_id))
    level, ends = terms
    return Elevation(CalendarId(calendar_id), level == _DELETES, Instant(int(ends)) if ends else None)


_DELETES, _CHANGES = "delete", "change"
_TOKEN_WIDTH = len(t.tokens.c)
_FIND = Hot(
    lambda _: (
        select(t.tokens, t.grants)
        .join_from(
            t.tokens,
            t.grants,
            (t.grants.c.account_id == t.tokens.c.account_id) & (t.grants.c.grant_id == t.tokens.c.grant_id),
        )
        .where(t.tokens.c.token_hash == bindparam("token_hash"))
    )
)
_SPEND = (
    update(t.tokens).where(t.tokens.c.token_hash == bindparam("hash"), t.tokens.c.spent.is_(False)).values(spent=True)
)
_EXPIRED_TOKENS = delete(t.tokens).where(t.tokens.c.expires <= bindparam("now"))


class SqlTokens:
    """Implements ``ports.store.Tokens``."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, token: Token) -> None:
        values = {
            "token_hash": token.token_hash,
            "kind": token.kind.value,
            "account_id": token.account_id,
            "application_id": token.application_id,
            "grant_id": token.grant_id,
            "issued": token.issued,
            "expires": token.expires,
            "family": token.family,
            "spent": token.spent,
        }
        if not self._tx.add(t.tokens, values):
            raise Conflict("there is such a token already")

    def find(self, token_hash: str) -> tuple[Token, Grant] | None:
        account_id = self._tx.enter(t.tokens, token_hash=token_hash)
        if account_id is not None:
            self._tx.lock(account_id)  # before the grant is read: another writer may be changing it
        rows = self._tx.hot(_FIND, {"token_hash": token_hash})
        if not rows:
            return None
        return _token(rows[0][:_TOKEN_WIDTH]), _grant(tuple(rows[0][_TOKEN_WIDTH:]))

    def spend(self, token_hash: str) -> bool:
        self._tx.enter(t.tokens, token_hash=token_hash)
        return self._tx.change(_SPEND, {"hash": token_hash}) > 0

    def delete_of_grant(self, account_id: AccountId, grant_id: GrantId) -> None:
        self._tx.drop(t.tokens, account_id=account_id, grant_id=grant_id)

    def delete_family(self, family: str) -> None:
        self._tx.enter(t.tokens, family=family)
        self._tx.drop(t.tokens, family=family)

    def purge(self, now: Instant) -> None:
        with self._tx.across_accounts(Across.EXPIRED):
            self._tx.change(_EXPIRED_TOKENS, {"now": now})


def _token(row: tuple[Any, ...]) -> Token:
    token_hash, kind, account, application, grant, issued, expires, family, spent = row
    return Token(
        token_hash,
        TokenKind(kind),
        AccountId(account),
        ApplicationId(application),
        GrantId(grant),
        Instant(issued),
        None if expires is None else Instant(expires),
        family,
        bool(spent),
    )


_ANSWER = (
    update(t.elevation_requests)
    .where(t.elevation_requests.c.request_id == bindparam("request"), t.elevation_requests.c.answered.is_(False))
    .values(answered=True)
)
_EXPIRED_REQUESTS = delete(t.elevation_requests).where(t.elevation_requests.c.expires <= bindparam("now"))


class SqlElevationRequests:
    """Implements ``ports.store.ElevationRequests``."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, request: ElevationRequest) -> None:
        values = {
            "request_id": request.request_id,
            "account_id": request.account_id,
            "application_id": request.application_id,
            "grant_id": request.grant_id,
            "generation": request.generation,
            "calendars": text(request.calendars),
            "redirect_uri": request.redirect_uri,
            "created": request.created,
            "expires": request.expires,
            "answered": request.answered,
        }
        if not self._tx.add(t.elevation_requests, values):
            raise Conflict("there is such a request already")

    def get(self, request_id: ElevationRequestId) -> ElevationRequest | None:
        self._tx.enter(t.elevation_requests, request_id=request_id)
        row = self._tx.one(t.elevation_requests, request_id=request_id)
        if row is None:
            return None
        return ElevationRequest(
            request_id,
            AccountId(row.account_id),
            ApplicationId(row.application_id),
            GrantId(row.grant_id),
            row.generation,
            tuple(map(CalendarId, names(row.calendars))),
            row.redirect_uri,
            Instant(row.created),
            Instant(row.expires),
            row.answered,
        )

    def answer(self, request_id: ElevationRequestId) -> bool:
        self._tx.enter(t.elevation_requests, request_id=request_id)
        return self._tx.change(_ANSWER, {"request": request_id}) > 0

    def delete_of_grant(self, account_id: AccountId, grant_id: GrantId) -> None:
        self._tx.drop(t.elevation_requests, account_id=account_id, grant_id=grant_id)

    def purge(self, now: Instant) -> None:
        with self._tx.across_accounts(Across.EXPIRED):
            self._tx.change(_EXPIRED_REQUESTS, {"now": now})
