"""Connecting calendars: a person's login at a Provider becomes a Profile with its Calendars."""

from calwarden.usecases.connect.connect import connect_calendar
from calwarden.usecases.connect.disconnect import disconnect
from calwarden.usecases.connect.failures import Failure, explain_failure
from calwarden.usecases.connect.login import ICLOUD_URL, Login, credentials_of
from calwarden.usecases.connect.outcome import Connected, NotConnected, Outcome
from calwarden.usecases.connect.relink import relink

__all__ = [
    "ICLOUD_URL",
    "Connected",
    "Failure",
    "Login",
    "NotConnected",
    "Outcome",
    "connect_calendar",
    "credentials_of",
    "disconnect",
    "explain_failure",
    "relink",
]
