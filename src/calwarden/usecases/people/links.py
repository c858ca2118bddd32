"""Mailed links: random text in the URL, its hash and what it is for on the server, one use each.

A link is a version tag and JSON (house rule 13): it may be opened by a newer server than the one that mailed it.
"""

import json
from dataclasses import dataclass
from enum import StrEnum

from calwarden.domain.times import Instant
from calwarden.oauth.tokens import hash_token
from calwarden.ports.store import UnitOfWork
from calwarden.usecases.kit import Kit

_VERSION = 1


class Purpose(StrEnum):
    SIGN_UP = "sign_up"
    RESET = "reset"
    INVITATION = "invitation"


class Door(StrEnum):
    """Where a person was going when they had to sign in. Never an address: nobody outside names our pages."""

    CONSENT = "consent"
    PERMISSIONS = "permissions"
    RELINK = "relink"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a link stands for."""

    values: dict[str, str]

    def get(self, name: str) -> str:
        return self.values.get(name, "")


def make_link(kit: Kit, uow: UnitOfWork, purpose: Purpose, values: dict[str, str], life: int) -> str:
    """Store a new link of ``purpose``; gives the secret part of its URL."""
    secret = kit.random.token()
    subject = json.dumps({"v": _VERSION, **values})
    uow.one_time.add(hash_token(secret), purpose.value, subject, Instant(kit.clock() + life))
    return secret


def peek_link(kit: Kit, uow: UnitOfWork, purpose: Purpose, secret: str) -> Subject | None:
    """What the link stands for, without using it."""
    return _read(uow.one_time.peek(hash_token(secret), purpose.value, kit.clock()))


def take_link(kit: Kit, uow: UnitOfWork, purpose: Purpose, secret: str) -> Subject | None:
    """What the link stands for, once."""
    return _read(uow.one_time.take(hash_token(secret), purpose.value, kit.clock()))


def _read(text: str | None) -> Subject | None:
    if text is None:
        return None
    held = json.loads(text)
    if held.pop("v", None) != _VERSION:
        return None
    return Subject({str(name): str(value) for name, value in held.items()})
