"""The stored form of an EventDraft: only what was stated is written down."""

from dataclasses import fields
from typing import Any, Union, get_args, get_type_hints

import msgspec

from calwarden.domain.draft import UNSET, EventDraft


def _stored_type(stated: Any) -> Any:
    """The type of a field with msgspec's own mark for "not stated" in place of ours, which JSON cannot carry."""
    kinds = [kind for kind in get_args(stated) if get_args(kind) != (UNSET,)]
    return Union[(*kinds, msgspec.UnsetType)] if len(kinds) != len(get_args(stated)) else stated


_HINTS = get_type_hints(EventDraft)
_StoredDraft = msgspec.defstruct(
    "_StoredDraft",
    [
        (field.name, _stored_type(_HINTS[field.name]), msgspec.UNSET if field.default is UNSET else field.default)
        for field in fields(EventDraft)
    ],
    omit_defaults=True,
)


def freeze(draft: EventDraft) -> dict[str, Any]:
    """What JSON can carry of the draft, to stand within a larger stored value."""
    stated = {field.name: getattr(draft, field.name) for field in fields(draft)}
    stored = _StoredDraft(**{name: value for name, value in stated.items() if value is not UNSET})
    plain: dict[str, Any] = msgspec.to_builtins(stored)
    return plain


def thaw(stored: dict[str, Any]) -> EventDraft:
    """The inverse of :func:`freeze`."""
    held = msgspec.convert(stored, _StoredDraft)
    values = {field.name: getattr(held, field.name) for field in fields(EventDraft)}
    return EventDraft(**{name: value for name, value in values.items() if value is not msgspec.UNSET})
