"""What a Grant may do, asked instead of tried (our own: POST /v1/permission_checks).

The same functions judge as for the attempt itself. Nothing is changed, no Provider is asked, and nothing is entered in
the ledger: an Application learns what an attempt would have told it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from calwarden.domain.errors import Invalid, Problem
from calwarden.policy.decide import RULES, Target, decide
from calwarden.policy.decision import Access, Action, Deny, Reason
from calwarden.policy.explain import told
from calwarden.policy.view import place_facts, visible_profiles
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.access import Bearer, Caller, Counted, Refusing, attempt_read
from calwarden.usecases.events.choosing import choose_external, choose_own
from calwarden.usecases.events.common import Place, find_place
from calwarden.usecases.events.respond import choose_invitation
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class Question:
    """May I do ``action``, to this? What is left out is not judged: the answer then holds for one it is allowed for."""

    action: Action
    calendar_id: str = ""
    event_id: str | None = None
    event_uid: str | None = None
    problem: Invalid | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes; or no with its reason, a sentence and what would lift it."""

    denied: Deny | None = None

    @property
    def allowed(self) -> bool:
        return self.denied is None

    @property
    def code(self) -> Reason | None:
        return None if self.denied is None else self.denied.reason

    @property
    def sentence(self) -> str | None:
        return None if self.denied is None else told(self.denied)[0]

    @property
    def remedy(self) -> str | None:
        return None if self.denied is None else told(self.denied)[1]


def check_permissions(
    kit: Kit, bearer: Bearer, questions: Sequence[Question], problem: Invalid | None = None
) -> tuple[Verdict, ...]:
    """The verdict on each question, in their order, at one moment.

    Raises Refused; for who may ask ``problem``, and Invalid for an id that the action does not look at.
    """

    def act(uow: UnitOfWork, caller: Caller) -> Counted[tuple[Verdict, ...]]:
        if problem is not None:
            raise problem
        _require_fitting(questions)
        return Counted(tuple(Verdict(_denied(uow, caller, one)) for one in questions), caller.grant)

    return attempt_read(kit, bearer, Action.CHECK_PERMISSIONS, act)


def _require_fitting(questions: Sequence[Question]) -> None:
    """Raises Invalid for an id that the action does not look at: a yes would look as if it were about that event."""
    wrong = {}
    for index, one in enumerate(questions):
        target = RULES[one.action].target if one.action in RULES else None
        for name, stated in (("event_id", one.event_id), ("event_uid", one.event_uid)):
            if stated is not None and target not in _TAKEN_BY[name]:
                text = f"{one.action.value} looks at no such id: leave it out"
                wrong[f"checks[{index}].{name}"] = (Problem("errors.not_supported", text),)
    if wrong:
        raise Invalid(wrong)


_TAKEN_BY: Final = {
    "event_id": frozenset({Target.OWN_EVENT}),
    "event_uid": frozenset({Target.EXTERNAL_EVENT, Target.ANY_EVENT}),
}


def _denied(uow: UnitOfWork, caller: Caller, question: Question) -> Deny | None:
    """In the order of answers: scope, calendar, event (ruling 2)."""
    rule = RULES.get(question.action)
    decision = decide(question.action, Access(caller.facts))
    if isinstance(decision, Deny):
        return decision
    if rule is not None and rule.target is Target.PLACE:
        return _without_place(uow, caller, question.action)
    if rule is None or rule.target is Target.ACCOUNT or not question.calendar_id:
        return None
    asking = replace(caller, action=question.action)
    place = find_place(uow, asking, question.calendar_id, {})
    found = place if isinstance(place, Refusing) else _on_event(uow, place, question, rule.target)
    return None if found is None else found.denied


def _without_place(uow: UnitOfWork, caller: Caller, action: Action) -> Deny | None:
    """Why a calendar can be made in no Profile; None if it can in one."""
    grant = caller.grant
    calendars = uow.calendars.of_account(grant.account_id)
    profiles = visible_profiles(grant, uow.profiles.of_account(grant.account_id), calendars)
    decisions = [decide(action, Access(caller.facts, place_facts(grant, one))) for one in profiles]
    denied = [one for one in decisions if isinstance(one, Deny)]
    if len(denied) < len(decisions):
        return None
    return denied[0] if denied else Deny(Reason.NOT_FOUND)


def _on_event(uow: UnitOfWork, place: Place, question: Question, target: Target) -> Refusing | None:
    if target is Target.OWN_EVENT and question.event_id:
        found: object = choose_own(uow, place, question)
    elif target is Target.EXTERNAL_EVENT and question.event_uid:
        found = choose_external(uow, place, question)
    elif target is Target.ANY_EVENT and question.event_uid:
        found = choose_invitation(uow, place, question.event_uid)
    else:
        return None
    return found if isinstance(found, Refusing) else None
