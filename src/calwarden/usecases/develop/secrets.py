"""The secrets of an Application: several at once, so that one can take the place of another without a break.

Security 10.2.
"""

from dataclasses import dataclass, field

from calwarden.domain.application import Application
from calwarden.domain.errors import Invalid, NotFound
from calwarden.domain.ids import ApplicationId, SecretId
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.develop.owning import By, enter, managed
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class Secret:
    """A new secret in the clear, this once."""

    application: Application
    secret: str = field(repr=False)


def add_secret(kit: Kit, application_id: ApplicationId, by: By = None, secret_id: SecretId | None = None) -> Secret:
    """Make another secret; the earlier ones stay good.

    Raises NotFound; Invalid for a public application and once there are as many as there may be; Conflict if there is
    one with this id.
    """
    with kit.store.write() as uow:
        application = managed(uow, application_id, by)
        if application.public:
            raise Invalid.of("application", "errors.not_allowed", "a public application has no secret")
        most = kit.limits.secrets_per_application
        if len(uow.applications.secrets(application_id)) >= most:
            raise Invalid.of("secret", "errors.limit", f"{most} secrets are active already: withdraw one first")
        secret = new_secret(kit, uow, application, secret_id)
        enter(kit, uow, application, by, "application.secret_added")
    return Secret(application, secret)


def withdraw_secret(kit: Kit, application_id: ApplicationId, secret_id: SecretId, by: By = None) -> None:
    """End one secret, at once. Raises NotFound; Invalid for the only one, without which no token could be had."""
    with kit.store.write() as uow:
        application = managed(uow, application_id, by)
        held = [one.secret_id for one in uow.applications.secrets(application_id)]
        if secret_id not in held:
            raise NotFound("no such secret")
        if len(held) == 1:
            raise Invalid.of("secret", "errors.not_allowed", "it is the only one: add another first")
        uow.applications.drop_secret(application_id, secret_id)
        enter(kit, uow, application, by, "application.secret_withdrawn")


def rotate_secret(kit: Kit, application_id: ApplicationId, *, revoke_old: bool = False) -> Secret:
    """For the operator: another secret, and with ``revoke_old`` the end of all before it, in one step.

    Raises NotFound, Invalid.
    """
    with kit.store.write() as uow:
        application = managed(uow, application_id, None)
        old = uow.applications.secrets(application_id)
        for one in old if revoke_old else ():
            uow.applications.drop_secret(application_id, one.secret_id)
            enter(kit, uow, application, None, "application.secret_withdrawn")
        if application.public:
            raise Invalid.of("application", "errors.not_allowed", "a public application has no secret")
        secret = new_secret(kit, uow, application)
        enter(kit, uow, application, None, "application.secret_added")
    return Secret(application, secret)


def new_secret(kit: Kit, uow: UnitOfWork, application: Application, secret_id: SecretId | None = None) -> str:
    """Make and store one. Raises Conflict if there is one with this id."""
    secret = kit.random.token()
    made = secret_id or SecretId(kit.random.hex24())
    uow.applications.add_secret(application.application_id, made, secret, kit.clock())
    return secret
