"""Applications: registered OAuth clients and the code that calls our API."""

from dataclasses import dataclass

from calwarden.domain.ids import AccountId, ApplicationId, SecretId
from calwarden.domain.times import Instant


@dataclass(frozen=True, slots=True)
class Application:
    application_id: ApplicationId
    name: str
    redirect_uris: tuple[str, ...]
    created: Instant
    public: bool = False  # has no secret, must use PKCE (RFC 6749 2.1)
    owner: AccountId | None = None
    merge_busy: bool = False  # ruling 10: merge touching busy periods of one status


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """One of an Application's active secrets, without the secret."""

    secret_id: SecretId
    created: Instant
