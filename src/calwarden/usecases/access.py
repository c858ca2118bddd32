"""Who is asking, and whether they may: token, Grant and scope are judged in the transaction of what is asked for
(security 5.1), so that a revocation that has been answered is never overtaken.

The order of answers is the core's (ruling 2): everything an Application states that makes no sense travels as the
``problem`` of its command and is raised only after token, scope and objects have been judged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from calwarden.domain.audit import Actor, AuditEntry, Looked, Outcome
from calwarden.domain.errors import Invalid
from calwarden.domain.grant import Grant, Token, TokenKind
from calwarden.domain.ids import AccountId, CalendarId, ProfileId
from calwarden.domain.times import Instant
from calwarden.oauth.tokens import hash_token
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, Action, Deny, GrantFacts, Reason, TokenState
from calwarden.policy.explain import refuse
from calwarden.policy.view import grant_facts
from calwarden.ports.store import Listing, UnitOfWork
from calwarden.usecases.kit import Kit
from calwarden.usecases.tally import reads_of

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a request proves itself by: the value of its Authorization header, or None if it has none."""

    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """An Application let in at ``now`` with a Grant that covers ``action`` as far as scopes go; no object has been
    looked at.
    """

    action: Action
    grant: Grant
    facts: GrantFacts
    now: Instant

    @property
    def account_id(self) -> AccountId:
        return self.grant.account_id


@dataclass(frozen=True, slots=True)
class Refusing:
    """A no that leaves its entry in the ledger. ``on`` names things by id, only as the caller named them. ``instead``
    is what the caller is told: an id in a query or body that names nothing within the Grant is wrong input (ruling 2).
    """

    caller: Caller
    denied: Deny
    on: dict[str, str] = field(default_factory=dict)
    instead: Invalid | None = None

    @property
    def error(self) -> Exception:
        """What is raised for it."""
        return self.instead or refuse(self.denied)


@dataclass(frozen=True, slots=True)
class Counted(Generic[_T]):
    """The answer to a read, and what the ledger is to say of it. ``level`` is a word such as ``events`` or
    ``free_busy``; without ``calendars`` nothing is counted: only names and states were looked at. ``pages`` are those
    still to be asked for.
    """

    answer: _T
    grant: Grant
    level: str = ""
    calendars: Mapping[CalendarId, Looked] = field(default_factory=dict)
    pages: tuple[Listing, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """Profiles that have a write to deliver now: the edge wakes the worker for them."""

    profiles: frozenset[tuple[AccountId, ProfileId]] = frozenset()


Wake = Callable[[AccountId, ProfileId], None]
"""Tells the worker that a Profile has something to deliver now. Never waits."""


def admit(kit: Kit, uow: UnitOfWork, bearer: Bearer, action: Action) -> Caller | Refusing:
    """Judge token, Grant and scope, in this order.

    A missing scope is given as a value, so that it can be entered in the ledger. Raises Refused for a token that proves
    nothing (401), Throttled past the rate limit of its Application; neither has a ledger to stand in.
    """
    now = kit.clock()
    state, grant = _proven(uow, bearer, now)
    facts = grant_facts(grant, now, state)
    decision = decide(action, Access(facts))
    if grant is None or state is not TokenState.LIVE:
        raise refuse(decision if isinstance(decision, Deny) else _nobody())
    kit.gate.pass_through(grant.application_id, now)
    caller = Caller(action, grant, facts, now)
    return Refusing(caller, decision) if isinstance(decision, Deny) else caller


def _proven(uow: UnitOfWork, bearer: Bearer, now: Instant) -> tuple[TokenState, Grant | None]:
    if not bearer.token:
        return TokenState.MISSING, None
    found = uow.tokens.find(hash_token(bearer.token))
    if found is None or not _is_live(found[0], now):
        return TokenState.INVALID, None
    return TokenState.LIVE, found[1]


def _is_live(token: Token, now: Instant) -> bool:
    return token.kind is TokenKind.ACCESS and not token.spent and (token.expires is None or now < token.expires)


def _nobody() -> Deny:
    """Unreachable while ``decide`` refuses whoever has no Grant; a second lock on the same door."""
    facts = grant_facts(None, Instant(0))
    decision = decide(Action.READ_USERINFO, Access(facts))
    assert isinstance(decision, Deny)
    return decision


def attempt_write(kit: Kit, bearer: Bearer, action: Action, act: Callable[[UnitOfWork, Caller], _T | Refusing]) -> _T:
    """Run ``act`` for an admitted caller in one durable transaction.

    A refusal, by scope or by ``act``, is entered in the ledger, committed, and then raised (Refused; Invalid where the
    input is wrong). What ``act`` raises itself rolls everything back.
    """
    with kit.store.write() as uow:
        caller = admit(kit, uow, bearer, action)
        outcome = caller if isinstance(caller, Refusing) else act(uow, caller)
        if isinstance(outcome, Refusing):
            _enter_refusal(kit, uow, outcome)
    if isinstance(outcome, Refusing):
        _tell_owner(kit, outcome)
        raise outcome.error
    return outcome


def attempt_read(
    kit: Kit, bearer: Bearer, action: Action, act: Callable[[UnitOfWork, Caller], "Counted[_T] | Refusing"]
) -> _T:
    """Run ``act`` for an admitted caller in one consistent read, then count what was read, or the refusal (ruling 28).

    Raises Refused, and whatever ``act`` raises.
    """
    with kit.store.read() as uow:
        caller = admit(kit, uow, bearer, action)
        outcome = caller if isinstance(caller, Refusing) else act(uow, caller)
    if isinstance(outcome, Refusing):
        refused = f"refused:{outcome.denied.reason.value}"
        _count(kit, outcome.caller.grant, refused, {CalendarId(""): Looked()})
        _tell_owner(kit, outcome)
        raise outcome.error
    if outcome.pages:
        _keep(kit, outcome.grant, outcome.pages)
    if outcome.calendars:
        _count(kit, outcome.grant, outcome.level, outcome.calendars)
    return outcome.answer


def _count(kit: Kit, grant: Grant, level: str, calendars: Mapping[CalendarId, Looked]) -> None:
    kit.tally.count(kit.store, reads_of(grant, calendars, level, kit.clock()))


def _keep(kit: Kit, grant: Grant, pages: Sequence[Listing]) -> None:
    with kit.store.write(durable=False) as uow:
        if uow.accounts.get(grant.account_id) is None:  # erased while it was read
            raise refuse(Deny(Reason.TOKEN_INVALID))
        uow.listings.add(pages)


def _tell_owner(kit: Kit, refusing: Refusing) -> None:
    """Count it for whom the Application belongs to: what was attempted and why not, not in whose calendar."""
    caller = refusing.caller
    reason = refusing.denied.reason.value
    kit.tally.refuse(kit.store, caller.grant.application_id, caller.action.value, reason, kit.clock())


def _enter_refusal(kit: Kit, uow: UnitOfWork, refusing: Refusing) -> None:
    """One entry for a refused write (ruling 28)."""
    grant = refusing.caller.grant
    uow.audit.append(
        AuditEntry(
            grant.account_id,
            kit.clock(),
            Actor.APPLICATION,
            refusing.caller.action.value,
            Outcome.REFUSED,
            grant.application_id,
            reason=refusing.denied.reason.value,
            on=refusing.on,
        )
    )
