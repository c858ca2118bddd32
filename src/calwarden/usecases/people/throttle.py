"""Limits on what can be tried from outside; counted in the database, so that a restart forgives nothing."""

from calwarden.domain.errors import Throttled
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit

QUARTER = 900
_HOUR = 3_600
_MAILS_AN_HOUR = 5
_REMOTE_FACTOR = 10  # people behind one address translator share a remote address


def count_sign_in(kit: Kit, uow: UnitOfWork, email: str, remote: str) -> bool:
    """Count an attempt for the address and for where it comes from; False if it is one too many."""
    most = kit.limits.sign_in_attempts
    of_address = uow.attempts.hit(f"sign_in:{email.lower()}", QUARTER, kit.clock())
    of_remote = uow.attempts.hit(f"sign_in_from:{remote}", QUARTER, kit.clock())
    return of_address <= most and of_remote <= most * _REMOTE_FACTOR


def forgive_sign_in(uow: UnitOfWork, email: str) -> None:
    """The right password came: the address starts at none again."""
    uow.attempts.clear(f"sign_in:{email.lower()}")


def count_mail(kit: Kit, email: str, remote: str) -> None:
    """Count a mail asked for by somebody who is not signed in. Raises Throttled, whether or not there is an account."""
    with kit.store.write(durable=False) as uow:
        of_address = uow.attempts.hit(f"mail:{email.lower()}", _HOUR, kit.clock())
        of_remote = uow.attempts.hit(f"mail_from:{remote}", _HOUR, kit.clock())
    if of_address > _MAILS_AN_HOUR or of_remote > _MAILS_AN_HOUR * _REMOTE_FACTOR:
        raise Throttled(_HOUR)
