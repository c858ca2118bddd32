"""Paging (contract events 1.6), and what a listing remembers of how it is to be shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, Struct, UnsetType


class PagesBody(Struct):
    """Where in the listing a page is; ``next_page`` is absent on the last."""

    current: int
    total: int
    next_page: str | UnsetType = UNSET


def pages_body(current: int, total: int, secret: str | None, base: str) -> PagesBody:
    """``base`` is the configured address that ``secret`` belongs under."""
    return PagesBody(current, total, UNSET if secret is None else f"{base}/{secret}")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a listing is rendered. Kept with its pages, since Node repeats the parameters there and Ruby does not."""

    localized: bool = False
    geo: bool = False
    userinfo: bool = False

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Shown":
        """As the parameters ask."""
        names = ("localized_times", "include_geo", "include_userinfo")
        return cls(*(said.get(name, False) for name in names))

    @property
    def note(self) -> str:
        """The text that is stored; its first word is the version."""
        words = ("localized" * self.localized, "geo" * self.geo, "userinfo" * self.userinfo)
        return " ".join(("1", *filter(None, words)))

    @classmethod
    def from_note(cls, note: str) -> "Shown":
        """The inverse of ``note``."""
        words = note.split(" ")
        return cls("localized" in words, "geo" in words, "userinfo" in words)
