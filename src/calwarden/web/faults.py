"""Pages for what ends early: they say what happened and what to do, and never more than the person may know."""

from starlette.responses import Response

from calwarden.domain.errors import Throttled
from calwarden.oauth.authorize_request import Fault
from calwarden.ports.store import StoreUnavailable
from calwarden.web.security import FormRefused, Refusal
from calwarden.web.visit import Visit
from calwarden.web.words import span

_COOKIES = (
    "This server needs two cookies to know that a form is yours. Allow cookies for this site, go back, load the page "
    "again and repeat what you did."
)
_STALE = (
    "Nothing was done. You have signed in or out since the page was loaded. Go back, load it again and repeat what you "
    "did."
)
_REFUSALS: dict[Refusal, tuple[int, str, str]] = {
    Refusal.COOKIES: (400, "Your browser does not keep cookies", _COOKIES),
    Refusal.ORIGIN: (
        403,
        "That form came from another site",
        "Nothing was done. If you meant to do this, open this server's own pages and repeat it there.",
    ),
    Refusal.STALE: (403, "That page was out of date", _STALE),
    Refusal.MALFORMED: (400, "That form can not be read", "Nothing was done. Go back, load the page again and retry."),
    Refusal.TOO_LARGE: (413, "That form is too large", "Nothing was done."),
}
_UNKNOWN = (
    "The link you followed names an application that is not registered here. Nothing was sent to it. Tell the people "
    "who run the application."
)
_ASTRAY = (
    "The address to return to is not one the application has registered here. To protect you, nothing was sent there. "
    "Tell the people who run the application."
)
_FAULTS: dict[Fault, tuple[str, str]] = {
    Fault.UNKNOWN_APPLICATION: ("This server does not know that application", _UNKNOWN),
    Fault.BAD_REDIRECT: ("That link leads somewhere it should not", _ASTRAY),
    Fault.UNREADABLE: ("That link can not be read", "Go back to the application and start again."),
}
_LOST = (
    "The page was used already, has expired, or belongs to somebody else. If an application sent you, go back to it "
    "and start again; if it was a link in a mail, ask for a new one."
)


def message(visit: Visit, status: int, title: str, text: str, *, onward: bool = False) -> Response:
    """A page with one thing to say; ``onward``: with a way to the account page."""
    return visit.page("message.html", status=status, title=title, text=text, onward=onward)


def fault_of_request(visit: Visit, fault: Fault) -> Response:
    """An authorization request that nobody may be sent back with."""
    return message(visit, 400, *_FAULTS[fault])


def lost_page(visit: Visit) -> Response:
    """What is not there (any more), whatever the reason."""
    return message(visit, 404, "There is nothing to do here", _LOST, onward=True)


def fault_page(visit: Visit, error: Exception) -> Response:
    """Everything else that is expected to happen."""
    if isinstance(error, FormRefused):
        return message(visit, *_REFUSALS[error.refusal])
    if isinstance(error, Throttled):
        response = message(
            visit,
            429,
            "Too many attempts",
            f"To protect accounts from guessing, wait {span(error.retry_after)} and try again.",
        )
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    if isinstance(error, StoreUnavailable):
        return message(
            visit, 503, "The server can not reach its database", "Nothing was changed. Try again in a minute."
        )
    return message(visit, 400, "That could not be done", "Go back, load the page again and repeat it.")
