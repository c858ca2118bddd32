"""The store on SQL: tables, mappers, unit of work and migrations, for SQLite and PostgreSQL."""

from calwarden.store.engine import RoleTooWeak
from calwarden.store.sqlstore import SqlStore, open_memory, open_store

__all__ = ["RoleTooWeak", "SqlStore", "open_memory", "open_store"]
