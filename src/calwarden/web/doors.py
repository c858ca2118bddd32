"""Where a person was going when they had to sign in first: a page of ours by name and id, never an address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from calwarden.usecases.people import Door

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", flags=re.ASCII)
_PATHS = {Door.CONSENT: "/oauth/consent/", Door.PERMISSIONS: "/permissions/", Door.RELINK: "/relink/"}


def is_id(text: str) -> bool:
    """Whether ``text`` can be an id or a secret of ours, which go into paths and queries as they are."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Then:
    """``door`` and ``id`` travel in queries and hidden fields."""

    door: Door = Door.ACCOUNT
    id: str = ""

    @property
    def path(self) -> str:
        """The page itself."""
        return f"{_PATHS[self.door]}{self.id}" if self.door in _PATHS else "/account"

    @property
    def query(self) -> str:
        """To be put after the path of a page on the way there."""
        return f"?door={self.door.value}&id={self.id}" if self.door in _PATHS else ""

    @property
    def values(self) -> dict[str, str]:
        return {"door": self.door.value, "id": self.id}


def read_then(values: Mapping[str, str]) -> Then:
    """From a query or a form; anything that is none of our pages leads to the account page."""
    try:
        door = Door(values.get("door", ""))
    except ValueError:
        return Then()
    chosen = values.get("id", "")
    return Then(door, chosen) if door in _PATHS and is_id(chosen) else Then()
