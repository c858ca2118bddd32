"""How a write reaches one resource, whatever the Provider: read, apply what is stated, put back if nothing changed
in between (security 12.1), read what the Provider made of it (connectors.md 2.7).

Every public method takes the Permit and refuses a calendar or an action that it does not name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from calwarden.domain.draft import UNSET, EventDraft
from calwarden.domain.ids import ResourceId
from calwarden.domain.times import EventTime, Instant
from calwarden.formats import icalendar
from calwarden.policy.decision import Action, Permit
from calwarden.ports.connector import (
    EventTarget,
    PreconditionFailed,
    ProviderRejected,
    RemoteResource,
    ResourceGone,
)

ROUNDS: Final = 3
"""How often an own write is applied afresh to what others changed meanwhile."""

UNREADABLE, TOO_LARGE = "unreadable", "too_large"

_EDITS = frozenset({Action.EDIT_EVENT, Action.WRITE_OWN_EVENT})
_DELETES = frozenset({Action.DELETE_EVENT, Action.DELETE_OWN_EVENT, Action.DELETE_OWN_EVENTS})


@dataclass(frozen=True, slots=True)
class Version:
    """A resource as it is now; ``body`` is None if it is larger than we read."""

    etag: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a resource is read: the person's addresses, the one to invite from, the zone of floating times."""

    me: frozenset[str]
    organizer: str | None
    tzid: str

    def resource(self, resource_id: ResourceId, version: Version) -> RemoteResource:
        """What a version says; one that cannot be read says nothing and is flagged."""
        if version.body is None:
            return RemoteResource(resource_id, version.etag, (), (TOO_LARGE,))
        try:
            components = icalendar.parse(version.body, me=self.me, default_tzid=self.tzid)
        except icalendar.FormatError:
            return RemoteResource(resource_id, version.etag, (), (UNREADABLE,))
        return RemoteResource(resource_id, version.etag, components)


class Collection(Protocol):
    """The resources of one calendar, as a connector reads and writes them for one target. Raises the port's errors.

    ``put`` and ``delete`` ask the target's ``leaving`` when nothing is left to do but to send the change.
    """

    async def get(self, resource_id: ResourceId) -> Version | None: ...

    async def put(self, resource_id: ResourceId, body: bytes, etag: str | None) -> None:
        """Store ``body`` in place of exactly the version ``etag``; None: only if there is none.

        Raises PreconditionFailed if it is not so.
        """
        ...

    async def delete(self, resource_id: ResourceId, etag: str) -> None:
        """Absent already is success."""
        ...

    async def reader(self) -> Reader: ...


def require(permit: Permit, target: EventTarget, actions: frozenset[Action]) -> None:
    """Raises ValueError unless ``permit`` is for this calendar and one of these actions."""
    # INVARIANT: nothing is sent to a Provider for a write that decide() has not allowed for this very calendar.
    if permit.calendar_id is None or permit.calendar_id != target.calendar_id:
        raise ValueError("the permit is for another calendar")
    if permit.action not in actions:
        raise ValueError("the permit is for another action")


def require_creation(permit: Permit) -> None:
    """Raises ValueError unless ``permit`` is for making a calendar."""
    if permit.action is not Action.CREATE_CALENDAR:
        raise ValueError("the permit is for another action")


def same_version(held: str | None, now: str) -> bool:
    """Whether two etags name one version; a weak mark and quotes differ between ways of asking one server."""
    return held is None or _bare(held) == _bare(now)


def _bare(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"')


async def upsert(
    permit: Permit, place: Collection, target: EventTarget, draft: EventDraft, *, now: Instant
) -> RemoteResource:
    """Create, or apply what ``draft`` states to whatever is there: an own write wins, what it does not state stays.

    Raises PreconditionFailed if others change the resource faster than we do, ResourceGone if an update that cannot
    create finds nothing to change.
    """
    require(permit, target, frozenset({Action.WRITE_OWN_EVENT}))
    reader = await place.reader()
    version = None if target.etag is None else await place.get(target.resource_id)
    for _ in range(ROUNDS):
        try:
            return await _put_once(place, target, draft, version, reader=reader, now=now)
        except PreconditionFailed:
            version = await place.get(target.resource_id)
    raise PreconditionFailed("the event is being changed by somebody else")


async def _put_once(
    place: Collection, target: EventTarget, draft: EventDraft, version: Version | None, *, reader: Reader, now: Instant
) -> RemoteResource:
    if version is not None:
        if not _is_own(reader, target, version):
            raise ProviderRejected("the calendar service has another event there")

        def change(body: bytes) -> bytes:
            return icalendar.merge(body, draft, now=now, organizer=reader.organizer)

        return await _apply(place, target.resource_id, version, change, reader)
    if draft.start is UNSET or draft.end is UNSET:
        raise ResourceGone("the event is not in the calendar any more")
    body = icalendar.create(target.uid, draft, now=now, organizer=reader.organizer)
    await place.put(target.resource_id, body, None)
    return await _read_back(place, target.resource_id, reader)


def _is_own(reader: Reader, target: EventTarget, version: Version) -> bool:
    """Whether what is at the address is the event of the UID that was chosen for it. One that can not be read still
    says which it is.
    """
    # INVARIANT: an event that was never ours does not become ours, whatever is found at that address.
    there = reader.resource(target.resource_id, version).components
    if there:
        return all(one.uid == target.uid for one in there)
    return version.body is not None and f"UID:{target.uid}".encode() in version.body


async def edit(
    permit: Permit,
    place: Collection,
    target: EventTarget,
    draft: EventDraft,
    occurrence: EventTime | None,
    *,
    now: Instant,
) -> RemoteResource:
    """Change the held version, or one instance of it. Raises PreconditionFailed if the Provider has a newer one that
    does not say so already: whether this change is still allowed is to be decided on that.
    """
    require(permit, target, _EDITS)
    reader = await place.reader()

    def change(body: bytes) -> bytes:
        return icalendar.merge(body, draft, now=now, occurrence=occurrence, organizer=reader.organizer)

    return await _change_held(place, target, change, reader)


async def respond(
    permit: Permit, place: Collection, target: EventTarget, answer: str, occurrence: EventTime | None, *, now: Instant
) -> RemoteResource:
    """Set the person's own answer in the held version; fails as :func:`edit` does."""
    require(permit, target, frozenset({Action.RESPOND}))
    reader = await place.reader()

    def change(body: bytes) -> bytes:
        return icalendar.set_participation(body, reader.me, answer, now=now, occurrence=occurrence)

    return await _change_held(place, target, change, reader)


async def delete(
    permit: Permit, place: Collection, target: EventTarget, occurrence: EventTime | None, *, now: Instant
) -> RemoteResource | None:
    """Delete the held version, or one instance of it. What is gone already is success; a newer version is
    PreconditionFailed.
    """
    require(permit, target, _DELETES)
    version = await place.get(target.resource_id)
    if version is None:
        return None
    if occurrence is not None:
        return await _drop_instance(place, target, version, occurrence, now)
    if permit.action is Action.DELETE_OWN_EVENT and not _is_own(await place.reader(), target, version):
        raise PreconditionFailed("the calendar service has another event there")
    # INVARIANT: looked at before it is deleted, whatever the condition sent with that says. SOGo 5.8 ignores it there.
    if not same_version(target.etag, version.etag):
        raise PreconditionFailed("the event was changed by somebody else")
    await place.delete(target.resource_id, version.etag)
    return None


async def _drop_instance(
    place: Collection, target: EventTarget, version: Version, occurrence: EventTime, now: Instant
) -> RemoteResource | None:
    reader = await place.reader()
    held = reader.resource(target.resource_id, version)
    if version.body is None or held.flags:
        raise ProviderRejected("the calendar service has an event there that cannot be read")
    try:
        body = icalendar.remove_occurrence(version.body, occurrence, now=now)
    except icalendar.FormatError:
        return held  # readable, and there is no such instance: gone already
    if body == version.body:
        return held
    if not same_version(target.etag, version.etag):
        raise PreconditionFailed("the event was changed by somebody else")
    if icalendar.is_empty(body):
        await place.delete(target.resource_id, version.etag)
        return None
    await place.put(target.resource_id, body, version.etag)
    return await _read_back(place, target.resource_id, reader)


async def _change_held(
    place: Collection, target: EventTarget, change: Callable[[bytes], bytes], reader: Reader
) -> RemoteResource:
    version = await place.get(target.resource_id)
    if version is None:
        raise ResourceGone("the event is not in the calendar any more")
    return await _apply(place, target.resource_id, version, change, reader, held=target.etag)


async def _apply(
    place: Collection,
    resource_id: ResourceId,
    version: Version,
    change: Callable[[bytes], bytes],
    reader: Reader,
    *,
    held: str | None = None,
) -> RemoteResource:
    """Put ``change`` of ``version`` back in its place; nothing is sent where nothing changes."""
    if version.body is None:
        raise ProviderRejected("the event is too large to be changed")
    try:
        body = change(version.body)
    except icalendar.FormatError as error:
        raise ProviderRejected("the event at the calendar service does not allow this change") from error
    if body == version.body:
        return reader.resource(resource_id, version)
    if not same_version(held, version.etag):
        raise PreconditionFailed("the event was changed by somebody else")
    await place.put(resource_id, body, version.etag)
    return await _read_back(place, resource_id, reader)


async def _read_back(place: Collection, resource_id: ResourceId, reader: Reader) -> RemoteResource:
    try:
        version = await place.get(resource_id)
    except ProviderRejected:
        return RemoteResource(resource_id, "", (), (UNREADABLE,))  # it was taken, and is not given back
    if version is None:
        raise ResourceGone("the event was deleted as soon as it was written")
    return reader.resource(resource_id, version)
