"""What the token endpoint refuses is counted for the owner of the Application."""

from collections.abc import Iterator
from contextlib import contextmanager

from calwarden.domain.application import Application
from calwarden.domain.ids import ApplicationId
from calwarden.oauth.errors import OAuthError
from calwarden.usecases.kit import Kit
from calwarden.usecases.tally import TOKEN


@contextmanager
def telling_owner(kit: Kit, application: Application) -> Iterator[None]:
    """Count an OAuthError that ends the block, and let it go on."""
    try:
        yield
    except OAuthError as error:
        tell_owner(kit, application.application_id, error.code)
        raise


def tell_owner(kit: Kit, application_id: ApplicationId, code: str) -> None:
    """Count one refused request for a token."""
    kit.tally.refuse(kit.store, application_id, TOKEN, code, kit.clock())
