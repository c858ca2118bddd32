"""What may go wrong on the way out: one error, whose message never tells an open port from a closed one."""

from enum import StrEnum


class Cause(StrEnum):
    """Judged here (``ADDRESS``), or seen on the wire. Callers show people no more than this."""

    ADDRESS = "address"  # not one we may speak to; nothing was sent
    CERTIFICATE = "certificate"
    NO_ANSWER = "no_answer"  # refused, unreachable, closed, too slow, no HTTP: told apart for nobody (security 8.4)
    TOO_LARGE = "too_large"


_SENTENCES = {
    Cause.ADDRESS: "the address is not one this server may speak to",
    Cause.CERTIFICATE: "the certificate of the other side is not to be trusted",
    Cause.NO_ANSWER: "there was no usable answer",
    Cause.TOO_LARGE: "the answer is too large",
}


class OutboundError(Exception):
    """No usable answer; ``cause`` says as much as anybody may know."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(_SENTENCES[cause])
        self.cause = cause
