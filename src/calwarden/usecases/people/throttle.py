"""Limits on what can be tried from outside; counted in the database, so that a restart forgives nothing."""

from calwarden.domain.errors import Throttled
from calwarden.domain.ids import AccountId
from calwarden.domain.times import DAY_SECONDS, Instant
from calwarden.oauth.tokens import hash_token
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit

QUARTER = 900
DEVICE_LIFE = 400 * DAY_SECONDS
"""Seconds that a browser is known for: as long as browsers keep a cookie."""

_DEVICE = "device"
_HOUR = 3_600
_MAILS_AN_HOUR = 5
_REMOTE_FACTOR = 10  # people behind one address translator share a remote address


def count_sign_in(kit: Kit, uow: UnitOfWork, email: str, remote: str) -> bool:
    """Count an attempt for the address and for where it comes from; False if it is one too many."""
    most = kit.limits.sign_in_attempts
    of_address = uow.attempts.hit(f"sign_in:{email.lower()}", QUARTER, kit.clock())
    of_remote = uow.attempts.hit(f"sign_in_from:{remote}", QUARTER, kit.clock())
    return of_address <= most and of_remote <= most * _REMOTE_FACTOR


def within_device(kit: Kit, uow: UnitOfWork, account_id: AccountId, browser: str | None) -> bool:
    """Count an attempt from a browser that somebody has signed in from as this Account before. False if it is none, or
    there were too many.

    Such attempts count for that browser alone: whoever guesses elsewhere keeps nobody out of an Account of his own
    (OWASP calls it a device cookie).
    """
    if not browser:
        return False
    device = _device(account_id, browser)
    if uow.one_time.peek(device, _DEVICE, kit.clock()) is None:
        return False
    return uow.attempts.hit(f"sign_in_at:{device}", QUARTER, kit.clock()) <= kit.limits.sign_in_attempts


def remember_device(kit: Kit, uow: UnitOfWork, account_id: AccountId, browser: str | None) -> None:
    """The right password came from this browser."""
    if not browser:
        return
    device, now = _device(account_id, browser), kit.clock()
    uow.attempts.clear(f"sign_in_at:{device}")
    if uow.one_time.peek(device, _DEVICE, now) is None:
        uow.one_time.purge(now)
        uow.one_time.add(device, _DEVICE, account_id, Instant(now + DEVICE_LIFE))


def _device(account_id: AccountId, browser: str) -> str:
    return hash_token(f"{account_id}\0{browser}")


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
