"""Who is asking at the token endpoint: an Application and its secret, or a public one by name alone."""

from calwarden.domain.application import Application
from calwarden.domain.errors import Throttled
from calwarden.domain.ids import ApplicationId
from calwarden.oauth.errors import InvalidClient
from calwarden.oauth.tokens import same
from calwarden.usecases.authorize.telling import tell_owner
from calwarden.usecases.kit import Kit

_WINDOW = 60  # seconds that limits.client_failures is about


def authenticate_client(kit: Kit, client_id: str, secret: str | None) -> Application:
    """The Application that ``client_id`` and ``secret`` prove (security 4.6; the secret is found by its keyed hash).

    Raises InvalidClient; Throttled past ``limits.client_failures`` wrong attempts a minute. The right secret is always
    let in: whoever fails in somebody's name locks nobody out.
    """
    application = _proven(kit, client_id, secret or None)
    if application is not None:
        return application
    with kit.store.write(durable=False) as uow:
        known = uow.applications.get(ApplicationId(client_id)) is not None
        failures = uow.attempts.hit(f"client:{client_id if known else ''}", _WINDOW, kit.clock())
    if known:
        tell_owner(kit, ApplicationId(client_id), InvalidClient.code)
    if failures > kit.limits.client_failures:
        raise Throttled(_WINDOW)
    raise InvalidClient("unknown client_id or wrong client_secret")


def _proven(kit: Kit, client_id: str, secret: str | None) -> Application | None:
    with kit.store.read() as uow:
        if secret is not None:
            application = uow.applications.by_secret(secret)
            proven = application is not None and same(application.application_id, client_id)
        else:
            application = uow.applications.get(ApplicationId(client_id))
            proven = application is not None and application.public
    return application if proven else None
