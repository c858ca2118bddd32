"""The store on SQL: tables, mappers, unit of work and migrations, for SQLite and PostgreSQL."""

from calwarden.store.dump import DumpBroken, Head, Part, Rows, packed, parts, whole
from calwarden.store.engine import RoleTooWeak
from calwarden.store.refill import NotEmpty
from calwarden.store.sqlstore import SqlStore, open_memory, open_store

__all__ = [
    "DumpBroken",
    "Head",
    "NotEmpty",
    "Part",
    "RoleTooWeak",
    "Rows",
    "SqlStore",
    "open_memory",
    "open_store",
    "packed",
    "parts",
    "whole",
]
