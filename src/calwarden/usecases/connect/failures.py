"""Why a calendar could not be connected, in words that say what to do. None of them is the other side's own text."""

from enum import StrEnum

from calwarden.ports.connector import (
    AddressRefused,
    CertificateInvalid,
    ConnectorError,
    CredentialsRevoked,
    NoCalendars,
    RateLimited,
)


class Failure(StrEnum):
    WRONG_PASSWORD = "wrong_password"
    NO_CALENDARS = "no_calendars"
    CERTIFICATE = "certificate"
    ADDRESS_REFUSED = "address_refused"
    UNREACHABLE = "unreachable"
    TOO_MANY_REQUESTS = "too_many_requests"
    BAD_ADDRESS = "bad_address"
    INCOMPLETE = "incomplete"


_TEXTS = {
    Failure.WRONG_PASSWORD: (
        "The calendar service refused the user name or the password",
        "Check both. Services with two-step sign-in, iCloud among them, want an app-specific password here.",
    ),
    Failure.NO_CALENDARS: (
        "No calendar of your own was found there",
        "Check the address: your calendar service calls it the CalDAV address or server address.",
    ),
    Failure.CERTIFICATE: (
        "The certificate of that server can not be trusted",
        "Check the address for misspellings. If the server is your own, ask who runs it.",
    ),
    Failure.ADDRESS_REFUSED: (
        "This server may not connect to that address",
        "Only public addresses over https are allowed. Who runs this server can allow a private one by name.",
    ),
    Failure.UNREACHABLE: (
        "The calendar service did not answer as expected",
        "Check what you entered, and try again in a few minutes.",
    ),
    Failure.TOO_MANY_REQUESTS: ("The calendar service asks to wait", "Try again in a few minutes."),
    Failure.BAD_ADDRESS: (
        "That is no address of a calendar service",
        "Enter an address such as https://caldav.example.org",
    ),
    Failure.INCOMPLETE: ("Something is missing", "Enter the address, the user name and the password."),
}

_CAUSES: tuple[tuple[type[ConnectorError], Failure], ...] = (
    (CredentialsRevoked, Failure.WRONG_PASSWORD),
    (NoCalendars, Failure.NO_CALENDARS),
    (CertificateInvalid, Failure.CERTIFICATE),
    (AddressRefused, Failure.ADDRESS_REFUSED),
    (RateLimited, Failure.TOO_MANY_REQUESTS),
)


def explain_failure(failure: Failure) -> tuple[str, str]:
    """What happened, and what to do about it."""
    return _TEXTS[failure]


def failure_of(error: ConnectorError) -> Failure:
    """The class of what a Connector raised; anything unlisted is a service that did not answer as expected."""
    return next((failure for cause, failure in _CAUSES if isinstance(error, cause)), Failure.UNREACHABLE)
