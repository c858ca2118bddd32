"""An Application sends a person: the request is judged and kept on the server (security 4.9)."""

from dataclasses import dataclass

from calwarden.domain.application import Application
from calwarden.domain.errors import Throttled
from calwarden.domain.grant import Authorization
from calwarden.domain.ids import ApplicationId, AuthorizationId
from calwarden.domain.times import Instant
from calwarden.oauth.authorize_request import Answerable, Fault, Unredirectable, judge
from calwarden.oauth.errors import REDIRECT_MISMATCH
from calwarden.oauth.redirect import with_parameters
from calwarden.policy.scopes import parse_user_scopes
from calwarden.usecases.kit import Kit
from calwarden.usecases.tally import AUTHORIZE

_QUARTER = 900  # seconds
_FOR_EACH_SIGN_IN = 100  # many people may share an address, and most are signed in already


@dataclass(frozen=True, slots=True)
class Begun:
    """A person may be asked. ``provider`` and ``fresh`` are hints for the pages."""

    authorization_id: AuthorizationId
    provider: str | None
    fresh: bool


@dataclass(frozen=True, slots=True)
class SentBack:
    """The application is told by redirect what is wrong."""

    location: str


@dataclass(frozen=True, slots=True)
class Faulty:
    """An error page, no redirect."""

    fault: Fault


def begin(kit: Kit, query: str, remote: str = "unknown") -> Begun | SentBack | Faulty:
    """Judge the raw query string of ``/oauth/authorize`` and store a pending Authorization for what passes.

    ``remote`` is where it comes from: nobody has signed in yet, and each request is kept. Raises Throttled.
    """
    with kit.store.read() as uow:
        verdict = judge(query, lambda client_id: uow.applications.get(ApplicationId(client_id)), parse_user_scopes)
    if isinstance(verdict, Unredirectable):
        if verdict.application is not None:
            _tell_owner(kit, verdict.application, REDIRECT_MISMATCH)
        return Faulty(verdict.fault)
    if isinstance(verdict, Answerable):
        _tell_owner(kit, verdict.application, verdict.error.code)
        error = {"error": verdict.error.code, "error_description": verdict.error.description, "iss": kit.public_url}
        return SentBack(with_parameters(verdict.redirect_uri, error, verdict.state))
    now = kit.clock()
    authorization = Authorization(
        AuthorizationId(kit.random.token()),
        verdict.application.application_id,
        verdict.redirect_uri,
        verdict.scopes,
        now,
        Instant(now + kit.limits.authorization_life),
        verdict.state,
        verdict.code_challenge,
    )
    with kit.store.write(durable=False) as uow:
        begun = uow.attempts.hit(f"authorize_from:{remote}", _QUARTER, now)
        within = begun <= kit.limits.sign_in_attempts * _FOR_EACH_SIGN_IN
        if within:
            uow.authorizations.add(authorization)
    if not within:
        raise Throttled(_QUARTER)
    return Begun(authorization.authorization_id, verdict.provider, verdict.fresh)


def _tell_owner(kit: Kit, application: Application, reason: str) -> None:
    kit.tally.refuse(kit.store, application.application_id, AUTHORIZE, reason, kit.clock())
