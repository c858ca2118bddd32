"""Reading events (contract events 6)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, Protocol

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from calwarden.api.context import Api
from calwarden.api.v1.account import EMBED, UserInfoBody, userinfo_of
from calwarden.api.v1.events import CALENDAR_IDS
from calwarden.api.v1.pages import PagesBody, Shown, pages_body
from calwarden.api.v1.times import BOUND, ZONE, LocalTime, written
from calwarden.domain.times import Day, Instant, day_instant
from calwarden.httpkit import Auth, Call, Operation, json_answer
from calwarden.httpkit.shapes import Fields, Flag, Stated
from calwarden.policy.decision import Action
from calwarden.policy.view import EventView
from calwarden.timetable.wiretime import format_instant
from calwarden.usecases.events import Asked, EventsPage, read_events, read_events_page

_PAGES = "/v1/events/pages"


class PersonBody(Struct):
    """Somebody by address."""

    email: str
    display_name: str


class AttendeeBody(Struct):
    """Somebody who is invited, and the answer."""

    email: str
    display_name: str
    status: str


class LocationBody(Struct):
    """Where; coordinates with ``include_geo`` alone."""

    description: str
    lat: str | UnsetType = UNSET
    long: str | UnsetType = UNSET


class OptionsBody(Struct):
    """What this Application may do to the event now."""

    delete: bool
    update: bool
    change_participation_status: bool


class ConferencingBody(Struct):
    """The meeting of an own event."""

    provider_name: str
    join_url: str


class EventBody(Struct):
    """An event in full; what is not known is absent, since C# can not read null (contract events 1.7)."""

    calendar_id: str
    event_uid: str
    summary: str
    description: str
    start: str | LocalTime
    end: str | LocalTime
    deleted: bool
    created: str
    updated: str
    attendees: list[AttendeeBody]
    transparency: str
    extended_transparency: str
    status: str
    categories: list[str]
    recurring: bool
    event_private: bool
    options: OptionsBody
    event_id: str | UnsetType = UNSET
    location: LocationBody | UnsetType = UNSET
    participation_status: str | UnsetType = UNSET
    organizer: PersonBody | UnsetType = UNSET
    series_identifier: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    meeting_url: str | UnsetType = UNSET
    conferencing: ConferencingBody | UnsetType = UNSET


class EventsBody(Struct):
    """One page of events."""

    pages: PagesBody
    events: list[EventBody]
    userinfo: UserInfoBody | UnsetType = UNSET


def event_body(view: EventView, shown: Shown) -> EventBody:
    """``view`` as the wire has it."""
    details = view.details
    organizer, meeting = details.organizer, details.meeting_url or UNSET
    own_meeting = view.event_id is not None and meeting is not UNSET
    return EventBody(
        calendar_id=view.calendar_id,
        event_uid=view.event_uid,
        event_id=view.event_id or UNSET,
        summary=details.summary,
        description=details.description,
        start=written(view.start, localized=shown.localized),
        end=written(view.end, localized=shown.localized),
        deleted=view.deleted,
        created=format_instant(view.created),
        updated=format_instant(view.updated),
        location=_location(view, shown),
        participation_status=view.participation.value if view.participation is not None else UNSET,
        attendees=[
            AttendeeBody(one.person.email, one.person.name, one.participation.value) for one in details.attendees
        ],
        organizer=UNSET if organizer is None else PersonBody(organizer.email, organizer.name),
        transparency=view.transparency.value,
        extended_transparency=_extended(view),
        status=view.status.value,
        categories=list(details.categories),
        recurring=view.recurring,
        series_identifier=UNSET if view.series is None else _series(view.calendar_id, view.series),
        event_private=details.private,
        url=details.url or UNSET,
        meeting_url=meeting,
        conferencing=ConferencingBody("explicit", str(meeting)) if own_meeting else UNSET,
        options=OptionsBody(view.options.delete, view.options.update, view.options.respond),
    )


def _series(calendar_id: str, series: str) -> str:
    """The same for all occurrences, and nothing of the address that the calendar service keeps them at."""
    named = f"{calendar_id}\0{series}"
    return f"evt_series_{sha256(named.encode()).hexdigest()[:24]}"


def _location(view: EventView, shown: Shown) -> LocationBody | UnsetType:
    place = view.details.place
    if place is None:
        return UNSET
    if not shown.geo:
        return LocationBody(place.description) if place.description else UNSET
    return LocationBody(place.description, place.lat or UNSET, place.long or UNSET)


def _extended(view: EventView) -> str:
    """The finer word; of the finer ones only ``tentative`` is kept by calendar services."""
    tentative = view.status.value == "tentative" and view.transparency.value == "opaque"
    return "tentative" if tentative else view.transparency.value


def _since(said: Mapping[str, Any]) -> Instant | None:
    """``last_modified`` as an instant; a day is its start in UTC."""
    moment: Instant | Day | None = said.get("last_modified")
    return day_instant(moment) if isinstance(moment, Day) else moment


def window_of(call: Call) -> dict[str, Any]:
    """What reads have in common, as their use cases name it."""
    said = call.values
    return {
        "from_": said.get("from"),
        "to": said.get("to"),
        "tzid": said.get("tzid", "Etc/UTC"),
        "calendar_ids": said.get("calendar_ids"),
        "last_modified": _since(said),
        "include_deleted": said.get("include_deleted", False),
        "include_managed": said.get("include_managed", False),
        "presentation": Shown.of(said).note,
        "problem": call.problem,
    }


class Paged(Protocol):
    """A page as use cases give it."""

    @property
    def current(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def next_page(self) -> str | None: ...
    @property
    def presentation(self) -> str: ...


async def page_of(api: Api, call: Call, page: Paged, path: str) -> tuple[Shown, PagesBody, UserInfoBody | UnsetType]:
    """How ``page`` is to be shown, where it stands, and the embed if it was asked for at the first one."""
    shown = Shown.from_note(page.presentation)
    userinfo = await userinfo_of(api, call) if shown.userinfo else UNSET
    return shown, pages_body(page.current, page.total, page.next_page, api.kit.public_url + path), userinfo


async def _events(api: Api, call: Call) -> Response:
    said = call.values
    asked = Asked(
        **window_of(call),
        only_managed=said.get("only_managed", False),
        include_moved=said.get("include_moved", False),
    )
    return await _answer(api, call, await api.read(read_events, call.bearer, asked))


async def _page(api: Api, call: Call) -> Response:
    return await _answer(api, call, await api.read(read_events_page, call.bearer, call.path["page"]))


async def _answer(api: Api, call: Call, page: EventsPage) -> Response:
    shown, pages, userinfo = await page_of(api, call, page, _PAGES)
    return json_answer(EventsBody(pages, [event_body(one, shown) for one in page.events], userinfo))


WINDOW: Final[Fields] = {
    "from": Stated(BOUND, "events that end on or after this day; 42 days ago"),
    "to": Stated(BOUND, "events that start before this day; 201 days ahead"),
    "tzid": Stated(ZONE, "what the days mean", required=True),
    "calendar_ids": Stated(CALENDAR_IDS, "every calendar unless stated"),
    "last_modified": Stated(BOUND, "what changed since then"),
    "include_managed": Stated(Flag(), "events of the application as well"),
    "include_deleted": Stated(Flag()),
    "localized_times": Stated(Flag(), "times with zone and offset"),
    "include_geo": Stated(Flag(), "coordinates of places"),
    "include_userinfo": EMBED,
}
"""What reads have in common."""

OPERATIONS: Final = (
    Operation(
        "readEvents", "GET", "/v1/events", Auth.TOKEN,
        "Events in full: scope read_events, or with only_managed the application's own",
        _events, {200: EventsBody},
        {
            **WINDOW,
            "only_managed": Stated(Flag(), "events of the application alone"),
            "include_moved": Stated(Flag(), "events that were in the window before they moved"),
            "google_event_ids": Stated(Flag(), "accepted; there are none"),
        },
        actions=(Action.READ_EVENTS, Action.READ_OWN_EVENTS),
    ),
    Operation(
        "readEventsPage", "GET", _PAGES + "/{page}", Auth.TOKEN, "A further page of events", _page, {200: EventsBody},
        actions=(Action.READ_EVENTS, Action.READ_OWN_EVENTS),
    ),
)  # fmt: skip
