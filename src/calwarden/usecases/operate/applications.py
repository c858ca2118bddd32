"""Applications as the operator registers, lists and removes them."""

from collections import Counter
from dataclasses import dataclass, field

from calwarden.domain.account import Account
from calwarden.domain.application import Application, SecretInfo
from calwarden.domain.audit import Actor
from calwarden.domain.errors import Invalid, NotFound, Problem
from calwarden.domain.ids import ApplicationId, SecretId
from calwarden.oauth.redirect import problem_with
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.authorize.revoke import end_grant
from calwarden.usecases.kit import Kit

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class NewApplication:
    name: str
    redirect_uris: tuple[str, ...]
    public: bool = False
    owner: Account | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """``secret`` in the clear, this once; None for a public application."""

    application: Application
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """An Application with what it has: secrets, without their values, and live grants."""

    application: Application
    secrets: tuple[SecretInfo, ...]
    grants: int


def create_application(kit: Kit, new: NewApplication) -> Registered:
    """Register an Application and, unless it is public, make its first secret.

    Raises Invalid for an empty or endless name and for redirect addresses that can not be registered.
    """
    name = _acceptable(new)
    application = Application(
        ApplicationId(kit.random.hex24()),
        name,
        tuple(dict.fromkeys(new.redirect_uris)),
        kit.clock(),
        public=new.public,
        owner=None if new.owner is None else new.owner.account_id,
    )
    with kit.store.write() as uow:
        uow.applications.add(application)
        secret = None if new.public else _new_secret(kit, uow, application)
    return Registered(application, secret)


def rotate_secret(kit: Kit, application: Application, *, revoke_old: bool = False) -> Registered:
    """Make another secret. The others stay good, so that the application can change over, unless ``revoke_old``.

    Raises Invalid for a public application, which has none.
    """
    if application.public:
        raise Invalid.of("application", "errors.not_allowed", "a public application has no secret")
    with kit.store.write() as uow:
        old = uow.applications.secrets(application.application_id)
        secret = _new_secret(kit, uow, application)
        for one in old if revoke_old else ():
            uow.applications.drop_secret(application.application_id, one.secret_id)
    return Registered(application, secret)


def list_applications(kit: Kit) -> list[Known]:
    """Every Application, in the order of their names."""
    with kit.store.read() as uow:
        grants = Counter(one.application_id for one in uow.grants.list())
        known = [
            Known(one, tuple(uow.applications.secrets(one.application_id)), grants[one.application_id])
            for one in uow.applications.list()
        ]
    return sorted(known, key=lambda one: (one.application.name.lower(), one.application.application_id))


def delete_application(kit: Kit, application_id: ApplicationId) -> int:
    """End every grant of the Application, with an entry in each person's ledger, and delete it. Gives how many ended.

    Events it created stay where they are. Raises NotFound.
    """
    with kit.store.write() as uow:
        if uow.applications.get(application_id) is None:
            raise NotFound(f'no application "{application_id}"')
        live = [one for one in uow.grants.list() if one.application_id == application_id]
        for grant in live:
            end_grant(kit, uow, grant, Actor.OPERATOR)
        uow.applications.delete(application_id)
    return len(live)


def _acceptable(new: NewApplication) -> str:
    problems: dict[str, tuple[Problem, ...]] = {}
    name = " ".join(new.name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        problems["name"] = (Problem("errors.invalid", f"from 1 to {_LONGEST_NAME} printable characters"),)
    found = [(uri, problem_with(uri)) for uri in new.redirect_uris]
    wrong = tuple(Problem("errors.invalid", f'"{uri}" {problem}') for uri, problem in found if problem is not None)
    if wrong or not new.redirect_uris:
        problems["redirect_uri"] = wrong or (Problem("errors.required", "at least one"),)
    if problems:
        raise Invalid(problems)
    return name


def _new_secret(kit: Kit, uow: UnitOfWork, application: Application) -> str:
    secret = kit.random.token()
    uow.applications.add_secret(application.application_id, SecretId(kit.random.hex24()), secret, kit.clock())
    return secret
