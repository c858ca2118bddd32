"""E-mail addresses as people type them: strict enough to mail to, no cleverer (security 6.5)."""

import re

from calwarden.domain.errors import Invalid

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", flags=re.ASCII)
_LONGEST = 254


def acceptable_address(email: str, field: str = "email") -> str:
    """``email`` without blanks around it. Raises Invalid for what is no plain address: one @, ASCII, no quoting,
    no percent, no comma, no control character.
    """
    trimmed = email.strip()
    if len(trimmed) > _LONGEST or not _ADDRESS.fullmatch(trimmed):
        raise Invalid.of(field, "errors.not_recognized", "enter an e-mail address such as name@example.org")
    return trimmed


def acceptable_name(name: str, field: str = "name") -> str:
    """A person's name: some visible text, at most 200 characters, no control characters. Raises Invalid."""
    trimmed = " ".join(name.split())
    if not trimmed:
        raise Invalid.of(field, "errors.required", "enter your name")
    if len(trimmed) > 200 or not trimmed.isprintable():
        raise Invalid.of(field, "errors.not_recognized", "enter a name of at most 200 ordinary characters")
    return trimmed
