"""Mail to people: verification, password reset, invitations, disconnected calendars."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends one mail, or raises MailUnavailable."""

    async def __call__(self, mail: Mail) -> None: ...


class MailUnavailable(Exception):
    """The mail could not be handed over."""
