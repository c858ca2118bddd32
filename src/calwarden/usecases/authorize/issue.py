"""A Grant without a consent page: for an operator's scripts and tests (ruling 9; the edge asks the setting)."""

from calwarden.domain.audit import Actor
from calwarden.domain.errors import Invalid, NotFound
from calwarden.domain.ids import AccountId, ApplicationId
from calwarden.policy.scopes import parse_user_scopes
from calwarden.usecases.authorize.answer import TokenAnswer, new_tokens
from calwarden.usecases.authorize.granting import Agreement, grant_scopes
from calwarden.usecases.kit import Kit


def issue_grant(
    kit: Kit,
    application_id: ApplicationId,
    account_id: AccountId,
    scopes: tuple[str, ...],
    actor: Actor = Actor.OPERATOR,
) -> TokenAnswer:
    """Grant ``scopes`` as if the person had agreed; stands in the ledger under ``actor``.

    Raises Invalid for scopes a person could not grant, NotFound for an unknown application or account.
    """
    names = parse_user_scopes(" ".join(scopes))
    if names is None:
        raise Invalid.of("scope", "errors.not_recognized", "empty, unknown, or not a person's to grant")
    with kit.store.write() as uow:
        if uow.applications.get(application_id) is None:
            raise NotFound(f'no application "{application_id}"')
        if uow.accounts.get(account_id) is None:
            raise NotFound(f'no account "{account_id}"')
        grant = grant_scopes(kit, uow, Agreement(account_id, application_id, names, actor))
        return new_tokens(kit, uow, grant, kit.random.token())
