"""What the caller cannot continue from. Expected outcomes are values (Decision, Sync Plan), not exceptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class CalwardenError(Exception):
    """Base of all expected errors; ``code`` is stable and documented."""

    code = "error"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field: ``key`` for programs, ``description`` for people."""

    key: str
    description: str


class Invalid(CalwardenError):
    """The input cannot be used; names each field and what to do about it (422)."""

    code = "invalid"

    def __init__(self, fields: Mapping[str, Sequence[Problem]]) -> None:
        super().__init__(", ".join(fields))
        self.fields = {name: tuple(problems) for name, problems in fields.items()}

    @classmethod
    def of(cls, field: str, key: str, description: str) -> "Invalid":
        """The common case: one field, one problem."""
        return cls({field: (Problem(key, description),)})


class Refusal(StrEnum):
    """What kind of no an answer is; ``api/errors.py`` alone turns it into a status."""

    UNAUTHENTICATED = "unauthenticated"  # 401
    FORBIDDEN = "forbidden"  # 403
    HIDDEN = "hidden"  # 404
    LOCKED = "locked"  # 423


class Refused(CalwardenError):
    """A Deny that reached the edge, with what would lift it (ruling 3).

    ``reason_code`` is the stable code; ``remedy`` None: nothing would lift it; ``scope``: the scopes that would help.
    """

    code = "refused"

    def __init__(self, kind: Refusal, code: str, reason: str, remedy: str | None, scope: str | None = None) -> None:
        super().__init__(code)
        self.kind, self.reason_code, self.reason, self.remedy, self.scope = kind, code, reason, remedy, scope


class NotFound(CalwardenError):
    """No such thing in this caller's world, outside the API's decisions (command line, pages)."""

    code = "not_found"


class Conflict(CalwardenError):
    """The thing is there already, or changed meanwhile."""

    code = "conflict"


class Gone(CalwardenError):
    """It was there once and can not be used again: a spent link, an expired request."""

    code = "gone"


class Throttled(CalwardenError):
    """Too many attempts; ``retry_after`` is in seconds."""

    code = "throttled"

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many attempts")
        self.retry_after = retry_after
