"""Alembic's environment: it runs on the connection it is given and in that transaction, and nowhere else."""

from alembic import context

from calwarden.store.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError('migrations are run by "calwarden migrate"')
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
