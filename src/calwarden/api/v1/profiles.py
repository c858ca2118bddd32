"""Profiles (contract authorization 4.3, 1.5)."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response

from calwarden.api.context import Api
from calwarden.api.providers import service_of
from calwarden.domain.profile import Profile
from calwarden.httpkit import Auth, Call, Operation, Place, empty_answer, json_answer
from calwarden.policy.decision import Action
from calwarden.usecases.account import list_profiles, revoke_profile


class ProfileBody(Struct):
    """One connection to a calendar service; ``profile_relink_url`` while it does not work."""

    provider_name: str
    provider_service: str
    profile_id: str
    profile_name: str
    profile_connected: bool
    profile_initial_sync_required: bool
    profile_relink_url: str | UnsetType = UNSET


class ProfilesBody(Struct):
    """The Profiles an Application may see."""

    profiles: list[ProfileBody]


def profile_body(profile: Profile, public_url: str) -> ProfileBody:
    """``profile`` as the wire has it. Addresses come from the configuration (security 11.4)."""
    name = profile.provider.value
    return ProfileBody(
        name,
        service_of(name),
        profile.profile_id,
        profile.name,
        profile.connected,
        not profile.initial_sync_done,
        UNSET if profile.connected else f"{public_url}/relink/{profile.profile_id}",
    )


async def _list(api: Api, call: Call) -> Response:
    found = await api.read(list_profiles, call.bearer)
    return json_answer(ProfilesBody([profile_body(one, api.kit.public_url) for one in found.profiles]))


async def _revoke(api: Api, call: Call) -> Response:
    await api.run(revoke_profile, call.bearer, call.path["profile_id"])
    return empty_answer(202)


OPERATIONS: Final = (
    Operation(
        "listProfiles", "GET", "/v1/profiles", Auth.TOKEN, "The calendar services the person has connected", _list,
        {200: ProfilesBody},
        actions=(Action.LIST_PROFILES,),
    ),
    Operation(
        "revokeProfile", "POST", "/v1/profiles/{profile_id}/revoke", Auth.TOKEN,
        "Take one profile out of the authorization", _revoke, {202: None}, place=Place.BODY,
        actions=(Action.REVOKE_PROFILE,),
    ),
)  # fmt: skip
