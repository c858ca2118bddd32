"""A pass that did not come to its end: when to try again, and what the person is told."""

from dataclasses import replace

from calwarden.domain.audit import Actor, AuditEntry, Outcome
from calwarden.domain.profile import Credentials, Profile
from calwarden.ports.connector import ConnectorError, CredentialsRevoked, RateLimited
from calwarden.ports.mail import Mail
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit
from calwarden.usecases.sync.backoff import retry_at
from calwarden.usecases.sync.outcome import SyncEnd, SyncOutcome

REFUSED = "credentials_revoked"


def enter_failure(
    uow: UnitOfWork, kit: Kit, profile: Profile, credentials: Credentials, error: ConnectorError
) -> SyncOutcome:
    """Note that the Provider could not be read; everything that was held stays readable.

    Refused credentials disconnect the Profile until the person has given new ones; anything else is tried again.
    """
    held = uow.profiles.get(profile.account_id, profile.profile_id)
    if held is None:
        return SyncOutcome(SyncEnd.GONE)
    if isinstance(error, CredentialsRevoked):
        mail = disconnect_profile(uow, kit, held, credentials)
        return SyncOutcome(SyncEnd.DISCONNECTED, hint=error.hint, mail=mail)
    failures = held.failures + 1
    asked = error.retry_after if isinstance(error, RateLimited) else None
    uow.profiles.save(replace(held, failures=failures, sync_due_at=retry_at(kit, failures, asked)))
    return SyncOutcome(SyncEnd.FAILED, hint=error.hint)


def disconnect_profile(uow: UnitOfWork, kit: Kit, profile: Profile, used: Credentials) -> Mail | None:
    """The Provider refuses ``used``: nothing is asked of it until the person gives new ones. Gives the mail that says
    so, once.

    Newer credentials than those that were refused are tried first.
    """
    if not profile.connected:
        return None
    if uow.profiles.credentials(profile.account_id, profile.profile_id) != used:
        uow.profiles.save(replace(profile, sync_due_at=kit.clock()))
        return None
    uow.profiles.save(replace(profile, connected=False, disconnected_reason=REFUSED, failures=profile.failures + 1))
    on: dict[str, str] = {"profile_id": profile.profile_id}
    uow.audit.append(
        AuditEntry(
            profile.account_id, kit.clock(), Actor.WORKER, "profile.disconnected", Outcome.FAILED, reason=REFUSED, on=on
        )
    )
    account = uow.accounts.get(profile.account_id)
    if account is None or not account.email_verified:
        return None
    return Mail(account.email, "A calendar is disconnected", _text(kit, account.name, profile))


def _text(kit: Kit, name: str, profile: Profile) -> str:
    return (
        f"Hello {name},\n\n"
        f"your calendar service does not accept the password of {profile.name} any more. Applications see what was "
        "there before, and nothing new; what they have written meanwhile waits.\n\n"
        f"Give the new password here:\n{kit.public_url}/relink/{profile.profile_id}\n"
    )
