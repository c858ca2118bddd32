"""What a calendar service knows, in memory: people, calendars, resources, a log of changes, and faults on demand."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from calwarden.domain.ids import ResourceId
from calwarden.ports.connector import (
    CalendarGone,
    ConnectorError,
    CredentialsRevoked,
    CursorExpired,
    PreconditionFailed,
    ProviderUnavailable,
)


@dataclass(slots=True)
class ProviderUser:
    """Somebody with calendars there. ``addresses`` are lower-cased; the first one invites."""

    username: str
    password: str
    name: str = ""
    addresses: tuple[str, ...] = ()


@dataclass(slots=True)
class ProviderCalendar:
    """One calendar. ``shared_with`` see it too, as somebody else's; ``readonly`` holds for everybody."""

    remote_id: str
    owner: str
    name: str
    primary: bool = False
    color: str | None = None
    tzid: str | None = None
    readonly: bool = False
    shared_with: set[str] = field(default_factory=set)
    resources: dict[ResourceId, tuple[str, bytes]] = field(default_factory=dict)
    log: list[ResourceId] = field(default_factory=list)  # a cursor is a position in it
    epoch: int = 0  # cursors of another one are not accepted
    faulty: set[ResourceId] = field(default_factory=set)  # listed, and not given: the service fails at it
    withheld: set[ResourceId] = field(default_factory=set)  # listed, and refused to whoever asks


class MemoryProvider:
    """A calendar service that any number of connectors share.

    Tests act on it as other people would: ``put``, ``delete``, ``share``; and as faults would: ``fail``, ``before``,
    ``forget_cursors``. ``calls`` records what connectors asked, as (operation, calendar or resource), and ``wanted``
    every resource that a fetch named.
    """

    def __init__(self) -> None:
        self.users: dict[str, ProviderUser] = {}
        self.calendars: dict[str, ProviderCalendar] = {}
        self.calls: list[tuple[str, str]] = []
        self.wanted: list[ResourceId] = []
        self.tells_changes = True  # else a cursor says no more than that something differs
        self._versions = self._made = 0
        self._failures: deque[tuple[str | None, ConnectorError]] = deque()
        self._lost: deque[str] = deque()
        self._hooks: deque[tuple[str, Callable[[], object]]] = deque()

    def add_user(self, username: str, password: str, *, name: str = "", addresses: tuple[str, ...] = ()) -> None:
        """Add a person without calendars."""
        self.users[username] = ProviderUser(username, password, name or username, addresses)

    def add_calendar(self, owner: str, slug: str, name: str, **facts: object) -> ProviderCalendar:
        """Add a calendar of ``owner`` at ``/owner/slug/``; ``facts`` are fields of ProviderCalendar."""
        self._made += 1
        calendar = ProviderCalendar(f"/{owner}/{slug}/", owner, name, epoch=1_000 * self._made)
        for key, value in facts.items():
            setattr(calendar, key, value)
        self.calendars[calendar.remote_id] = calendar
        return calendar

    def share(self, remote_id: str, username: str) -> None:
        """Let somebody else see a calendar."""
        self.calendars[remote_id].shared_with.add(username)

    def drop_calendar(self, remote_id: str) -> None:
        """Delete a calendar with everything in it."""
        del self.calendars[remote_id]

    def put(self, remote_id: str, name: str, body: bytes) -> str:
        """Store a resource, as the person or another program would; gives its etag. ``name`` may be a whole id."""
        resource_id = self.resource_id(remote_id, name)
        calendar = self.calendars[remote_id]
        self._versions += 1
        etag = f'"{self._versions}"'
        calendar.resources[resource_id] = (etag, body)
        calendar.log.append(resource_id)
        return etag

    def delete(self, remote_id: str, name: str) -> None:
        """Delete a resource, as the person would."""
        resource_id = self.resource_id(remote_id, name)
        calendar = self.calendars[remote_id]
        del calendar.resources[resource_id]
        calendar.log.append(resource_id)

    def body(self, remote_id: str, name: str) -> bytes:
        """What is stored there."""
        return self.calendars[remote_id].resources[self.resource_id(remote_id, name)][1]

    @staticmethod
    def resource_id(remote_id: str, name: str) -> ResourceId:
        """``name`` within the calendar, unless it is a whole id already."""
        return ResourceId(name if name.startswith("/") else f"{remote_id}{name}")

    def fail(self, error: ConnectorError, *, times: int = 1, operation: str | None = None) -> None:
        """Raise ``error`` for the next ``times`` requests (of that operation: a name as found in ``calls``)."""
        self._failures.extend([(operation, error)] * times)

    def lose_answer(self, operation: str) -> None:
        """Let the next ``put`` or ``delete`` take effect and its answer get lost."""
        self._lost.append(operation)

    def before(self, operation: str, act: Callable[[], object]) -> None:
        """Run ``act`` once, just before the next request of that operation takes effect: a race."""
        self._hooks.append((operation, act))

    def forget_cursors(self) -> None:
        """From now on no cursor handed out before is accepted."""
        for calendar in self.calendars.values():
            calendar.epoch += 1

    def count(self, operation: str) -> int:
        """How many requests of that operation were made."""
        return sum(1 for name, _ in self.calls if name == operation)

    # What a connector asks; ``username`` has signed in with ``password`` each time.

    def request(self, operation: str, what: str, username: str, password: str) -> None:
        """Record one request, then fail if that is due. Raises CredentialsRevoked for a wrong password."""
        self.calls.append((operation, what))
        for hook in list(self._hooks):
            if hook[0] == operation:
                self._hooks.remove(hook)
                hook[1]()
        for failure in list(self._failures):
            if failure[0] in {None, operation}:
                self._failures.remove(failure)
                raise failure[1]
        user = self.users.get(username)
        if user is None or user.password != password:
            raise CredentialsRevoked("the calendar service refuses the user name or password")

    def answer(self, operation: str) -> None:
        """Raises ProviderUnavailable if the answer to this operation is to be lost."""
        if operation in self._lost:
            self._lost.remove(operation)
            raise ProviderUnavailable("the calendar service did not answer in time")

    def calendar_for(self, remote_id: str, username: str) -> ProviderCalendar:
        """The calendar, if that person may see it. Raises CalendarGone."""
        calendar = self.calendars.get(remote_id)
        if calendar is None or (calendar.owner != username and username not in calendar.shared_with):
            raise CalendarGone("the calendar is not there any more")
        return calendar

    def since(self, calendar: ProviderCalendar, cursor: str) -> set[ResourceId]:
        """What changed since. Raises CursorExpired."""
        epoch, _, position = cursor.removeprefix("m1:").partition(":")
        if not cursor.startswith("m1:") or epoch != str(calendar.epoch) or not position.isdecimal():
            raise CursorExpired("the calendar service does not know that cursor")
        return set(calendar.log[int(position) :])

    @staticmethod
    def cursor(calendar: ProviderCalendar) -> str:
        return f"m1:{calendar.epoch}:{len(calendar.log)}"

    def store(self, calendar: ProviderCalendar, resource_id: ResourceId, body: bytes, etag: str | None) -> None:
        """A conditional write. Raises PreconditionFailed."""
        held = calendar.resources.get(resource_id)
        if (held[0] if held else None) != etag:
            raise PreconditionFailed("the event was changed by somebody else")
        self.put(calendar.remote_id, resource_id, body)

    def remove(self, calendar: ProviderCalendar, resource_id: ResourceId, etag: str) -> None:
        """A conditional deletion; absent already is success. Raises PreconditionFailed."""
        held = calendar.resources.get(resource_id)
        if held is None:
            return
        if held[0] != etag:
            raise PreconditionFailed("the event was changed by somebody else")
        self.delete(calendar.remote_id, resource_id)
