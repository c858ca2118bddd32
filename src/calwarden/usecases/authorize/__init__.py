"""How a person lets an Application in and out: the consent flow, codes, tokens, revocation."""

from calwarden.usecases.authorize.answer import LinkingProfile, TokenAnswer
from calwarden.usecases.authorize.authenticate import authenticate_client
from calwarden.usecases.authorize.begin import Begun, begin
from calwarden.usecases.authorize.consent import Consent, Settled, approve, attach_profile, decline, describe
from calwarden.usecases.authorize.describe_server import metadata
from calwarden.usecases.authorize.exchange import exchange_code
from calwarden.usecases.authorize.issue import issue_grant
from calwarden.usecases.authorize.refresh import refresh
from calwarden.usecases.authorize.revoke import revoke, revoke_grant

__all__ = [
    "Begun",
    "Consent",
    "LinkingProfile",
    "Settled",
    "TokenAnswer",
    "approve",
    "attach_profile",
    "authenticate_client",
    "begin",
    "decline",
    "describe",
    "exchange_code",
    "issue_grant",
    "metadata",
    "refresh",
    "revoke",
    "revoke_grant",
]
