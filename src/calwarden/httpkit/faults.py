"""What can be wrong with a request before anybody has looked at what it asks for."""

from collections.abc import Iterable

from calwarden.domain.errors import CalwardenError


class NoSuchAddress(CalwardenError):
    """No operation has this path, or it is not written as paths are."""

    code = "no_such_address"


class WrongVerb(CalwardenError):
    """The path is there, the method is not."""

    code = "method_not_allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(self.allowed)


class BodyTooLarge(CalwardenError):
    """The body is over the limit, whether it said so or not."""

    code = "body_too_large"


class MediaUnsupported(CalwardenError):
    """The body is compressed, or neither JSON nor a form."""

    code = "media_unsupported"


class Unforeseen(CalwardenError):
    """A mistake of ours; nothing of it leaves the server."""

    code = "internal_error"
