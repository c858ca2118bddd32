"""How often a person may make us try a login at some server."""

from calwarden.domain.errors import Throttled
from calwarden.domain.ids import AccountId
from calwarden.usecases.kit import Kit

_MOST, _WINDOW = 20, 900


def count_try(kit: Kit, account_id: AccountId) -> None:
    """Count one. Raises Throttled past twenty in a quarter of an hour."""
    with kit.store.write(durable=False) as uow:
        tries = uow.attempts.hit(f"connect:{account_id}", _WINDOW, kit.clock())
    if tries > _MOST:
        raise Throttled(_WINDOW)
