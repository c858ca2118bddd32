"""An Application changes, or ends."""

from dataclasses import dataclass, replace

from calwarden.domain.application import Imprint
from calwarden.domain.audit import Actor
from calwarden.domain.errors import NotFound
from calwarden.domain.grant import GrantState
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.usecases.authorize.revoke import end_grant
from calwarden.usecases.develop.owning import By, enter, managed
from calwarden.usecases.develop.stating import acceptable
from calwarden.usecases.kit import Kit


@dataclass(frozen=True, slots=True)
class Changes:
    """What takes the place of what was."""

    name: str
    redirect_uris: tuple[str, ...]
    imprint: Imprint
    merge_busy: bool


def change_application(kit: Kit, application_id: ApplicationId, changes: Changes, by: By = None) -> None:
    """Change what people and the server know of an Application. Nothing more is sent to an address taken out, not even
    the answer to a request that is open. Raises NotFound, Invalid.
    """
    name, redirect_uris, imprint = acceptable(changes.name, changes.redirect_uris, changes.imprint)
    with kit.store.write() as uow:
        application = managed(uow, application_id, by)
        changed = replace(
            application, name=name, redirect_uris=redirect_uris, imprint=imprint, merge_busy=changes.merge_busy
        )
        if changed != application:
            uow.applications.save(changed)
            enter(kit, uow, changed, by, "application.changed")


def give_application(kit: Kit, application_id: ApplicationId, owner: AccountId | None) -> None:
    """For the operator: another Account looks after the Application from now on, or none. Raises NotFound."""
    with kit.store.write() as uow:
        application = managed(uow, application_id, None)
        if owner is not None and uow.accounts.get(owner) is None:
            raise NotFound(f'no account "{owner}"')
        if owner != application.owner:
            given = replace(application, owner=owner)
            uow.applications.save(given)
            enter(kit, uow, application, None, "application.taken")
            enter(kit, uow, given, None, "application.given")


def delete_application(kit: Kit, application_id: ApplicationId, by: By = None) -> int:
    """End every grant of the Application, with an entry in each person's ledger, and delete it. Gives how many ended.

    Events it created stay where they are. Raises NotFound.
    """
    with kit.store.write() as uow:
        found = [one for one in uow.grants.of_application(application_id) if one.state is GrantState.ACTIVE]
        # Everybody it is about in one order, then afresh: two such ends never wait for each other.
        for account_id in sorted({one.account_id for one in found} | ({by} if by else set())):
            uow.accounts.get(account_id)
        application = managed(uow, application_id, by)
        live = [one for one in uow.grants.of_application(application_id) if one.state is GrantState.ACTIVE]
        for grant in live:
            end_grant(kit, uow, grant, Actor.OPERATOR if by is None else Actor.APPLICATION)
        uow.applications.delete(application_id)
        enter(kit, uow, application, by, "application.deleted")
    return len(live)
