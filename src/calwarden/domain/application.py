"""Applications: registered OAuth clients and the code that calls our API."""

from dataclasses import dataclass

from calwarden.domain.ids import AccountId, ApplicationId, SecretId
from calwarden.domain.times import Instant


@dataclass(frozen=True, slots=True)
class Imprint:
    """Who is behind an Application, by their own account: people are told so. Empty: not stated."""

    company: str = ""
    website: str = ""  # https
    email: str = ""

    @property
    def stated(self) -> bool:
        return self != Imprint()


@dataclass(frozen=True, slots=True)
class Application:
    application_id: ApplicationId
    name: str
    redirect_uris: tuple[str, ...]
    created: Instant
    public: bool = False  # has no secret, must use PKCE (RFC 6749 2.1)
    owner: AccountId | None = None
    merge_busy: bool = False  # ruling 10: merge touching busy periods of one status
    imprint: Imprint = Imprint()


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """One of an Application's active secrets, without the secret."""

    secret_id: SecretId
    created: Instant


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How often an Application was refused one action for one reason, whoever's calendar it was about."""

    action: str  # of ``policy.decision.Action``, or ``authorize`` and ``token``
    reason: str  # of ``policy.decision.Reason``, or an error word of RFC 6749
    times: int
    last: Instant
