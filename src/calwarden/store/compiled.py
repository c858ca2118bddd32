"""Statements compiled once to text and run straight through the driver: for what every request asks."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ARRAY,
    ClauseElement,
    ColumnElement,
    String,
    any_,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

_DIALECTS = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": postgresql.psycopg.dialect(),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped,
}


class Hot:
    """A statement for each dialect, compiled at first use. ``build`` is given the dialect's name."""

    def __init__(self, build: Callable[[str], ClauseElement]) -> None:
        self._build = build
        self._texts: dict[str, str] = {}

    def text(self, dialect: str) -> str:
        """The SQL, with named parameters in the driver's style."""
        text = self._texts.get(dialect)
        if text is None:
            compiled = self._build(dialect).compile(dialect=_DIALECTS[dialect])
            if any(value is not None for value in compiled.params.values()):
                raise ValueError("a compiled statement takes all its values by name when it runs")
            text = self._texts[dialect] = str(compiled)
        return text


def among(column_: ColumnElement[Any], name: str, dialect: str) -> ColumnElement[bool]:
    """``column_`` is one of the strings in the list parameter ``name``; one parameter however long the list."""
    if dialect == "postgresql":
        return column_ == any_(bindparam(name, type_=ARRAY(String)))
    return column_.in_(select(column("value")).select_from(func.json_each(bindparam(name, type_=String))))
