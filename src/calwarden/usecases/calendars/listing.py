"""The calendars of an Account as one Application sees them (contract events 2.1)."""

from dataclasses import dataclass

from calwarden.domain.ids import AccountId
from calwarden.policy.decision import Action
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.access import Bearer, Caller, Counted, attempt_read
from calwarden.usecases.calendars.entry import CalendarEntry, calendar_entries
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class CalendarList:
    account_id: AccountId
    entries: tuple[CalendarEntry, ...]


def list_calendars(kit: Kit, bearer: Bearer) -> CalendarList:
    """Owned calendars only (walkthrough P27); those gone at the Provider stay, so that clients can notice.

    Raises Refused.
    """
    return attempt_read(kit, bearer, Action.LIST_CALENDARS, _list)


def _list(uow: UnitOfWork, caller: Caller) -> Counted[CalendarList]:
    entries = calendar_entries(uow, caller.grant, caller.now)
    listed = tuple(entry for calendars in entries.values() for entry in calendars)
    return Counted(CalendarList(caller.account_id, listed), caller.grant)
