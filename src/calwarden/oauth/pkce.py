"""Proof Key for Code Exchange (RFC 7636), S256 alone (security 4.4)."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from calwarden.oauth.errors import InvalidGrant, InvalidRequest
from calwarden.oauth.tokens import same

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", flags=re.ASCII)  # RFC 7636 4.2: base64url of 32 bytes
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", flags=re.ASCII)  # RFC 7636 4.1


def challenge_of(verifier: str) -> str:
    """BASE64URL(SHA256(verifier)) without padding (RFC 7636 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def accept_challenge(challenge: str | None, method: str | None, *, required: bool) -> str | None:
    """The challenge of an authorization request, or None if there is none.

    Refuses (InvalidRequest) a method other than S256 — no method means plain —, a malformed challenge, a method
    without a challenge, and none at all where one is ``required`` (public applications).
    """
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge_method without code_challenge")
        if required:
            raise InvalidRequest("code_challenge is required of this application")
        return None
    if method != "S256":
        raise InvalidRequest("code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge is not the base64url form of a SHA-256")
    return challenge


def verify(challenge: str | None, verifier: str | None) -> None:
    """Whether a code may be redeemed with ``verifier``; raises InvalidGrant.

    A verifier for a code without a challenge is refused too: somebody took the challenge out on the way (downgrade).
    """
    if challenge is None and verifier is None:
        return
    if challenge is None:
        raise InvalidGrant("code_verifier given, but the authorization request had no code_challenge")
    if verifier is None or not _VERIFIER.fullmatch(verifier) or not same(challenge_of(verifier), challenge):
        raise InvalidGrant("code_verifier does not match code_challenge")
