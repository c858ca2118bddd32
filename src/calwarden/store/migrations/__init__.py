"""Migrations, run by ``calwarden.store.migrate``."""
