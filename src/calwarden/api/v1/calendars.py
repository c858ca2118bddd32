"""Calendars (contract events 2.1, 2.2, authorization 6.1)."""

import re
from typing import Final

from msgspec import Struct
from starlette.responses import Response

from calwarden.api.context import Api
from calwarden.httpkit import Auth, Call, Operation, Place, json_answer
from calwarden.httpkit.shapes import Read, Stated, Text
from calwarden.policy.decision import Action
from calwarden.usecases.calendars import CalendarEntry, NewCalendar, create_calendar, list_calendars

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}", flags=re.ASCII)


class ProfileCalendarBody(Struct):
    """A calendar within its Profile."""

    calendar_id: str
    calendar_name: str
    calendar_readonly: bool
    calendar_deleted: bool
    calendar_primary: bool
    calendar_integrated_conferencing_available: bool
    calendar_attachments_available: bool
    permission_level: str


class CalendarBody(Struct):
    """A calendar with the Profile it belongs to."""

    provider_name: str
    profile_id: str
    profile_name: str
    calendar_id: str
    calendar_name: str
    calendar_readonly: bool
    calendar_deleted: bool
    calendar_primary: bool
    calendar_integrated_conferencing_available: bool
    calendar_attachments_available: bool
    permission_level: str


class CalendarsBody(Struct):
    """The calendars an Application may see."""

    sub: str
    calendars: list[CalendarBody]


class NewCalendarBody(Struct):
    """The calendar that was made."""

    calendar: CalendarBody


def calendar_body(entry: CalendarEntry) -> CalendarBody:
    """``entry`` as lists have it. No Connector attaches meetings or files, so both are said not to be available."""
    calendar, profile = entry.calendar, entry.profile
    return CalendarBody(
        provider_name=profile.provider.value,
        profile_id=profile.profile_id,
        profile_name=profile.name,
        calendar_id=calendar.calendar_id,
        calendar_name=calendar.name,
        calendar_readonly=calendar.readonly,
        calendar_deleted=calendar.deleted,
        calendar_primary=calendar.primary,
        calendar_integrated_conferencing_available=False,
        calendar_attachments_available=False,
        permission_level=entry.level.value,
    )


def profile_calendar_body(entry: CalendarEntry) -> ProfileCalendarBody:
    """``entry`` as userinfo has it."""
    whole = calendar_body(entry)
    return ProfileCalendarBody(**{name: getattr(whole, name) for name in ProfileCalendarBody.__struct_fields__})


def read_color(text: str) -> str:
    """A Color. Raises ValueError."""
    if not _COLOR.fullmatch(text):
        raise ValueError("must be six hex digits such as #49BED8")
    return text


COLOR: Final = Read(read_color, "errors.invalid_format", "#49BED8", most=16)


async def _list(api: Api, call: Call) -> Response:
    found = await api.read(list_calendars, call.bearer)
    return json_answer(CalendarsBody(found.account_id, [calendar_body(one) for one in found.entries]))


async def _create(api: Api, call: Call) -> Response:
    said = call.values
    command = NewCalendar(said.get("profile_id", ""), said.get("name", ""), said.get("color"), call.problem)
    entry = await create_calendar(api.kit, call.bearer, command, api.wake)
    return json_answer(NewCalendarBody(calendar_body(entry)))


OPERATIONS: Final = (
    Operation(
        "listCalendars", "GET", "/v1/calendars", Auth.TOKEN, "The calendars the person owns", _list,
        {200: CalendarsBody},
        actions=(Action.LIST_CALENDARS,),
    ),
    Operation(
        "createCalendar", "POST", "/v1/calendars", Auth.TOKEN, "Make a calendar; scope create_calendar", _create,
        {200: NewCalendarBody},
        {
            "profile_id": Stated(Text(512), "where it is made", required=True),
            "name": Stated(Text(200), required=True),
            "color": Stated(COLOR, "the nearest the calendar service has"),
        },
        Place.BODY, (423,),
        actions=(Action.CREATE_CALENDAR,),
    ),
)  # fmt: skip
