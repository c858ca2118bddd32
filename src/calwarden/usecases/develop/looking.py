"""Applications as their owner and the operator see them: of who uses them, a number and nothing else."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from calwarden.domain.application import Application, SecretInfo
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.develop.owning import By, managed
from calwarden.usecases.develop.refusals import Told, recent_refusals
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class Known:
    """An Application with what it has: secrets, without their values, and live grants."""

    application: Application
    secrets: tuple[SecretInfo, ...]
    grants: int


@dataclass(frozen=True, slots=True)
class Managed:
    """All that the page of one Application tells."""

    known: Known
    refusals: tuple[Told, ...]


def list_applications(kit: Kit) -> list[Known]:
    """Every Application, in the order of their names."""
    with kit.store.read() as uow:
        grants = Counter(one.application_id for one in uow.grants.list())
        known = [_known(uow, one, grants[one.application_id]) for one in uow.applications.list()]
    return _by_name(known)


def own_applications(kit: Kit, owner: AccountId) -> list[Known]:
    """Those of one Account, in the order of their names."""
    with kit.store.read() as uow:
        known = [_known(uow, one, uow.grants.number(one.application_id)) for one in uow.applications.of_owner(owner)]
    return _by_name(known)


def look_at(kit: Kit, application_id: ApplicationId, by: By = None) -> Managed:
    """One Application and what it was refused lately. Raises NotFound."""
    with kit.store.read() as uow:
        application = managed(uow, application_id, by)
        known = _known(uow, application, uow.grants.number(application_id))
        return Managed(known, recent_refusals(kit, uow, application_id))


def _known(uow: UnitOfWork, application: Application, grants: int) -> Known:
    return Known(application, tuple(uow.applications.secrets(application.application_id)), grants)


def _by_name(known: Iterable[Known]) -> list[Known]:
    return sorted(known, key=lambda one: (one.application.name.lower(), one.application.application_id))
