"""How a Provider's cursor is kept with a Calendar: as it is, or as one that is not to be used and says all the same
which calendar it is of.
"""

_ANEW = "anew:"


def anew(cursor: str | None) -> str | None:
    """Kept as proof of which calendar it is of, while the calendar is to be read from the beginning."""
    return cursor if cursor is None or cursor.startswith(_ANEW) else f"{_ANEW}{cursor}"


def known(cursor: str | None) -> tuple[str | None, bool]:
    """The Provider's cursor, and whether the calendar is to be read from the beginning all the same."""
    return (None, False) if cursor is None else (cursor.removeprefix(_ANEW), cursor.startswith(_ANEW))
