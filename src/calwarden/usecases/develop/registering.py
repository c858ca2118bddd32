"""A new Application."""

from dataclasses import dataclass, field
from enum import StrEnum

from calwarden.domain.application import Application, Imprint
from calwarden.domain.errors import Invalid, NotFound
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.develop.owning import By, enter
from calwarden.usecases.develop.secrets import new_secret
from calwarden.usecases.develop.stating import acceptable
from calwarden.usecases.kit import Kit


class Registration(StrEnum):
    """Who may register Applications: the operator alone, or everyone with an Account."""

    OPERATOR = "operator"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class NewApplication:
    """``application_id`` is made unless it is given, for whom a second request must not be a second Application."""

    name: str
    redirect_uris: tuple[str, ...]
    public: bool = False
    owner: AccountId | None = None
    imprint: Imprint = Imprint()
    application_id: ApplicationId | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """``secret`` in the clear, this once; None for a public application."""

    application: Application
    secret: str | None = field(repr=False)


def create_application(kit: Kit, new: NewApplication, by: By = None) -> Registered:
    """Register an Application and, unless it is public, make its first secret.

    Raises Invalid for an empty or endless name, for redirect addresses that can not be registered and for who is behind
    it stated wrongly, or once ``by`` has as many as one may have; Conflict if there is one with this id; NotFound if
    the owner is gone.
    """
    name, redirect_uris, imprint = acceptable(new.name, new.redirect_uris, new.imprint)
    application = Application(
        new.application_id or ApplicationId(kit.random.hex24()),
        name,
        redirect_uris,
        kit.clock(),
        public=new.public,
        owner=new.owner if by is None else by,
        imprint=imprint,
    )
    with kit.store.write() as uow:
        if application.owner is not None:
            _owned_by(kit, uow, application.owner, limited=by is not None)
        uow.applications.add(application)
        secret = None if new.public else new_secret(kit, uow, application)
        enter(kit, uow, application, by, "application.registered")
    return Registered(application, secret)


def _owned_by(kit: Kit, uow: UnitOfWork, owner: AccountId, *, limited: bool) -> None:
    if uow.accounts.get(owner) is None:
        raise NotFound(f'no account "{owner}"')
    most = kit.limits.applications_per_account
    if limited and len(uow.applications.of_owner(owner)) >= most:
        raise Invalid.of("name", "errors.limit", f"you have {most} applications already: delete one first")
