"""The store on SQL: tables, mappers, unit of work and migrations, for SQLite and PostgreSQL."""

from calwarden.store.sqlstore import SqlStore, open_memory, open_store

__all__ = ["SqlStore", "open_memory", "open_store"]
