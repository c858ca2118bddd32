"""The authorization request (RFC 6749 4.1.1): what it must be before a person is asked anything.

First the application and the redirect address: while these are not known to be right, nothing may be sent anywhere and
a page is shown (Unredirectable). Everything else wrong goes back to the application (Answerable).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import unquote_plus

from calwarden.domain.application import Application
from calwarden.oauth.errors import InvalidRequest, InvalidScope, OAuthError, UnsupportedResponseType
from calwarden.oauth.pkce import accept_challenge
from calwarden.oauth.redirect import is_registered, keep_state

ScopeParser = Callable[[str], tuple[str, ...] | None]
_MOST_STATE = 4096
_MOST_PAIRS = 100


class Fault(StrEnum):
    """Why an error page is shown instead of a redirect."""

    UNKNOWN_APPLICATION = "unknown_application"
    BAD_REDIRECT = "bad_redirect"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Unredirectable:
    """No redirect: nobody knows whose address it is (security 4.2)."""

    fault: Fault
    application: Application | None = None


@dataclass(frozen=True, slots=True)
class Answerable:
    """The application is told by redirect what is wrong with its request."""

    application: Application
    redirect_uri: str
    state: str | None
    error: OAuthError


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """A request that a person may be asked about. ``state`` is in the form ``redirect.keep_state`` gives."""

    application: Application
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None
    provider: str | None  # provider_name: a hint which form to show first
    fresh: bool  # avoid_linking: do not silently go on as whom this browser is signed in as


Verdict = AuthorizeRequest | Answerable | Unredirectable


class FindApplication(Protocol):
    def __call__(self, client_id: str) -> Application | None: ...


@dataclass(frozen=True, slots=True)
class Query:
    """A query string taken apart once. Empty values count as absent (contract 0.4)."""

    values: Mapping[str, str]
    repeated: frozenset[str]
    raw_state: str | None


def read_query(query: str) -> Query | None:
    """Take a raw query string apart; None if it has more parameters than any client sends."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    if len(pairs) > _MOST_PAIRS:
        return None
    named = [(unquote_plus(name), value) for name, _, value in pairs]
    return Query(
        {name: unquote_plus(value) for name, value in reversed(named) if value},
        frozenset(_repeated([name for name, _ in named])),
        next((value for name, value in named if name == "state" and value), None),
    )


def judge(query: str, find: FindApplication, parse_scopes: ScopeParser) -> Verdict:
    """Validate a raw query string of ``/oauth/authorize``. Unknown parameters are ignored; repeated ones refused.

    ``parse_scopes`` gives None for what is empty, unknown, or not a person's to grant (contract authorization 1.1).
    """
    read = read_query(query)
    if read is None:
        return Unredirectable(Fault.UNREADABLE)
    application = find(read.values.get("client_id", ""))
    if application is None or "client_id" in read.repeated:
        return Unredirectable(Fault.UNKNOWN_APPLICATION)
    redirect_uri = read.values.get("redirect_uri", "")
    if "redirect_uri" in read.repeated or not is_registered(redirect_uri, application.redirect_uris):
        return Unredirectable(Fault.BAD_REDIRECT, application)
    state = None if read.raw_state is None or "state" in read.repeated else keep_state(read.raw_state)
    try:
        return _accept(read, application, redirect_uri, state, parse_scopes)
    except OAuthError as error:
        return Answerable(
            application, redirect_uri, state if state is None or len(state) <= _MOST_STATE else None, error
        )


def _accept(
    read: Query, application: Application, redirect_uri: str, state: str | None, parse_scopes: ScopeParser
) -> AuthorizeRequest:
    if read.repeated:
        raise InvalidRequest("a parameter is given more than once")
    if state is not None and len(state) > _MOST_STATE:
        raise InvalidRequest("state is too long")
    response_type = read.values.get("response_type")
    if response_type is None:
        raise InvalidRequest("response_type is missing")
    if response_type != "code":
        raise UnsupportedResponseType("response_type must be code")
    challenge = accept_challenge(
        read.values.get("code_challenge"), read.values.get("code_challenge_method"), required=application.public
    )
    scopes = parse_scopes(read.values.get("scope", ""))
    if scopes is None:
        raise InvalidScope("scope is empty or names something that can not be asked for here")
    return AuthorizeRequest(
        application,
        redirect_uri,
        scopes,
        state,
        challenge,
        read.values.get("provider_name"),
        read.values.get("avoid_linking", "").lower() in {"true", "1"},
    )


def _repeated(names: Sequence[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}
