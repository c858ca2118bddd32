"""The Account (contract authorization 4.1, 4.2)."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType, field
from starlette.responses import Response

from calwarden.api.context import Api
from calwarden.api.v1.calendars import ProfileCalendarBody, profile_calendar_body
from calwarden.api.v1.profiles import ProfileBody, profile_body
from calwarden.domain.account import Account
from calwarden.domain.grant import Grant
from calwarden.httpkit import Auth, Call, Operation, json_answer
from calwarden.httpkit.shapes import Flag, Stated
from calwarden.policy.decision import Action
from calwarden.usecases.account import ProfileEntry, UserInfo, read_account, read_userinfo

EMBED: Final = Stated(Flag(), "adds userinfo to the answer, as GET /v1/userinfo gives it")
"""``include_userinfo`` (contract events 1.8)."""


class AuthorizationBody(Struct):
    """What was granted; ``status`` is ``active``, or ``ended`` when the time the person gave is over."""

    scope: str
    status: str


class UserProfileBody(ProfileBody, kw_only=True):
    """A Profile with its calendars."""

    profile_calendars: list[ProfileCalendarBody]


class UserDataBody(Struct):
    """What is connected, and how far this Application reaches."""

    authorization: AuthorizationBody
    profiles: list[UserProfileBody]


class UserInfoBody(Struct):
    """Who the Account is; names and addresses that are not known are absent."""

    sub: str
    zoneinfo: str
    kind: str = field(name="cronofy.type")
    data: UserDataBody = field(name="cronofy.data")
    email: str | UnsetType = UNSET
    name: str | UnsetType = UNSET


class AccountFieldsBody(Struct):
    """The Account in the older, smaller form."""

    account_id: str
    scope: str
    default_tzid: str
    email: str | UnsetType = UNSET
    name: str | UnsetType = UNSET


class AccountBody(Struct):
    """The answer of ``/v1/account``."""

    account: AccountFieldsBody
    sub: str


def userinfo_body(info: UserInfo, public_url: str) -> UserInfoBody:
    """``info`` as the wire has it."""
    status = "ended" if info.ended else "active"
    return UserInfoBody(
        sub=info.account.account_id,
        zoneinfo=info.account.tzid,
        kind="account",
        data=UserDataBody(
            AuthorizationBody(" ".join(info.grant.scopes), status),
            [_profile(one, public_url) for one in info.profiles],
        ),
        email=info.account.email or UNSET,
        name=info.account.name or UNSET,
    )


def _profile(entry: ProfileEntry, public_url: str) -> UserProfileBody:
    plain = profile_body(entry.profile, public_url)
    return UserProfileBody(
        **{name: getattr(plain, name) for name in ProfileBody.__struct_fields__},
        profile_calendars=[profile_calendar_body(one) for one in entry.calendars],
    )


def account_body(account: Account, grant: Grant) -> AccountBody:
    """The Account as the wire has it; the C# client fails without ``scope``."""
    fields = AccountFieldsBody(
        account.account_id, " ".join(grant.scopes), account.tzid, account.email or UNSET, account.name or UNSET
    )
    return AccountBody(fields, account.account_id)


async def embedded(api: Api, call: Call) -> UserInfoBody | UnsetType:
    """The embed, if it is asked for. Read before anything is written, so that it can not fail a write that is done."""
    return await userinfo_of(api, call) if call.values.get("include_userinfo") else UNSET


async def userinfo_of(api: Api, call: Call) -> UserInfoBody:
    """Who is asking, as ``/v1/userinfo`` gives it."""
    return userinfo_body(await api.read(read_userinfo, call.bearer), api.kit.public_url)


async def _userinfo(api: Api, call: Call) -> Response:
    return json_answer(await userinfo_of(api, call))


async def _account(api: Api, call: Call) -> Response:
    info = await api.read(read_account, call.bearer)
    return json_answer(account_body(info.account, info.grant))


OPERATIONS: Final = (
    Operation(
        "readUserinfo", "GET", "/v1/userinfo", Auth.TOKEN, "Who the account is, and what may be done with it",
        _userinfo, {200: UserInfoBody},
        actions=(Action.READ_USERINFO,),
    ),
    Operation(
        "readAccount", "GET", "/v1/account", Auth.TOKEN, "Who the account is, in the older form",
        _account, {200: AccountBody},
        actions=(Action.READ_ACCOUNT,),
    ),
)  # fmt: skip
