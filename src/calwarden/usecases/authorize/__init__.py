"""How a person lets an Application in and out: the consent flow, codes, tokens, revocation."""

from calwarden.usecases.authorize.answer import LinkingProfile, TokenAnswer
from calwarden.usecases.authorize.authenticate import authenticate_client
from calwarden.usecases.authorize.begin import Begun, Faulty, SentBack, begin
from calwarden.usecases.authorize.consent import Consent, Settled, approve, attach_profile, decline, describe, pending
from calwarden.usecases.authorize.describe_server import metadata
from calwarden.usecases.authorize.exchange import exchange_code
from calwarden.usecases.authorize.extended import (
    Extension,
    Lifted,
    answer_extension,
    describe_extension,
    lower_calendar,
)
from calwarden.usecases.authorize.issue import issue_grant
from calwarden.usecases.authorize.narrowing import narrow_grant
from calwarden.usecases.authorize.refresh import refresh
from calwarden.usecases.authorize.revoke import revoke, revoke_grant
from calwarden.usecases.authorize.telling import telling_owner

__all__ = [
    "Begun",
    "Consent",
    "Extension",
    "Faulty",
    "Lifted",
    "LinkingProfile",
    "SentBack",
    "Settled",
    "TokenAnswer",
    "answer_extension",
    "approve",
    "attach_profile",
    "authenticate_client",
    "begin",
    "decline",
    "describe",
    "describe_extension",
    "exchange_code",
    "issue_grant",
    "lower_calendar",
    "metadata",
    "narrow_grant",
    "pending",
    "refresh",
    "revoke",
    "revoke_grant",
    "telling_owner",
]
