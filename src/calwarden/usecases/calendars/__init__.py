"""Calendars: what there is, and new ones."""

from calwarden.usecases.calendars.create import NewCalendar, create_calendar
from calwarden.usecases.calendars.entry import CalendarEntry, calendar_entry
from calwarden.usecases.calendars.listing import CalendarList, list_calendars

__all__ = [
    "CalendarEntry",
    "CalendarList",
    "NewCalendar",
    "calendar_entry",
    "create_calendar",
    "list_calendars",
]
