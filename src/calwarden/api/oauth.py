"""The token endpoints and the metadata of the authorization server.

RFC 6749 4.1.3, 5 and 6, RFC 7009, RFC 8414; contract authorization 1.2 to 1.4. Clients prove themselves in the body;
what they have in the Authorization header is left alone (``Bearer None``, ``Bearer undefined``, an old token), unless
it is really Basic and the body proves nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from calwarden.api.context import Api
from calwarden.api.providers import service_of
from calwarden.domain.application import Application
from calwarden.httpkit import Auth, Call, Operation, Place, empty_answer, json_answer
from calwarden.httpkit.requests import basic_of
from calwarden.httpkit.shapes import Choice, Flag, Stated, Text
from calwarden.oauth.errors import InvalidClient, InvalidRequest, UnsupportedGrantType
from calwarden.oauth.metadata import WELL_KNOWN
from calwarden.usecases.authorize import (
    TokenAnswer,
    authenticate_client,
    exchange_code,
    metadata,
    refresh,
    revoke,
    telling_owner,
)
from calwarden.usecases.kit import Kit

_MOST = 2_048
_READABLE = re.compile(r"[ -~]{1,2048}", flags=re.ASCII)
_CODE, _REFRESH = "authorization_code", "refresh_token"
_ERASURE = "request_pii_erasure"


class LinkingProfileBody(Struct):
    """The Profile of this authorization."""

    provider_name: str
    provider_service: str
    profile_id: str
    profile_name: str


class TokenBody(Struct):
    """RFC 6749 5.1, and whose account it is."""

    token_type: str
    access_token: str
    expires_in: int
    refresh_token: str
    scope: str
    account_id: str
    sub: str
    linking_profile: LinkingProfileBody | UnsetType = UNSET


class MetadataBody(Struct):
    """RFC 8414 2, as far as it applies."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    code_challenge_methods_supported: list[str]
    authorization_response_iss_parameter_supported: bool


@dataclass(frozen=True, slots=True)
class _Client:
    client_id: str
    secret: str | None


def _stated(call: Call) -> Mapping[str, str]:
    """The parameters as text; empty and null ones are absent. Raises InvalidRequest for what is repeated, is no text,
    or has characters that no parameter has.
    """
    if call.stated.problem is not None:
        raise InvalidRequest(call.stated.problem)
    if call.stated.repeated:
        raise InvalidRequest("a parameter is given more than once")  # security 4.3
    named = dict.fromkeys((*_TOKEN_FIELDS, *_REVOKE_FIELDS))
    stated = {name: call.stated.values[name] for name in named if name != _ERASURE and call.states(name)}
    texts = {
        name: str(value) for name, value in stated.items() if isinstance(value, str) and _READABLE.fullmatch(value)
    }
    if len(texts) != len(stated):
        raise InvalidRequest("a parameter is not text of visible ASCII characters")
    return texts


def _client(call: Call, stated: Mapping[str, str]) -> _Client:
    if "client_id" in stated:
        return _Client(stated["client_id"], stated.get("client_secret"))
    basic = basic_of(call.headers)
    if basic is None or "client_secret" in stated:
        raise InvalidRequest("client_id is required")
    if not all(_READABLE.fullmatch(one) for one in basic):
        raise InvalidClient("unknown client_id or wrong client_secret")
    return _Client(*basic)


def _let_in(kit: Kit, client: _Client) -> Application:
    """Raises InvalidClient, Throttled. What asks for tokens counts against the rate limit; what fails does not."""
    application = authenticate_client(kit, client.client_id, client.secret)
    kit.gate.pass_through(application.application_id, kit.clock())
    return application


async def _token(api: Api, call: Call) -> Response:
    stated = _stated(call)
    client = _client(call, stated)
    answer = await api.run(_issue, client, stated)
    return _uncached(json_answer(_body_of(answer)))


def _issue(kit: Kit, client: _Client, stated: Mapping[str, str]) -> TokenAnswer:
    application = _let_in(kit, client)
    with telling_owner(kit, application):
        grant_type = stated.get("grant_type")
        if grant_type is None:
            raise InvalidRequest("grant_type is required")
        issue = _GRANTS.get(grant_type)
        if issue is None:
            raise UnsupportedGrantType("grant_type must be authorization_code or refresh_token")
        return issue(kit, application, stated)


def _exchanged(kit: Kit, application: Application, stated: Mapping[str, str]) -> TokenAnswer:
    code, redirect_uri = stated.get("code", ""), stated.get("redirect_uri", "")
    return exchange_code(kit, application, code, redirect_uri, stated.get("code_verifier"))


def _refreshed(kit: Kit, application: Application, stated: Mapping[str, str]) -> TokenAnswer:
    return refresh(kit, application, stated.get("refresh_token", ""))


_GRANTS: Final[Mapping[str, Callable[[Kit, Application, Mapping[str, str]], TokenAnswer]]] = {
    _CODE: _exchanged,
    _REFRESH: _refreshed,
}


def _body_of(answer: TokenAnswer) -> TokenBody:
    linking = answer.linking_profile
    return TokenBody(
        answer.token_type,
        answer.access_token,
        answer.expires_in,
        answer.refresh_token,
        answer.scope,
        answer.account_id,
        answer.sub,
        UNSET
        if linking is None
        else LinkingProfileBody(
            linking.provider_name, service_of(linking.provider_name), linking.profile_id, linking.profile_name
        ),
    )


async def _revoke(api: Api, call: Call) -> Response:
    stated = _stated(call)
    client = _client(call, stated)
    token, sub = stated.get("token"), stated.get("sub")
    if token is None and sub is None:
        token = stated.get("refresh_token")  # what Node calls it
    await api.run(_revoked, client, token, sub)
    return _uncached(empty_answer(200))


def _revoked(kit: Kit, client: _Client, token: str | None, sub: str | None) -> None:
    revoke(kit, _let_in(kit, client), token, sub)


def _uncached(response: Response) -> Response:
    response.headers["Pragma"] = "no-cache"  # RFC 6749 5.1
    return response


async def _metadata(api: Api, call: Call) -> Response:
    del call
    return json_answer(metadata(api.kit.public_url))


_CLIENT_FIELDS: Final = {
    "client_id": Stated(Text(_MOST), "who is asking", required=True),
    "client_secret": Stated(Text(_MOST), "the application's secret; public applications have none"),
}
_TOKEN_FIELDS: Final = {
    **_CLIENT_FIELDS,
    "grant_type": Stated(Choice((_CODE, _REFRESH)), required=True),
    "code": Stated(Text(_MOST), "the authorization code"),
    "redirect_uri": Stated(Text(_MOST), "the one of the authorization request"),
    "code_verifier": Stated(Text(_MOST), "if the authorization request had a code_challenge"),
    "refresh_token": Stated(Text(_MOST), "to refresh an access token"),
}
_REVOKE_FIELDS: Final = {
    **_CLIENT_FIELDS,
    "token": Stated(Text(_MOST), "an access or refresh token; wins over sub"),
    "sub": Stated(Text(_MOST), "the account"),
    "refresh_token": Stated(Text(_MOST), "the same as token"),
    _ERASURE: Stated(Flag(), "accepted; what is kept of a person goes with the account"),
}

OPERATIONS: Final = (
    Operation(
        "requestToken", "POST", "/oauth/token", Auth.CLIENT, "Exchange a code, or refresh an access token", _token,
        {200: TokenBody}, _TOKEN_FIELDS, Place.BODY, (400,),
    ),
    Operation(
        "revokeToken", "POST", "/oauth/token/revoke", Auth.CLIENT, "End an authorization", _revoke,
        {200: None}, _REVOKE_FIELDS, Place.BODY, (400,),
    ),
    Operation(
        "readMetadata", "GET", WELL_KNOWN, Auth.NONE, "What this authorization server offers", _metadata,
        {200: MetadataBody},
    ),
)  # fmt: skip
