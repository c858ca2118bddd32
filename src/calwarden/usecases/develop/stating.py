"""What may be stated of an Application: its name, its redirect addresses and who is behind it."""

import re
from collections.abc import Iterable

from calwarden.domain.application import Imprint
from calwarden.domain.errors import Invalid, Problem
from calwarden.oauth.redirect import problem_with
from calwarden.usecases.people.addresses import acceptable_address

_LONGEST_NAME = 100
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Printable, and nothing to be seen of it: a name made of these is none."""

_MOST_ADDRESSES = 20


def acceptable(name: str, redirect_uris: Iterable[str], imprint: Imprint) -> tuple[str, tuple[str, ...], Imprint]:
    """The three as they are to be stored. Raises Invalid that names every field at fault."""
    problems: dict[str, tuple[Problem, ...]] = {}
    kept = _text(name)
    if not kept or not _is_name(kept):
        problems["name"] = (Problem("errors.invalid", f"from 1 to {_LONGEST_NAME} printable characters"),)
    addresses = tuple(dict.fromkeys(redirect_uris))
    if wrong := _problems_with(addresses):
        problems["redirect_uri"] = wrong
    stated = Imprint(_text(imprint.company), imprint.website.strip(), imprint.email.strip())
    problems |= _wrong_in(stated)
    if problems:
        raise Invalid(problems)
    return kept, addresses, stated


def _text(text: str) -> str:
    return " ".join(text.split())


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and text.isprintable() and not _UNSEEN.search(text)


def _problems_with(addresses: tuple[str, ...]) -> tuple[Problem, ...]:
    if not addresses:
        return (Problem("errors.required", "at least one"),)
    if len(addresses) > _MOST_ADDRESSES:
        return (Problem("errors.invalid", f"at most {_MOST_ADDRESSES}"),)
    found = [(uri, problem_with(uri)) for uri in addresses]
    return tuple(Problem("errors.invalid", f'"{uri}" {problem}') for uri, problem in found if problem is not None)


def _wrong_in(imprint: Imprint) -> dict[str, tuple[Problem, ...]]:
    problems: dict[str, tuple[Problem, ...]] = {}
    if not _is_name(imprint.company):
        problems["company"] = (Problem("errors.invalid", f"at most {_LONGEST_NAME} printable characters"),)
    if imprint.website and (problem_with(imprint.website) or not imprint.website.startswith("https://")):
        problems["website"] = (Problem("errors.invalid", "an address that starts with https://"),)
    if imprint.email:
        try:
            acceptable_address(imprint.email)
        except Invalid as wrong:
            problems |= wrong.fields
    return problems
