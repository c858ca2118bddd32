"""How connecting ended: values, since every end is expected."""

from dataclasses import dataclass

from calwarden.domain.profile import Calendar, Profile
from calwarden.usecases.connect.failures import Failure


@dataclass(frozen=True, slots=True)
class Connected:
    """``calendars`` are the owned ones. The first sync is due; nothing has been copied yet."""

    profile: Profile
    calendars: tuple[Calendar, ...]


@dataclass(frozen=True, slots=True)
class NotConnected:
    failure: Failure


Outcome = Connected | NotConnected
