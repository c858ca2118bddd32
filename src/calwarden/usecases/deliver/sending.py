"""One write on its way to the Provider. A repeat finds what an earlier attempt has done and sends nothing."""

from typing import Final

from calwarden.domain.draft import EventDraft
from calwarden.domain.ids import ResourceId
from calwarden.domain.profile import Calendar
from calwarden.domain.write import PendingWrite, WriteKind
from calwarden.ports.connector import (
    FAULTY,
    CalendarGone,
    Connector,
    Leaving,
    ProviderUnavailable,
    RemoteCalendar,
    RemoteResource,
)
from calwarden.usecases.deliver.judging import Order

TRIES: Final = 5
"""How often what is there is asked for again before a write that will not be done is owed no more."""


async def send(connector: Connector, order: Order) -> RemoteResource | None:
    """Write it; gives the version read back, None for an event that is gone as it should be. Raises ConnectorError."""
    write, target = order.write, order.target
    assert target is not None
    draft = write.draft or EventDraft()
    match write.kind:
        case WriteKind.UPSERT:
            return await connector.upsert_event(order.permit, target, draft)
        case WriteKind.EDIT:
            return await connector.edit_event(order.permit, target, draft, write.occurrence)
        case WriteKind.RESPOND:
            return await connector.respond(order.permit, target, write.answer or "", write.occurrence)
        case _:
            return await connector.delete_event(order.permit, target, write.occurrence)


async def send_calendar(connector: Connector, order: Order, leaving: Leaving) -> RemoteCalendar:
    """Make the calendar at the address that was chosen when it was accepted: the write's ``resource_id``."""
    write, name = order.write, order.write.name or ""
    return await connector.create_calendar(order.permit, write.resource_id, name, write.color, leaving=leaving)


class EventFaulty(ProviderUnavailable):
    """The Provider fails at this event, while it gives others."""


async def fetch_one(connector: Connector, remote_id: str, resource_id: ResourceId) -> RemoteResource | None:
    """The Provider's version of one resource; None if it has none. Raises ConnectorError, EventFaulty if it fails at
    this one alone: what we hold of it is what a write was to bring, and not what is there.
    """
    found = await connector.fetch(remote_id, [resource_id])
    one = next((one for one in found if one.resource_id == resource_id), None)
    if one is not None and FAULTY in one.flags:
        raise EventFaulty("the calendar service has a fault at this event")
    return one


async def fetch_at_last(connector: Connector, calendar: Calendar, write: PendingWrite) -> RemoteResource | None:
    """What is there instead of what ``write`` was to bring. A Provider that does not say so is asked ``TRIES`` times:
    then it stays unknown, and nothing of it is shown.
    """
    try:
        return await fetch_one(connector, calendar.remote_id, write.resource_id)
    except (EventFaulty, CalendarGone):
        if write.attempts < TRIES:
            raise
        return RemoteResource(write.resource_id, "", (), (FAULTY,))
